/* compare.c: what both comparisons share, and the head's. See compare.h.
 *
 * The acceptance, with s_eff = s, for softmax s max|x||w|, for feature_norm = keep max|x|:
 * losses to (2e-6 + 2e-7 s_eff) relative, gradient entries to (1e-5 + 4e-7 s_eff) of their array's
 * largest. That is asked of the whole arrays, and beyond it of every row's loss and of every row
 * of dX by itself and of dW with |w| taken out, lest one huge row hide the others. */
#include "compare.h"

#include <float.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "tolerance.h"

typedef struct outputs {
    float *row_loss, *row_angle, *dx, *dw, *db;
    uint8_t *row_correct;
} outputs;

typedef struct comparison {
    const margin_config *config;
    const problem *p;
    const oracle_output *want;
    margin_head head;
    double *x_norm, *w_norm, w_largest;
    fault_log log;
} comparison;

const char *config_text(const margin_config *config, char *text, size_t size)
{
    snprintf(text, size, "%s s=%g m=(%g %g %g) lambda=%g %s %s %s",
             margin_loss_get(config->loss)->name, config->scale, config->m1, config->m2, config->m3,
             config->lambda, margin_past_pi_name(config->past_pi),
             margin_gradient_name(config->gradient),
             margin_feature_norm_name(config->feature_norm));
    return text;
}

/* The lengths of the rows; returns the largest. */
static double lengths(const float *v, size_t rows, size_t dim, size_t stride, double *out)
{
    double largest = 0;

    for (size_t i = 0; i < rows; i++) {
        double sum = 0;
        for (size_t k = 0; k < dim; k++) {
            sum += (double)v[i * stride + k] * (double)v[i * stride + k];
        }
        out[i] = sqrt(sum);
        largest = fmax(largest, out[i]);
    }
    return largest;
}

/* s_eff of one row. */
static double row_scale(const comparison *c, size_t i)
{
    if (c->config->loss == MARGIN_SOFTMAX) {
        double bias = 0;
        for (size_t j = 0; c->p->bias && j < c->head.classes; j++) {
            bias = fmax(bias, fabs((double)c->p->bias[j]));
        }
        return c->config->scale * (c->x_norm[i] * c->w_largest + bias);
    }
    return c->config->feature_norm == MARGIN_FEATURE_NORM_KEEP ? c->x_norm[i] : c->config->scale;
}

static double largest_scale(const comparison *c)
{
    double largest = 0;

    for (size_t i = 0; i < c->head.rows; i++) {
        largest = fmax(largest, row_scale(c, i));
    }
    return largest;
}

/* Cancellation leaves a gradient no shorter than this part of its natural length, or it is noise:
 * a twentieth is less than the largest entry of an ordinary one, also when D = 512. In one
 * dimension all of it cancels. */
static double natural_part(const comparison *c)
{
    return c->head.dim == 1 ? 1 : 0.05;
}

/* What row i's loss is multiplied by in the objective, without its sign. */
static double row_weight(const comparison *c, size_t i)
{
    double total = 0;

    if (c->p->labels[i] < 0) {
        return 0;
    }
    for (size_t k = 0; k < c->head.rows; k++) {
        if (c->p->labels[k] >= 0) {
            total += c->p->class_weight ? (double)c->p->class_weight[c->p->labels[k]] : 1;
        }
    }
    const double own = c->p->class_weight ? (double)c->p->class_weight[c->p->labels[i]] : 1;
    return own == 0 ? 0 : own * (c->p->row_weight ? fabs((double)c->p->row_weight[i]) : 1 / total);
}

/* The length that the gradient by x has before the terms of the classes cancel. */
static double natural_gradient(const comparison *c, size_t i)
{
    const double factor = row_scale(c, i) / (c->x_norm[i] > 0 ? c->x_norm[i] : INFINITY);

    return row_weight(c, i) * factor * -expm1(-c->want->row_loss[i]);
}

static void compare_losses(comparison *c, const outputs *got)
{
    const double s = largest_scale(c);
    double size = 0; /* of the objective, before weights of either sign cancel */

    for (size_t i = 0; i < c->head.rows; i++) {
        size += row_weight(c, i) * c->want->row_loss[i];
    }
    check_absolute(&c->log, "loss", 0, c->head.loss, c->want->loss, loss_bound(s) * size);
    check_relative(&c->log, "mean_loss", 0, c->head.mean_loss, c->want->mean_loss, loss_bound(s));
    if (c->head.counted != c->want->counted) {
        log_fault(&c->log, "counted %zu, want %zu", c->head.counted, c->want->counted);
    }
    for (size_t i = 0; i < c->head.rows; i++) {
        check_relative(&c->log, "row_loss", i, (double)got->row_loss[i], c->want->row_loss[i],
                       loss_bound(row_scale(c, i)));
        check_absolute(&c->log, "row_angle", i, (double)got->row_angle[i], c->want->row_angle[i],
                       angle_bound);
    }
}

/* Duplicates tie exactly. So do, in two dimensions, classes that share a zero component, but
 * normalised in float32 they need not: a tie is asked of more dimensions only. */
static void compare_correct(comparison *c, const outputs *got)
{
    for (size_t i = 0; i < c->head.rows; i++) {
        const double lead = c->want->row_lead[i];
        const double size =
            c->config->loss == MARGIN_SOFTMAX ? row_scale(c, i) : 1; /* of the scores */
        const int want = c->p->labels[i] >= 0 && lead > 0;
        const int tie = lead == 0 && c->head.dim > 2;
        const int sure = tie || fabs(lead) > 2e-6 * size || c->p->labels[i] < 0;
        if (sure && got->row_correct[i] != want) {
            log_fault(&c->log, "row_correct[%zu] %d, want %d (lead %g)", i, got->row_correct[i],
                      want, lead);
        }
    }
}

static double largest_of(const double *v, size_t n)
{
    double largest = 0;

    for (size_t k = 0; k < n; k++) {
        largest = fmax(largest, fmin(fabs(v[k]), (double)FLT_MAX));
    }
    return largest;
}

static void compare_embedding_gradients(comparison *c, const outputs *got)
{
    const size_t dim = c->head.dim;
    const double all =
        gradient_bound(largest_scale(c)) * largest_of(c->want->grad_embeddings, c->head.rows * dim);

    for (size_t i = 0; i < c->head.rows; i++) {
        const double bound = gradient_bound(row_scale(c, i));
        const double row = bound * largest_of(c->want->grad_embeddings + i * dim, dim);
        const double least = bound * natural_part(c) * natural_gradient(c, i);
        for (size_t k = 0; k < dim; k++) {
            check_absolute(&c->log, "dX", i * dim + k,
                           (double)got->dx[i * c->head.grad_embeddings_stride + k],
                           c->want->grad_embeddings[i * dim + k], fmax(fmin(row, all), least));
        }
    }
}

/* |w_j|, which the gradient by w_j is inversely proportional to; softmax's is not. */
static double weight_size(const comparison *c, size_t j)
{
    return c->config->loss == MARGIN_SOFTMAX ? 1 : c->w_norm[j];
}

/* The largest |w_j| |dW_jk|, and the natural length of any. */
static void weight_gradient_sizes(const comparison *c, double *largest, double *natural)
{
    const size_t dim = c->head.dim;
    const double size = c->config->loss == MARGIN_SOFTMAX ? c->w_largest : 1;

    *largest = *natural = 0;
    for (size_t j = 0; j < c->head.classes; j++) {
        const double row = largest_of(c->want->grad_weights + j * dim, dim);
        *largest = fmax(*largest, weight_size(c, j) * row);
    }
    for (size_t i = 0; i < c->head.rows && size > 0; i++) {
        *natural = fmax(*natural, natural_gradient(c, i) * c->x_norm[i] / size);
    }
}

static void compare_weight_gradients(comparison *c, const outputs *got)
{
    const size_t dim = c->head.dim;
    const double bound = gradient_bound(largest_scale(c));
    const double all = largest_of(c->want->grad_weights, c->head.classes * dim);
    double scaled, natural;

    weight_gradient_sizes(c, &scaled, &natural);
    for (size_t j = 0; j < c->head.classes; j++) {
        const double size = weight_size(c, j);
        const double own = size > 0 ? scaled / size : 0;
        const double least = size > 0 ? natural_part(c) * natural / size : 0;
        for (size_t k = 0; k < dim; k++) {
            check_absolute(&c->log, "dW", j * dim + k,
                           (double)got->dw[j * c->head.grad_weights_stride + k],
                           c->want->grad_weights[j * dim + k], bound * fmax(fmin(own, all), least));
        }
    }
    for (size_t j = 0; c->p->bias && j < c->head.classes; j++) {
        check_absolute(&c->log, "db", j, (double)got->db[j], c->want->grad_bias[j],
                       bound * largest_of(c->want->grad_bias, c->head.classes));
    }
}

static void check_finite(comparison *c, const char *what, const float *v, size_t rows,
                         size_t columns, size_t stride)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = 0; k < columns; k++) {
            if (!isfinite(v[i * stride + k])) {
                log_fault(&c->log, "%s[%zu, %zu] is %g", what, i, k, (double)v[i * stride + k]);
                return;
            }
        }
    }
}

static void check_all_finite(comparison *c, const outputs *got)
{
    const margin_head *h = &c->head;

    if (!isfinite(h->loss)) {
        log_fault(&c->log, "loss is %g", h->loss);
    }
    check_finite(c, "row_loss", got->row_loss, 1, h->rows, 0);
    check_finite(c, "row_angle", got->row_angle, 1, h->rows, 0);
    check_finite(c, "dX", got->dx, h->rows, h->dim, h->grad_embeddings_stride);
    check_finite(c, "dW", got->dw, h->classes, h->dim, h->grad_weights_stride);
    check_finite(c, "db", got->db, 1, c->p->bias ? h->classes : 0, 0);
}

static void *nans(size_t count)
{
    float *v = malloc((count ? count : 1) * sizeof *v);

    for (size_t k = 0; v && k < count; k++) {
        v[k] = NAN;
    }
    return v ? v : (abort(), NULL);
}

/* Point the head at fresh outputs, full of NaN, with strides that differ from the inputs'. */
static outputs attach_outputs(margin_head *h)
{
    outputs o;

    h->grad_embeddings_stride = h->dim + 1;
    h->grad_weights_stride = h->dim + 2;
    h->row_loss = o.row_loss = nans(h->rows);
    h->row_angle = o.row_angle = nans(h->rows);
    h->row_correct = o.row_correct = nans(h->rows);
    h->grad_embeddings = o.dx = nans(h->rows * h->grad_embeddings_stride);
    h->grad_weights = o.dw = nans(h->classes * h->grad_weights_stride);
    o.db = nans(h->classes);
    h->grad_bias = h->bias ? o.db : NULL;
    return o;
}

static void free_outputs(outputs *o)
{
    free(o->row_loss);
    free(o->row_angle);
    free(o->row_correct);
    free(o->dx);
    free(o->dw);
    free(o->db);
}

static void run_and_compare(comparison *c, margin_isa isa, int threads, int finite_only)
{
    margin_config config = *c->config;
    margin_context *context = NULL;
    outputs got;

    config.isa = isa;
    config.threads = threads;
    c->head = c->p->head;
    got = attach_outputs(&c->head);
    log_where(&c->log, isa, threads);
    margin_status status = margin_create(&config, &context);
    if (status == MARGIN_OK) {
        status = margin_head_run(context, &c->head);
    }
    if (status != MARGIN_OK) {
        log_fault(&c->log, "status: %s", margin_status_text(status));
    } else if (finite_only) {
        check_all_finite(c, &got);
    } else {
        check_all_finite(c, &got);
        compare_losses(c, &got);
        compare_correct(c, &got);
        compare_embedding_gradients(c, &got);
        compare_weight_gradients(c, &got);
    }
    margin_destroy(context);
    free_outputs(&got);
}

/* Where the target's logit jumps (easy at c = 0, taylor at phi = pi) float32 may stand on either
 * side: rows within 1e-6 of a jump, but not exactly on it, are taken out. */
static int near_a_jump(const margin_config *config, double theta)
{
    const double phi = config->m1 * theta + config->m2;
    const double pi = 3.14159265358979324;

    if (config->past_pi == MARGIN_PAST_PI_EASY) {
        return theta != pi / 2 && fabs(theta - pi / 2) < 1e-6;
    }
    return config->past_pi == MARGIN_PAST_PI_TAYLOR && fabs(phi - pi) < 1e-6;
}

static void ignore_rows_near_jumps(const margin_config *config, problem *p, oracle_output *want)
{
    int ignored = 0;

    if (!margin_loss_get(config->loss)->has_angle) {
        return;
    }
    for (size_t i = 0; i < p->head.rows; i++) {
        if (p->labels[i] >= 0 && near_a_jump(config, want->row_angle[i])) {
            p->labels[i] = -1;
            ignored = 1;
        }
    }
    if (ignored) {
        oracle_output_free(want);
        if (oracle_head(config, &p->head, want) != 0) {
            abort();
        }
    }
}

static void compare_everywhere(comparison *c, int finite_only)
{
    for (int isa = MARGIN_ISA_SCALAR; isa < MARGIN_ISA_COUNT; isa++) {
        if (margin_isa_usable((margin_isa)isa)) {
            run_and_compare(c, (margin_isa)isa, 1, finite_only);
            run_and_compare(c, (margin_isa)isa, 2, finite_only);
        }
    }
}

int compare_head(const margin_config *config, problem_spec spec, int finite_only)
{
    char text[400], name[200];
    problem p = problem_make(spec);
    oracle_output want;
    comparison c = {.config = config, .p = &p, .want = &want};

    snprintf(text, sizeof text, "%s; seed=%llu N=%zu D=%zu C=%zu traits=%u",
             config_text(config, name, sizeof name), (unsigned long long)spec.seed, spec.rows,
             spec.dim, spec.classes, spec.traits);
    c.log.what = text;
    if (oracle_head(config, &p.head, &want) != 0) {
        abort();
    }
    ignore_rows_near_jumps(config, &p, &want);
    c.x_norm = malloc(spec.rows * sizeof(double));
    c.w_norm = malloc(spec.classes * sizeof(double));
    if (!c.x_norm || !c.w_norm) {
        abort();
    }
    lengths(p.embeddings, spec.rows, spec.dim, p.head.embeddings_stride, c.x_norm);
    c.w_largest = lengths(p.weights, spec.classes, spec.dim, p.head.weights_stride, c.w_norm);
    c.head = p.head;
    compare_everywhere(&c, finite_only);
    free(c.x_norm);
    free(c.w_norm);
    oracle_output_free(&want);
    problem_free(&p);
    return c.log.faults;
}
