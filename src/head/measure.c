/* measure.c: how large the class weights of a shard are, which losses on raw inner products need of
 * all shards before forward (margin_shards.h). It knows classes alone: labels, and what belongs to
 * them, are not yet checked. */
#include "simd/environment.h"
#include "head/geometry.h"
#include "head/run.h"

/* Leaves of *io what is read here, and checks it. */
static margin_status check_classes(margin_context *context, margin_head *io,
                                   head_storages *storages)
{
    *io = (margin_head){.rows = 1,
                        .dim = io->dim,
                        .classes = io->classes,
                        .weights = io->weights,
                        .weights_stride = io->weights_stride,
                        .weights_type = io->weights_type,
                        .bias = io->bias};
    const size_t some = io->classes > 0 ? io->classes : 1;
    margin_status status = margin_head_check_shape(context, 1, io->dim, some, io->bias);
    if (status == MARGIN_OK)
        status = margin_head_check_types(context, io, &storages->x, &storages->w);
    if (status == MARGIN_OK && io->classes > 0)
        status = margin_check_there(context, io->weights, MARGIN_ARGUMENT_WEIGHTS);
    return status == MARGIN_OK ? margin_head_check_strides(context, io) : status;
}

margin_status margin_shard_measure(margin_context *context, const margin_head *head,
                                   double *measure)
{
    margin_head io;
    head_storages storages;
    margin_status status = margin_head_read(context, head, &io);
    if (status != MARGIN_OK) return status;
    if (measure == NULL)
        return margin_fail(context, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_NONE, 0, "measure is NULL");
    status = check_classes(context, &io, &storages);
    if (status != MARGIN_OK) return status;
    margin_environment caller;
    margin_environment_enter(&caller);
    const head_call call = margin_head_call(context, &io, &storages);
    status = margin_reserve(context, io.dim * sizeof(float));
    const head_lines lines = {NULL, (float *)(void *)context->workspace};
    if (status == MARGIN_OK) *measure = call.geometry->class_size(&call, &lines);
    margin_environment_leave(&caller);
    return status;
}
