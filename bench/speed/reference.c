/* reference.c: see check.h. One thread, no instruction set named. Must not know losses, scales or
 * kernels. */
#include "check.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "../../tests/plain_head.h"

/* ---- which rows and classes are looked at ---------------------------------------------------- */

static int is_target(const speed_problem *p, size_t class_index)
{
    for (size_t i = 0; i < p->shape->rows; i++) {
        if (p->labels[i] == (int64_t)class_index) return 1;
    }
    return 0;
}

static void sample_class(speed_reference *r, size_t class_index)
{
    for (size_t k = 0; k < r->classes_sampled; k++) {
        if (r->sampled_class[k] == class_index) return;
    }
    r->sampled_class[r->classes_sampled++] = class_index;
}

size_t speed_sample_rows(size_t count, size_t rows[SPEED_SAMPLED_ROWS])
{
    const size_t wanted[] = {0, count / 2, count - 1};
    size_t sampled = 0;
    for (size_t k = 0; k < SPEED_SAMPLED_ROWS; k++) {
        if (k == 0 || wanted[k] != rows[sampled - 1]) rows[sampled++] = wanted[k];
    }
    return sampled;
}

/* Ends and middle: where blocks and tiles of a kernel begin and end. */
static void choose_samples(speed_reference *r)
{
    const speed_problem *p = r->problem;
    const size_t c = p->shape->classes, classes[] = {0, c / 2, c - 1};
    r->rows_sampled = speed_sample_rows(p->shape->rows, r->sampled_row);
    for (size_t k = 0; k < r->rows_sampled; k++)
        sample_class(r, (size_t)p->labels[r->sampled_row[k]]);
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

/* ---- products -------------------------------------------------------------------------------- */

static void widen(const float *from, size_t count, double *to)
{
    for (size_t d = 0; d < count; d++)
        to[d] = from[d];
}

/* Lengths and angles by the definition; `x` and `w` are room for a vector each. */
static void measure_vectors(speed_reference *r, double *x, double *w)
{
    const speed_problem *p = r->problem;
    const size_t dim = p->shape->dim;
    for (size_t j = 0; j < p->shape->classes; j++) {
        widen(p->weights + j * dim, dim, w);
        r->class_length[j] = sqrt(plain_dot(w, w, dim));
    }
    for (size_t i = 0; i < p->shape->rows; i++) {
        widen(p->embeddings + i * dim, dim, x);
        widen(p->weights + (size_t)p->labels[i] * dim, dim, w);
        r->row_length[i] = sqrt(plain_dot(x, x, dim));
        r->theta[i] = plain_angle(x, w, dim);
    }
}

/* Rows innermost and next to one another in `across` [D, N]: each product is a sum of its own, so a
 * compiler may use whatever vectors it has. `sums` is room for N. */
static void multiply(speed_reference *r, double *across, double *sums)
{
    const speed_problem *p = r->problem;
    const size_t rows = p->shape->rows, dim = p->shape->dim, classes = p->shape->classes;
    for (size_t k = 0; k < rows * dim; k++)
        across[k % dim * rows + k / dim] = p->embeddings[k];
    for (size_t j = 0; j < classes; j++) {
        memset(sums, 0, rows * sizeof *sums);
        for (size_t d = 0; d < dim; d++) {
            const double w = p->weights[j * dim + d];
            for (size_t i = 0; i < rows; i++)
                sums[i] += w * across[d * rows + i];
        }
        for (size_t i = 0; i < rows; i++)
            r->products[i * classes + j] = sums[i];
    }
}

void speed_reference_open(speed_reference *r, const speed_problem *problem)
{
    const speed_shape *s = problem->shape;
    double *scratch = zeroed(s->rows * s->dim + s->rows + 2 * s->dim, sizeof *scratch);
    *r = (speed_reference){.problem = problem,
                           .products = zeroed(s->rows * s->classes, sizeof *r->products),
                           .row_length = zeroed(s->rows, sizeof *r->row_length),
                           .class_length = zeroed(s->classes, sizeof *r->class_length),
                           .theta = zeroed(s->rows, sizeof *r->theta)};
    choose_samples(r);
    measure_vectors(r, scratch, scratch + s->dim);
    multiply(r, scratch, scratch + s->rows * s->dim);
    free(scratch);
}

void speed_reference_close(speed_reference *r)
{
    free(r->products);
    free(r->row_length);
    free(r->class_length);
    free(r->theta);
    memset(r, 0, sizeof *r);
}
