/* head_small.c: the head for embeddings of few dimensions, where the exponentials, not the
 * products, take the time. Lanes are classes and each dimension of the weights is a plane, so
 * nothing is padded to 16 dimensions; the exponentials of 16 rows stay in a cache between dX and
 * dW, and no N x C array exists.
 *
 *   pack      weights into planes
 *   rows      16 rows, an item for one thread: of each the cosines, running peak, exponentials with
 *             their sum and dX, and the loss; then what the 16 add to dW, one chain
 *   block     one block of classes: the sum of those chains in the rows' order; in the end the
 *             gradient of the normalisation
 */
#include "head_state.h"

#include <float.h>
#include <math.h>
#include <string.h>

/* Kernels take whole pairs of vectors; a plane has room for them. */
static size_t padded_classes(size_t count)
{
    return (count + 31) / 32 * 32;
}

/* ---- pack ---- */

void margin_small_pack(head_state *s, size_t block, head_scratch *scratch)
{
    const margin_head *call = s->call;
    const size_t first = head_block_first(&s->plan, block), stride = s->plan.stride;
    const size_t end = first + head_block_count(&s->plan, block, call->classes);
    for (size_t j = first; j < end; j++) {
        const float *w = call->weights + j * call->weights_stride;
        double sum = 0.0; /* no square of a float32 leaves double's range */
        for (size_t d = 0; d < call->dim; d++)
            sum += (double)w[d] * (double)w[d];
        if (!(sum < 1e300) && j < scratch->bad_class) scratch->bad_class = j;
        const double norm = sqrt(sum), unit = norm > 0.0 ? 1.0 / norm : 0.0;
        const double factor = s->raw ? 1.0 / s->weight_unpack : unit;
        s->norms[j] = norm;
        for (size_t d = 0; d < call->dim; d++)
            s->planes[d * stride + j] = (float)((double)w[d] * factor);
        if (call->bias != NULL) {
            s->planes[call->dim * stride + j] = (float)((double)call->bias[j] * factor);
        }
    }
    for (size_t d = 0; end == call->classes && d < s->plan.dim; d++)
        memset(s->planes + d * stride + end, 0, (stride - end) * sizeof(float));
}

/* ---- row ---- */

/* The others' sums so far, under `peak`. */
typedef struct others {
    double sum, inner[MARGIN_SMALL_DIM];
    float peak, most;
} others;

/* Raises the peak where a block's maximum asks for it, with all that was summed. */
static void raise_peak(others *o, float max, float scale, float *tile, size_t before,
                       const margin_kernels *k)
{
    const float keep = margin_raise_peak(max, scale, &o->peak);
    if (max > o->most) o->most = max;
    if (keep == 1.0f) return;
    o->sum *= (double)keep;
    for (size_t d = 0; d < MARGIN_SMALL_DIM; d++)
        o->inner[d] *= (double)keep;
    margin_pending scaled = {{{tile, tile, before}}, keep, 1.0f, 0};
    k->terms->row_store(&scaled);
}

static void take_block(head_state *s, size_t i, size_t block, float *cosine, float *tile, others *o)
{
    const head_plan *p = &s->plan;
    const margin_kernels *k = s->kernels;
    const size_t first = head_block_first(p, block), within = (size_t)s->row[i].label - first;
    const size_t count = head_block_count(p, block, s->call->classes);
    const size_t padded = padded_classes(count);
    const float *planes = s->planes + first;
    float inner[MARGIN_SMALL_DIM];
    float max =
        k->planes->plane_products(planes, p->stride, p->dim, s->columns + i * 16, padded, cosine);
    const float target = within < count ? cosine[within] : -INFINITY;
    if (within < count) {
        s->target_dot[i] = target;
        cosine[within] = -INFINITY;
    }
    for (size_t j = count; j < padded; j++)
        cosine[j] = -INFINITY;
    /* Was it the target's, or perhaps the padding's, which is 0? */
    if (max == target || (max <= 0.0f && padded > count)) {
        max = -FLT_MAX;
        k->terms->row_max(cosine, count, &max);
    }
    raise_peak(o, max, s->scale[i], tile, first, k);
    o->sum += (double)k->planes->plane_exp(cosine, padded, &(margin_term_row){s->scale[i], o->peak},
                                           planes, p->stride, p->dim, tile + first, inner);
    for (size_t d = 0; d < p->dim; d++)
        o->inner[d] += (double)inner[d];
}

/* X times its factor in dW; the target into the row's exponentials. */
static void scale_row(head_state *s, size_t i, float *tile)
{
    const head_row *row = &s->row[i];
    const int counts = row->label >= 0 && row->miss != 0.0;
    const float factor = counts ? (float)(row->share / row->sum) : 0.0f;
    for (size_t d = 0; d < MARGIN_LANES; d++)
        s->scaled[i * 16 + d] = factor * s->columns[i * 16 + d];
    if (counts) tile[row->label] = margin_head_target_entry(s, i, factor);
}

/* A row's exponentials and their sums. */
static void take_row(head_state *s, size_t i, float *tile, head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    others o = {.peak = MARGIN_NO_PEAK, .most = -INFINITY};
    if (s->row[i].label < 0) {
        memset(tile, 0, p->stride * sizeof *tile);
    } else {
        for (size_t block = 0; block < p->blocks; block++)
            take_block(s, i, block, scratch->factors, tile, &o);
    }
    s->shard_sum[i] = o.sum;
    s->shard_peak[i] = o.peak;
    s->shard_max[i] = o.most;
    for (size_t d = 0; p->want_x && d < p->dim; d++)
        s->shard_x[i * 16 + d] = (float)o.inner[d];
}

void margin_small_rows(head_state *s, size_t panel, head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    const size_t first = panel * 16, left = s->rows - first, rows = left < 16 ? left : 16;
    margin_head_prepare_rows(s, first, rows);
    for (size_t i = 0; i < rows; i++)
        take_row(s, first + i, scratch->tiles + i * p->stride, scratch);
    margin_head_finish_rows(s, first, rows, scratch);
    if (!p->want_w) return;
    for (size_t i = 0; i < rows; i++) {
        s->pairs[s->first_row + first + i] = s->row[first + i].pair;
        scale_row(s, first + i, scratch->tiles + i * p->stride);
    }
    s->kernels->planes->plane_weights(scratch->tiles, p->stride, rows, s->scaled + first * 16,
                                      p->dim, padded_classes(s->call->classes),
                                      s->parts + panel * p->dim * p->stride, p->stride);
}

/* ---- block ---- */

/* The factors of a block's classes; 0 is returned if one of them is not an ordinary float32. */
static int class_factors(const head_state *s, size_t first, size_t count, float *factor)
{
    int ordinary = 1;
    for (size_t j = 0; j < count; j++) {
        const double norm = s->norms[first + j];
        const double f = s->raw ? s->gradient_unit : norm > 0.0 ? s->gradient_unit / norm : 0.0;
        ordinary &= f == 0.0 || (f > 0x1p-100 && f < 0x1p+100);
        factor[j] = (float)f;
    }
    return ordinary;
}

static void take_class(const head_state *s, const float *sums, size_t j, float *line)
{
    for (size_t d = 0; d < s->plan.dim; d++)
        line[d] = sums[d * s->plan.stride + j];
}

static void put_class(const head_state *s, float *sums, size_t j, const float *line)
{
    for (size_t d = 0; d < s->plan.dim; d++)
        sums[d * s->plan.stride + j] = line[d];
}

/* The finished planes into the caller's array. */
static void store_planes(const head_state *s, size_t first, size_t count, const float *sums)
{
    const margin_head *call = s->call;
    for (size_t j = first; j < first + count; j++) {
        float *out = call->grad_weights + j * call->grad_weights_stride;
        for (size_t d = 0; d < call->dim; d++)
            out[d] = sums[d * s->plan.stride + j];
        if (call->grad_bias != NULL) call->grad_bias[j] = sums[call->dim * s->plan.stride + j];
    }
}

static void finish_block(head_state *s, size_t first, size_t count, float *sums,
                         head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    float *factor = scratch->factors;
    const int ordinary = class_factors(s, first, count, factor);
    for (size_t j = first; j < first + count; j++) {
        if (ordinary && s->first_of[j] == SIZE_MAX) continue;
        take_class(s, sums, j, scratch->line);
        margin_head_add_targets(s, j, scratch->line);
        put_class(s, sums, j, scratch->line);
        if (!ordinary) margin_head_store_class(s, j, scratch->line);
    }
    if (!ordinary) return;
    s->kernels->planes->plane_finish(sums + first, s->raw ? NULL : s->planes + first, p->stride,
                                     p->dim, padded_classes(count), factor);
    store_planes(s, first, count, sums);
}

void margin_small_block(head_state *s, size_t block, head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    const size_t first = head_block_first(p, block);
    const size_t count = head_block_count(p, block, s->call->classes);
    for (size_t d = 0; d < p->dim; d++) {
        const size_t at = d * p->stride + first;
        s->kernels->planes->plane_total(s->parts + at, p->dim * p->stride, (s->rows + 15) / 16,
                                        padded_classes(count), s->first_row > 0, s->sums + at);
    }
    if (s->last_block) finish_block(s, first, count, s->sums, scratch);
}
