/* backward.c: dW of one piece of a block of classes: the negatives' terms times the embeddings, the
 * rows whose target is in the piece, then the gradient of the normalisation. While row blocks
 * follow, the raw sum waits in the caller's dW. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "dmath.h"
#include "head/finish.h"
#include "head/geometry.h"

/* Entries of targets beyond this are not ordinary: the row's factor is next to nothing. */
#define MOST_ENTRY 0x1p+60

void margin_head_list_targets(const head_call *call, head_targets *targets)
{
    const margin_head *io = call->io;
    for (size_t j = 0; j < io->classes; j++)
        targets->first_of[j] = SIZE_MAX;
    for (size_t i = io->rows; i-- > 0;) {
        const int64_t label = margin_label(&call->labels, i);
        if (label < 0) continue;
        const int64_t place = margin_head_place(call, label);
        if (place == HEAD_ELSEWHERE) continue;
        size_t *first = targets->first_of + place;
        targets->next_of[i] = *first;
        *first = i;
    }
}

/* ---- the negatives ---- */

/* Returns what row i's terms of a block, which are under `block_peak`, are multiplied by. */
static float row_factor(const head_rows *rows, const head_result *results, size_t i,
                        float block_peak)
{
    const head_result *r = &results[i];
    const double lower =
        (double)head_term_row(rows, i).scale * ((double)block_peak - (double)r->peak);
    if (rows->place[i] < 0 || r->miss == 0.0 || lower < -700.0) return 0.0f;
    return (float)(r->share * (dm_exp(lower) / r->sum));
}

/* Brings row i's factor up to date for a block with this peak. Returns 0 where it is that of the
 * thread's last block. */
static int factor_changed(const head_rows *rows, const head_result *results, size_t i, float peak,
                          head_scratch *scratch)
{
    if (scratch->scaled && peak == scratch->peak[i]) return 0;
    scratch->peak[i] = peak;
    scratch->row_factor[i] = row_factor(rows, results, i, peak);
    return 1;
}

/* Multiplies the packed embeddings by their rows' factors. Peaks seldom differ from block to block,
 * so mostly the last block's products serve again, and only runs of rows that changed are written.
 */
static void scale_rows(const head_call *call, const head_rows *rows, const head_result *results,
                       const float *peak, head_scratch *scratch)
{
    size_t first = 0;
    while (first < rows->count) {
        size_t end = first;
        while (end < rows->count && factor_changed(rows, results, end, peak[end], scratch))
            end++;
        call->kernels.packing->scale_panels(
            rows->x_panels + first * 16, scratch->row_factor + first, end - first,
            call->layout.panels, rows->x_stride, scratch->scaled_x + first * 16);
        first = end + 1; /* the row at `end`, if there is one, has not changed */
    }
    scratch->scaled = 1;
}

/* Multiplies a piece's terms by their rows' factors, where it is of the only block. */
static void scale_tiles(const head_call *call, const head_rows *rows, const head_result *results,
                        const head_tiles *kept, size_t count, float *terms, head_scratch *scratch)
{
    for (size_t i = 0; i < rows->capacity; i++)
        scratch->row_factor[i] = row_factor(rows, results, i, kept->peak[i]);
    for (size_t strip = 0; strip < rows->capacity / 16; strip++)
        call->kernels.terms->tile_scale(terms + strip * call->layout.block * 16, count,
                                        scratch->row_factor + strip * 16);
}

/* Returns a piece's terms: kept, or computed again with the same bits. Strips lie
 * layout.block 16 apart. */
static float *piece_terms(const head_call *call, const head_rows *rows, const head_classes *classes,
                          head_tiles *kept, const head_piece *piece, head_scratch *scratch)
{
    const size_t from = piece->first - head_block_first(&call->layout, piece->block);
    if (kept->terms != NULL) return head_block_terms(call, rows, kept, piece->block) + from * 16;
    const float *weights =
        margin_head_block(call, classes, piece->block, NULL, scratch) + from * 16;
    const float *peak = kept->peak + piece->block * rows->capacity;
    margin_ahead none = {.pace = 1};
    for (size_t strip = 0; strip < rows->capacity / 16; strip++) {
        float *tile = scratch->tiles + strip * call->layout.block * 16, sum[16];
        call->products(call, rows, weights, piece->count, strip, 1, tile, &none);
        margin_head_mask_targets(rows, strip, piece->first, piece->count, tile, NULL);
        call->kernels.terms->tile_exp(tile, piece->count, &rows->terms[strip], peak + strip * 16,
                                      sum);
    }
    return scratch->tiles;
}

/* ---- the targets ---- */

float margin_head_target_entry(const head_call *call, const head_rows *rows, size_t i, float factor,
                               head_targets *targets)
{
    double *share = &targets->share[rows->first + i];
    const double by = call->geometry->entry(&rows->row[i]);
    const double whole = *share * by;
    if (by == 0.0 || !(fabs(whole) / MOST_ENTRY < fabs((double)factor))) return 0.0f;
    *share = 0.0;
    return (float)(whole / factor);
}

/* Puts the targets of the piece's classes among its terms; the rows' factors are in the terms
 * already or still to come from the embeddings. */
static void put_targets(const head_call *call, const head_rows *rows, const head_piece *piece,
                        head_targets *targets, float *terms, const head_scratch *scratch)
{
    for (size_t i = 0; i < rows->count; i++) {
        const uint64_t within = (uint64_t)rows->place[i] - piece->first;
        if (within >= piece->count) continue;
        const float factor = call->layout.scale_tiles ? 1.0f : scratch->row_factor[i];
        float *tile = terms + i / 16 * call->layout.block * 16;
        tile[within * 16 + i % 16] = margin_head_target_entry(call, rows, i, factor, targets);
    }
}

/* Returns the pair of row `at` of all rows if it is still there: that of a row of this row block,
 * or one that was kept. */
static const margin_pair *pair_of(const head_rows *rows, const head_targets *targets, size_t at)
{
    if (targets->pair != NULL) return &targets->pair[at];
    return at >= rows->first ? &rows->row[at - rows->first].pair : NULL;
}

/* Adds targets once all row blocks are summed, so that their number cannot change the order of
 * additions. */
void margin_head_add_targets(const head_call *call, const head_rows *rows,
                             const head_targets *targets, size_t class_index, float *out,
                             const head_lines *lines)
{
    for (size_t at = targets->first_of[class_index]; at != SIZE_MAX; at = targets->next_of[at]) {
        if (targets->share[at] == 0.0) continue;
        call->geometry->add_target(call, margin_head_embedding(call, at, lines),
                                   margin_head_class(call, class_index, lines),
                                   pair_of(rows, targets, at), targets->share[at], out);
    }
}

/* ---- the sum and what becomes of it ---- */

/* Where a piece's rows of dW are summed. */
typedef struct piece_sum {
    float *at;
    size_t stride;
} piece_sum;

/* Returns where a piece is summed: in the caller's array, or in scratch, which takes over the sums
 * of earlier row blocks. */
static piece_sum sum_of(const head_call *call, const head_rows *rows, const head_piece *piece,
                        head_scratch *scratch)
{
    const margin_head *io = call->io;
    piece_sum sum = {scratch->gradient, call->layout.panels * 16};
    if (sum.at == NULL) {
        sum.stride = io->grad_weights_stride;
        sum.at = io->grad_weights + piece->first * sum.stride;
        return sum;
    }
    if (rows->first == 0) return sum;
    memset(sum.at, 0, piece->count * sum.stride * sizeof(float));
    for (size_t j = 0; j < piece->count; j++) {
        float *to = sum.at + j * sum.stride;
        memcpy(to, io->grad_weights + (piece->first + j) * io->grad_weights_stride,
               io->dim * sizeof *to);
        if (io->grad_bias != NULL) to[io->dim] = io->grad_bias[piece->first + j];
    }
    return sum;
}

/* Writes a class's sum of the row blocks so far to the caller's dW. */
static void keep_class(const margin_head *io, size_t class_index, const float *g)
{
    float *out = io->grad_weights + class_index * io->grad_weights_stride;
    if (out != g) memcpy(out, g, io->dim * sizeof *out);
    if (io->grad_bias != NULL) io->grad_bias[class_index] = g[io->dim];
}

/* Adds to the sums of a piece's classes what label smoothing gives each of them. */
static void add_even(const head_call *call, const head_piece *piece, const piece_sum *sum)
{
    const float *even = call->smoothing.even;
    for (size_t j = 0; even != NULL && j < piece->count; j++)
        call->kernels.pairs->add_combination(even, 1.0, even, 0.0, call->layout.dim,
                                             sum->at + j * sum->stride);
}

/* Finishes a piece's rows of dW, whose sums are there: writes them where they belong, and hands
 * them to the call's consumer. */
static void finish_piece(const head_call *call, const head_rows *rows, const double *norms,
                         const head_targets *targets, const head_piece *piece, const piece_sum *sum,
                         head_scratch *scratch)
{
    const head_finished out = margin_head_destination(call, piece->first, sum->at, sum->stride);
    add_even(call, piece, sum);
    for (size_t j = 0; j < piece->count; j++)
        margin_head_add_targets(call, rows, targets, piece->first + j, sum->at + j * sum->stride,
                                &scratch->lines);
    for (size_t j = 0; j < piece->count; j++) {
        const size_t at = piece->first + j;
        float *g = sum->at + j * sum->stride;
        const size_t done =
            call->geometry->finish_classes(call, at, piece->count - j, norms, g, sum->stride,
                                           out.rows + j * out.stride, out.stride);
        if (done == 0) {
            margin_head_finish_class(call, norms[at], at, g, &scratch->lines, j, &out);
        } else {
            j += done - 1;
        }
    }
    margin_head_hand_over(call, piece->first, piece->count, &out);
}

/* Returns what the piece's end and the next block's start will read. */
static margin_ahead next_reads(const head_call *call, const head_rows *rows,
                               const head_tiles *tiles, const head_piece *piece)
{
    const size_t next = piece->block + 1;
    margin_ahead ahead = {
        .pace = rows->count * call->layout.dim / (rows->capacity + call->layout.dim) + 1};
    if (rows->last) margin_head_fetch_classes(call, piece->first, piece->count, &ahead);
    if (tiles->terms != NULL && next < call->layout.blocks &&
        piece->first + piece->count == head_block_first(&call->layout, next)) {
        ahead.region[1].next = (const char *)head_block_terms(call, rows, tiles, next);
        ahead.region[1].end =
            ahead.region[1].next + call->layout.block * rows->capacity * sizeof(float);
    }
    return ahead;
}

void margin_head_backward(const head_call *call, const head_rows *rows, const head_classes *classes,
                          head_tiles *tiles, const head_result *results, head_targets *targets,
                          const head_piece *piece, head_scratch *scratch)
{
    const piece_sum sum = sum_of(call, rows, piece, scratch);
    float *terms = piece_terms(call, rows, classes, tiles, piece, scratch);
    const float *x = call->layout.scale_tiles ? rows->x_panels : scratch->scaled_x;
    if (call->layout.scale_tiles) {
        scale_tiles(call, rows, results, tiles, piece->count, terms, scratch);
    } else {
        scale_rows(call, rows, results, tiles->peak + piece->block * rows->capacity, scratch);
    }
    put_targets(call, rows, piece, targets, terms, scratch);
    margin_ahead ahead = next_reads(call, rows, tiles, piece);
    call->kernels.products->weight_products(terms, call->layout.block * 16, x, rows->x_stride,
                                            rows->count, piece->count, call->layout.panels,
                                            rows->first > 0, sum.at, sum.stride, &ahead);
    if (rows->last) {
        finish_piece(call, rows, classes->norms, targets, piece, &sum, scratch);
        return;
    }
    for (size_t j = 0; j < piece->count; j++)
        keep_class(call->io, piece->first + j, sum.at + j * sum.stride);
}
