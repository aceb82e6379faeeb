/* units.inc.h: the kernels of packing.h that know a vector's length, built from sum_squares,
 * pack_row, inner and less_multiple, after which packing.inc.h and packing_scalar.c include it. It
 * knows neither vector nor lane. */
#ifndef MARGIN_KERNELS_UNITS_INC_H
#define MARGIN_KERNELS_UNITS_INC_H

/* Rows that are taken step by step: a sum across lanes, a root and a division wait for each other,
 * and those of the next rows fill the time. */
enum { ROWS_AT_ONCE = 8 };

static inline size_t rows_at_once(size_t left)
{
    return left < ROWS_AT_ONCE ? left : ROWS_AT_ONCE;
}

/* ---- rows to length 1 ---- */

/* Sets the norms of rows of w, and high and low of their units, up to the first row that is not
 * ordinary. Returns how many are set. */
static inline size_t measure_units(const float *w, size_t w_stride, size_t n, size_t count,
                                   double *norm, float *high, float *low)
{
    for (size_t j = 0; j < count; j++, w += w_stride) {
        const double length = sqrt((double)sum_squares(w, n, 1.0f));
        if (!margin_is_ordinary(length)) return j;
        const margin_unit unit = margin_unit_at(w, length, 1.0f);
        norm[j] = length;
        high[j] = unit.high;
        low[j] = unit.low;
    }
    return count;
}

static size_t pack_units(const float *w, size_t w_stride, size_t n, size_t count, double *norm,
                         float *panels, size_t stride)
{
    size_t done = 0, some = 1;
    for (; done < count && some > 0; done += some) {
        float high[ROWS_AT_ONCE], low[ROWS_AT_ONCE];
        some = measure_units(w, w_stride, n, rows_at_once(count - done), norm + done, high, low);
        for (size_t j = 0; j < some; j++, w += w_stride, panels += 16)
            pack_row(w, n, 1.0f, high[j], low[j], panels, stride);
    }
    return done;
}

/* ---- gradients through that ---- */

/* Returns what a vector's part along `unit` is times unit->vector unit->power. */
static inline float part_along(const float *g, const margin_unit *unit, size_t n, float power)
{
    return inner(g, unit->vector, n, power) * unit->high * unit->high;
}

static void finish_row(const float *g, const margin_unit *unit, size_t n, float first, float second,
                       float *out)
{
    if (unit == NULL) {
        less_multiple(g, g, n, 1.0f, 0.0f, first, second, out);
    } else if (unit->power == 1.0f && second == 1.0f) { /* the same, without multiplying by 1 */
        less_multiple(g, unit->vector, n, 1.0f, part_along(g, unit, n, 1.0f), first, 1.0f, out);
    } else {
        less_multiple(g, unit->vector, n, unit->power, part_along(g, unit, n, unit->power), first,
                      second, out);
    }
}

/* Sets the factor and the part along w of rows of g, up to the first that is not ordinary. Returns
 * how many are set. */
static inline size_t measure_gradients(const float *g, size_t g_stride, const float *w,
                                       size_t w_stride, const double *norm, double numerator,
                                       size_t n, size_t count, float *factor, float *along)
{
    for (size_t j = 0; j < count; j++, g += g_stride, w += w_stride) {
        if (!margin_is_ordinary(norm[j])) return j;
        const double exact = numerator / norm[j];
        if (!(exact >= 0x1p-100 && exact <= 0x1p+100)) return j;
        const margin_unit unit = margin_unit_at(w, norm[j], 1.0f);
        factor[j] = (float)exact;
        along[j] = part_along(g, &unit, n, 1.0f);
    }
    return count;
}

static size_t finish_units(const float *g, size_t g_stride, const float *w, size_t w_stride,
                           const double *norm, double numerator, size_t n, size_t count, float *out,
                           size_t out_stride)
{
    size_t done = 0, some = 1;
    for (; done < count && some > 0; done += some) {
        float factor[ROWS_AT_ONCE], along[ROWS_AT_ONCE];
        some = measure_gradients(g, g_stride, w, w_stride, norm + done, numerator, n,
                                 rows_at_once(count - done), factor, along);
        for (size_t j = 0; j < some; j++, g += g_stride, w += w_stride, out += out_stride)
            less_multiple(g, w, n, 1.0f, along[j], factor[j], 1.0f, out);
    }
    return done;
}

#endif
