/* rank.c: the nearest classes of each row, for prediction: the inner products of forward, and of
 * each row and shard the k largest, in the order of classes where they are equal. It knows neither
 * labels nor losses. */
#include <math.h>

#include "head/geometry.h"
#include "head/planes_path.h"
#include "head/rank.h"

void margin_head_rank_start(const head_call *call, size_t strip, head_rows *rows,
                            const head_lines *lines)
{
    for (size_t i = strip * 16; i < strip * 16 + 16; i++) {
        head_row *row = &rows->row[i];
        *row = (head_row){.label = i < rows->count ? 0 : -1, .scale = 1.0, .unpack = 1.0};
        if (row->label == 0) {
            const float *x = margin_head_embedding(call, rows->first + i, lines);
            margin_pair_start(call->kernels.pairs, x, x, call->io->dim, &row->pair);
            row->norm = row->pair.norm_x;
            row->s = call->setting->config->scale;
            call->geometry->set_scale(call, row);
        }
        if (i < rows->count || rows->x_lanes != NULL)
            margin_head_pack_embedding(call, rows, i, lines);
    }
    if (rows->x_lanes == NULL) return;
    call->kernels.packing->pack_lanes(rows->x_panels + strip * 256, rows->x_stride,
                                      call->layout.panels,
                                      rows->x_lanes + strip * call->layout.panels * 256);
}

/* Lines of a tile that are looked at together. */
enum { LINES = 16 };

/* Puts a class whose value is above the least of a row's `k` best among these; equal ones stay
 * before it. */
static void insert(float *best, int64_t *classes, size_t k, float value, int64_t class_index)
{
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

/* Ranks one lane of `count` lines of a tile, which are the classes from `first` on; `at` is where
 * its row's k best lie, the least of which it returns. */
static float rank_lane(const float *lane, size_t first, size_t count, size_t k, size_t at,
                       head_top *top)
{
    float *best = top->value + at;
    for (size_t j = 0; j < count; j++) {
        if (lane[j * 16] > best[k - 1])
            insert(best, top->of_class + at, k, lane[j * 16], (int64_t)(first + j));
    }
    return best[k - 1];
}

/* Ranks a tile of the classes from `first` on for one strip of `rows` rows. Few inner products are
 * among the best: some lines at a time are passed by their maximum. */
static void rank_tile(const head_call *call, const float *tile, size_t first, size_t count,
                      size_t strip, size_t rows, head_top *top)
{
    const size_t k = call->top, start = strip * 16 * k;
    float least[16], max[16];
    for (size_t lane = 0; lane < 16; lane++)
        least[lane] = lane < rows ? top->value[start + lane * k + k - 1] : INFINITY;
    for (size_t j = 0; j < count; j += LINES) {
        const size_t lines = margin_least(count - j, LINES);
        call->kernels.terms->tile_max(tile + j * 16, lines, max);
        for (size_t lane = 0; lane < 16; lane++)
            if (max[lane] > least[lane])
                least[lane] =
                    rank_lane(tile + j * 16 + lane, first + j, lines, k, start + lane * k, top);
    }
}

void margin_head_rank_tiles(const head_call *call, const head_rows *rows, head_classes *classes,
                            size_t shard, size_t first_strip, size_t end_strip, head_top *top,
                            head_scratch *scratch)
{
    const size_t end_block = head_cell_first(&call->layout, shard + 1);
    const int opens_rows = rows->first == 0 && first_strip == 0;
    for (size_t i = first_strip * 16; i < end_strip * 16; i++)
        start_row(top, i, call->top);
    for (size_t block = head_cell_first(&call->layout, shard); block < end_block; block++) {
        const size_t first = head_block_first(&call->layout, block),
                     count = head_block_count(&call->layout, block);
        const float *weights = margin_head_block(
            call, classes, block, opens_rows ? classes->norms + first : NULL, scratch);
        margin_ahead ahead = {.pace = margin_least((end_strip - first_strip) * 16, rows->count)};
        if (classes->panels == NULL)
            margin_head_fetch_classes(call, head_block_first(&call->layout, block + 1),
                                      call->layout.block, &ahead);
        for (size_t strip = first_strip; strip < end_strip; strip += 2) {
            const size_t strips = margin_least(end_strip - strip, 2);
            call->products(call, rows, weights, count, strip, strips, scratch->tiles, &ahead);
            for (size_t n = 0; n < strips; n++)
                rank_tile(call, scratch->tiles + n * call->layout.block * 16, first, count,
                          strip + n, head_strip_rows(rows, strip + n), top);
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
            if (scratch->inner[j] > best[k - 1])
                insert(best, top->of_class + i * k, k, scratch->inner[j], (int64_t)(first + j));
    }
}

void margin_head_rank_finish(const head_call *call, const head_rows *rows, head_top *tops, size_t i)
{
    const margin_predict *wanted = call->predict;
    const size_t k = call->top, at = i * k, to = (rows->first + i) * k;
    for (size_t p = 1; p < call->layout.shards; p++)
        for (size_t n = at; n < at + k && tops[p].value[n] > tops->value[at + k - 1]; n++)
            insert(tops->value + at, tops->of_class + at, k, tops[p].value[n], tops[p].of_class[n]);
    for (size_t n = 0; n < k; n++) {
        if (wanted->top_classes != NULL) wanted->top_classes[to + n] = tops->of_class[at + n];
        if (wanted->top_values != NULL)
            wanted->top_values[to + n] =
                margin_to_float(call->geometry->shown(&rows->row[i], tops->value[at + n]));
    }
}
