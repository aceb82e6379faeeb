/* reference.c: plain double-precision log-sum-exps and angles of one problem.
 *
 * Written apart from the library on purpose: it shares no code with it. One thread, no
 * instruction set named. Must not know which loss will be judged by it. */
#include "reference.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#define ROW_BLOCK ((size_t)16)

/* Eight partial sums, so that a compiler may use whatever vectors it has. */
static double dot(const double *a, const double *b, size_t n)
{
    double part[8] = {0};
    size_t i = 0;
    for (; i + 8 <= n; i += 8) {
        for (size_t k = 0; k < 8; k++) {
            part[k] += a[i + k] * b[i + k];
        }
    }
    for (; i < n; i++) {
        part[i % 8] += a[i] * b[i];
    }
    return ((part[0] + part[4]) + (part[1] + part[5])) +
           ((part[2] + part[6]) + (part[3] + part[7]));
}

double speed_reference_unit(const speed_reference *reference, const float *v, double *unit)
{
    const size_t dim = reference->problem->shape->dim;
    for (size_t d = 0; d < dim; d++) {
        unit[d] = v[d];
    }
    const double length = reference->normalised ? sqrt(dot(unit, unit, dim)) : 1;
    for (size_t d = 0; d < dim && length > 0; d++) {
        unit[d] /= length;
    }
    return length;
}

/* A sum of exponentials that neither overflows nor vanishes: exp(top) * sum. */
typedef struct running_sum {
    double top, sum;
} running_sum;

static void add_logit(running_sum *r, double logit)
{
    if (logit > r->top) {
        r->sum = r->sum * exp(r->top - logit) + 1;
        r->top = logit;
    } else {
        r->sum += exp(logit - r->top);
    }
}

/* ---- which rows and classes are looked at ---------------------------------------------------- */

static int is_target(const speed_problem *p, size_t class_index)
{
    for (size_t i = 0; i < p->shape->rows; i++) {
        if (p->labels[i] == (int64_t)class_index) {
            return 1;
        }
    }
    return 0;
}

static void sample_class(speed_reference *r, size_t class_index)
{
    for (size_t k = 0; k < r->classes_sampled; k++) {
        if (r->sampled_class[k] == class_index) {
            return;
        }
    }
    r->sampled_class[r->classes_sampled++] = class_index;
}

/* Ends and middle: where blocks and tiles of a kernel begin and end. */
static void choose_samples(speed_reference *r)
{
    const speed_problem *p = r->problem;
    const size_t n = p->shape->rows, c = p->shape->classes;
    const size_t rows[] = {0, n / 2, n - 1}, classes[] = {0, c / 2, c - 1};
    for (size_t k = 0; k < 3; k++) {
        if (k == 0 || rows[k] != r->sampled_row[r->rows_sampled - 1]) {
            r->sampled_row[r->rows_sampled++] = rows[k];
            sample_class(r, (size_t)p->labels[rows[k]]);
        }
    }
    r->targets_sampled = r->classes_sampled;
    for (size_t k = 0; k < 3; k++) {
        for (size_t step = 0; step < c; step++) {
            const size_t j = k == 2 ? classes[k] - step : (classes[k] + step) % c;
            if (!is_target(p, j)) {
                sample_class(r, j);
                break;
            }
        }
    }
}

/* ---- head ------------------------------------------------------------------------------------ */

static void block_log_others(speed_reference *r, const double *units, size_t first, size_t count,
                             double *unit_class)
{
    const speed_problem *p = r->problem;
    const size_t dim = p->shape->dim;
    running_sum sums[ROW_BLOCK];
    for (size_t i = 0; i < count; i++) {
        sums[i] = (running_sum){-INFINITY, 0};
    }
    for (size_t j = 0; j < p->shape->classes; j++) {
        speed_reference_unit(r, p->weights + j * dim, unit_class);
        for (size_t i = 0; i < count; i++) {
            if (p->labels[first + i] != (int64_t)j) {
                add_logit(&sums[i], r->scale * dot(units + i * dim, unit_class, dim));
            }
        }
    }
    for (size_t i = 0; i < count; i++) {
        r->log_others[first + i] = sums[i].top + log(sums[i].sum);
    }
}

static void row_target(speed_reference *r, size_t i, const double *unit, double *unit_class)
{
    const speed_problem *p = r->problem;
    const size_t dim = p->shape->dim;
    speed_reference_unit(r, p->weights + (size_t)p->labels[i] * dim, unit_class);
    const double c = dot(unit, unit_class, dim);
    double across = 0;
    for (size_t d = 0; d < dim; d++) {
        across += (unit_class[d] - c * unit[d]) * (unit_class[d] - c * unit[d]);
    }
    r->target[i] = c;
    r->theta[i] = r->normalised ? atan2(sqrt(across), c) : 0;
}

static void sampled_pull(speed_reference *r, size_t k, double *unit, double *unit_class)
{
    const speed_problem *p = r->problem;
    const size_t dim = p->shape->dim, i = r->sampled_row[k];
    double *pull = r->others_pull + k * dim;
    speed_reference_unit(r, p->embeddings + i * dim, unit);
    for (size_t j = 0; j < p->shape->classes; j++) {
        if (p->labels[i] == (int64_t)j) {
            continue;
        }
        speed_reference_unit(r, p->weights + j * dim, unit_class);
        const double share = exp(r->scale * dot(unit, unit_class, dim) - r->log_others[i]);
        for (size_t d = 0; d < dim; d++) {
            pull[d] += share * unit_class[d];
        }
    }
}

static int allocate(speed_reference *r)
{
    const size_t n = r->problem->shape->rows;
    r->log_others = calloc(n, sizeof(double));
    r->target = calloc(n, sizeof(double));
    r->theta = calloc(n, sizeof(double));
    r->length = calloc(n, sizeof(double));
    r->others_pull = calloc(SPEED_SAMPLED_ROWS * r->problem->shape->dim, sizeof(double));
    return r->log_others && r->target && r->theta && r->length && r->others_pull ? 0 : -1;
}

int speed_reference_head(speed_reference *r, const speed_problem *problem, int normalised,
                         double scale)
{
    const size_t rows = problem->shape->rows, dim = problem->shape->dim;
    *r = (speed_reference){.problem = problem, .normalised = normalised, .scale = scale};
    double *units = calloc((ROW_BLOCK + 1) * dim, sizeof *units);
    if (!units || allocate(r)) {
        free(units);
        return -1;
    }
    double *unit_class = units + ROW_BLOCK * dim;
    choose_samples(r);
    for (size_t first = 0; first < rows; first += ROW_BLOCK) {
        const size_t count = rows - first < ROW_BLOCK ? rows - first : ROW_BLOCK;
        for (size_t i = 0; i < count; i++) {
            const float *x = problem->embeddings + (first + i) * dim;
            r->length[first + i] = speed_reference_unit(r, x, units + i * dim);
            row_target(r, first + i, units + i * dim, unit_class);
        }
        block_log_others(r, units, first, count, unit_class);
    }
    for (size_t k = 0; k < r->rows_sampled; k++) {
        sampled_pull(r, k, units, unit_class);
    }
    free(units);
    return 0;
}

/* ---- rows ------------------------------------------------------------------------------------ */

int speed_reference_rows(speed_reference *r, const speed_problem *problem, double scale)
{
    const size_t classes = problem->shape->classes;
    *r = (speed_reference){.problem = problem, .rows_level = 1, .scale = scale};
    if (allocate(r)) {
        return -1;
    }
    choose_samples(r);
    for (size_t i = 0; i < problem->shape->rows; i++) {
        const float *row = problem->cosines + i * classes;
        running_sum sum = {-INFINITY, 0};
        for (size_t j = 0; j < classes; j++) {
            if (problem->labels[i] != (int64_t)j) {
                add_logit(&sum, scale * row[j]);
            }
        }
        r->log_others[i] = sum.top + log(sum.sum);
        r->target[i] = row[problem->labels[i]];
        r->theta[i] = acos(fmax(-1, fmin(1, r->target[i])));
    }
    return 0;
}

void speed_reference_close(speed_reference *r)
{
    free(r->log_others);
    free(r->target);
    free(r->theta);
    free(r->length);
    free(r->others_pull);
    memset(r, 0, sizeof *r);
}
