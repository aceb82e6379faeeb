/* check.c: the judge of every case before it is timed, by the formulas of tests/plain_head.c.
 *
 * psi comes from margin_psi, which its own tests hold to the papers; all else shares no code with
 * the library. Must not know who computed the outputs. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "../../tests/plain_head.h"

/* The bounds that the library promises for float32 at scale s. */
speed_tolerance speed_tolerance_library(double scale)
{
    return (speed_tolerance){
        .loss = 2e-6 + 2e-7 * scale, .loss_floor = 0, .gradient = 1e-5 + 4e-7 * scale};
}

speed_tolerance speed_tolerance_peer(double scale)
{
    return (speed_tolerance){.loss = 10 * (2e-6 + 2e-7 * scale),
                             .loss_floor = 1,
                             .gradient = 10 * (1e-5 + 4e-7 * scale)};
}

static void poison(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++)
        values[i] = NAN;
}

void speed_check_poison(const speed_outputs *o, const speed_shape *s, speed_what what)
{
    poison(o->row_loss, s->rows);
    if (what == SPEED_HEAD || speed_is_products(what)) {
        poison(o->grad_embeddings, s->rows * s->dim);
        poison(o->grad_weights, s->classes * s->dim);
    }
    if (what == SPEED_ROWS || speed_is_products(what)) poison(o->grad_logits, s->rows * s->classes);
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* 0 if every value is finite; else -1 and one line in `fault`. */
static int check_finite(const char *what, const float *values, size_t count, char *fault)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i]))
            return speed_fail(fault, "%s: entry %zu is %g", what, i, (double)values[i]);
    }
    return 0;
}

static int check_loss(size_t i, double loss, double truth, speed_tolerance tolerance, char *fault)
{
    const double allowed = tolerance.loss * fmax(truth, tolerance.loss_floor) + 1e-37;
    if (fabs(loss - truth) <= allowed) return 0;
    return speed_fail(fault, "loss of row %zu is %.9g, should be %.9g (allowed: %.1e)", i, loss,
                      truth, allowed);
}

/* Vectors of one kind, compared against the largest entry of that kind. */
typedef struct group {
    const char *what;
    double largest, worst, value, truth;
    size_t index, entry;
} group;

static void compare(group *g, size_t index, const float *values, const double *truths, size_t count)
{
    for (size_t d = 0; d < count; d++) {
        const double error = fabs(values[d] - truths[d]);
        g->largest = fmax(g->largest, fabs(truths[d]));
        if (error > g->worst) {
            g->worst = error;
            g->value = values[d];
            g->truth = truths[d];
            g->index = index;
            g->entry = d;
        }
    }
}

static int verdict(const group *g, double tolerance, char *fault)
{
    if (g->worst <= tolerance * g->largest + 1e-37) return 0;
    return speed_fail(
        fault,
        "%s %zu, entry %zu is %.9g, should be %.9g (off by %.1e of the largest, allowed %.1e)",
        g->what, g->index, g->entry, g->value, g->truth, g->worst / g->largest, tolerance);
}

/* ---- head ------------------------------------------------------------------------------------ */

/* One head under judgement, with room for a row and a vector. */
typedef struct trial {
    const speed_reference *r;
    const margin_config *config;
    const speed_outputs *outputs;
    int raw;
    double *cosine,
        *slope;        /* [C] of a row: cosines (raw: inner products), the loss's slope by each */
    double *sum;       /* [D] */
    double *class_sum; /* [sampled classes, D] */
    double class_along[SPEED_SAMPLED_CLASSES];
    group rows, targets, others;
} trial;

/* sum += factor v, with v of length 1 unless `length` is 1 anyway. */
static void add(const float *v, size_t dim, double factor, double length, double *sum)
{
    for (size_t d = 0; d < dim; d++)
        sum[d] += factor / length * v[d];
}

static double row_length(const trial *t, size_t i)
{
    return t->raw ? 1 : t->r->row_length[i];
}

static double class_length(const trial *t, size_t j)
{
    return t->raw ? 1 : t->r->class_length[j];
}

/* Sets cosine and slope of row i; returns its loss. */
static double solve_row(const trial *t, size_t i)
{
    const speed_problem *p = t->r->problem;
    const size_t classes = p->shape->classes;
    for (size_t j = 0; j < classes; j++)
        t->cosine[j] = t->r->products[i * classes + j] / (row_length(t, i) * class_length(t, j));
    return plain_row(t->config, t->config->scale, t->cosine, classes, (size_t)p->labels[i],
                     t->r->theta[i], 0.0, t->slope);
}

/* What is left of `sum`, a gradient by a unit vector, for the vector v itself, of that `length`:
 * the part across v, `along` being the part along it. */
static void pass_norm(const trial *t, const float *v, double length, double along, double *sum)
{
    const speed_shape *s = t->r->problem->shape;
    if (!t->raw) add(v, s->dim, -along, length, sum);
    for (size_t d = 0; d < s->dim; d++)
        sum[d] /= length * (double)s->rows;
}

/* Compares dX of row i. Its size is at least what its entries were, did nothing in it cancel: in
 * few dimensions little may be left, of which rounding is a larger part. */
static void judge_row(trial *t, size_t i)
{
    const speed_problem *p = t->r->problem;
    const size_t dim = p->shape->dim, label = (size_t)p->labels[i];
    const double length = row_length(t, i);
    double along = 0, pull = 0;
    memset(t->sum, 0, dim * sizeof *t->sum);
    for (size_t j = 0; j < p->shape->classes; j++) {
        add(p->weights + j * dim, dim, t->slope[j], class_length(t, j), t->sum);
        along += t->slope[j] * t->cosine[j];
        pull += j == label ? 0 : t->slope[j];
    }
    pass_norm(t, p->embeddings + i * dim, length, along, t->sum);
    t->rows.largest =
        fmax(t->rows.largest, pull / (length * (double)p->shape->rows * sqrt((double)dim)));
    compare(&t->rows, i, t->outputs->grad_embeddings + i * dim, t->sum, dim);
}

/* Adds the part of row i to dW of the sampled classes. */
static void add_to_classes(trial *t, size_t i)
{
    const speed_problem *p = t->r->problem;
    const size_t dim = p->shape->dim;
    for (size_t k = 0; k < t->r->classes_sampled; k++) {
        const size_t j = t->r->sampled_class[k];
        add(p->embeddings + i * dim, dim, t->slope[j], row_length(t, i), t->class_sum + k * dim);
        t->class_along[k] += t->slope[j] * t->cosine[j];
    }
}

static int judge_head(trial *t, int with_gradients, speed_tolerance tolerance, char *fault)
{
    const speed_shape *s = t->r->problem->shape;
    for (size_t i = 0, k = 0; i < s->rows; i++) {
        const double truth = solve_row(t, i);
        if (check_loss(i, t->outputs->row_loss[i], truth, tolerance, fault)) return -1;
        if (with_gradients) add_to_classes(t, i);
        if (with_gradients && k < t->r->rows_sampled && t->r->sampled_row[k] == i) {
            judge_row(t, i);
            k++;
        }
    }
    if (!with_gradients) return 0;
    for (size_t k = 0; k < t->r->classes_sampled; k++) {
        const size_t j = t->r->sampled_class[k], dim = s->dim;
        double *sum = t->class_sum + k * dim;
        pass_norm(t, t->r->problem->weights + j * dim, class_length(t, j), t->class_along[k], sum);
        compare(k < t->r->targets_sampled ? &t->targets : &t->others, j,
                t->outputs->grad_weights + j * dim, sum, dim);
    }
    const int failed = check_finite("dX", t->outputs->grad_embeddings, s->rows * s->dim, fault) ||
                       check_finite("dW", t->outputs->grad_weights, s->classes * s->dim, fault) ||
                       verdict(&t->rows, tolerance.gradient, fault) ||
                       verdict(&t->targets, tolerance.gradient, fault) ||
                       verdict(&t->others, tolerance.gradient, fault);
    return failed ? -1 : 0;
}

int speed_check_head(const speed_reference *r, const margin_config *config, const speed_outputs *o,
                     int with_gradients, speed_tolerance tolerance, char *fault)
{
    const size_t dim = r->problem->shape->dim, classes = r->problem->shape->classes;
    double *memory = zeroed(2 * classes + (1 + r->classes_sampled) * dim, sizeof *memory);
    trial t = {.r = r,
               .config = config,
               .outputs = o,
               .raw = !margin_loss_get(config->loss)->normalised,
               .rows = {.what = "dX of row"},
               .targets = {.what = "dW of target class"},
               .others = {.what = "dW of class"}};
    t.cosine = memory;
    t.slope = memory + classes;
    t.sum = t.slope + classes;
    t.class_sum = t.sum + dim;
    const int failed = judge_head(&t, with_gradients, tolerance, fault);
    free(memory);
    return failed;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static int judge_rows(const speed_problem *p, const margin_config *config, const speed_outputs *o,
                      speed_tolerance tolerance, double *cosine, double *slope, char *fault)
{
    const size_t n = p->shape->rows, classes = p->shape->classes;
    group targets = {.what = "gradient of the target in row"}, others = {.what = "gradient of row"};
    size_t sampled[SPEED_SAMPLED_ROWS];
    const size_t samples = speed_sample_rows(n, sampled);
    for (size_t i = 0, k = 0; i < n; i++) {
        const size_t label = (size_t)p->labels[i];
        for (size_t j = 0; j < classes; j++)
            cosine[j] = p->cosines[i * classes + j];
        const double theta = acos(fmax(-1, fmin(1, cosine[label])));
        const double truth =
            plain_row(config, config->scale, cosine, classes, label, theta, 0.0, slope);
        if (check_loss(i, o->row_loss[i], truth, tolerance, fault)) return -1;
        for (size_t j = 0; j < classes; j++)
            slope[j] /= (double)n;
        if (k < samples && sampled[k] == i) {
            /* That by the target's cosine apart from the others. */
            const float *row = o->grad_logits + i * classes;
            compare(&targets, i, row + label, slope + label, 1);
            compare(&others, i, row, slope, label);
            compare(&others, i, row + label + 1, slope + label + 1, classes - label - 1);
            k++;
        }
    }
    const int failed = check_finite("gradient", o->grad_logits, n * classes, fault) ||
                       verdict(&targets, tolerance.gradient, fault) ||
                       verdict(&others, tolerance.gradient, fault);
    return failed ? -1 : 0;
}

int speed_check_rows(const speed_problem *p, const margin_config *config, const speed_outputs *o,
                     speed_tolerance tolerance, char *fault)
{
    const size_t classes = p->shape->classes;
    double *memory = zeroed(2 * classes, sizeof *memory);
    const int failed = judge_rows(p, config, o, tolerance, memory, memory + classes, fault);
    free(memory);
    return failed;
}

/* ---- products: a BLAS's three, by plain sums in double ------------------------------------------
 */

static int check_product(const char *what, size_t index, const float *values, const double *truths,
                         const double *sizes, size_t count, char *fault)
{
    for (size_t d = 0; d < count; d++) {
        if (!(fabs(values[d] - truths[d]) <= 1e-5 * sizes[d]))
            return speed_fail(fault, "%s %zu, entry %zu is %.9g, should be %.9g", what, index, d,
                              (double)values[d], truths[d]);
    }
    return 0;
}

/* truths += a b and sizes += |a b|, entry by entry. */
static void add_scaled(double a, const float *b, size_t count, double *truths, double *sizes)
{
    for (size_t d = 0; d < count; d++) {
        truths[d] += a * b[d];
        sizes[d] += fabs(a * b[d]);
    }
}

static int check_gemm3_row(const speed_problem *p, const speed_outputs *o, size_t i, double *truths,
                           double *sizes, char *fault)
{
    const size_t dim = p->shape->dim, classes = p->shape->classes;
    const float *x = p->embeddings + i * dim, *logits = o->grad_logits + i * classes;
    memset(truths, 0, 2 * dim * sizeof *truths);
    for (size_t j = 0; j < classes; j++) {
        double truth = 0, size = 0;
        for (size_t d = 0; d < dim; d++)
            add_scaled(x[d], p->weights + j * dim + d, 1, &truth, &size);
        if (check_product("logits of row", i, logits + j, &truth, &size, 1, fault)) return -1;
        add_scaled(logits[j], p->weights + j * dim, dim, truths, sizes);
    }
    return check_product("dX of row", i, o->grad_embeddings + i * dim, truths, sizes, dim, fault);
}

static int check_gemm3_class(const speed_problem *p, const speed_outputs *o, size_t j,
                             double *truths, double *sizes, char *fault)
{
    const size_t dim = p->shape->dim, classes = p->shape->classes;
    memset(truths, 0, 2 * dim * sizeof *truths);
    for (size_t i = 0; i < p->shape->rows; i++)
        add_scaled(o->grad_logits[i * classes + j], p->embeddings + i * dim, dim, truths, sizes);
    return check_product("dW of class", j, o->grad_weights + j * dim, truths, sizes, dim, fault);
}

int speed_check_gemm3(const speed_problem *p, const speed_outputs *o, char *fault)
{
    const speed_shape *s = p->shape;
    if (check_finite("logits", o->grad_logits, s->rows * s->classes, fault) ||
        check_finite("dX", o->grad_embeddings, s->rows * s->dim, fault) ||
        check_finite("dW", o->grad_weights, s->classes * s->dim, fault)) {
        return -1;
    }
    double *truths = zeroed(2 * s->dim, sizeof *truths);
    double *sizes = truths + s->dim;
    int failed = 0;
    for (size_t k = 0; k < 2 && !failed; k++)
        failed = check_gemm3_row(p, o, k * (s->rows - 1), truths, sizes, fault) ||
                 check_gemm3_class(p, o, k * (s->classes - 1), truths, sizes, fault);
    free(truths);
    return failed ? -1 : 0;
}
