/* head_forward.c: one shard of classes for some panels of 16 rows: cosines, the running peak, the
 * others' exponentials and their sum, and the part of dX that they make.
 *
 * The target is taken out of the tile before maximum and sum: subtracting it afterwards would lose
 * everything on a converged row. What is kept is exp(scale (cosine - peak)), where peak is the
 * largest logit so far plus some headroom, so that it rarely rises; when it does, what was summed
 * is scaled down. */
#include "head_state.h"

#include <math.h>
#include <string.h>

#include "dmath.h"

void margin_head_mask_targets(head_state *s, size_t panel, size_t first, size_t count, float *tile,
                              int note)
{
    const int64_t *label = s->label + panel * 16;
    for (size_t lane = 0; lane < 16; lane++) {
        const uint64_t within = (uint64_t)label[lane] - first;
        if (within >= count) continue;
        float *entry = tile + within * 16 + lane;
        if (note) s->target_dot[panel * 16 + lane] = *entry;
        *entry = -INFINITY;
    }
}

/* A tile of cosines becomes exponentials; peak and sum take part; keep[lane] is what earlier sums
 * are multiplied by. */
static void take_tile(head_state *s, size_t shard, size_t block, size_t panel, float *tile,
                      float *keep)
{
    const head_plan *p = &s->plan;
    const margin_kernels *k = s->kernels;
    const size_t count = head_block_count(p, block, s->call->classes);
    const size_t at = shard * p->rows + panel * 16;
    const float *scale = s->scale + panel * 16;
    float max[16], sum[16];
    float *peak = s->shard_peak + at, *most = s->shard_max + at;
    double *total = s->shard_sum + at;

    margin_head_mask_targets(s, panel, head_block_first(p, block), count, tile, 1);
    k->terms->tile_max(tile, count, max);
    for (size_t lane = 0; lane < 16; lane++)
        keep[lane] = margin_raise_peak(max[lane], scale[lane], peak + lane);
    k->terms->tile_exp(tile, count, &(margin_term_rows){scale, peak}, sum);
    for (size_t lane = 0; lane < 16; lane++) {
        total[lane] = total[lane] * (double)keep[lane] + (double)sum[lane];
        most[lane] = max[lane] > most[lane] ? max[lane] : most[lane];
    }
    if (p->want_w) memcpy(s->block_peak + block * p->rows + panel * 16, peak, 16 * sizeof(float));
}

void margin_head_products(const head_state *s, const float *weights, size_t count, size_t panel,
                          size_t panels, float *tile, margin_ahead *ahead)
{
    const head_plan *p = &s->plan;
    const size_t stride = p->block * 16, lane_stride = p->panels * 256;
    if (p->few) {
        for (size_t k = 0; k < panels; k++, panel++, tile += stride)
            s->kernels->products->dot_products(s->columns + panel * 256, head_row_stride(p),
                                               head_panel_rows(s, panel), weights, stride,
                                               p->panels, count, tile, ahead);
    } else {
        s->kernels->products->tile_products(s->lanes + panel * lane_stride, lane_stride, panels,
                                            weights, stride, p->dim, count, tile, stride, ahead);
    }
}

/* A block of classes for one or two panels of rows. */
static void some_panels(head_state *s, size_t shard, size_t block, const float *weights,
                        size_t panel, size_t panels, margin_ahead *ahead, head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    const margin_kernels *k = s->kernels;
    const size_t count = head_block_count(p, block, s->call->classes);
    const size_t padded = p->panels * 16, stride = p->block * 16;
    const int opens = block == shard * p->blocks / p->shards;
    float *tile = p->keep_tiles ? head_block_tiles(s, block) + panel * stride : scratch->tiles;

    margin_head_products(s, weights, count, panel, panels, tile, ahead);
    for (size_t i = 0; i < panels; i++, panel++, tile += stride) {
        float keep[16];
        take_tile(s, shard, block, panel, tile, keep);
        if (!p->want_x) continue;
        float *out = s->shard_x + (shard * p->rows / 16 + panel) * padded * 16;
        k->products->embedding_products(tile, head_panel_rows(s, panel), weights, stride, count,
                                        p->panels, opens ? NULL : keep, out);
    }
}

void margin_head_forward(head_state *s, size_t shard, size_t first_panel, size_t end_panel,
                         head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    const size_t at = shard * p->rows;
    const size_t rows = p->few ? s->rows : (end_panel - first_panel) * 16;
    for (size_t i = first_panel * 16; i < end_panel * 16; i++) {
        s->shard_peak[at + i] = MARGIN_NO_PEAK;
        s->shard_max[at + i] = -INFINITY;
        s->shard_sum[at + i] = 0.0;
    }
    const size_t end = (shard + 1) * p->blocks / p->shards;
    for (size_t block = shard * p->blocks / p->shards; block < end; block++) {
        const float *weights = margin_block_weights(s, block, scratch);
        /* A block has rows / 16 times as many multiply-adds of 16 lanes as weights. */
        margin_ahead ahead = {.pace = rows};
        if (!p->keep_packed)
            margin_fetch_weights(s, head_block_first(p, block + 1), p->block, &ahead);
        for (size_t panel = first_panel; panel < end_panel; panel += 2) {
            const size_t panels = end_panel - panel < 2 ? 1 : 2;
            some_panels(s, shard, block, weights, panel, panels, &ahead, scratch);
        }
    }
}
