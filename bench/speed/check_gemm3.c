/* check_gemm3.c: are a BLAS's three products right? Judged by plain sums in double.
 *
 * Must not know which library computed them. */
#include "check.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int check_product(const char *what, size_t index, const float *values, const double *truths,
                         const double *sizes, size_t count, char *fault, size_t fault_size)
{
    for (size_t d = 0; d < count; d++) {
        if (!(fabs(values[d] - truths[d]) <= 1e-5 * sizes[d])) {
            snprintf(fault, fault_size, "%s %zu, entry %zu is %.9g, should be %.9g", what, index, d,
                     (double)values[d], truths[d]);
            return -1;
        }
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
                           double *sizes, char *fault, size_t fault_size)
{
    const size_t dim = p->shape->dim, classes = p->shape->classes;
    const float *x = p->embeddings + i * dim, *logits = o->grad_logits + i * classes;
    memset(truths, 0, 2 * dim * sizeof *truths);
    for (size_t j = 0; j < classes; j++) {
        double truth = 0, size = 0;
        for (size_t d = 0; d < dim; d++)
            add_scaled(x[d], p->weights + j * dim + d, 1, &truth, &size);
        if (check_product("logits of row", i, logits + j, &truth, &size, 1, fault, fault_size))
            return -1;
        add_scaled(logits[j], p->weights + j * dim, dim, truths, sizes);
    }
    return check_product("dX of row", i, o->grad_embeddings + i * dim, truths, sizes, dim, fault,
                         fault_size);
}

static int check_gemm3_class(const speed_problem *p, const speed_outputs *o, size_t j,
                             double *truths, double *sizes, char *fault, size_t fault_size)
{
    const size_t dim = p->shape->dim, classes = p->shape->classes;
    memset(truths, 0, 2 * dim * sizeof *truths);
    for (size_t i = 0; i < p->shape->rows; i++)
        add_scaled(o->grad_logits[i * classes + j], p->embeddings + i * dim, dim, truths, sizes);
    return check_product("dW of class", j, o->grad_weights + j * dim, truths, sizes, dim, fault,
                         fault_size);
}

int speed_check_gemm3(const speed_problem *p, const speed_outputs *o, char *fault,
                      size_t fault_size)
{
    const speed_shape *s = p->shape;
    if (speed_check_finite("logits", o->grad_logits, s->rows * s->classes, fault, fault_size) ||
        speed_check_finite("dX", o->grad_embeddings, s->rows * s->dim, fault, fault_size) ||
        speed_check_finite("dW", o->grad_weights, s->classes * s->dim, fault, fault_size)) {
        return -1;
    }
    double *truths = calloc(2 * s->dim, sizeof *truths);
    if (!truths) {
        snprintf(fault, fault_size, "out of memory in the check");
        return -1;
    }
    double *sizes = truths + s->dim;
    int failed = 0;
    for (size_t k = 0; k < 2 && !failed; k++)
        failed = check_gemm3_row(p, o, k * (s->rows - 1), truths, sizes, fault, fault_size) ||
                 check_gemm3_class(p, o, k * (s->classes - 1), truths, sizes, fault, fault_size);
    free(truths);
    return failed ? -1 : 0;
}
