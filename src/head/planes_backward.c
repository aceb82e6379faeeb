/* planes_backward.c: dW for embeddings of few dimensions. Each strip of 16 rows writes a part, one
 * chain, while its terms are in a cache; block by block of classes the parts are added in the rows'
 * order, and in the end the gradient of the normalisation is taken. */
#include <stdint.h>

#include "head/finish.h"
#include "head/geometry.h"
#include "head/planes_path.h"

/* ---- a strip ---- */

/* Multiplies row i's packed embedding by the factor of its terms, and puts its target among them.
 */
static void scale_row(const head_call *call, const head_rows *rows, const head_result *results,
                      head_targets *targets, size_t i, float *scaled_x, float *terms)
{
    const head_result *r = &results[i];
    const int64_t place = rows->place[i];
    const int counts = place >= 0 && r->miss != 0.0;
    const float factor = counts ? (float)(r->share / r->sum) : 0.0f;
    for (size_t d = 0; d < MARGIN_LANES; d++)
        scaled_x[i * 16 + d] = factor * rows->x_panels[i * 16 + d];
    if (counts) terms[place] = margin_head_target_entry(call, rows, i, factor, targets);
}

void margin_head_planes_part(const head_call *call, const head_rows *rows,
                             const head_result *results, head_targets *targets, size_t first,
                             size_t count, head_plane_sums *sums, head_scratch *scratch)
{
    const size_t stride = call->layout.plane_stride;
    for (size_t i = first; i < first + count; i++) {
        targets->pair[rows->first + i] = rows->row[i].pair;
        scale_row(call, rows, results, targets, i, sums->scaled_x,
                  scratch->terms + (i - first) * stride);
    }
    call->kernels.planes->plane_weights(scratch->terms, stride, count, sums->scaled_x + first * 16,
                                        call->layout.dim, head_padded_classes(call->layout.classes),
                                        sums->parts + first / 16 * call->layout.dim * stride,
                                        stride);
}

/* ---- a block of classes ---- */

/* Writes the factors of `count` classes; returns 0 if one of them is not an ordinary float32. */
static int class_factors(const head_call *call, const double *norms, size_t count, float *factor)
{
    int ordinary = 1;
    for (size_t j = 0; j < count; j++) {
        const double f = call->geometry->finish_factor(call, norms[j]);
        ordinary &= f == 0.0 || (f > 0x1p-100 && f < 0x1p+100);
        factor[j] = (float)f;
    }
    return ordinary;
}

/* Adds to class j's sum, which is spread over the planes, what its rows' targets give. Unless `out`
 * is NULL, its dW is written to row `at` of that. */
static void finish_class(const head_call *call, const head_rows *rows, const head_classes *classes,
                         const head_targets *targets, size_t j, size_t at, const head_finished *out,
                         float *planes, head_scratch *scratch)
{
    float *line = scratch->row_line;
    for (size_t d = 0; d < call->layout.dim; d++)
        line[d] = planes[d * call->layout.plane_stride + j];
    margin_head_add_targets(call, rows, targets, j, line, &scratch->lines);
    for (size_t d = 0; d < call->layout.dim; d++)
        planes[d * call->layout.plane_stride + j] = line[d];
    if (out != NULL)
        margin_head_finish_class(call, classes->norms[j], j, line, &scratch->lines, at, out);
}

/* Writes the finished planes of `count` classes to rows. */
static void store_planes(const head_call *call, size_t count, const float *planes,
                         const head_finished *out)
{
    const size_t dim = call->io->dim, stride = call->layout.plane_stride;
    for (size_t j = 0; j < count; j++) {
        for (size_t d = 0; d < dim; d++)
            out->rows[j * out->stride + d] = planes[d * stride + j];
        if (out->bias != NULL) out->bias[j] = margin_to_float((double)planes[dim * stride + j]);
    }
}

/* Adds to the sums of `count` classes what label smoothing gives each of them. */
static void add_even(const head_call *call, size_t first, size_t count, float *planes)
{
    const float *even = call->smoothing.even;
    for (size_t d = 0; even != NULL && d < call->layout.dim; d++) {
        for (size_t j = first; j < first + count; j++)
            planes[d * call->layout.plane_stride + j] += even[d];
    }
}

/* Finishes `count` classes from `first` on, whose sums are in the planes: writes their rows where
 * they belong, and hands them to the call's consumer. */
static void finish_block(const head_call *call, const head_rows *rows, const head_classes *classes,
                         const head_targets *targets, size_t first, size_t count, float *planes,
                         head_scratch *scratch)
{
    const head_finished out =
        margin_head_destination(call, first, scratch->gradient, call->io->dim);
    add_even(call, first, count, planes);
    const int ordinary = class_factors(call, classes->norms + first, count, scratch->finish_factor);
    for (size_t j = 0; j < count; j++) {
        if (ordinary && targets->first_of[first + j] == SIZE_MAX) continue;
        finish_class(call, rows, classes, targets, first + j, j, ordinary ? NULL : &out, planes,
                     scratch);
    }
    if (ordinary) {
        const float *across = call->geometry->projects ? classes->planes + first : NULL;
        call->kernels.planes->plane_finish(planes + first, across, call->layout.plane_stride,
                                           call->layout.dim, head_padded_classes(count),
                                           scratch->finish_factor);
        store_planes(call, count, planes + first, &out);
    }
    margin_head_hand_over(call, first, count, &out);
}

void margin_head_planes_backward(const head_call *call, const head_rows *rows,
                                 const head_classes *classes, const head_targets *targets,
                                 size_t block, head_plane_sums *sums, head_scratch *scratch)
{
    const size_t first = head_block_first(&call->layout, block),
                 count = head_block_count(&call->layout, block);
    const size_t stride = call->layout.plane_stride, strips = margin_divide_up(rows->count, 16);
    for (size_t d = 0; d < call->layout.dim; d++) {
        const size_t at = d * stride + first;
        call->kernels.planes->plane_total(sums->parts + at, call->layout.dim * stride, strips,
                                          head_padded_classes(count), rows->first > 0,
                                          sums->sums + at);
    }
    if (rows->last) finish_block(call, rows, classes, targets, first, count, sums->sums, scratch);
}
