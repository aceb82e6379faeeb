/* run.c: the loops over rows, shards and blocks, in the order of the stages: the only place of the
 * head that starts threads. */
#include "head/run.h"

#include <stdint.h>

/* ---- one item of each loop ---- */

static void prepare_item(void *state, size_t strip, size_t worker)
{
    head_run *r = state;
    margin_head_prepare(r->call, strip * 16, 16, &r->work.rows, &r->work.scratch[worker].lines);
}

static void pack_item(void *state, size_t block, size_t worker)
{
    head_run *r = state;
    const size_t size = r->call->layout.block * r->call->layout.panels * 16;
    margin_head_pack_block(r->call, block,
                           r->work.classes.norms + head_block_first(&r->call->layout, block),
                           r->work.classes.panels + block * size, &r->work.scratch[worker]);
}

static void smoothing_item(void *state, size_t item, size_t worker)
{
    head_run *r = state;
    margin_head_smoothing_part(r->call, item, &r->work.scratch[worker].lines);
}

/* A loop whose items are `parts` of each shard or of each block. */
typedef struct parts_loop {
    head_run *run;
    size_t parts;
} parts_loop;

/* Takes some pairs of strips through one node, or a prediction through one shard. */
static void forward_item(void *state, size_t item, size_t worker)
{
    const parts_loop *loop = state;
    head_run *r = loop->run;
    head_work *w = &r->work;
    const size_t at = item / loop->parts, part = item % loop->parts;
    const size_t strips = w->rows.capacity / 16, pairs = margin_divide_up(strips, 2);
    const size_t first = part * pairs / loop->parts * 2,
                 end = margin_least((part + 1) * pairs / loop->parts * 2, strips);
    if (r->call->top > 0) {
        margin_head_rank_tiles(r->call, &w->rows, &w->classes, at, first, end, &w->top[at],
                               &w->scratch[worker]);
    } else {
        margin_head_forward(r->call, &w->rows, &w->classes, w->nodes[at], first, end, &w->stats[at],
                            &w->tiles, &w->scratch[worker]);
    }
}

static void finish_strip(head_run *r, size_t strip, head_scratch *scratch)
{
    head_work *w = &r->work;
    const size_t first = strip * 16, count = head_strip_rows(&w->rows, strip);
    margin_head_combine(r->call, &w->rows, w->stats, r->call->layout.shards, first, count,
                        w->results);
    if (r->call->smoothing.share > 0.0)
        margin_head_smooth_losses(r->call, &w->rows, first, count, &scratch->lines, w->results);
    margin_head_outcome(r->call, &w->rows, w->stats, first, count, w->results, &w->targets);
    if (r->call->io->grad_embeddings != NULL)
        margin_head_gradient(r->call, &w->rows, w->stats, first, count, w->results, scratch);
}

static void finish_item(void *state, size_t strip, size_t worker)
{
    head_run *r = state;
    finish_strip(r, strip, &r->work.scratch[worker]);
}

/* Takes one of the pieces of a block of classes, each whole register tiles. */
static void backward_item(void *state, size_t item, size_t worker)
{
    const parts_loop *loop = state;
    head_run *r = loop->run;
    head_work *w = &r->work;
    const size_t block = item / loop->parts, part = item % loop->parts;
    const size_t grain = r->context->schedule.piece_classes;
    const size_t classes = head_block_count(&r->call->layout, block);
    const size_t grains = margin_divide_up(classes, grain);
    const size_t from = part * grains / loop->parts * grain;
    const size_t end = margin_least((part + 1) * grains / loop->parts * grain, classes);
    const head_piece piece = {block, head_block_first(&r->call->layout, block) + from, end - from};
    if (end > from)
        margin_head_backward(r->call, &w->rows, &w->classes, &w->tiles, w->results, &w->targets,
                             &piece, &w->scratch[worker]);
}

static void planes_pack_item(void *state, size_t block, size_t worker)
{
    head_run *r = state;
    margin_head_planes_pack(r->call, block, &r->work.classes, &r->work.scratch[worker]);
}

/* Takes a strip through all stages, so that its terms stay in a cache. */
static void planes_rows_item(void *state, size_t strip, size_t worker)
{
    head_run *r = state;
    head_work *w = &r->work;
    head_scratch *scratch = &w->scratch[worker];
    const size_t first = strip * 16, count = head_strip_rows(&w->rows, strip);
    margin_head_prepare(r->call, first, count, &w->rows, &scratch->lines);
    for (size_t i = 0; i < count; i++)
        margin_head_planes_forward(r->call, &w->rows, &w->classes, first + i, w->stats,
                                   scratch->terms + i * r->call->layout.plane_stride, scratch);
    finish_strip(r, strip, scratch);
    if (w->targets.share != NULL)
        margin_head_planes_part(r->call, &w->rows, w->results, &w->targets, first, count, &w->sums,
                                scratch);
}

static void planes_backward_item(void *state, size_t block, size_t worker)
{
    head_run *r = state;
    head_work *w = &r->work;
    margin_head_planes_backward(r->call, &w->rows, &w->classes, &w->targets, block, &w->sums,
                                &w->scratch[worker]);
}

static void rank_start_item(void *state, size_t strip, size_t worker)
{
    head_run *r = state;
    (void)worker;
    margin_head_rank_start(r->call, strip, &r->work.rows, &r->work.scratch[worker].lines);
}

static void rank_planes_item(void *state, size_t i, size_t worker)
{
    head_run *r = state;
    margin_head_rank_planes(r->call, &r->work.rows, &r->work.classes, i, r->work.top,
                            &r->work.scratch[worker]);
}

static void rank_finish_item(void *state, size_t i, size_t worker)
{
    head_run *r = state;
    (void)worker;
    margin_head_rank_finish(r->call, &r->work.rows, r->work.top, i);
}

/* ---- the loops ---- */

/* Does `task` with each of `count` items, on the call's threads. */
static void spread(const head_run *r, size_t count, margin_item_task task, void *state)
{
    margin_share_each(&r->context->team, r->schedule.threads, count, task, state);
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

/* Returns into how many parts the rows of a node are cut: whole pairs of strips. */
static size_t forward_parts(const head_run *r)
{
    const size_t pairs = margin_divide_up(r->work.rows.capacity / 16, 2);
    return even_parts(r->work.node_count, pairs, r->schedule.threads);
}

/* Runs backward. A block is not cut where each piece would have to pack its class weights. */
void margin_head_run_backward(head_run *r)
{
    const size_t grains =
        margin_divide_up(r->call->layout.block, r->context->schedule.piece_classes);
    const int cut = r->work.tiles.terms != NULL || r->work.classes.panels != NULL;
    parts_loop loop = {r, 1};
    if (cut) loop.parts = even_parts(r->call->layout.blocks, grains, r->schedule.threads);
    for (size_t t = 0; t < r->schedule.threads; t++)
        r->work.scratch[t].scaled = 0;
    spread(r, r->call->layout.blocks * loop.parts, backward_item, &loop);
}

static margin_status check_classes(const head_run *r)
{
    size_t bad = SIZE_MAX;
    for (size_t t = 0; t < r->schedule.threads; t++)
        bad = margin_least(bad, r->work.scratch[t].bad_class);
    if (bad == SIZE_MAX || r->context->config.skip_finite_check) return MARGIN_OK;
    return margin_fail(r->context, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_WEIGHTS,
                       margin_head_number(r->call, bad), "a value is a NaN or an infinity");
}

static void set_row_block(head_run *r, size_t first)
{
    const size_t left = r->call->layout.rows - first;
    r->work.rows.first = first;
    r->work.rows.count = margin_least(left, r->schedule.rows);
    r->work.rows.last = r->work.rows.count == left;
}

/* Adds the losses row by row: sums of row blocks would depend on the workspace. */
void margin_head_add_losses(const head_run *r, head_sums *sums)
{
    const head_work *w = &r->work;
    for (size_t i = 0; i < w->rows.count; i++) {
        if (w->rows.place[i] < 0) continue;
        sums->loss += w->results[i].loss;
        sums->weighted += w->rows.row[i].weight * w->results[i].loss;
        sums->tied += w->target_dot[i] == w->results[i].most;
    }
}

void margin_head_run_smoothing(head_run *r)
{
    const head_smoothing *s = &r->call->smoothing;
    if (s->share == 0.0) return;
    const size_t parts = (s->row_sums != NULL ? 2 : 1) * HEAD_SMOOTHING_PARTS;
    spread(r, parts, smoothing_item, r);
    margin_head_smoothing_total(r->call);
}

margin_status margin_head_run_planes(head_run *r, head_sums *sums)
{
    const head_layout *layout = &r->call->layout;
    spread(r, layout->blocks, planes_pack_item, r);
    const margin_status status = check_classes(r);
    if (status != MARGIN_OK) return status;
    for (size_t first = 0; first < layout->rows; first += r->work.rows.count) {
        set_row_block(r, first);
        spread(r, margin_divide_up(r->work.rows.count, 16), planes_rows_item, r);
        margin_head_add_losses(r, sums);
        if (r->work.targets.share != NULL) spread(r, layout->blocks, planes_backward_item, r);
    }
    return MARGIN_OK;
}

margin_status margin_head_run_forward(head_run *r, size_t first)
{
    if (first == 0 && r->work.classes.panels != NULL)
        spread(r, r->call->layout.blocks, pack_item, r);
    set_row_block(r, first);
    spread(r, r->work.rows.capacity / 16, prepare_item, r);
    parts_loop loop = {r, forward_parts(r)};
    spread(r, r->work.node_count * loop.parts, forward_item, &loop);
    return first == 0 ? check_classes(r) : MARGIN_OK;
}

/* Row block by row block. Every class weight is seen before the first output is written. */
margin_status margin_head_run_tiles(head_run *r, head_sums *sums)
{
    const head_layout *layout = &r->call->layout;
    for (size_t first = 0; first < layout->rows; first += r->work.rows.count) {
        const margin_status status = margin_head_run_forward(r, first);
        if (status != MARGIN_OK) return status;
        spread(r, margin_divide_up(r->work.rows.count, 16), finish_item, r);
        margin_head_add_losses(r, sums);
        if (r->work.targets.share != NULL) margin_head_run_backward(r);
    }
    return MARGIN_OK;
}

/* Row block by row block, like the loops above. */
margin_status margin_head_run_rank(head_run *r)
{
    const head_layout *layout = &r->call->layout;
    const int planes = layout->path == HEAD_PLANES;
    if (planes) spread(r, layout->blocks, planes_pack_item, r);
    if (r->work.classes.panels != NULL) spread(r, layout->blocks, pack_item, r);
    for (size_t first = 0; first < layout->rows; first += r->work.rows.count) {
        set_row_block(r, first);
        const size_t count = r->work.rows.count;
        spread(r, planes ? margin_divide_up(count, 16) : r->work.rows.capacity / 16,
               rank_start_item, r);
        parts_loop loop = {r, forward_parts(r)};
        if (planes) {
            spread(r, count, rank_planes_item, r);
        } else {
            spread(r, layout->shards * loop.parts, forward_item, &loop);
        }
        if (first == 0 && check_classes(r) != MARGIN_OK) return MARGIN_ERROR_NONFINITE;
        spread(r, count, rank_finish_item, r);
    }
    return MARGIN_OK;
}
