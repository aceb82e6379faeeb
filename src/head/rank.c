/* rank.c: the nearest classes of each row, for prediction: the inner products of forward, and of
 * each row and shard the k largest, in the order of classes where they are equal. It knows neither
 * labels nor losses. */
#include <math.h>

#include "head/geometry.h"

void margin_head_rank_start(const head_call *call, size_t strip, head_rows *rows)
{
    for (size_t i = strip * 16; i < strip * 16 + 16; i++) {
        head_row *row = &rows->row[i];
        *row = (head_row){.label = i < rows->count ? 0 : -1, .scale = 1.0, .unpack = 1.0};
        if (row->label == 0) {
            const float *x = margin_head_embedding(call, rows->first + i);
            margin_pair_start(call->kernels.pairs, x, x, call->io->dim, &row->pair);
            row->norm = row->pair.norm_x;
            row->s = call->setting->config->scale;
            call->geometry->set_scale(call, row);
        }
        if (i < rows->count || rows->x_lanes != NULL) margin_head_pack_embedding(call, rows, i);
    }
    if (rows->x_lanes == NULL) return;
    call->kernels.packing->pack_lanes(rows->x_panels + strip * 256, rows->x_stride,
                                      call->layout.panels,
                                      rows->x_lanes + strip * call->layout.panels * 256);
}

/* Puts a class among the `k` best of a row unless it is below them; equal ones stay before it. */
static void insert(float *best, int64_t *classes, size_t k, float value, int64_t class_index)
{
    if (!(value > best[k - 1])) return;
    size_t at = k - 1;
    for (; at > 0 && value > best[at - 1]; at--) {
        best[at] = best[at - 1];
        classes[at] = classes[at - 1];
    }
    best[at] = value;
    classes[at] = class_index;
}

static void start_row(head_top *top, size_t i, size_t k)
{
    for (size_t n = i * k; n < (i + 1) * k; n++) {
        top->value[n] = -INFINITY;
        top->of_class[n] = -1;
    }
}

/* Ranks a tile of the classes from `first` on for one strip. Few inner products are among the best,
 * so each line of 16 is compared with what the rows have. */
static void rank_tile(const float *tile, size_t first, size_t count, size_t strip, size_t rows,
                      size_t k, head_top *top)
{
    float least[16];
    for (size_t lane = 0; lane < 16; lane++)
        least[lane] = lane < rows ? top->value[(strip * 16 + lane) * k + k - 1] : INFINITY;
    for (size_t j = 0; j < count; j++) {
        const float *line = tile + j * 16;
        int any = 0;
        for (size_t lane = 0; lane < 16; lane++)
            any |= line[lane] > least[lane];
        for (size_t lane = 0; any && lane < rows; lane++) {
            const size_t at = (strip * 16 + lane) * k;
            insert(top->value + at, top->of_class + at, k, line[lane], (int64_t)(first + j));
            least[lane] = top->value[at + k - 1];
        }
    }
}

void margin_head_rank_tiles(const head_call *call, const head_rows *rows, head_classes *classes,
                            size_t shard, size_t first_strip, size_t end_strip, head_top *top,
                            head_scratch *scratch)
{
    const size_t end_block = head_shard_first(&call->layout, shard + 1);
    const int opens_rows = rows->first == 0 && first_strip == 0;
    margin_ahead none = {.pace = 1};
    for (size_t i = first_strip * 16; i < end_strip * 16; i++)
        start_row(top, i, call->top);
    for (size_t block = head_shard_first(&call->layout, shard); block < end_block; block++) {
        const size_t first = head_block_first(&call->layout, block),
                     count = head_block_count(&call->layout, block);
        const float *weights = margin_head_block(
            call, classes, block, opens_rows ? classes->norms + first : NULL, scratch);
        for (size_t strip = first_strip; strip < end_strip; strip++) {
            call->products(call, rows, weights, count, strip, 1, scratch->tiles, &none);
            rank_tile(scratch->tiles, first, count, strip, head_strip_rows(rows, strip), call->top,
                      top);
        }
    }
}

void margin_head_rank_planes(const head_call *call, const head_rows *rows,
                             const head_classes *classes, size_t i, head_top *top,
                             head_scratch *scratch)
{
    const size_t k = call->top;
    float *best = top->value + i * k;
    start_row(top, i, k);
    for (size_t block = 0; block < call->layout.blocks; block++) {
        const size_t first = head_block_first(&call->layout, block),
                     count = head_block_count(&call->layout, block);
        const float max = call->kernels.planes->plane_products(
            classes->planes + first, call->layout.plane_stride, call->layout.dim,
            rows->x_panels + i * 16, head_padded_classes(count), scratch->inner);
        for (size_t j = 0; max > best[k - 1] && j < count; j++)
            insert(best, top->of_class + i * k, k, scratch->inner[j], (int64_t)(first + j));
    }
}

void margin_head_rank_finish(const head_call *call, const head_rows *rows, head_top *tops, size_t i)
{
    const margin_predict *wanted = call->predict;
    const size_t k = call->top, at = i * k, to = (rows->first + i) * k;
    for (size_t p = 1; p < call->layout.shards; p++)
        for (size_t n = at; n < at + k; n++)
            insert(tops->value + at, tops->of_class + at, k, tops[p].value[n], tops[p].of_class[n]);
    for (size_t n = 0; n < k; n++) {
        if (wanted->top_classes != NULL) wanted->top_classes[to + n] = tops->of_class[at + n];
        if (wanted->top_values != NULL)
            wanted->top_values[to + n] =
                margin_to_float(call->geometry->shown(&rows->row[i], tops->value[at + n]));
    }
}
