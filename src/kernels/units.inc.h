/* units.inc.h: the kernels of packing.h that treat row after row while rows are ordinary, built
 * from sum_squares, pack_row and finish_row, after which packing.inc.h and packing_scalar.c include
 * it. It knows neither vector nor lane. */
#ifndef MARGIN_KERNELS_UNITS_INC_H
#define MARGIN_KERNELS_UNITS_INC_H

static size_t pack_units(const float *w, size_t w_stride, size_t n, size_t count, double *norm,
                         float *panels, size_t stride)
{
    size_t j = 0;
    for (; j < count; j++, w += w_stride, panels += 16) {
        const double length = sqrt((double)sum_squares(w, n, 1.0f));
        if (!margin_is_ordinary(length)) break;
        norm[j] = length;
        const margin_unit unit = margin_unit_at(w, norm[j], 1.0f);
        pack_row(w, n, 1.0f, unit.high, unit.low, panels, stride);
    }
    return j;
}

static size_t finish_units(const float *g, size_t g_stride, const float *w, size_t w_stride,
                           const double *norm, double numerator, size_t n, size_t count, float *out,
                           size_t out_stride)
{
    size_t j = 0;
    for (; j < count; j++, g += g_stride, w += w_stride, out += out_stride) {
        if (!margin_is_ordinary(norm[j])) break;
        const double factor = numerator / norm[j];
        if (!(factor >= 0x1p-100 && factor <= 0x1p+100)) break;
        const margin_unit unit = margin_unit_at(w, norm[j], 1.0f);
        finish_row(g, &unit, n, (float)factor, 1.0f, out);
    }
    return j;
}

#endif
