/* head_backward.c: dW of one piece of a block of classes: the others' exponentials times the
 * embeddings, the rows whose target is in the block, then the gradient of the normalisation. While
 * row blocks follow, the raw sum waits in the caller's dW. */
#include "head_state.h"

#include <stdint.h>
#include <string.h>

#include "dmath.h"

/* The rows of each class as a list in rising order: first_of[class], then next_of[row]. */
void margin_head_list_rows(head_state *s)
{
    const margin_head *call = s->call;
    for (size_t j = 0; j < call->classes; j++)
        s->first_of[j] = SIZE_MAX;
    for (size_t i = call->rows; i-- > 0;) {
        if (call->labels[i] < 0) continue;
        size_t *first = s->first_of + call->labels[i];
        s->next_of[i] = *first;
        *first = i;
    }
}

/* ---- one piece ---- */

/* What a row's exponentials of a block with this peak are multiplied by. */
static float row_factor(const head_row *row, float scale, float block_peak)
{
    const double lower = (double)scale * ((double)block_peak - row->peak);
    if (row->label < 0 || row->miss == 0.0 || lower < -700.0) return 0.0f;
    return (float)(row->share * (dm_exp(lower) / row->sum));
}

/* Whether row i's factor is another one than for the thread's last block; brings it up to date. */
static int factor_changed(const head_state *s, size_t i, float peak, head_scratch *scratch)
{
    if (scratch->scaled && peak == scratch->peaks[i]) return 0;
    scratch->peaks[i] = peak;
    scratch->factors[i] = row_factor(&s->row[i], s->scale[i], peak);
    return 1;
}

/* The rows of X times their factors. Peaks seldom differ from block to block, so mostly the last
 * block's products serve again. */
static void scale_rows(head_state *s, size_t block, head_scratch *scratch)
{
    const size_t rows = s->rows, stride = head_row_stride(&s->plan);
    const float *peak = s->block_peak + block * s->plan.rows;
    for (size_t i = 0; i < rows; i++) {
        const size_t first = i;
        while (i < rows && factor_changed(s, i, peak[i], scratch))
            i++;
        s->kernels->packing->scale_panels(s->columns + first * 16, scratch->factors + first,
                                          i - first, s->plan.panels, stride,
                                          scratch->scaled_x + first * 16);
    }
    scratch->scaled = 1;
}

/* The piece's exponentials: kept, or computed again with the same bits. Panels of rows lie
 * `plan.block` 16 apart. */
static float *piece_tiles(head_state *s, const head_piece *piece, head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    const size_t from = piece->first - head_block_first(p, piece->block);
    if (p->keep_tiles) return head_block_tiles(s, piece->block) + from * 16;
    const float *weights = margin_block_weights(s, piece->block, scratch) + from * 16;
    margin_ahead none = {.pace = 1};
    for (size_t panel = 0; panel < p->rows / 16; panel++) {
        float *tile = scratch->tiles + panel * p->block * 16, sum[16];
        margin_head_products(s, weights, piece->count, panel, 1, tile, &none);
        margin_head_mask_targets(s, panel, piece->first, piece->count, tile, 0);
        s->kernels->terms->tile_exp(
            tile, piece->count,
            &(margin_term_rows){s->scale + panel * 16,
                                s->block_peak + piece->block * p->rows + panel * 16},
            sum);
    }
    return scratch->tiles;
}

/* A piece of the only block: its exponentials times their rows' factors. */
static void scale_tiles(head_state *s, const head_piece *piece, float *tiles, head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    for (size_t i = 0; i < p->rows; i++)
        scratch->factors[i] = row_factor(&s->row[i], s->scale[i], s->block_peak[i]);
    for (size_t panel = 0; panel < p->rows / 16; panel++)
        s->kernels->terms->tile_scale(tiles + panel * p->block * 16, piece->count,
                                      scratch->factors + panel * 16);
}

/* The targets of the piece's classes into their tiles. */
static void put_targets(head_state *s, const head_piece *piece, float *tiles,
                        const head_scratch *scratch)
{
    for (size_t i = 0; i < s->rows; i++) {
        const uint64_t within = (uint64_t)s->label[i] - piece->first;
        if (within >= piece->count) continue;
        const float factor = s->plan.scale_tiles ? 1.0f : scratch->factors[i];
        float *tile = tiles + i / 16 * s->plan.block * 16;
        tile[within * 16 + i % 16] = margin_head_target_entry(s, i, factor);
    }
}

/* The pair is still there for a row of the last row block; others are measured again if not kept.
 */
static margin_pair pair_of(const head_state *s, size_t at, const float *x, const float *w)
{
    if (s->pairs != NULL) return s->pairs[at];
    if (at >= s->first_row) return s->row[at - s->first_row].pair;
    return margin_pair_of(s->kernels, x, w, s->call->dim);
}

/* The target's part where the product has not taken it: along the tangent at w, or, for raw inner
 * products, along x. Once all row blocks are summed, so that their number cannot change the order
 * of additions. */
void margin_head_add_targets(head_state *s, size_t class_index, float *out)
{
    const margin_head *call = s->call;
    const float *w = call->weights + class_index * call->weights_stride;
    for (size_t at = s->first_of[class_index]; at != SIZE_MAX; at = s->next_of[at]) {
        if (s->target_share[at] == 0.0) continue;
        const float *x = call->embeddings + at * call->embeddings_stride;
        if (s->raw) {
            s->kernels->pairs->add_combination(x, s->target_share[at], x, 0.0, call->dim, out);
            if (call->bias != NULL) out[call->dim] += (float)s->target_share[at];
        } else {
            const margin_pair pair = pair_of(s, at, x, w);
            margin_add_tangent_w(s->kernels, &pair, x, w, call->dim, s->target_share[at], out);
        }
    }
}

/* Where a block's gradient is summed: scratch, which takes over the sums of earlier row blocks, or
 * the caller's array. */
static float *block_gradient(const head_state *s, size_t first, size_t count, head_scratch *scratch,
                             size_t *stride)
{
    const margin_head *call = s->call;
    *stride = s->plan.in_place ? call->grad_weights_stride : s->plan.panels * 16;
    if (s->plan.in_place) return call->grad_weights + first * *stride;
    if (s->first_row == 0) return scratch->gradient;
    memset(scratch->gradient, 0, count * *stride * sizeof(float));
    for (size_t j = 0; j < count; j++) {
        float *to = scratch->gradient + j * *stride;
        memcpy(to, call->grad_weights + (first + j) * call->grad_weights_stride,
               call->dim * sizeof *to);
        if (call->grad_bias != NULL) to[call->dim] = call->grad_bias[first + j];
    }
    return scratch->gradient;
}

void margin_head_store_class(head_state *s, size_t class_index, const float *g)
{
    margin_head *call = s->call;
    const size_t dim = call->dim;
    float *out = call->grad_weights + class_index * call->grad_weights_stride;
    const double norm = s->norms[class_index];
    if (!s->last_block) {
        if (out != g) memcpy(out, g, dim * sizeof *out);
        if (call->grad_bias != NULL) call->grad_bias[class_index] = g[dim];
        return;
    }
    const double factor = s->raw ? s->gradient_unit : norm > 0.0 ? s->gradient_unit / norm : 0.0;
    const margin_unit unit =
        margin_unit_of(call->weights + class_index * call->weights_stride, norm);
    float first, second;
    margin_split_factor(factor, &first, &second);
    s->kernels->packing->finish_row(g, s->raw ? NULL : &unit, dim, first, second, out);
    if (call->grad_bias != NULL) {
        call->grad_bias[class_index] = margin_to_float((double)g[dim] * s->gradient_unit);
    }
}

static void store_classes(head_state *s, size_t first, size_t count, const float *g, size_t stride)
{
    const margin_head *call = s->call;
    for (size_t j = 0; j < count; j++) {
        const size_t at = first + j;
        if (!s->raw && s->last_block)
            j += s->kernels->packing->finish_units(
                g + j * stride, stride, call->weights + at * call->weights_stride,
                call->weights_stride, s->norms + at, s->gradient_unit, call->dim, count - j,
                call->grad_weights + at * call->grad_weights_stride, call->grad_weights_stride);
        if (j < count) margin_head_store_class(s, first + j, g + j * stride);
    }
}

/* What the piece's end and the next block's start will read. */
static margin_ahead next_reads(const head_state *s, const head_piece *piece)
{
    const head_plan *p = &s->plan;
    const size_t next = piece->block + 1;
    margin_ahead ahead = {.pace = s->rows * p->dim / (p->rows + p->dim) + 1};
    if (s->last_block) margin_fetch_weights(s, piece->first, piece->count, &ahead);
    if (p->keep_tiles && next < p->blocks &&
        piece->first + piece->count == head_block_first(p, next)) {
        ahead.region[1].next = (const char *)head_block_tiles(s, next);
        ahead.region[1].end = ahead.region[1].next + p->block * p->rows * sizeof(float);
    }
    return ahead;
}

void margin_head_backward(head_state *s, const head_piece *piece, head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    size_t stride = 0;
    float *g = block_gradient(s, piece->first, piece->count, scratch, &stride);
    float *tiles = piece_tiles(s, piece, scratch);
    const float *x = p->scale_tiles ? s->columns : scratch->scaled_x;
    if (p->scale_tiles) {
        scale_tiles(s, piece, tiles, scratch);
    } else {
        scale_rows(s, piece->block, scratch);
    }
    put_targets(s, piece, tiles, scratch);
    margin_ahead ahead = next_reads(s, piece);
    s->kernels->products->weight_products(tiles, p->block * 16, x, head_row_stride(p), s->rows,
                                          piece->count, p->panels, s->first_row > 0, g, stride,
                                          &ahead);
    for (size_t j = 0; j < piece->count && s->last_block; j++)
        margin_head_add_targets(s, piece->first + j, g + j * stride);
    store_classes(s, piece->first, piece->count, g, stride);
}
