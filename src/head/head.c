/* head.c: the head's boundary: what a caller may ask, checked before anything is written. */
#include <stdint.h>

#include "simd/environment.h"
#include "head/finish.h"
#include "head/geometry.h"
#include "head/run.h"
#include "sized.h"

margin_status margin_head_check_shape(margin_context *context, size_t rows, size_t dim,
                                      size_t classes, const float *bias)
{
    if (rows == 0 || dim == 0 || classes == 0)
        return margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0,
                           "rows, dim and classes must be at least 1");
    if (dim > PTRDIFF_MAX / 64)
        return margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0,
                           "a row of so many dimensions is beyond memory");
    if (bias != NULL && context->info->normalised) {
        return margin_fail(context, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_BIAS, 0,
                           "a bias goes with raw inner products only");
    }
    return MARGIN_OK;
}

margin_status margin_head_check_strides(margin_context *context, margin_head *call)
{
    const margin_status status =
        margin_check_stride(context, &call->embeddings_stride, call->rows, call->dim,
                            MARGIN_ARGUMENT_EMBEDDINGS, "embeddings_stride is shorter than dim");
    if (status != MARGIN_OK) return status;
    return margin_check_stride(context, &call->weights_stride,
                               margin_rows_listed(call->class_index, call->classes), call->dim,
                               MARGIN_ARGUMENT_WEIGHTS, "weights_stride is shorter than dim");
}

static margin_status check_type(margin_context *context, margin_type type, margin_argument argument,
                                margin_storage *storage)
{
    *storage = margin_storage_of(type, context->kernels.packing);
    if (storage->bytes > 0) return MARGIN_OK;
    return margin_fail(context, MARGIN_ERROR_CONFIG, argument, 0, "its type is no margin_type");
}

margin_status margin_head_check_types(margin_context *context, const margin_head *call,
                                      margin_storage *x, margin_storage *w)
{
    const margin_status status =
        check_type(context, call->embeddings_type, MARGIN_ARGUMENT_EMBEDDINGS, x);
    if (status != MARGIN_OK) return status;
    return check_type(context, call->weights_type, MARGIN_ARGUMENT_WEIGHTS, w);
}

margin_status margin_head_check_embeddings(margin_context *context, const margin_head *call,
                                           const margin_storage *storage)
{
    enum { CHUNK = 256 };
    float line[CHUNK];
    const size_t stride = call->embeddings_stride;
    if (storage->widen == NULL || context->config.skip_finite_check)
        return margin_check_finite(context, call->embeddings, call->rows, call->dim, stride,
                                   MARGIN_ARGUMENT_EMBEDDINGS);
    for (size_t i = 0; i < call->rows; i++) {
        for (size_t d = 0; d < call->dim; d += CHUNK) {
            const size_t n = margin_least(call->dim - d, CHUNK);
            margin_storage_row(storage, call->embeddings, i * stride + d, n, line);
            if (context->kernels.terms->row_finite(line, n)) continue;
            return margin_fail(context, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_EMBEDDINGS, i,
                               "a value is a NaN or an infinity");
        }
    }
    return MARGIN_OK;
}

/* Returns the margins that a call gives. */
static margin_given_margins margins_of(const margin_head *call)
{
    return (margin_given_margins){call->row_margin, call->class_margin};
}

static margin_status check_call(margin_context *context, const margin_head *call, size_t classes)
{
    margin_status status =
        margin_check_there(context, call->embeddings, MARGIN_ARGUMENT_EMBEDDINGS);
    if (status == MARGIN_OK && call->classes > 0)
        status = margin_check_there(context, call->weights, MARGIN_ARGUMENT_WEIGHTS);
    if (status == MARGIN_OK)
        status = margin_check_there(context, call->labels, MARGIN_ARGUMENT_LABELS);
    if (status == MARGIN_OK)
        status = margin_head_check_shape(context, call->rows, call->dim, classes, call->bias);
    if (status == MARGIN_OK) status = margin_check_index(context, call->class_index, call->classes);
    if (status != MARGIN_OK) return status;
    if (call->grad_bias != NULL && (call->bias == NULL || call->grad_weights == NULL)) {
        return margin_fail(context, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_BIAS, 0,
                           "grad_bias needs bias and grad_weights");
    }
    if (call->consume != NULL && call->grad_weights != NULL) {
        return margin_fail(context, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_WEIGHTS, 0,
                           "consume takes the place of grad_weights: one of them is NULL");
    }
    return MARGIN_OK;
}

/* Checks what takes the configuration's place. */
static margin_status check_settings(margin_context *context, const margin_head *call)
{
    margin_status status = margin_check_smoothing(context, call->label_smoothing);
    if (status != MARGIN_OK) return status;
    if (call->row_scale != NULL && context->config.feature_norm == MARGIN_FEATURE_NORM_KEEP) {
        return margin_fail(context, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_ROW_SCALE, 0,
                           "with feature_norm = keep a row's scale is |x|");
    }
    return margin_check_factors(context, call->row_scale, call->rows, MARGIN_ARGUMENT_ROW_SCALE,
                                "a row_scale is not a finite number >= 0");
}

/* Returns where the values of class `first` on begin, NULL where there are none. */
static const float *from_class(const float *values, size_t first)
{
    return values == NULL ? NULL : values + first;
}

/* Checks what the call gives the `count` classes numbered from `first` on, and the first `biases`
 * of their biases. */
static margin_status check_some_classes(margin_context *context, const margin_head *call,
                                        size_t first, size_t count, size_t biases)
{
    const margin_given_margins margins = {NULL, from_class(call->class_margin, first)};
    margin_status status = margin_check_margins(context, &margins, 0, count);
    if (status == MARGIN_OK)
        status = margin_check_factors(context, from_class(call->class_weight, first), count,
                                      MARGIN_ARGUMENT_CLASS_WEIGHT,
                                      "a class_weight is not a finite number >= 0");
    if (status == MARGIN_OK)
        status = margin_check_finite(context, from_class(call->bias, first), biases, 1, 1,
                                     MARGIN_ARGUMENT_BIAS);
    if (status != MARGIN_OK) context->fault.row += first;
    return status;
}

/* Checks the margins of a call, and what it gives the classes that it is of; labels are of
 * `classes` classes. */
static margin_status check_given(margin_context *context, const margin_head *call, size_t classes)
{
    const margin_given_margins margins = margins_of(call);
    const size_t lists = call->class_index == NULL ? 0 : call->classes;
    margin_status status = margin_check_margins(context, &margins, call->rows, 0);
    if (status == MARGIN_OK && lists == 0)
        status = check_some_classes(context, call, 0, classes, call->classes);
    for (size_t k = 0; status == MARGIN_OK && k < lists; k++)
        status = check_some_classes(context, call, (size_t)call->class_index[k], 1, 1);
    return status;
}

/* Checks that each label that counts is among the `classes` classes of a call, or in its list, and
 * counts these rows. */
static margin_status check_labels(margin_context *context, margin_head *call, size_t classes)
{
    const margin_labels labels = margin_labels_of(call->labels, call->ignore_label);
    const margin_status status =
        margin_check_labels(context, &labels, call->rows,
                            call->class_index == NULL ? classes : SIZE_MAX, &call->counted);
    for (size_t i = 0; status == MARGIN_OK && call->class_index != NULL && i < call->rows; i++) {
        const int64_t y = margin_label(&labels, i);
        if (y < 0 || margin_head_find(call->class_index, call->classes, y) >= 0) continue;
        margin_fail(context, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, i,
                    "a label is not in class_index");
        context->fault.value = y;
        return MARGIN_ERROR_LABEL;
    }
    return status;
}

static margin_status check_strides(margin_context *context, margin_head *call)
{
    const margin_argument x = MARGIN_ARGUMENT_EMBEDDINGS, w = MARGIN_ARGUMENT_WEIGHTS;
    margin_status status = margin_head_check_strides(context, call);
    if (status == MARGIN_OK)
        status = margin_check_stride(context, &call->grad_embeddings_stride, call->rows, call->dim,
                                     x, "grad_embeddings_stride is shorter than dim");
    if (status == MARGIN_OK)
        status = margin_check_stride(context, &call->grad_weights_stride, call->classes, call->dim,
                                     w, "grad_weights_stride is shorter than dim");
    return status;
}

static margin_status check_values(margin_context *context, margin_head *call, size_t classes,
                                  const margin_storage *x_storage)
{
    margin_status status = check_labels(context, call, classes);
    if (status != MARGIN_OK) return status;
    status = margin_check_finite(context, call->row_weight, call->rows, 1, 1,
                                 MARGIN_ARGUMENT_ROW_WEIGHT);
    if (status != MARGIN_OK) return status;
    return margin_head_check_embeddings(context, call, x_storage);
}

void margin_head_set_consumer(head_call *call)
{
    const margin_head *io = call->io;
    call->consume = io->consume;
    call->consume_user = io->consume_user;
    if (!io->accumulate || io->grad_weights == NULL) return;
    call->consume = margin_head_add_gradients;
    call->consume_user = call;
}

margin_status margin_head_read(margin_context *context, const margin_head *head, margin_head *io)
{
    if (context == NULL) return MARGIN_ERROR_NULL;
    if (head == NULL) return margin_fail_call(context);
    const margin_status status =
        margin_read_struct(head, MARGIN_SIZE_THROUGH(margin_head, tied), io, sizeof *io);
    if (status != MARGIN_OK)
        return margin_fail(context, status, MARGIN_ARGUMENT_NONE, 0,
                           "margin_head.size is not set: begin with MARGIN_HEAD_INIT");
    return MARGIN_OK;
}

margin_status margin_head_check(margin_context *context, margin_head *io, size_t classes,
                                head_storages *storages)
{
    margin_status status = check_call(context, io, classes);
    if (status == MARGIN_OK) status = check_settings(context, io);
    if (status == MARGIN_OK) status = check_strides(context, io);
    if (status == MARGIN_OK) status = check_given(context, io, classes);
    if (status == MARGIN_OK)
        status = margin_head_check_types(context, io, &storages->x, &storages->w);
    if (status == MARGIN_OK) status = check_values(context, io, classes, &storages->x);
    return status;
}

head_call margin_head_call(const margin_context *context, const margin_head *io,
                           const head_storages *storages)
{
    head_call call = {.io = io,
                      .kernels = context->kernels,
                      .setting = &context->setting,
                      .geometry = margin_head_geometry(&context->config),
                      .storage = &storages->w,
                      .x_storage = &storages->x,
                      .labels = margin_labels_of(io->labels, io->ignore_label),
                      .margins = margins_of(io)};
    call.weighting =
        margin_weighting_of(io->row_weight, io->class_weight, &call.labels, io->rows, io->counted);
    return call;
}

void margin_head_report(const head_call *call, const head_sums *sums, margin_head *head)
{
    head->counted = call->io->counted;
    head->tied = sums->tied;
    head->mean_loss = head->counted > 0 ? sums->loss / (double)head->counted : 0.0;
    head->loss = margin_objective(&call->weighting, sums->weighted, head->mean_loss);
}

static margin_status run_head(margin_context *context, margin_head *head)
{
    margin_head io; /* in which strides are resolved */
    head_storages storages;
    margin_status status = margin_head_read(context, head, &io);
    if (status == MARGIN_OK) status = margin_head_check(context, &io, io.classes, &storages);
    if (status != MARGIN_OK) return status;
    head_call call = margin_head_call(context, &io, &storages);
    margin_head_set_consumer(&call);
    head_run run = {.context = context, .call = &call};
    head_sums sums = {0};
    status = margin_head_plan(&run, NULL);
    if (status != MARGIN_OK) return status;
    margin_head_run_smoothing(&run);
    status = call.layout.path == HEAD_PLANES ? margin_head_run_planes(&run, &sums)
                                             : margin_head_run_tiles(&run, &sums);
    if (status != MARGIN_OK) return status;
    margin_head_report(&call, &sums, head);
    return MARGIN_OK;
}

margin_status margin_head_run(margin_context *context, margin_head *head)
{
    margin_environment caller;
    margin_environment_enter(&caller);
    const margin_status status = run_head(context, head);
    margin_environment_leave(&caller);
    return status;
}
