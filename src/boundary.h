/* boundary.h: what is checked of a call before it runs. Each check records the first fault that it
 * finds in the context, and returns its status. */
#ifndef MARGIN_BOUNDARY_H
#define MARGIN_BOUNDARY_H

#include "context.h"

/* Records a fault of `argument` at `row` and returns `status`. */
margin_status margin_fail(margin_context *context, margin_status status, margin_argument argument,
                          size_t row, const char *detail);

/* Records that the call itself is NULL. */
margin_status margin_fail_call(margin_context *context);

/* The labels of a call. */
typedef struct margin_labels {
    const int64_t *of_row;
    int64_t ignored; /* as good as -1 */
} margin_labels;

/* Returns the labels of a call whose ignore_label is `ignored`. */
margin_labels margin_labels_of(const int64_t *labels, int64_t ignored);

/* Returns the label of row i, -1 where it does not count. */
static inline int64_t margin_label(const margin_labels *labels, size_t i)
{
    return labels->of_row[i] == labels->ignored ? -1 : labels->of_row[i];
}

/* Checks that each of `rows` labels is in [0, classes) or ignored, and counts the former. */
margin_status margin_check_labels(margin_context *context, const margin_labels *labels, size_t rows,
                                  size_t classes, size_t *counted);

/* Checks that `values` [rows, columns] are finite; NULL has no values. A stride of 0 must have been
 * resolved. */
margin_status margin_check_finite(margin_context *context, const float *values, size_t rows,
                                  size_t columns, size_t stride, margin_argument argument);

/* Checks that a required array is there. */
margin_status margin_check_there(margin_context *context, const void *array,
                                 margin_argument argument);

/* Resolves a *stride of 0 to `columns`, and refuses one that is shorter, which `detail` says, or
 * rows that reach beyond memory. */
margin_status margin_check_stride(margin_context *context, size_t *stride, size_t rows,
                                  size_t columns, margin_argument argument, const char *detail);

/* Checks that `values` [count] are finite and at least 0, with or without skip_finite_check; NULL
 * has no values. `detail` says which are not. */
margin_status margin_check_factors(margin_context *context, const float *values, size_t count,
                                   margin_argument argument, const char *detail);

/* Margins that a caller gives rows or classes, in place of the configuration's. */
typedef struct margin_given_margins {
    const float *row, *of_class; /* one of them, or both NULL */
} margin_given_margins;

/* Checks margins that a caller gives to `rows` rows or to `classes` classes. */
margin_status margin_check_margins(margin_context *context, const margin_given_margins *given,
                                   size_t rows, size_t classes);

/* Sets *own to the margins that are given to a row with this label, which is not -1. */
void margin_take_margins(const margin_setting *setting, const margin_given_margins *given,
                         size_t row, int64_t label, margin_margins *own);

/* Returns the margins of a row with this label, which is not -1: the configuration's, or *own. */
static inline const margin_margins *margin_row_margins(const margin_setting *setting,
                                                       const margin_given_margins *given,
                                                       size_t row, int64_t label,
                                                       margin_margins *own)
{
    if (given->row == NULL && given->of_class == NULL) return &setting->margins;
    margin_take_margins(setting, given, row, label, own);
    return own;
}

/* Checks that `count` class numbers rise from 0 or more; NULL are all classes. */
margin_status margin_check_index(margin_context *context, const int64_t *class_index, size_t count);

/* Returns how many rows an array has at least of which these are some: up to the last one listed.
 * `count` is at least 1 where there is a list. */
static inline size_t margin_rows_listed(const int64_t *class_index, size_t count)
{
    return class_index == NULL ? count : (size_t)class_index[count - 1] + 1;
}

/* Checks that `label_smoothing` is in [0, 1). */
margin_status margin_check_smoothing(margin_context *context, double label_smoothing);

/* What the rows' losses are multiplied by in the objective. */
typedef struct margin_weighting {
    const float *row, *of_class; /* the caller's, or NULL */
    double total;                /* without `row`: what the factors are divided by */
} margin_weighting;

/* Returns the weighting of `rows` rows, of which `counted` count. */
margin_weighting margin_weighting_of(const float *row_weight, const float *class_weight,
                                     const margin_labels *labels, size_t rows, size_t counted);

/* Returns d objective / d row loss of a row with this label, which is not -1. */
double margin_row_weight(const margin_weighting *weighting, size_t row, int64_t label);

/* Returns the objective: `weighted`, the sum of weights times losses, or the mean where the caller
 * gave no weights. */
double margin_objective(const margin_weighting *weighting, double weighted, double mean);

#endif
