/* boundary.c: the checks that the head and the rows level share. */
#include "boundary.h"

#include <math.h>
#include <stdint.h>

margin_status margin_fail(margin_context *context, margin_status status, margin_argument argument,
                          size_t row, const char *detail)
{
    context->fault =
        (margin_fault){.status = status, .argument = argument, .row = row, .detail = detail};
    return status;
}

margin_status margin_fail_call(margin_context *context)
{
    return margin_fail(context, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_NONE, 0, "the call is NULL");
}

margin_labels margin_labels_of(const int64_t *labels, int64_t ignored)
{
    return (margin_labels){labels, ignored == 0 ? -1 : ignored};
}

margin_status margin_check_labels(margin_context *context, const margin_labels *labels, size_t rows,
                                  size_t classes, size_t *counted)
{
    *counted = 0;
    for (size_t i = 0; i < rows; i++) {
        const int64_t y = margin_label(labels, i);
        if (y < -1 || (y >= 0 && (uint64_t)y >= classes)) {
            margin_fail(context, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, i,
                        "a label is neither ignored nor in [0, classes)");
            context->fault.value = y;
            return MARGIN_ERROR_LABEL;
        }
        *counted += y >= 0;
    }
    return MARGIN_OK;
}

margin_status margin_check_finite(margin_context *context, const float *values, size_t rows,
                                  size_t columns, size_t stride, margin_argument argument)
{
    if (values == NULL || context->config.skip_finite_check) return MARGIN_OK;
    const margin_terms *k = context->kernels.terms;
    if (stride == columns && k->row_finite(values, rows * columns)) return MARGIN_OK;
    for (size_t i = 0; i < rows; i++) {
        if (k->row_finite(values + i * stride, columns)) continue;
        return margin_fail(context, MARGIN_ERROR_NONFINITE, argument, i,
                           "a value is a NaN or an infinity");
    }
    return MARGIN_OK;
}

margin_status margin_check_factors(margin_context *context, const float *values, size_t count,
                                   margin_argument argument, const char *detail)
{
    for (size_t i = 0; values != NULL && i < count; i++) {
        if (values[i] >= 0.0f && isfinite(values[i])) continue;
        return margin_fail(context, MARGIN_ERROR_NONFINITE, argument, i, detail);
    }
    return MARGIN_OK;
}

/* Checks `count` margins of one kind. */
static margin_status check_margins(margin_context *context, const float *margins, size_t count,
                                   margin_argument argument)
{
    margin_config config = context->config;
    for (size_t i = 0; margins != NULL && i < count; i++) {
        margin_set_margin(&config, (double)margins[i]);
        const char *detail = margin_config_fault(&config);
        if (detail != NULL) return margin_fail(context, MARGIN_ERROR_CONFIG, argument, i, detail);
    }
    return MARGIN_OK;
}

margin_status margin_check_margins(margin_context *context, const margin_given_margins *given,
                                   size_t rows, size_t classes)
{
    const int index = context->info->margin_index;
    if (given->row == NULL && given->of_class == NULL) return MARGIN_OK;
    const margin_argument argument =
        given->row != NULL ? MARGIN_ARGUMENT_ROW_MARGIN : MARGIN_ARGUMENT_CLASS_MARGIN;
    if (index < 1 || index > 3)
        return margin_fail(context, MARGIN_ERROR_CONFIG, argument, 0,
                           "margins of rows and classes go with losses that have one margin");
    if (given->row != NULL && given->of_class != NULL)
        return margin_fail(context, MARGIN_ERROR_CONFIG, argument, 0,
                           "row_margin and class_margin exclude each other");
    const margin_status status = check_margins(context, given->row, rows, argument);
    return status != MARGIN_OK ? status
                               : check_margins(context, given->of_class, classes, argument);
}

void margin_take_margins(const margin_setting *setting, const margin_given_margins *given,
                         size_t row, int64_t label, margin_margins *own)
{
    margin_config config = *setting->config;
    const float margin = given->row != NULL ? given->row[row] : given->of_class[label];
    margin_set_margin(&config, (double)margin);
    *own = margin_margins_of(config.m1, config.m2, config.m3);
}

margin_status margin_check_smoothing(margin_context *context, double label_smoothing)
{
    if (label_smoothing >= 0.0 && label_smoothing < 1.0) return MARGIN_OK;
    return margin_fail(context, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0,
                       "label_smoothing must be in [0, 1)");
}

margin_weighting margin_weighting_of(const float *row_weight, const float *class_weight,
                                     const margin_labels *labels, size_t rows, size_t counted)
{
    margin_weighting w = {row_weight, class_weight, (double)counted};
    if (class_weight == NULL || row_weight != NULL) return w;
    w.total = 0.0;
    for (size_t i = 0; i < rows; i++) {
        const int64_t label = margin_label(labels, i);
        if (label >= 0) w.total += (double)class_weight[label];
    }
    if (w.total == 0.0) w.total = 1.0; /* every factor is 0 */
    return w;
}

double margin_row_weight(const margin_weighting *weighting, size_t row, int64_t label)
{
    double weight = weighting->row != NULL ? (double)weighting->row[row] : 1.0;
    if (weighting->of_class != NULL) weight *= (double)weighting->of_class[label];
    return weighting->row != NULL ? weight : weight / weighting->total;
}

double margin_objective(const margin_weighting *weighting, double weighted, double mean)
{
    return weighting->row != NULL || weighting->of_class != NULL ? weighted : mean;
}

margin_status margin_check_there(margin_context *context, const void *array,
                                 margin_argument argument)
{
    if (array != NULL) return MARGIN_OK;
    return margin_fail(context, MARGIN_ERROR_NULL, argument, 0, "is required, and NULL");
}

margin_status margin_check_stride(margin_context *context, size_t *stride, size_t rows,
                                  size_t columns, margin_argument argument, const char *detail)
{
    if (*stride == 0) *stride = columns;
    if (*stride < columns) return margin_fail(context, MARGIN_ERROR_SHAPE, argument, 0, detail);
    if (rows > 0 && *stride > PTRDIFF_MAX / sizeof(float) / rows)
        return margin_fail(context, MARGIN_ERROR_SHAPE, argument, 0,
                           "so many rows of this stride are beyond memory");
    return MARGIN_OK;
}
