/* boundary.c: the checks that the head and the rows level share. */
#include "boundary.h"

#include <stdint.h>

margin_status margin_fail(margin_context *context, margin_status status, margin_argument argument,
                          size_t row, const char *detail)
{
    context->fault =
        (margin_fault){.status = status, .argument = argument, .row = row, .detail = detail};
    return status;
}

margin_status margin_check_labels(margin_context *context, const int64_t *labels, size_t rows,
                                  size_t classes, size_t *counted)
{
    *counted = 0;
    for (size_t i = 0; i < rows; i++) {
        const int64_t y = labels[i];
        if (y < -1 || (y >= 0 && (uint64_t)y >= classes)) {
            margin_fail(context, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, i,
                        "a label is neither -1 nor in [0, classes)");
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

double margin_row_weight(const float *row_weight, size_t row, size_t counted)
{
    return row_weight != NULL ? (double)row_weight[row] : 1.0 / (double)counted;
}

margin_status margin_check_stride(margin_context *context, size_t *stride, size_t rows,
                                  size_t columns, const char *detail)
{
    if (*stride == 0) *stride = columns;
    if (*stride < columns || *stride > PTRDIFF_MAX / sizeof(float) / rows) {
        return margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0, detail);
    }
    return MARGIN_OK;
}
