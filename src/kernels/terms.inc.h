/* terms.inc.h: the kernels of terms.h, written once against the vocabulary of src/simd. They know
 * no loss, no label and no matrix product. */
#ifndef MARGIN_KERNELS_TERMS_INC_H
#define MARGIN_KERNELS_TERMS_INC_H

#include <float.h>
#include <math.h>
#include <stdint.h>

#include "kernels/exp.inc.h"
#include "kernels/part.inc.h"

/* ---- an inner product becomes a term ---- */

/* The parameters of 16 lanes: of one row each, or all of the same row. */
typedef struct term_lanes {
    exp_scale scale;
    vf peak;
} term_lanes;

/* Sums in two vectors, so that an addition need not wait for the one before. */
typedef struct term_sums {
    vf even, odd;
} term_sums;

/* Two vectors of terms. */
typedef struct term_pair {
    vf a, b;
} term_pair;

/* Returns the parameters of 16 rows and their peaks, a lane each. */
static inline term_lanes term_lanes_of_rows(const margin_term_rows *rows, const float *peak)
{
    const term_lanes t = {exp_scale_of(v_load(rows->scale)), v_load(peak)};
    return t;
}

/* Returns the parameters of one row and its peak, in all lanes. */
static inline term_lanes term_lanes_of_row(margin_term_row row, float peak)
{
    const term_lanes t = {exp_scale_of(v_set1(row.scale)), v_set1(peak)};
    return t;
}

/* Returns the sums of no term: zeros. */
static inline term_sums no_terms(void)
{
    const term_sums none = {v_set1(0.0f), v_set1(0.0f)};
    return none;
}

/* Returns the terms of the inner products x, and adds to *sum what the rows' sums take of them:
 * both are the same without a rule (terms.h). */
static inline vf one_term(vf x, const term_lanes *t, vf *sum)
{
    const vf e = v_exp(v_sub(x, t->peak), &t->scale);
    *sum = v_add(*sum, e);
    return e;
}

/* Writes the terms of 32 inner products at x to `out`, returns them and adds them to the sums. */
static inline term_pair two_terms(const float *x, const term_lanes *t, term_sums *sums, float *out)
{
    const term_pair p = {one_term(v_load(x), t, &sums->even),
                         one_term(v_load(x + 16), t, &sums->odd)};
    v_store(out, p.a);
    v_store(out + 16, p.b);
    return p;
}

/* ---- tiles ---- */

/* Four maxima side by side: one alone would wait for itself at every class. */
static void tile_max(const float *tile, size_t classes, float *max)
{
    vf max0 = v_load(tile), max1 = max0, max2 = max0, max3 = max0;
    for (; classes >= 4; classes -= 4, tile += 64) {
        max0 = v_max(v_load(tile), max0);
        max1 = v_max(v_load(tile + 16), max1);
        max2 = v_max(v_load(tile + 32), max2);
        max3 = v_max(v_load(tile + 48), max3);
    }
    for (; classes > 0; classes--, tile += 16)
        max0 = v_max(v_load(tile), max0);
    v_store(max, v_max(v_max(max0, max1), v_max(max2, max3)));
}

static void tile_exp(float *tile, size_t classes, const margin_term_rows *rows, const float *peak,
                     float *sum)
{
    const term_lanes t = term_lanes_of_rows(rows, peak);
    term_sums sums = no_terms();
    for (; classes >= 2; classes -= 2, tile += 32)
        two_terms(tile, &t, &sums, tile);
    if (classes > 0) v_store(tile, one_term(v_load(tile), &t, &sums.even));
    v_store(sum, v_add(sums.even, sums.odd));
}

static void tile_scale(float *tile, size_t classes, const float *factor)
{
    const vf f = v_load(factor);
    for (size_t j = 0; j < classes; j++)
        v_store(tile + j * 16, v_mul(v_load(tile + j * 16), f));
}

/* ---- rows ---- */

/* Returns 1 if no element of x is a NaN or an infinity: 0 times one is a NaN, and stays one in
 * every sum. Raises *max as row_max does; max may be NULL. */
static inline int finite_and_max(const float *x, size_t n, float *max)
{
    const vf zero = v_set1(0.0f);
    vf finite0 = zero, finite1 = zero, max0 = v_set1(max != NULL ? *max : 0.0f), max1 = max0;
    for (; n >= 32; n -= 32, x += 32) {
        const vf a = v_load(x), b = v_load(x + 16);
        max0 = v_max(a, max0);
        max1 = v_max(b, max1);
        finite0 = v_fma(a, zero, finite0);
        finite1 = v_fma(b, zero, finite1);
    }
    for (; n > 0; x += 16) {
        const size_t here = n < 16 ? n : 16;
        const vf a = here == 16 ? v_load(x) : v_load_part(x, here, -FLT_MAX);
        max0 = v_max(a, max0);
        finite0 = v_fma(a, zero, finite0);
        n -= here;
    }
    if (max != NULL) *max = v_max_across(v_max(max0, max1));
    return v_sum(v_add(finite0, finite1)) == 0.0f;
}

static int row_finite(const float *x, size_t n)
{
    return finite_and_max(x, n, NULL);
}

static int row_max(const float *x, size_t n, float *max)
{
    return finite_and_max(x, n, max);
}

/* ---- what is pending ---- */

/* Moves region number `region` past n elements that are written. */
static inline void advance(margin_pending *p, size_t region, size_t n)
{
    p->region[region].from += n;
    p->region[region].to += n;
    p->region[region].left -= n;
}

/* Writes the next n < 16 elements of region number `region`. */
static inline void store_part(margin_pending *p, size_t region, size_t n)
{
    const vf a = v_mul(v_load_part(p->region[region].from, n, 0.0f), v_set1(p->first));
    v_store_part(p->region[region].to, v_mul(a, v_set1(p->second)), n);
    advance(p, region, n);
}

/* Returns the index of the first region with 32 elements left or more, or 2 if none has. Writes the
 * shorter regions before it and, if p streams, its elements up to a multiple of 64 bytes. */
static inline size_t next_region(margin_pending *p)
{
    for (size_t k = 0; k < 2; k++) {
        const size_t past = (uintptr_t)p->region[k].to % 64 / sizeof(float);
        if (p->stream && past > 0 && p->region[k].left >= 16 - past) store_part(p, k, 16 - past);
        if (p->region[k].left >= 32) return k;
        while (p->region[k].left > 0)
            store_part(p, k, p->region[k].left < 15 ? p->region[k].left : 15);
    }
    return 2;
}

/* Writes to[i] = from[i] first second for 32 elements, past the caches if `stream`. */
static inline void store_32(const float *from, vf first, vf second, int stream, float *to)
{
    const vf a = v_mul(v_mul(v_load(from), first), second);
    const vf b = v_mul(v_mul(v_load(from + 16), first), second);
    if (stream) {
        v_stream(to, a);
        v_stream(to + 16, b);
    } else {
        v_store(to, a);
        v_store(to + 16, b);
    }
}

static void row_store(margin_pending *p)
{
    const vf first = v_set1(p->first), second = v_set1(p->second);
    for (size_t k = next_region(p); k < 2; k = next_region(p)) {
        const size_t n = p->region[k].left / 32 * 32;
        for (size_t i = 0; i < n; i += 32)
            store_32(p->region[k].from + i, first, second, p->stream, p->region[k].to + i);
        advance(p, k, n);
    }
}

static void prefetch(const float *x)
{
    v_prefetch_near(x);
}

static void drain(void)
{
    v_drain();
}

/* ---- terms of a row ---- */

/* Writes the terms of 32 inner products at x to `out`, adds them to `sums`, and fetches 32 elements
 * from `ahead` on. */
static inline void terms_32(const float *x, const term_lanes *t, term_sums *sums, float *out,
                            const float *ahead)
{
    v_prefetch_near(ahead);
    v_prefetch_near(ahead + 16);
    two_terms(x, t, sums, out);
}

/* Does what terms_32 does for n inner products, a multiple of 32, and meanwhile writes n elements
 * of p->region[region], so that memory is busy while the arithmetic is. */
static inline void terms_and_store(const float *x, size_t n, const term_lanes *t, term_sums *sums,
                                   float *out, const float *ahead, const margin_pending *p,
                                   size_t region, int stream)
{
    const vf first = v_set1(p->first), second = v_set1(p->second);
    const float *from = p->region[region].from;
    float *to = p->region[region].to;
    for (size_t i = 0; i < n; i += 32) {
        store_32(from + i, first, second, stream, to + i);
        terms_32(x + i, t, sums, out + i, ahead + i);
    }
}

static float row_exp(const float *x, size_t n, margin_term_row row, float peak, float *out,
                     const float *ahead, margin_pending *pending)
{
    const term_lanes t = term_lanes_of_row(row, peak);
    term_sums s = no_terms();
    size_t i = 0;
    while (i + 32 <= n) {
        const size_t region = next_region(pending), all = (n - i) / 32 * 32;
        if (region == 2) {
            for (const size_t end = i + all; i < end; i += 32)
                terms_32(x + i, &t, &s, out + i, ahead + i);
        } else {
            const size_t left = pending->region[region].left / 32 * 32;
            const size_t here = left < all ? left : all;
            if (pending->stream) {
                terms_and_store(x + i, here, &t, &s, out + i, ahead + i, pending, region, 1);
            } else {
                terms_and_store(x + i, here, &t, &s, out + i, ahead + i, pending, region, 0);
            }
            advance(pending, region, here);
            i += here;
        }
    }
    for (; i < n; i += 16) {
        const size_t here = n - i < 16 ? n - i : 16;
        const vf a = here == 16 ? v_load(x + i) : v_load_part(x + i, here, -INFINITY);
        store_up_to(out + i, one_term(a, &t, &s.even), here);
    }
    return v_sum(v_add(s.even, s.odd));
}

#endif
