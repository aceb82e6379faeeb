/* predict.c: the boundary of prediction: the call is checked, and handed to the stages as a head
 * without labels. */
#include "simd/environment.h"
#include "head/geometry.h"
#include "head/run.h"
#include "sized.h"

static margin_status fail(margin_context *context, margin_status status, const char *detail)
{
    return margin_fail(context, status, MARGIN_ARGUMENT_NONE, 0, detail);
}

static margin_status check_call(margin_context *context, const margin_predict *call)
{
    margin_status status =
        margin_check_there(context, call->embeddings, MARGIN_ARGUMENT_EMBEDDINGS);
    if (status == MARGIN_OK)
        status = margin_check_there(context, call->weights, MARGIN_ARGUMENT_WEIGHTS);
    if (status == MARGIN_OK)
        status = margin_head_check_shape(context, call->rows, call->dim, call->classes, call->bias);
    if (status != MARGIN_OK) return status;
    if (call->k < 1 || call->k > call->classes || call->k > PTRDIFF_MAX / 64 / call->rows)
        return fail(context, MARGIN_ERROR_SHAPE, "k must be in [1, classes]");
    return MARGIN_OK;
}

/* Checks strides, which are resolved in *io, types, which say how X and W lie, and the values of
 * embeddings and bias; those of class weights are seen when they are packed. */
static margin_status check_arrays(margin_context *context, margin_head *io, margin_storage *x,
                                  margin_storage *w)
{
    margin_status status = margin_head_check_strides(context, io);
    if (status == MARGIN_OK)
        status = margin_check_finite(context, io->bias, io->classes, 1, 1, MARGIN_ARGUMENT_BIAS);
    if (status == MARGIN_OK) status = margin_head_check_types(context, io, x, w);
    return status == MARGIN_OK ? margin_head_check_embeddings(context, io, x) : status;
}

static margin_status predict(margin_context *context, const margin_predict *given)
{
    margin_predict wanted;
    if (context == NULL) return MARGIN_ERROR_NULL;
    if (given == NULL) return margin_fail_call(context);
    margin_status status = margin_read_struct(
        given, MARGIN_SIZE_THROUGH(margin_predict, top_values), &wanted, sizeof wanted);
    if (status != MARGIN_OK)
        return fail(context, status,
                    "margin_predict.size is not set: begin with MARGIN_PREDICT_INIT");
    status = check_call(context, &wanted);
    margin_head io = {.size = sizeof io,
                      .rows = wanted.rows,
                      .dim = wanted.dim,
                      .classes = wanted.classes,
                      .embeddings = wanted.embeddings,
                      .embeddings_stride = wanted.embeddings_stride,
                      .weights = wanted.weights,
                      .weights_stride = wanted.weights_stride,
                      .bias = wanted.bias,
                      .embeddings_type = wanted.embeddings_type,
                      .weights_type = wanted.weights_type};
    margin_storage x, w;
    if (status == MARGIN_OK) status = check_arrays(context, &io, &x, &w);
    if (status != MARGIN_OK) return status;
    head_call call = {.io = &io,
                      .predict = &wanted,
                      .top = wanted.k,
                      .kernels = context->kernels,
                      .setting = &context->setting,
                      .geometry = margin_head_geometry(&context->config),
                      .storage = &w,
                      .x_storage = &x};
    head_run run = {.context = context, .call = &call};
    status = margin_head_plan(&run, NULL);
    return status != MARGIN_OK ? status : margin_head_run_rank(&run);
}

margin_status margin_head_predict(margin_context *context, const margin_predict *call)
{
    margin_environment caller;
    margin_environment_enter(&caller);
    const margin_status status = predict(context, call);
    margin_environment_leave(&caller);
    return status;
}
