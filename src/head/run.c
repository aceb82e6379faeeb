/* run.c: the loops over rows, shards and blocks, in the order of the stages: the only place of the
 * head that knows threads. */
#include "head/run.h"

#include <math.h>
#include <stdint.h>

#include "head/geometry.h"
#include "head/workspace.h"
#include "parallel.h"

/* A call while it runs. The stages see of it what they need, not all. */
typedef struct head_run {
    margin_context *context;
    head_call *call; /* const once planned */
    head_schedule schedule;
    head_work work;
    size_t parts; /* into which a shard's rows or a block's classes are cut, in the loop at hand */
} head_run;

/* ---- one item of each loop ---- */

static void prepare_item(void *state, size_t panel, size_t worker)
{
    head_run *r = state;
    margin_head_prepare(r->call, panel * 16, 16, &r->work.rows, r->work.scratch[worker].class_line);
}

static void pack_item(void *state, size_t block, size_t worker)
{
    head_run *r = state;
    const size_t size = r->call->layout.block * r->call->layout.panels * 16;
    margin_head_pack_block(r->call, block, r->work.classes.norms,
                           r->work.classes.panels + block * size, &r->work.scratch[worker]);
}

/* Takes some pairs of panels of rows through one shard. */
static void forward_item(void *state, size_t item, size_t worker)
{
    head_run *r = state;
    head_work *w = &r->work;
    const size_t shard = item / r->parts, part = item % r->parts;
    const size_t panels = w->rows.capacity / 16, pairs = margin_divide_up(panels, 2);
    const size_t first = part * pairs / r->parts * 2, end = (part + 1) * pairs / r->parts * 2;
    margin_head_forward(r->call, &w->rows, &w->classes, shard, first, margin_least(end, panels),
                        &w->stats[shard], &w->tiles, &w->scratch[worker]);
}

static void finish_panel(head_run *r, size_t panel, head_scratch *scratch)
{
    head_work *w = &r->work;
    const size_t first = panel * 16, count = head_panel_rows(&w->rows, panel);
    margin_head_combine(r->call, &w->rows, w->stats, r->call->layout.shards, first, count,
                        w->results);
    margin_head_gradient(r->call, &w->rows, w->stats, first, count, w->results, &w->targets,
                         scratch);
}

static void finish_item(void *state, size_t panel, size_t worker)
{
    head_run *r = state;
    finish_panel(r, panel, &r->work.scratch[worker]);
}

/* Takes one of the pieces of a block of classes, each whole register tiles. */
static void backward_item(void *state, size_t item, size_t worker)
{
    head_run *r = state;
    head_work *w = &r->work;
    const size_t block = item / r->parts, part = item % r->parts;
    const size_t unit = r->context->schedule.piece_classes;
    const size_t classes = head_block_count(&r->call->layout, block);
    const size_t units = margin_divide_up(classes, unit);
    const size_t from = part * units / r->parts * unit;
    const size_t end = margin_least((part + 1) * units / r->parts * unit, classes);
    const head_piece piece = {block, head_block_first(&r->call->layout, block) + from, end - from};
    if (end > from)
        margin_head_backward(r->call, &w->rows, &w->classes, &w->tiles, w->results, &w->targets,
                             &piece, &w->scratch[worker]);
}

static void planes_pack_item(void *state, size_t block, size_t worker)
{
    head_run *r = state;
    margin_planes_pack(r->call, block, &r->work.classes, &r->work.scratch[worker]);
}

/* Takes a panel of rows through all stages, so that its terms stay in a cache. */
static void planes_rows_item(void *state, size_t panel, size_t worker)
{
    head_run *r = state;
    head_work *w = &r->work;
    head_scratch *scratch = &w->scratch[worker];
    const size_t first = panel * 16, count = head_panel_rows(&w->rows, panel);
    margin_head_prepare(r->call, first, count, &w->rows, scratch->class_line);
    for (size_t i = 0; i < count; i++)
        margin_planes_forward(r->call, &w->rows, &w->classes, first + i, w->stats,
                              scratch->terms + i * r->call->layout.plane_stride, scratch);
    finish_panel(r, panel, scratch);
    if (w->targets.share != NULL)
        margin_planes_part(r->call, &w->rows, w->results, &w->targets, first, count, &w->sums,
                           scratch);
}

static void planes_backward_item(void *state, size_t block, size_t worker)
{
    head_run *r = state;
    head_work *w = &r->work;
    margin_planes_backward(r->call, &w->rows, &w->classes, &w->targets, block, &w->sums,
                           &w->scratch[worker]);
}

/* ---- the loops ---- */

static void each(head_run *r, size_t count, margin_item_task task)
{
    margin_parallel_for(r->schedule.threads, count, task, r);
}

/* Returns into how many parts, at most `most`, each of some items is cut, so that the threads share
 * them evenly. */
static size_t even_parts(size_t items, size_t most, size_t threads)
{
    size_t parts = 1;
    while (parts < most && items * parts % threads != 0 && items * parts < 4 * threads)
        parts++;
    return parts;
}

static void forward(head_run *r)
{
    const size_t pairs = margin_divide_up(r->work.rows.capacity / 16, 2);
    r->parts = even_parts(r->call->layout.shards, pairs, r->schedule.threads);
    each(r, r->call->layout.shards * r->parts, forward_item);
}

/* Runs backward. A block is not cut where each piece would have to pack its class weights. */
static void backward(head_run *r)
{
    const size_t units =
        margin_divide_up(r->call->layout.block, r->context->schedule.piece_classes);
    const int cut = r->work.tiles.terms != NULL || r->work.classes.panels != NULL;
    r->parts = cut ? even_parts(r->call->layout.blocks, units, r->schedule.threads) : 1;
    for (size_t t = 0; t < r->schedule.threads; t++)
        r->work.scratch[t].scaled = 0;
    each(r, r->call->layout.blocks * r->parts, backward_item);
}

static margin_status check_classes(const head_run *r)
{
    size_t bad = SIZE_MAX;
    for (size_t t = 0; t < r->schedule.threads; t++)
        bad = margin_least(bad, r->work.scratch[t].bad_class);
    if (bad == SIZE_MAX || r->context->config.skip_finite_check) return MARGIN_OK;
    return margin_fail(r->context, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_WEIGHTS, bad,
                       "a value is a NaN or an infinity");
}

static void set_row_block(head_run *r, size_t first)
{
    const size_t left = r->call->layout.rows - first;
    r->work.rows.first = first;
    r->work.rows.count = margin_least(left, r->schedule.rows);
    r->work.rows.last = r->work.rows.count == left;
}

/* Adds the losses row by row: sums of row blocks would depend on the workspace. */
static void add_losses(const head_run *r, double *sum)
{
    for (size_t i = 0; i < r->work.rows.count; i++)
        *sum += r->work.results[i].loss;
}

static margin_status run_planes(head_run *r, double *sum)
{
    each(r, r->call->layout.blocks, planes_pack_item);
    const margin_status status = check_classes(r);
    if (status != MARGIN_OK) return status;
    for (size_t first = 0; first < r->call->layout.rows; first += r->work.rows.count) {
        set_row_block(r, first);
        each(r, margin_divide_up(r->work.rows.count, 16), planes_rows_item);
        add_losses(r, sum);
        if (r->work.targets.share != NULL) each(r, r->call->layout.blocks, planes_backward_item);
    }
    return MARGIN_OK;
}

/* Runs row block by row block. Every class weight is seen before the first output is written. */
static margin_status run_tiles(head_run *r, double *sum)
{
    if (r->work.classes.panels != NULL) each(r, r->call->layout.blocks, pack_item);
    for (size_t first = 0; first < r->call->layout.rows; first += r->work.rows.count) {
        set_row_block(r, first);
        each(r, r->work.rows.capacity / 16, prepare_item);
        forward(r);
        if (first == 0 && check_classes(r) != MARGIN_OK) return MARGIN_ERROR_NONFINITE;
        each(r, margin_divide_up(r->work.rows.count, 16), finish_item);
        add_losses(r, sum);
        if (r->work.targets.share != NULL) backward(r);
    }
    return MARGIN_OK;
}

/* ---- a call ---- */

/* Sets gradient_unit, so that dW's factors are at most 1. */
static void set_gradient_unit(head_call *call)
{
    const margin_head *io = call->io;
    double most = 0.0;
    for (size_t i = 0; i < io->rows; i++) {
        if (io->labels[i] < 0) continue;
        const double unit = call->geometry->row_unit(call, margin_head_embedding(call, i));
        most = fmax(most, fabs(margin_row_weight(io->row_weight, i, io->counted)) * unit);
    }
    call->gradient_unit = most > 0.0 ? most : 1.0;
}

/* Estimates what a call takes one core, and returns the threads that this pays for. */
size_t margin_head_threads(const margin_context *context, const head_shape *shape)
{
    const margin_schedule *s = &context->schedule;
    const double n = (double)shape->rows, d = (double)shape->dim, c = (double)shape->classes;
    const double products = 1.0 + shape->want_x + shape->want_w;
    const double ns = n * c * (s->multiply_ns * d * products + s->term_ns) +
                      n * (s->row_ns + s->row_dim_ns * d) + s->class_dim_ns * d * c;
    return margin_threads_for(context, ns);
}

/* Lays out a call and its workspace. */
static margin_status plan(head_run *r)
{
    margin_context *context = r->context;
    const margin_head *io = r->call->io;
    const head_shape shape = {io->rows,
                              io->dim,
                              io->classes,
                              io->bias != NULL,
                              io->grad_embeddings != NULL,
                              io->grad_weights != NULL};
    const size_t line = r->call->storage->widen == NULL ? 0 : io->dim * sizeof(float);
    const size_t space = context->config.workspace_bytes;
    r->call->layout = margin_head_layout(&shape);
    r->schedule = margin_head_schedule(&shape, &r->call->layout, &context->schedule,
                                       margin_head_threads(context, &shape), line, space);
    if (r->schedule.bytes > space) {
        margin_fail(context, MARGIN_ERROR_WORKSPACE, MARGIN_ARGUMENT_NONE, 0,
                    "the workspace is too small for this shape");
        context->fault.bytes = r->schedule.bytes;
        return MARGIN_ERROR_WORKSPACE;
    }
    context->used = r->schedule.bytes;
    margin_head_carve(&shape, &r->call->layout, &r->schedule, line, context->workspace, &r->work);
    return MARGIN_OK;
}

margin_status margin_head_run_stages(margin_context *context, head_call *call, double *sum)
{
    head_run r = {.context = context, .call = call};
    const margin_status status = plan(&r);
    if (status != MARGIN_OK) return status;
    call->class_unit = call->geometry->class_unit(call, r.work.scratch->class_line);
    set_gradient_unit(call);
    if (r.work.targets.share != NULL) margin_head_list_targets(call->io, &r.work.targets);
    return call->layout.path == HEAD_PLANES ? run_planes(&r, sum) : run_tiles(&r, sum);
}
