/* layout.c: how a call is cut into blocks, shards and row blocks. It knows shapes and constants, no
 * data. */
#include "head/layout.h"

#include <stdint.h>

#include "head/workspace.h"

/* Lays out few dimensions: lanes are classes, and one row at a time has one shard. */
static void lay_out_planes(head_layout *l)
{
    const size_t dim = l->dim > 2 ? l->dim : 2;
    l->path = HEAD_PLANES;
    l->shards = l->cells = 1;
    /* An odd number of lines of 16 floats, at least, so that rows do not fall on the same sets of a
     * cache. */
    l->plane_stride = (margin_divide_up(l->classes, 32) * 2 + 1) * 16;
    l->block = MARGIN_PLANES_BLOCK / dim / 32 * 32;
}

static int is_few(const head_layout *l)
{
    return l->rows <= MARGIN_DOTS_ROWS ||
           (l->classes <= MARGIN_DOTS_CLASSES && l->dim >= MARGIN_DOTS_DIM);
}

static void lay_out_tiles(head_layout *l)
{
    l->path = is_few(l) ? HEAD_DOTS : HEAD_TILES;
    l->block = l->classes < MARGIN_BLOCK_CLASSES ? l->classes : MARGIN_BLOCK_CLASSES;
    const size_t blocks = margin_divide_up(l->classes, l->block);
    /* Few classes: a row has fewer terms than dimensions, and one peak. */
    l->scale_tiles = blocks == 1 && l->classes < l->panels * 16;
    l->shards = blocks / MARGIN_SHARD_BLOCKS;
    if (l->shards < 1) l->shards = 1;
    if (l->shards > MARGIN_SHARDS) l->shards = MARGIN_SHARDS;
    l->cells = l->shards;
    while (margin_divide_up(blocks, l->cells) > MARGIN_CELL_BLOCKS)
        l->cells *= 2;
}

/* Leaves of the whole head's layout what the call holds. */
static void hold(head_layout *l, const head_span *span)
{
    l->whole_blocks = l->blocks = margin_divide_up(l->classes, l->block);
    l->end_cell = l->cells;
    if (span == NULL) return;
    const size_t whole = l->classes;
    l->first_cell = span->cuts[span->here];
    l->end_cell = span->cuts[span->here + 1];
    l->blocks = head_cell_first(l, l->end_cell);
    const size_t first = l->first_cell * l->whole_blocks / l->cells * l->block;
    l->classes = margin_least(first + l->blocks * l->block, whole) - margin_least(first, whole);
}

head_layout margin_head_layout(const head_shape *shape)
{
    head_layout l = {.rows = shape->rows,
                     .classes = shape->span == NULL ? shape->classes : shape->span->classes,
                     .dim = shape->dim + (size_t)shape->bias};
    l.panels = margin_divide_up(l.dim, 16);
    if (l.dim <= MARGIN_PLANES_DIM && l.classes >= MARGIN_PLANES_CLASSES) {
        lay_out_planes(&l);
    } else {
        lay_out_tiles(&l);
    }
    hold(&l, shape->span);
    return l;
}

/* ---- the schedule ---- */

/* What is tried on the way to a schedule. */
typedef struct search {
    const head_shape *shape;
    const head_layout *layout;
    size_t workspace;
} search;

static size_t bytes_of(const search *q, head_schedule s)
{
    return margin_head_bytes(q->shape, q->layout, &s);
}

/* Gives the schedule as many rows as fit, all or whole chunks, and returns 1; else the fewest, and
 * returns 0. */
static int fit_rows(const search *q, head_schedule *s)
{
    const size_t all = margin_divide_up(q->shape->rows, 16) * 16;
    size_t most = margin_divide_up(q->shape->rows, MARGIN_ROW_CHUNK), fit = 0;
    s->rows = all;
    s->bytes = bytes_of(q, *s);
    if (s->bytes <= q->workspace) return 1;
    /* There is no dW with room for unfinished sums: all rows together, or not at all. */
    if (q->shape->consume || q->shape->span != NULL) return 0;
    while (fit < most) {
        const size_t middle = fit + (most - fit + 1) / 2;
        s->rows = middle * MARGIN_ROW_CHUNK;
        if (bytes_of(q, *s) <= q->workspace) {
            fit = middle;
        } else {
            most = middle - 1;
        }
    }
    s->rows = fit > 0 ? fit * MARGIN_ROW_CHUNK : all < MARGIN_ROW_CHUNK ? all : MARGIN_ROW_CHUNK;
    s->bytes = bytes_of(q, *s);
    return fit > 0;
}

/* Returns the schedule of tiles: keeping terms saves most, then more rows at a time, then packing
 * once. */
static head_schedule schedule_tiles(const search *q, head_schedule s, int may_keep_packed)
{
    const size_t all = margin_divide_up(q->shape->rows, 16) * 16;
    head_schedule least = {.bytes = SIZE_MAX};
    for (s.keep_tiles = q->shape->want_w; s.keep_tiles >= 0; s.keep_tiles--) {
        head_schedule best = {.rows = 0};
        for (s.keep_packed = may_keep_packed; s.keep_packed >= 0; s.keep_packed--) {
            const int fits = fit_rows(q, &s);
            if (fits && s.rows == all) return s;
            if (fits && s.rows > best.rows) best = s;
            if (s.bytes < least.bytes) least = s;
        }
        if (best.rows > 0) return best;
    }
    return least;
}

/* Returns the schedule of planes: strips of 16 rows are each an item for a thread, enough at a time
 * to share evenly. */
static head_schedule schedule_planes(const search *q, head_schedule s, size_t strips_of_thread)
{
    const size_t all = margin_divide_up(q->shape->rows, 16), most = s.threads * strips_of_thread;
    for (size_t strips = most < all ? most : all; strips > 0; strips /= 2) {
        s.rows = strips * 16;
        s.bytes = bytes_of(q, s);
        if (s.bytes <= q->workspace) break;
    }
    return s;
}

head_schedule margin_head_schedule(const head_shape *shape, const head_layout *layout,
                                   const margin_schedule *tuning, size_t threads, size_t workspace)
{
    const search q = {shape, layout, workspace};
    const head_schedule s = {.threads = threads,
                             .in_place = shape->dim % 16 == 0 && !shape->bias && !shape->consume};
    if (layout->path == HEAD_PLANES) return schedule_planes(&q, s, tuning->planes_strips);
    const size_t packed =
        margin_bytes(layout->blocks * layout->block, layout->panels * 16, sizeof(float));
    return schedule_tiles(&q, s, packed <= tuning->packed_bytes);
}
