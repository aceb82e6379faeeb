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

/* Returns d total loss / d row loss: the caller's weight of the row, or that of a mean over the
 * counted rows. */
double margin_row_weight(const float *row_weight, size_t row, size_t counted);

#endif
