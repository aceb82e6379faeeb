/* forward.c: one shard of classes for some strips of 16 rows: inner products, the running peak, the
 * negatives' terms and their sum, and the part of dX that they make.
 *
 * The target is taken out of the tile before maximum and sum: subtracting it afterwards would lose
 * everything on a converged row. A term is exp(scale (inner product - peak)), where peak is the
 * largest so far plus some headroom, so that it rarely rises; when it does, what was summed is
 * scaled down. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "head/head.h"

void margin_head_mask_targets(const head_rows *rows, size_t strip, size_t first, size_t count,
                              float *tile, float *target_dot)
{
    const int64_t *place = rows->place + strip * 16;
    for (size_t lane = 0; lane < 16; lane++) {
        const uint64_t within = (uint64_t)place[lane] - first;
        if (within >= count) continue;
        float *entry = tile + within * 16 + lane;
        if (target_dot != NULL) target_dot[strip * 16 + lane] = *entry;
        *entry = -INFINITY;
    }
}

void margin_head_tile_products(const head_call *call, const head_rows *rows, const float *weights,
                               size_t count, size_t strip, size_t strips, float *tile,
                               margin_ahead *ahead)
{
    const size_t stride = call->layout.block * 16, lane_stride = call->layout.panels * 256;
    call->kernels.products->tile_products(rows->x_lanes + strip * lane_stride, lane_stride, strips,
                                          weights, stride, call->layout.dim, count, tile, stride,
                                          ahead);
}

void margin_head_dot_products(const head_call *call, const head_rows *rows, const float *weights,
                              size_t count, size_t strip, size_t strips, float *tile,
                              margin_ahead *ahead)
{
    const size_t stride = call->layout.block * 16;
    for (const size_t end = strip + strips; strip < end; strip++, tile += stride)
        call->kernels.products->dot_products(rows->x_panels + strip * 256, rows->x_stride,
                                             head_strip_rows(rows, strip), weights, stride,
                                             call->layout.panels, count, tile, ahead);
}

/* The classes of one block, packed, and where the terms of its rows go. */
typedef struct block_at_hand {
    size_t block, first, count; /* first of all classes */
    int opens;                  /* the shard begins here */
    const float *weights;       /* [panels][layout.block][16] */
    float *tile;                /* of the first strip at hand */
} block_at_hand;

/* Turns a tile of a strip's inner products into terms, and adds them to the rows' statistics;
 * writes to keep[lane] what earlier sums are multiplied by. */
static void take_tile(const head_call *call, const head_rows *rows, const block_at_hand *b,
                      size_t strip, head_stats *stats, float *tile, float *keep)
{
    const margin_terms *k = call->kernels.terms;
    const size_t at = strip * 16;
    const margin_term_rows *terms = &rows->terms[strip];
    float max[16], sum[16];
    float *peak = stats->peak + at, *most = stats->most + at;
    double *total = stats->sum + at;

    margin_head_mask_targets(rows, strip, b->first, b->count, tile, stats->target_dot);
    k->tile_max(tile, b->count, max);
    for (size_t lane = 0; lane < 16; lane++)
        keep[lane] = margin_raise_peak(margin_get_term_row(terms, lane), max[lane], peak + lane);
    k->tile_exp(tile, b->count, terms, peak, sum);
    for (size_t lane = 0; lane < 16; lane++) {
        total[lane] = total[lane] * (double)keep[lane] + (double)sum[lane];
        most[lane] = max[lane] > most[lane] ? max[lane] : most[lane];
    }
}

/* Takes a block through products, terms and dX for one or two strips. */
static void take_strips(const head_call *call, const head_rows *rows, const block_at_hand *b,
                        size_t strip, size_t strips, head_stats *stats, float *block_peak,
                        margin_ahead *ahead)
{
    const size_t stride = call->layout.block * 16;
    float *tile = b->tile;
    call->products(call, rows, b->weights, b->count, strip, strips, tile, ahead);
    for (const size_t end = strip + strips; strip < end; strip++, tile += stride) {
        float keep[16];
        take_tile(call, rows, b, strip, stats, tile, keep);
        if (block_peak != NULL)
            memcpy(block_peak + strip * 16, stats->peak + strip * 16, 16 * sizeof(float));
        if (stats->x_part == NULL) continue;
        call->kernels.products->embedding_products(
            tile, head_strip_rows(rows, strip), b->weights, stride, b->count, call->layout.panels,
            b->opens ? NULL : keep, stats->x_part + strip * call->layout.panels * 256);
    }
}

static void start_stats(head_stats *stats, size_t first, size_t end)
{
    for (size_t i = first; i < end; i++) {
        stats->peak[i] = MARGIN_NO_PEAK;
        stats->most[i] = -INFINITY;
        stats->sum[i] = 0.0;
    }
}

/* Does what margin_head_forward does with one cell. */
static void take_cell(const head_call *call, const head_rows *rows, head_classes *classes,
                      size_t cell, size_t first_strip, size_t end_strip, head_stats *stats,
                      head_tiles *tiles, head_scratch *scratch)
{
    const size_t first_block = head_cell_first(&call->layout, cell);
    const size_t end_block = head_cell_first(&call->layout, cell + 1);
    /* A block has rows / 16 times as many multiply-adds of 16 lanes as class weights. */
    const size_t pace = margin_least((end_strip - first_strip) * 16, rows->count);
    /* Only one thread writes a block's norms, once. */
    const int opens_rows = rows->first == 0 && first_strip == 0;
    start_stats(stats, first_strip * 16, end_strip * 16);
    for (size_t block = first_block; block < end_block; block++) {
        margin_ahead ahead = {.pace = pace};
        block_at_hand b = {.block = block,
                           .first = head_block_first(&call->layout, block),
                           .count = head_block_count(&call->layout, block),
                           .opens = block == first_block};
        b.weights = margin_head_block(call, classes, block,
                                      opens_rows ? classes->norms + b.first : NULL, scratch);
        if (classes->panels == NULL)
            margin_head_fetch_classes(call, head_block_first(&call->layout, block + 1),
                                      call->layout.block, &ahead);
        float *peak = tiles->peak == NULL ? NULL : tiles->peak + block * rows->capacity;
        for (size_t strip = first_strip; strip < end_strip; strip += 2) {
            b.tile = scratch->tiles;
            if (tiles->terms != NULL)
                b.tile =
                    head_block_terms(call, rows, tiles, block) + strip * call->layout.block * 16;
            take_strips(call, rows, &b, strip, margin_least(end_strip - strip, 2), stats, peak,
                        &ahead);
        }
    }
}

/* Merges the second of two nodes side by side into the first, for the rows of a strip. */
static void merge_strip(const head_call *call, const head_rows *rows, size_t strip,
                        head_stats *first, const head_stats *second)
{
    const size_t boxes = call->layout.panels * 16, at = strip * boxes * 16;
    head_merge by[16];
    for (size_t lane = 0; lane < 16; lane++)
        by[lane] = margin_head_merge(rows, first, second, strip * 16 + lane);
    for (size_t box = 0; first->x_part != NULL && box < boxes; box++) {
        float *to = first->x_part + at + box * 16;
        const float *from = second->x_part + at + box * 16;
        const head_merge m = by[box % 16];
        for (size_t k = 0; k < 16; k++)
            to[k] = to[k] * m.first + from[k] * m.second;
    }
}

void margin_head_forward(const head_call *call, const head_rows *rows, head_classes *classes,
                         head_node node, size_t first_strip, size_t end_strip, head_stats *stats,
                         head_tiles *tiles, head_scratch *scratch)
{
    if (node.cells == 1) {
        take_cell(call, rows, classes, node.first, first_strip, end_strip, stats, tiles, scratch);
        return;
    }
    /* A node has at most a shard's cells, so this goes no deeper than scratch->half. */
    const size_t half = node.cells / 2;
    head_stats *second = scratch->half;
    scratch->half++;
    margin_head_forward(call, rows, classes, (head_node){node.first, half}, first_strip, end_strip,
                        stats, tiles, scratch);
    margin_head_forward(call, rows, classes, (head_node){node.first + half, half}, first_strip,
                        end_strip, second, tiles, scratch);
    scratch->half--;
    for (size_t strip = first_strip; strip < end_strip; strip++)
        merge_strip(call, rows, strip, stats, second);
}
