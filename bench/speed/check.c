/* check.c: the judge of every case before it is timed.
 *
 * With R the log-sum-exp of a row's other classes and z its target's logit, the loss is
 * softplus(R - z) and q = 1 - p_target is sigmoid(R - z). psi comes from margin_psi, which its own
 * tests hold to the papers; all else here shares no code with the library.
 * Must not know who computed the outputs. */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

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
    for (size_t i = 0; i < count; i++) {
        values[i] = NAN;
    }
}

void speed_check_poison(const speed_outputs *o, const speed_shape *s, speed_what what)
{
    poison(o->row_loss, s->rows);
    if (what == SPEED_HEAD || what == SPEED_GEMM3) {
        poison(o->grad_embeddings, s->rows * s->dim);
        poison(o->grad_weights, s->classes * s->dim);
    }
    if (what == SPEED_ROWS || what == SPEED_GEMM3) {
        poison(o->grad_logits, s->rows * s->classes);
    }
}

/* ---- one row's scalars ----------------------------------------------------------------------- */

typedef struct row_truth {
    double loss;
    double others; /* q s: factor of exp(s c - R) in the gradient of another class */
    double target; /* d loss / d theta of the target; raw logits: d loss / d logit */
} row_truth;

static row_truth judge_row(const speed_reference *r, const margin_config *config, size_t i)
{
    const int raw = !margin_loss_get(config->loss)->normalised;
    double psi = r->target[i], slope = 0;
    if (!raw) {
        margin_psi(config, r->theta[i], &psi, &slope);
    }
    const double gap = r->log_others[i] - r->scale * psi;
    const double q = 1 / (1 + exp(-gap));
    return (row_truth){.loss = gap > 0 ? gap + log1p(exp(-gap)) : log1p(exp(gap)),
                       .others = r->scale * q,
                       .target = -r->scale * q * (raw ? 1 : slope)};
}

/* ---- comparing ------------------------------------------------------------------------------- */

int speed_check_finite(const char *what, const float *values, size_t count, char *fault,
                       size_t fault_size)
{
    for (size_t i = 0; i < count; i++) {
        if (!isfinite(values[i])) {
            snprintf(fault, fault_size, "%s: entry %zu is %g", what, i, (double)values[i]);
            return -1;
        }
    }
    return 0;
}

static int check_losses(const speed_reference *r, const margin_config *config, const float *losses,
                        speed_tolerance tolerance, char *fault, size_t fault_size)
{
    for (size_t i = 0; i < r->problem->shape->rows; i++) {
        const double truth = judge_row(r, config, i).loss;
        const double allowed = tolerance.loss * fmax(truth, tolerance.loss_floor) + 1e-37;
        if (!(fabs(losses[i] - truth) <= allowed)) {
            snprintf(fault, fault_size, "loss of row %zu is %.9g, should be %.9g (allowed: %.1e)",
                     i, (double)losses[i], truth, allowed);
            return -1;
        }
    }
    return 0;
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

static int verdict(const group *g, double tolerance, char *fault, size_t fault_size)
{
    if (g->worst <= tolerance * g->largest + 1e-37) {
        return 0;
    }
    snprintf(fault, fault_size,
             "%s %zu, entry %zu is %.9g, should be %.9g (off by %.1e of the largest, allowed %.1e)",
             g->what, g->index, g->entry, g->value, g->truth, g->worst / g->largest, tolerance);
    return -1;
}

/* ---- head ------------------------------------------------------------------------------------ */

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t d = 0; d < n; d++) {
        sum += a[d] * b[d];
    }
    return sum;
}

/* out += factor * d theta / d u for the angle between u and v: minus the unit tangent at u towards
 * v. For raw inner products the derivative of the logit: v. */
static void add_target(const speed_reference *r, double factor, const double *u, const double *v,
                       double *out, double *tangent)
{
    const size_t dim = r->problem->shape->dim;
    const double c = r->normalised ? dot(u, v, dim) : 0;
    double sine = 1;
    for (size_t d = 0; d < dim; d++) {
        tangent[d] = v[d] - c * u[d];
    }
    if (r->normalised) {
        sine = -sqrt(dot(tangent, tangent, dim));
    }
    for (size_t d = 0; d < dim && sine != 0; d++) {
        out[d] += factor * tangent[d] / sine;
    }
}

/* Work space of one comparison: four vectors of D doubles. */
typedef struct vectors {
    double *u, *v, *sum, *tangent;
} vectors;

/* dX of a sampled row into w->sum. Returns its entries' size, were nothing in it to cancel: in few
 * dimensions little may be left, of which rounding is a larger part. */
static double true_row_gradient(const speed_reference *r, const margin_config *config, size_t k,
                                const vectors *w)
{
    const speed_problem *p = r->problem;
    const size_t dim = p->shape->dim, i = r->sampled_row[k];
    const double *pull = r->others_pull + k * dim;
    const row_truth truth = judge_row(r, config, i);
    speed_reference_unit(r, p->embeddings + i * dim, w->u);
    speed_reference_unit(r, p->weights + (size_t)p->labels[i] * dim, w->v);
    const double along = r->normalised ? dot(pull, w->u, dim) : 0;
    for (size_t d = 0; d < dim; d++) {
        w->sum[d] = truth.others * (pull[d] - along * w->u[d]);
    }
    add_target(r, truth.target, w->u, w->v, w->sum, w->tangent);
    for (size_t d = 0; d < dim; d++) {
        w->sum[d] /= r->length[i] * (double)p->shape->rows;
    }
    return truth.others / (r->length[i] * (double)p->shape->rows * sqrt((double)dim));
}

static void true_class_gradient(const speed_reference *r, const margin_config *config, size_t j,
                                const vectors *w)
{
    const speed_problem *p = r->problem;
    const size_t dim = p->shape->dim, rows = p->shape->rows;
    const double length = speed_reference_unit(r, p->weights + j * dim, w->v);
    memset(w->sum, 0, dim * sizeof *w->sum);
    for (size_t i = 0; i < rows; i++) {
        const row_truth truth = judge_row(r, config, i);
        speed_reference_unit(r, p->embeddings + i * dim, w->u);
        if (p->labels[i] == (int64_t)j) {
            add_target(r, truth.target, w->v, w->u, w->sum, w->tangent);
            continue;
        }
        const double c = dot(w->u, w->v, dim);
        const double g = truth.others * exp(r->scale * c - r->log_others[i]);
        for (size_t d = 0; d < dim; d++) {
            w->sum[d] += g * (w->u[d] - (r->normalised ? c * w->v[d] : 0));
        }
    }
    for (size_t d = 0; d < dim; d++) {
        w->sum[d] /= length * (double)rows;
    }
}

static int check_gradients(const speed_reference *r, const margin_config *config,
                           const speed_outputs *o, const vectors *w, double tolerance, char *fault,
                           size_t fault_size)
{
    const size_t dim = r->problem->shape->dim;
    group rows = {.what = "dX of row"}, targets = {.what = "dW of target class"};
    group others = {.what = "dW of class"};
    for (size_t k = 0; k < r->rows_sampled; k++) {
        const size_t i = r->sampled_row[k];
        rows.largest = fmax(rows.largest, true_row_gradient(r, config, k, w));
        compare(&rows, i, o->grad_embeddings + i * dim, w->sum, dim);
    }
    for (size_t k = 0; k < r->classes_sampled; k++) {
        const size_t j = r->sampled_class[k];
        true_class_gradient(r, config, j, w);
        compare(k < r->targets_sampled ? &targets : &others, j, o->grad_weights + j * dim, w->sum,
                dim);
    }
    return verdict(&rows, tolerance, fault, fault_size) ||
                   verdict(&targets, tolerance, fault, fault_size) ||
                   verdict(&others, tolerance, fault, fault_size)
               ? -1
               : 0;
}

int speed_check_head(const speed_reference *r, const margin_config *config, const speed_outputs *o,
                     int with_gradients, speed_tolerance tolerance, char *fault, size_t fault_size)
{
    const speed_shape *s = r->problem->shape;
    if (check_losses(r, config, o->row_loss, tolerance, fault, fault_size)) {
        return -1;
    }
    if (!with_gradients) {
        return 0;
    }
    if (speed_check_finite("dX", o->grad_embeddings, s->rows * s->dim, fault, fault_size) ||
        speed_check_finite("dW", o->grad_weights, s->classes * s->dim, fault, fault_size)) {
        return -1;
    }
    double *memory = calloc(4 * s->dim, sizeof *memory);
    if (!memory) {
        snprintf(fault, fault_size, "out of memory in the check");
        return -1;
    }
    const vectors w = {memory, memory + s->dim, memory + 2 * s->dim, memory + 3 * s->dim};
    const int failed = check_gradients(r, config, o, &w, tolerance.gradient, fault, fault_size);
    free(memory);
    return failed;
}

/* ---- rows ------------------------------------------------------------------------------------ */

/* d loss / d logit of row i, all classes; `truths` [C]. */
static void true_logit_gradient(const speed_reference *r, const margin_config *config, size_t i,
                                double *truths)
{
    const speed_problem *p = r->problem;
    const size_t classes = p->shape->classes, label = (size_t)p->labels[i];
    const double n = (double)p->shape->rows;
    const row_truth truth = judge_row(r, config, i);
    for (size_t j = 0; j < classes; j++) {
        const double logit = r->scale * p->cosines[i * classes + j];
        truths[j] = truth.others * exp(logit - r->log_others[i]) / n;
    }
    /* d theta / d c = -1 / sin(theta) */
    const int raw = !margin_loss_get(config->loss)->normalised;
    truths[label] = truth.target / (raw ? 1 : -sin(r->theta[i])) / n;
}

int speed_check_rows(const speed_reference *r, const margin_config *config, const speed_outputs *o,
                     speed_tolerance tolerance, char *fault, size_t fault_size)
{
    const speed_shape *s = r->problem->shape;
    if (check_losses(r, config, o->row_loss, tolerance, fault, fault_size) ||
        speed_check_finite("gradient", o->grad_logits, s->rows * s->classes, fault, fault_size)) {
        return -1;
    }
    double *truths = calloc(s->classes, sizeof *truths);
    if (!truths) {
        snprintf(fault, fault_size, "out of memory in the check");
        return -1;
    }
    group targets = {.what = "gradient of the target in row"}, others = {.what = "gradient of row"};
    for (size_t k = 0; k < r->rows_sampled; k++) {
        const size_t i = r->sampled_row[k], label = (size_t)r->problem->labels[i];
        const float *row = o->grad_logits + i * s->classes;
        true_logit_gradient(r, config, i, truths);
        compare(&targets, i, row + label, truths + label, 1);
        compare(&others, i, row, truths, label);
        compare(&others, i, row + label + 1, truths + label + 1, s->classes - label - 1);
    }
    free(truths);
    return verdict(&targets, tolerance.gradient, fault, fault_size) ||
                   verdict(&others, tolerance.gradient, fault, fault_size)
               ? -1
               : 0;
}
