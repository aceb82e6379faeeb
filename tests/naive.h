/* naive.h: the losses in double, straight from margin.h's first formula, by loops that a reader can
 * check at a glance; for finite differences and for comparison. psi is margin_psi's. */
#ifndef MARGIN_TESTS_NAIVE_H
#define MARGIN_TESTS_NAIVE_H

#include <stddef.h>
#include <stdint.h>

#include "margin.h"

typedef struct naive_head {
    const margin_config *config;
    size_t rows, dim, classes;
    double *x, *w, *bias; /* dense; bias may be NULL */
    const int64_t *labels;
    const float *row_weight; /* NULL: 1 / counted rows */
    double *frozen;          /* NULL, or psi - c of each row, held fixed: gradient = detached */
} naive_head;

typedef struct naive_row {
    double loss, theta;
    int correct;
} naive_row;

/* One row that counts. */
naive_row naive_head_row(const naive_head *h, size_t i);
/* What the gradients are of: sum of row weights times row losses. */
double naive_head_loss(const naive_head *h);
/* Sets `frozen` (room for `rows`) from the present x and w. */
void naive_head_freeze(naive_head *h, double *frozen);

/* log(sum of exp), and the same without term y. */
double naive_log_sum_exp(const double *x, size_t n);
/* Loss of a row of logits s c_j whose target's logit is z: log(1 + exp(LSE of the others - z)). */
double naive_row_loss(const double *logits, size_t classes, size_t y, double z);

#endif
