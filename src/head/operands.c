/* operands.c: raw rows of X and W into panels: what every geometry does to pack. */
#include <math.h>
#include <string.h>

#include "head/geometry.h"

double margin_norm(const margin_packing *packing, const float *x, size_t n)
{
    const double fast = sqrt((double)packing->sum_squares(x, n, 1.0f));
    if (margin_is_ordinary(fast)) return fast;
    double sum = 0.0; /* no square of a float32 leaves double's range */
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    if (!(sum < 1e300)) return NAN;
    if (sum == 0.0) return 0.0;
    /* Again at a safe size: a vector and its multiple by a power of two agree to the bit. */
    const double power = margin_power_for(sqrt(sum));
    return sqrt((double)packing->sum_squares(x, n, (float)power)) / power;
}

double margin_power_for(double norm)
{
    if (!(norm > 0.0) || margin_is_ordinary(norm)) return 1.0;
    int exponent;
    frexp(norm, &exponent);
    return ldexp(1.0, exponent > 126 ? -126 : exponent < -127 ? 127 : -exponent);
}

margin_unit margin_unit_of(const float *x, double norm)
{
    const double power = margin_power_for(norm);
    return margin_unit_at(x, norm * power, (float)power);
}

size_t margin_head_side_by_side(const head_call *call, size_t first, size_t count)
{
    const int64_t *index = call->io->class_index;
    if (call->storage->widen != NULL) return 1;
    size_t n = index == NULL ? count : 1;
    while (n < count && index[first + n] == index[first + n - 1] + 1)
        n++;
    return n;
}

int64_t margin_head_find(const int64_t *class_index, size_t classes, int64_t label)
{
    size_t first = 0;
    if (class_index == NULL) return label;
    for (size_t count = classes; count > 1;) {
        const size_t half = count / 2;
        if (class_index[first + half] <= label) first += half;
        count -= half;
    }
    return class_index[first] == label ? (int64_t)first : -1;
}

void margin_head_pack_embedding(const head_call *call, head_rows *rows, size_t i,
                                const head_lines *lines)
{
    float *panels = rows->x_panels + i * 16;
    const head_row *row = &rows->row[i];
    if (row->label >= 0) {
        const float *x = margin_head_embedding(call, rows->first + i, lines);
        call->geometry->pack_embedding(call, row, x, panels, rows->x_stride);
        return;
    }
    for (size_t p = 0; p < call->layout.panels; p++)
        memset(panels + p * rows->x_stride, 0, 16 * sizeof(float));
}

void margin_head_pack_block(const head_call *call, size_t block, double *norms, float *panels,
                            head_scratch *scratch)
{
    const size_t first = head_block_first(&call->layout, block);
    call->geometry->pack_classes(call, first, head_block_count(&call->layout, block), norms, panels,
                                 call->layout.block * 16, scratch);
}

const float *margin_head_block(const head_call *call, const head_classes *classes, size_t block,
                               double *norms, head_scratch *scratch)
{
    if (classes->panels != NULL)
        return classes->panels + block * call->layout.block * call->layout.panels * 16;
    margin_head_pack_block(call, block, norms != NULL ? norms : scratch->norms, scratch->panels,
                           scratch);
    return scratch->panels;
}

void margin_head_fetch_classes(const head_call *call, size_t first, size_t count,
                               margin_ahead *ahead)
{
    const margin_head *io = call->io;
    if (first >= io->classes) return;
    const size_t there = margin_least(io->classes - first, count), bytes = call->storage->bytes;
    const size_t stride = io->weights_stride * bytes;
    const char *from = (const char *)(const void *)io->weights;
    if (io->class_index != NULL) {
        ahead->row = io->class_index + first;
        ahead->end_row = ahead->row + there;
        ahead->rows = from;
        ahead->stride = stride;
        ahead->bytes = io->dim * bytes;
        return;
    }
    ahead->region[0].next = from + first * stride;
    ahead->region[0].end = from + (first + there - 1) * stride + io->dim * bytes;
}
