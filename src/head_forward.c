/* head_forward.c: one shard of classes for some panels of 16 rows: cosines, the running peak, the
 * others' exponentials and their sum, and the part of dX that they make.
 *
 * The target is taken out of the tile before maximum and sum: subtracting it afterwards would lose
 * everything on a converged row. What is kept is exp(scale (cosine - peak)), where peak is the
 * largest logit so far plus some headroom, so that it rarely rises; when it does, what was summed
 * is scaled down. */
#include "head_state.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "dmath.h"

/* In units of a logit. Less makes the peak rise more often, more costs digits in the exponent. */
#define HEADROOM 4.0

/* Below every logit of a real class. */
#define NO_PEAK (-FLT_MAX)

void margin_head_mask_targets(head_state *s, size_t panel, size_t first, size_t count, float *tile,
                              int note)
{
    for (size_t lane = 0; lane < 16; lane++) {
        const size_t i = panel * 16 + lane;
        const int64_t label = s->row[i].label;
        if (label < (int64_t)first || label >= (int64_t)(first + count)) continue;
        float *entry = tile + ((size_t)label - first) * 16 + lane;
        if (note) s->target_dot[i] = *entry;
        *entry = -INFINITY;
    }
}

/* Raise the peaks of 16 rows where this tile's maximum asks for it; keep[lane] is what earlier sums
 * are multiplied by. */
static void raise_peaks(const float *max, const float *scale, float *peak, float *keep)
{
    for (size_t lane = 0; lane < 16; lane++) {
        keep[lane] = 1.0f;
        if (!(max[lane] > peak[lane])) continue;
        const double old = (double)peak[lane], s = (double)scale[lane];
        peak[lane] = (float)((double)max[lane] + HEADROOM / s);
        keep[lane] = (float)dm_exp(s * (old - (double)peak[lane]));
    }
}

static void one_tile(head_state *s, size_t shard, size_t block, size_t panel, head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    const margin_kernels *k = s->kernels;
    const size_t first = head_block_first(p, block), padded = p->panels * 16,
                 stride = p->block * 16;
    const size_t count = head_block_count(p, block, s->call->classes),
                 at = shard * p->rows + panel * 16;
    float *tile = scratch->tiles;
    if (p->keep_tiles) tile = s->tiles + (panel * s->call->classes + first) * 16;

    k->tile_products(s->lanes + panel * padded * 16, scratch->weights, stride, p->dim, count, tile);
    margin_head_mask_targets(s, panel, first, count, tile, 1);

    float max[16], keep[16], sum[16];
    k->tile_max(tile, count, max);
    float *peak = s->shard_peak + at, *most = s->shard_max + at;
    raise_peaks(max, s->scale + panel * 16, peak, keep);
    k->tile_exp(tile, count, s->scale + panel * 16, peak, sum);
    for (size_t lane = 0; lane < 16; lane++) {
        double *total = s->shard_sum + at + lane;
        *total = *total * (double)keep[lane] + (double)sum[lane];
        most[lane] = fmaxf(most[lane], max[lane]);
    }
    if (p->want_w) memcpy(s->block_peak + block * p->rows + panel * 16, peak, 16 * sizeof(float));
    if (p->want_x) {
        float *out = s->shard_x + (shard * p->rows / 16 + panel) * padded * 16;
        k->embedding_products(tile, scratch->weights, stride, count, p->panels, keep, out);
    }
}

void margin_head_forward(head_state *s, size_t shard, size_t first_panel, size_t end_panel,
                         head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    const size_t padded = p->panels * 16, rows = (end_panel - first_panel) * 16;
    const size_t at = shard * p->rows + first_panel * 16;
    for (size_t i = 0; i < rows; i++) {
        s->shard_peak[at + i] = NO_PEAK;
        s->shard_max[at + i] = -INFINITY;
        s->shard_sum[at + i] = 0.0;
    }
    if (p->want_x) memset(s->shard_x + at * padded, 0, rows * padded * sizeof(float));

    const size_t end = (shard + 1) * p->blocks / p->shards;
    for (size_t block = shard * p->blocks / p->shards; block < end; block++) {
        const size_t first = head_block_first(p, block);
        margin_pack_weights(s, first, head_block_count(p, block, s->call->classes), scratch);
        for (size_t panel = first_panel; panel < end_panel; panel++) {
            one_tile(s, shard, block, panel, scratch);
        }
    }
}
