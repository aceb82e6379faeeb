/* pairs.inc.h: sums and updates in double over the elements of a target pair, for target.c.
 * Included by kernels.inc.h; contracts are in kernels.h.
 *
 * On the compilers' own vectors of 4 double: +, - and * of each element are IEEE 754's, so every
 * instruction set gives the same bits. No such vector is an argument or a result, since how one is
 * passed depends on the compiler's flags. */
#ifndef MARGIN_PAIRS_INC_H
#define MARGIN_PAIRS_INC_H

#include <float.h>
#include <string.h>

typedef double d4 __attribute__((vector_size(32)));
typedef float f4 __attribute__((vector_size(16)));

static inline f4 f4_load(const float *p)
{
    f4 r;
    memcpy(&r, p, sizeof r);
    return r;
}

#define WIDE(p)        __builtin_convertvector(f4_load(p), d4)
#define DELTA(d, a, b) (((b) * (d)->alpha_high - (a) * (d)->sigma) + (b) * (d)->alpha_low)

static inline double d4_total(const d4 *even, const d4 *odd)
{
    const d4 s = *even + *odd;
    return (s[0] + s[2]) + (s[1] + s[3]);
}

static void pair_sums(const float *x, const float *w, size_t n, double *sums)
{
    d4 xx0 = {0}, xx1 = {0}, ww0 = {0}, ww1 = {0}, xw0 = {0}, xw1 = {0};
    double xx = 0.0, ww = 0.0, xw = 0.0;
    for (; n >= 8; n -= 8, x += 8, w += 8) {
        const d4 a0 = WIDE(x), a1 = WIDE(x + 4), b0 = WIDE(w), b1 = WIDE(w + 4);
        xx0 += a0 * a0;
        xx1 += a1 * a1;
        ww0 += b0 * b0;
        ww1 += b1 * b1;
        xw0 += a0 * b0;
        xw1 += a1 * b1;
    }
    for (; n > 0; n--, x++, w++) {
        const double a = (double)*x, b = (double)*w;
        xx += a * a;
        ww += b * b;
        xw += a * b;
    }
    sums[0] = d4_total(&xx0, &xx1) + xx;
    sums[1] = d4_total(&ww0, &ww1) + ww;
    sums[2] = d4_total(&xw0, &xw1) + xw;
}

static void delta_sums(const margin_delta *d, const float *x, const float *w, size_t n,
                       double *sums)
{
    d4 dd0 = {0}, dd1 = {0}, dx0 = {0}, dx1 = {0}, dw0 = {0}, dw1 = {0};
    double dd = 0.0, dx = 0.0, dw = 0.0;
    for (; n >= 8; n -= 8, x += 8, w += 8) {
        const d4 a0 = WIDE(x), a1 = WIDE(x + 4), b0 = WIDE(w), b1 = WIDE(w + 4);
        const d4 d0 = DELTA(d, a0, b0), d1 = DELTA(d, a1, b1);
        dd0 += d0 * d0;
        dd1 += d1 * d1;
        dx0 += d0 * a0;
        dx1 += d1 * a1;
        dw0 += d0 * b0;
        dw1 += d1 * b1;
    }
    for (; n > 0; n--, x++, w++) {
        const double a = (double)*x, b = (double)*w, delta = DELTA(d, a, b);
        dd += delta * delta;
        dx += delta * a;
        dw += delta * b;
    }
    sums[0] = d4_total(&dd0, &dd1) + dd;
    sums[1] = d4_total(&dx0, &dx1) + dx;
    sums[2] = d4_total(&dw0, &dw1) + dw;
}

static inline void d4_store(float *out, const d4 *a)
{
    const f4 r = __builtin_convertvector(*a, f4);
    memcpy(out, &r, sizeof r);
}

/* An infinity, from a sum beyond float32, becomes FLT_MAX. */
static inline void clamp(float *x, size_t n)
{
    const vf most = v_set1(FLT_MAX), least = v_set1(-FLT_MAX);
    for (size_t i = 0; i < n; i += 16)
        store_up_to(x + i, v_max(v_min(load_up_to(x + i, n - i), most), least), n - i);
}

static void add_tangent(const margin_delta *d, const float *x, const float *w, const float *base,
                        double along, double factor, size_t n, float *out)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const d4 across = DELTA(d, WIDE(x + i), WIDE(w + i)) - along * WIDE(base + i);
        const d4 sum = WIDE(out + i) + factor * across;
        d4_store(out + i, &sum);
    }
    for (; i < n; i++) {
        const double across = DELTA(d, (double)x[i], (double)w[i]) - along * (double)base[i];
        out[i] = (float)((double)out[i] + factor * across);
    }
    clamp(out, n);
}

static void add_combination(const float *x, double by_x, const float *w, double by_w, size_t n,
                            float *out)
{
    size_t i = 0;
    for (; i + 4 <= n; i += 4) {
        const d4 sum = WIDE(out + i) + (by_x * WIDE(x + i) + by_w * WIDE(w + i));
        d4_store(out + i, &sum);
    }
    for (; i < n; i++)
        out[i] = (float)((double)out[i] + (by_x * (double)x[i] + by_w * (double)w[i]));
    clamp(out, n);
}

#endif
