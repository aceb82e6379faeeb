/* boundary.h: what is checked of a call before it runs. Each check records the first fault that it
 * finds in the context, and returns its status. */
#ifndef MARGIN_BOUNDARY_H
#define MARGIN_BOUNDARY_H

#include "context.h"

/* Records a fault of `argument` at `row` and returns `status`. */
margin_status margin_fail(margin_context *context, margin_status status, margin_argument argument,
                          size_t row, const char *detail);

/* Checks that each of `rows` labels is in [0, classes) or -1, and counts those that are not -1. */
margin_status margin_check_labels(margin_context *context, const int64_t *labels, size_t rows,
                                  size_t classes, size_t *counted);

/* Checks that `values` [rows, columns] are finite; NULL has no values. A stride of 0 must have been
 * resolved. */
margin_status margin_check_finite(margin_context *context, const float *values, size_t rows,
                                  size_t columns, size_t stride, margin_argument argument);

/* Resolves a *stride of 0 to `columns`, and refuses one that is shorter, or rows that reach beyond
 * memory. */
margin_status margin_check_stride(margin_context *context, size_t *stride, size_t rows,
                                  size_t columns, const char *detail);

/* Checks that `values` [count] are finite and at least 0, with or without skip_finite_check; NULL
 * has no values. `detail` says which are not. */
margin_status margin_check_factors(margin_context *context, const float *values, size_t count,
                                   margin_argument argument, const char *detail);

/* Checks that `label_smoothing` is in [0, 1). */
margin_status margin_check_smoothing(margin_context *context, double label_smoothing);

/* What the rows' losses are multiplied by in the objective. */
typedef struct margin_weighting {
    const float *row, *of_class; /* the caller's, or NULL */
    double total;                /* without `row`: what the factors are divided by */
} margin_weighting;

/* Returns the weighting of `rows` rows, of which `counted` have a label. */
margin_weighting margin_weighting_of(const float *row_weight, const float *class_weight,
                                     const int64_t *labels, size_t rows, size_t counted);

/* Returns d objective / d row loss of a row with this label, which is not -1. */
double margin_row_weight(const margin_weighting *weighting, size_t row, int64_t label);

/* Returns the objective: `weighted`, the sum of weights times losses, or the mean where the caller
 * gave no weights. */
double margin_objective(const margin_weighting *weighting, double weighted, double mean);

#endif
