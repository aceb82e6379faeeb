/* plan.c: what is settled before the first stage: the layout, the schedule, where everything lies,
 * and what a call's rows and class weights have in common. */
#include <math.h>
#include <stdint.h>

#include "simd/environment.h"
#include "head/geometry.h"
#include "head/run.h"

const head_geometry *margin_head_geometry(const margin_config *config)
{
    switch (margin_geometry_of(config)) {
    case MARGIN_GEOMETRY_RAW:
        return &margin_geometry_raw;
    case MARGIN_GEOMETRY_KEPT:
        return &margin_geometry_kept;
    default:
        return &margin_geometry_unit;
    }
}

/* Sets gradient_measure, which only dW needs, so that dW's factors are at most 1. */
static void set_gradient_measure(head_call *call, const head_lines *lines)
{
    const margin_head *io = call->io;
    double most = 0.0;
    for (size_t i = 0; i < io->rows; i++) {
        const int64_t label = margin_label(&call->labels, i);
        if (label < 0) continue;
        const double measure = call->geometry->row_measure(call, i, lines);
        most = fmax(most, fabs(margin_row_weight(&call->weighting, i, label)) * measure);
    }
    call->gradient_measure = most > 0.0 ? most : 1.0;
}

/* Returns the threads that a call of this shape pays for. */
static size_t threads_of(const margin_context *context, const head_shape *shape)
{
    const int products = 1 + shape->want_x + shape->want_w;
    return margin_threads_for(context, margin_head_ns(&context->schedule, shape->rows, shape->dim,
                                                      shape->classes, products));
}

/* Leaves no more shards than keep the threads busy: each ranks anew, and any number of them finds
 * the same. */
static void use_few_shards(head_layout *layout, size_t threads)
{
    const size_t pairs = margin_divide_up(layout->rows, 32);
    layout->shards = margin_least(layout->shards, margin_divide_up(threads, pairs));
    layout->cells = layout->end_cell = layout->shards;
}

/* Lays the call out for as many threads as it pays for; where the workspace is too small for their
 * scratch, for fewer. */
static head_schedule fit(const margin_context *context, const head_shape *shape,
                         head_layout *layout)
{
    const size_t space = context->config.workspace_bytes;
    for (size_t threads = threads_of(context, shape);; threads /= 2) {
        *layout = margin_head_layout(shape);
        if (shape->top > 0) use_few_shards(layout, threads);
        const head_schedule schedule =
            margin_head_schedule(shape, layout, &context->schedule, threads, space);
        if (schedule.bytes <= space || threads == 1) return schedule;
    }
}

margin_status margin_head_plan(head_run *r, const head_span *span)
{
    margin_context *context = r->context;
    head_call *call = r->call;
    const margin_head *io = call->io;
    const head_shape shape = {.rows = io->rows,
                              .dim = io->dim,
                              .classes = io->classes,
                              .span = span,
                              .bias = io->bias != NULL,
                              .want_x = call->shard != NULL ? call->shard->want_embeddings
                                                            : io->grad_embeddings != NULL,
                              .want_w = io->grad_weights != NULL || call->consume != NULL,
                              .smooth = io->label_smoothing > 0.0 && io->classes > 1,
                              .top = call->top,
                              .add = io->accumulate,
                              .consume = call->consume != NULL,
                              .widen_x = call->x_storage->widen != NULL,
                              .widen_w = call->storage->widen != NULL};
    r->schedule = fit(context, &shape, &call->layout);
    if (r->schedule.bytes > context->config.workspace_bytes) {
        margin_fail(context, MARGIN_ERROR_WORKSPACE, MARGIN_ARGUMENT_NONE, 0,
                    "the workspace is too small for this shape");
        context->fault.bytes = r->schedule.bytes;
        return MARGIN_ERROR_WORKSPACE;
    }
    if (margin_reserve(context, r->schedule.bytes) != MARGIN_OK) return MARGIN_ERROR_MEMORY;
    context->used = r->schedule.bytes;
    margin_head_carve(&shape, &call->layout, &r->schedule, context->workspace, &r->work);
    if (call->layout.path == HEAD_TILES) call->products = margin_head_tile_products;
    if (call->layout.path == HEAD_DOTS) call->products = margin_head_dot_products;
    const head_lines *lines = &r->work.scratch->lines;
    call->first_class = head_first_class(&call->layout);
    const double size =
        call->shard != NULL ? call->shard->measure : call->geometry->class_size(call, lines);
    call->class_measure = 1.0 / margin_power_for(size);
    call->smoothing = r->work.smoothing;
    call->smoothing.share = shape.smooth ? io->label_smoothing : 0.0;
    if (r->work.targets.share != NULL) {
        set_gradient_measure(call, lines);
        margin_head_list_targets(call, &r->work.targets);
    }
    return MARGIN_OK;
}

static size_t workspace_minimum(const margin_context *context, size_t rows, size_t dim,
                                size_t classes)
{
    if (context == NULL || rows == 0 || dim == 0 || classes == 0 || dim > PTRDIFF_MAX / 64)
        return 0;
    /* A bias, and each set of outputs: none takes least or most at every shape. Label smoothing and
     * arrays that are widened always take more. */
    const int biases = context->info->normalised ? 1 : 2;
    size_t most = 0;
    for (int k = 0; k < 4 * biases; k++) {
        const head_shape shape = {.rows = rows,
                                  .dim = dim,
                                  .classes = classes,
                                  .bias = k / 4,
                                  .want_x = k & 1,
                                  .want_w = k / 2 & 1,
                                  .smooth = 1,
                                  .widen_x = 1,
                                  .widen_w = 1};
        const head_layout layout = margin_head_layout(&shape);
        const head_schedule least = margin_head_schedule(&shape, &layout, &context->schedule, 1, 0);
        if (least.bytes > most) most = least.bytes;
    }
    return most < SIZE_MAX / 4 ? most : 0;
}

size_t margin_head_workspace_minimum(const margin_context *context, size_t rows, size_t dim,
                                     size_t classes)
{
    margin_environment caller;
    margin_environment_enter(&caller);
    const size_t bytes = workspace_minimum(context, rows, dim, classes);
    margin_environment_leave(&caller);
    return bytes;
}
