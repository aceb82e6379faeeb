/* planes_forward.c: forward for embeddings of few dimensions, where the terms, not the products,
 * take the time. Lanes are classes and each dimension of the class weights is a plane, so nothing
 * is padded to 16 dimensions. One row has one shard; its terms stay in a cache until dW has taken
 * them, and no N x C array exists. */
#include <float.h>
#include <math.h>
#include <string.h>

#include "head/geometry.h"
#include "head/planes_path.h"

void margin_head_planes_pack(const head_call *call, size_t block, head_classes *classes,
                             head_scratch *scratch)
{
    const margin_head *io = call->io;
    const size_t first = head_block_first(&call->layout, block), stride = call->layout.plane_stride;
    const size_t end = first + head_block_count(&call->layout, block);
    float *planes = classes->planes;
    for (size_t j = first; j < end; j++) {
        const float *w = margin_head_class(call, j, &scratch->lines);
        double sum = 0.0; /* no square of a float32 leaves double's range */
        for (size_t d = 0; d < io->dim; d++)
            sum += (double)w[d] * (double)w[d];
        if (!(sum < 1e300) && j < scratch->bad_class) scratch->bad_class = j;
        classes->norms[j] = sqrt(sum);
        const double factor = call->geometry->class_factor(call, classes->norms[j]);
        for (size_t d = 0; d < io->dim; d++)
            planes[d * stride + j] = (float)((double)w[d] * factor);
        if (io->bias != NULL)
            planes[io->dim * stride + j] = (float)(margin_head_bias(call, j) * factor);
    }
    for (size_t d = 0; end == io->classes && d < call->layout.dim; d++)
        memset(planes + d * stride + end, 0, (stride - end) * sizeof(float));
}

/* A row's sums so far, under `peak`. */
typedef struct row_sums {
    double sum, x_part[MARGIN_PLANES_DIM];
    float peak, most;
} row_sums;

/* Raises the peak where a block's maximum asks for it, and brings what was summed, and the `before`
 * terms that were written, under it. */
static void raise_peak(row_sums *s, float max, margin_term_row row, float *terms, size_t before,
                       const margin_terms *kernels)
{
    const float keep = margin_raise_peak(row, max, &s->peak);
    if (max > s->most) s->most = max;
    if (keep == 1.0f) return;
    s->sum *= (double)keep;
    for (size_t d = 0; d < MARGIN_PLANES_DIM; d++)
        s->x_part[d] *= (double)keep;
    margin_pending scaled = {{{terms, terms, before}}, keep, 1.0f, 0};
    kernels->row_store(&scaled);
}

/* Computes a block's inner products with row i into `inner`, takes the target out of them, and
 * returns the largest that is left. */
static float block_products(const head_call *call, const head_rows *rows,
                            const head_classes *classes, size_t i, size_t block, float *target_dot,
                            float *inner)
{
    const size_t first = head_block_first(&call->layout, block),
                 count = head_block_count(&call->layout, block);
    const size_t padded = head_padded_classes(count), within = (size_t)rows->place[i] - first;
    float max = call->kernels.planes->plane_products(classes->planes + first,
                                                     call->layout.plane_stride, call->layout.dim,
                                                     rows->x_panels + i * 16, padded, inner);
    const float target = within < count ? inner[within] : -INFINITY;
    if (within < count) {
        *target_dot = target;
        inner[within] = -INFINITY;
    }
    for (size_t j = count; j < padded; j++)
        inner[j] = -INFINITY;
    /* Was it the target's, or perhaps the padding's, which is 0? */
    if (max == target || (max <= 0.0f && padded > count)) {
        max = -FLT_MAX;
        call->kernels.terms->row_max(inner, count, &max);
    }
    return max;
}

static void take_block(const head_call *call, const head_rows *rows, const head_classes *classes,
                       size_t i, size_t block, float *target_dot, float *terms, float *inner,
                       row_sums *s)
{
    const size_t first = head_block_first(&call->layout, block);
    const size_t padded = head_padded_classes(head_block_count(&call->layout, block));
    const float max = block_products(call, rows, classes, i, block, target_dot, inner);
    float x_part[MARGIN_PLANES_DIM];
    const margin_term_row row = head_term_row(rows, i);
    raise_peak(s, max, row, terms, first, call->kernels.terms);
    s->sum += (double)call->kernels.planes->plane_exp(
        inner, padded, row, s->peak, classes->planes + first, call->layout.plane_stride,
        call->layout.dim, terms + first, x_part);
    for (size_t d = 0; d < call->layout.dim; d++)
        s->x_part[d] += (double)x_part[d];
}

void margin_head_planes_forward(const head_call *call, const head_rows *rows,
                                const head_classes *classes, size_t i, head_stats *stats,
                                float *terms, head_scratch *scratch)
{
    row_sums s = {.peak = MARGIN_NO_PEAK, .most = -INFINITY};
    if (rows->place[i] < 0) {
        memset(terms, 0, call->layout.plane_stride * sizeof *terms);
    } else {
        for (size_t block = 0; block < call->layout.blocks; block++)
            take_block(call, rows, classes, i, block, &stats->target_dot[i], terms, scratch->inner,
                       &s);
    }
    stats->sum[i] = s.sum;
    stats->peak[i] = s.peak;
    stats->most[i] = s.most;
    for (size_t d = 0; stats->x_part != NULL && d < call->layout.dim; d++)
        stats->x_part[i * 16 + d] = (float)s.x_part[d];
}
