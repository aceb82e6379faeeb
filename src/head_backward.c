/* head_backward.c: dW of one block of classes: the others' exponentials times the embeddings, the
 * rows whose target is in the block, then the gradient of the normalisation. While row blocks
 * follow, the raw sum waits in the caller's dW. */
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

/* ---- one block ---- */

/* What a row's exponentials of a block with this peak are multiplied by. */
static float row_factor(const head_row *row, float scale, float block_peak)
{
    const double lower = (double)scale * ((double)block_peak - row->peak);
    if (row->label < 0 || row->miss == 0.0 || lower < -700.0) return 0.0f;
    return (float)(row->share * (dm_exp(lower) / row->sum));
}

/* The rows of X times their factors. Peaks seldom differ from block to block, so mostly the last
 * block's product serves again. */
static void scale_rows(head_state *s, size_t block, head_scratch *scratch)
{
    const size_t rows = s->plan.rows;
    const float *peak = s->block_peak + block * rows;
    int changed = !scratch->scaled;
    for (size_t i = 0; i < rows; i++) {
        if (scratch->scaled && peak[i] == scratch->peaks[i]) continue;
        scratch->peaks[i] = peak[i];
        scratch->factors[i] = row_factor(&s->row[i], s->scale[i], peak[i]);
        changed = 1;
    }
    scratch->scaled = 1;
    if (!changed) return;
    s->kernels->scale_columns(s->columns, scratch->factors, rows, s->plan.panels, rows * 16,
                              scratch->scaled_x);
}

/* The block's exponentials: kept, or computed again with the same bits. */
static const float *block_tiles(head_state *s, size_t first, size_t count, size_t block,
                                head_scratch *scratch, size_t *stride)
{
    const head_plan *p = &s->plan;
    if (p->keep_tiles) {
        *stride = s->call->classes * 16;
        return s->tiles + first * 16;
    }
    *stride = p->block * 16;
    for (size_t panel = 0; panel < p->rows / 16; panel++) {
        float *tile = scratch->tiles + panel * *stride, sum[16];
        s->kernels->tile_products(s->lanes + panel * p->panels * 256, scratch->weights,
                                  p->block * 16, p->dim, count, tile);
        margin_head_mask_targets(s, panel, first, count, tile, 0);
        s->kernels->tile_exp(tile, count, s->scale + panel * 16,
                             s->block_peak + block * p->rows + panel * 16, sum);
    }
    return scratch->tiles;
}

/* The pair is still there for a row of the last row block; for others it is measured again. */
static margin_pair pair_of(const head_state *s, size_t at, const float *x, const float *w)
{
    if (at >= s->first_row) return s->row[at - s->first_row].pair;
    return margin_pair_of(x, w, s->call->dim);
}

/* The target's part: along the tangent at w, or, for raw inner products, along x. Once all row
 * blocks are summed, so that their number cannot change the order of additions. */
static void add_targets(head_state *s, size_t class_index, float *out)
{
    const margin_head *call = s->call;
    const float *w = call->weights + class_index * call->weights_stride;
    for (size_t at = s->first_of[class_index]; at != SIZE_MAX; at = s->next_of[at]) {
        const float *x = call->embeddings + at * call->embeddings_stride;
        if (s->raw) {
            margin_add_scaled(x, call->dim, s->target_share[at], out);
            if (call->bias != NULL) out[call->dim] += (float)s->target_share[at];
        } else {
            const margin_pair pair = pair_of(s, at, x, w);
            margin_add_tangent_w(&pair, x, w, call->dim, s->target_share[at], out);
        }
    }
}

/* Sums of earlier row blocks, or zero. */
static void load_sums(const head_state *s, size_t first, size_t count, float *gradient)
{
    const margin_head *call = s->call;
    const size_t padded = s->plan.panels * 16;
    memset(gradient, 0, count * padded * sizeof *gradient);
    for (size_t j = 0; s->first_row > 0 && j < count; j++) {
        float *to = gradient + j * padded;
        memcpy(to, call->grad_weights + (first + j) * call->grad_weights_stride,
               call->dim * sizeof *to);
        if (call->grad_bias != NULL) to[call->dim] = call->grad_bias[first + j];
    }
}

static void store_class(head_state *s, size_t class_index, size_t j, const head_scratch *scratch)
{
    margin_head *call = s->call;
    const float *g = scratch->gradient + j * s->plan.panels * 16;
    float *out = call->grad_weights + class_index * call->grad_weights_stride;
    const double norm = scratch->norms[j];
    if (!s->last_block) {
        memcpy(out, g, call->dim * sizeof *out);
        if (call->grad_bias != NULL) call->grad_bias[class_index] = g[call->dim];
        return;
    }
    const double factor = s->raw ? s->gradient_unit : norm > 0.0 ? s->gradient_unit / norm : 0.0;
    float first, second;
    margin_split_factor(factor, &first, &second);
    s->kernels->finish_row(g, s->raw ? NULL : scratch->weights + j * 16, s->plan.block * 16,
                           call->dim, first, second, out);
    if (call->grad_bias != NULL) {
        call->grad_bias[class_index] = margin_to_float((double)g[call->dim] * s->gradient_unit);
    }
}

void margin_head_backward(head_state *s, size_t block, head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    const size_t first = head_block_first(p, block), padded = p->panels * 16;
    const size_t count = head_block_count(p, block, s->call->classes), rows = p->rows;
    margin_pack_weights(s, first, count, scratch);
    load_sums(s, first, count, scratch->gradient);
    scale_rows(s, block, scratch);
    size_t stride = 0;
    const float *tiles = block_tiles(s, first, count, block, scratch, &stride);
    s->kernels->weight_products(tiles, stride, scratch->scaled_x, rows * 16, rows, count, p->panels,
                                scratch->gradient);
    for (size_t j = 0; j < count; j++) {
        if (s->last_block) add_targets(s, first + j, scratch->gradient + j * padded);
        store_class(s, first + j, j, scratch);
    }
}
