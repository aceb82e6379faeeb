/* pairs.inc.h: the kernels of pairs.h, written once against the double lanes of src/simd. They know
 * no angle and no margin.
 *
 * A multiply-add stands where the product is exact (of two float32, or with alpha_high or sigma)
 * and elsewhere a multiplication, then an addition: rounded as pairs.h says, once for each. */
#ifndef MARGIN_KERNELS_PAIRS_INC_H
#define MARGIN_KERNELS_PAIRS_INC_H

#include <float.h>
#include <string.h>

/* ---- sums: 8 chains, and one for the rest ---- */

static void pair_sums(const float *x, const float *w, size_t n, double *sums)
{
    vd xx8 = vd_set1(0.0), ww8 = xx8, xw8 = xx8;
    double xx = 0.0, ww = 0.0, xw = 0.0;
    for (; n >= 8; n -= 8, x += 8, w += 8) {
        const vd a = vd_widen(x), b = vd_widen(w);
        xx8 = vd_fma(a, a, xx8);
        ww8 = vd_fma(b, b, ww8);
        xw8 = vd_fma(a, b, xw8);
    }
    for (; n > 0; n--, x++, w++) {
        const double a = (double)*x, b = (double)*w;
        xx += a * a;
        ww += b * b;
        xw += a * b;
    }
    sums[0] = vd_sum(xx8) + xx;
    sums[1] = vd_sum(ww8) + ww;
    sums[2] = vd_sum(xw8) + xw;
}

/* A margin_delta with each number in all 8 lanes. */
typedef struct delta_lanes {
    vd alpha_high, alpha_low, minus_sigma;
} delta_lanes;

static inline delta_lanes delta_lanes_of(const margin_delta *d)
{
    const delta_lanes r = {vd_set1(d->alpha_high), vd_set1(d->alpha_low), vd_set1(-d->sigma)};
    return r;
}

/* Returns delta of the 8 elements a of x and b of w: see margin_delta. */
static inline vd delta_8(const delta_lanes *d, vd a, vd b)
{
    return vd_add(vd_fma(b, d->alpha_high, vd_mul(a, d->minus_sigma)), vd_mul(b, d->alpha_low));
}

/* Returns delta of the elements a of x and b of w, rounded as in delta_8. */
static inline double delta_1(const margin_delta *d, double a, double b)
{
    return (b * d->alpha_high - a * d->sigma) + b * d->alpha_low;
}

static void delta_sums(const margin_delta *d, const float *x, const float *w, size_t n,
                       double *sums)
{
    const delta_lanes lanes = delta_lanes_of(d);
    vd dd8 = vd_set1(0.0), dx8 = dd8, dw8 = dd8;
    double dd = 0.0, dx = 0.0, dw = 0.0;
    for (; n >= 8; n -= 8, x += 8, w += 8) {
        const vd a = vd_widen(x), b = vd_widen(w), delta = delta_8(&lanes, a, b);
        dd8 = vd_add(dd8, vd_mul(delta, delta));
        dx8 = vd_add(dx8, vd_mul(delta, a));
        dw8 = vd_add(dw8, vd_mul(delta, b));
    }
    for (; n > 0; n--, x++, w++) {
        const double a = (double)*x, b = (double)*w, delta = delta_1(d, a, b);
        dd += delta * delta;
        dx += delta * a;
        dw += delta * b;
    }
    sums[0] = vd_sum(dd8) + dd;
    sums[1] = vd_sum(dx8) + dx;
    sums[2] = vd_sum(dw8) + dw;
}

/* ---- updates: 16 elements at a time, the last ones in a copy ---- */

/* Writes the n < 16 floats at p, then zeros, to copy[16]. */
static inline void copy_part(const float *p, size_t n, float *copy)
{
    v_store(copy, v_load_part(p, n, 0.0f));
}

/* Rounds to float32, where a sum beyond its range becomes +-FLT_MAX, not an infinity. */
static inline vf narrow_clamped(vd low, vd high)
{
    return v_max(v_min(v_narrow(low, high), v_set1(FLT_MAX)), v_set1(-FLT_MAX));
}

/* What add_tangent multiplies by, in lanes. */
typedef struct tangent {
    delta_lanes delta;
    vd minus_along, factor;
} tangent;

/* Returns out + factor (delta - along base) for the 8 elements there. */
static inline vd tangent_8(const tangent *t, const float *x, const float *w, const float *base,
                           const float *out)
{
    const vd delta = delta_8(&t->delta, vd_widen(x), vd_widen(w));
    const vd across = vd_add(delta, vd_mul(vd_widen(base), t->minus_along));
    return vd_add(vd_widen(out), vd_mul(t->factor, across));
}

/* Returns the same for 16 elements, in float32. */
static inline vf tangent_16(const tangent *t, const float *x, const float *w, const float *base,
                            const float *out)
{
    return narrow_clamped(tangent_8(t, x, w, base, out),
                          tangent_8(t, x + 8, w + 8, base + 8, out + 8));
}

static void add_tangent(const margin_delta *d, const float *x, const float *w, const float *base,
                        double along, double factor, size_t n, float *out)
{
    const tangent t = {delta_lanes_of(d), vd_set1(-along), vd_set1(factor)};
    for (; n >= 16; n -= 16, x += 16, w += 16, base += 16, out += 16)
        v_store(out, tangent_16(&t, x, w, base, out));
    if (n > 0) {
        float part[4][16];
        copy_part(x, n, part[0]);
        copy_part(w, n, part[1]);
        copy_part(base, n, part[2]);
        copy_part(out, n, part[3]);
        v_store_part(out, tangent_16(&t, part[0], part[1], part[2], part[3]), n);
    }
}

/* What add_combination multiplies by, in lanes. */
typedef struct factors {
    vd x, w;
} factors;

/* Returns out + by_x x + by_w w for the 8 elements there. */
static inline vd combination_8(const factors *by, const float *x, const float *w, const float *out)
{
    const vd sum = vd_add(vd_mul(by->x, vd_widen(x)), vd_mul(by->w, vd_widen(w)));
    return vd_add(vd_widen(out), sum);
}

/* Returns the same for 16 elements, in float32. */
static inline vf combination_16(const factors *by, const float *x, const float *w, const float *out)
{
    return narrow_clamped(combination_8(by, x, w, out), combination_8(by, x + 8, w + 8, out + 8));
}

static void add_combination(const float *x, double by_x, const float *w, double by_w, size_t n,
                            float *out)
{
    const factors by = {vd_set1(by_x), vd_set1(by_w)};
    for (; n >= 16; n -= 16, x += 16, w += 16, out += 16)
        v_store(out, combination_16(&by, x, w, out));
    if (n > 0) {
        float part[3][16];
        copy_part(x, n, part[0]);
        copy_part(w, n, part[1]);
        copy_part(out, n, part[2]);
        const vd low = combination_8(&by, part[0], part[1], part[2]);
        const vd high = n > 8 ? combination_8(&by, part[0] + 8, part[1] + 8, part[2] + 8) : low;
        v_store_part(out, narrow_clamped(low, high), n);
    }
}

#endif
