/* rows.inc.h: kernels of the rows level. Included by kernels.inc.h; contracts are in kernels.h. */
#ifndef MARGIN_ROWS_INC_H
#define MARGIN_ROWS_INC_H

#include <float.h>
#include <math.h>
#include <stdint.h>

/* 0 times a NaN or an infinity is a NaN, and stays one in every sum. max NULL: not wanted. */
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

static inline void advance(margin_pending *p, size_t region, size_t n)
{
    p->region[region].from += n;
    p->region[region].to += n;
    p->region[region].left -= n;
}

/* n < 16 elements of a region. */
static inline void store_part(margin_pending *p, size_t region, size_t n)
{
    const vf a = v_mul(v_load_part(p->region[region].from, n, 0.0f), v_set1(p->first));
    v_store_part(p->region[region].to, v_mul(a, v_set1(p->second)), n);
    advance(p, region, n);
}

/* The region at hand, at a multiple of 64 bytes if it is streamed, with 32 elements left or more;
 * what keeps others from it is written. 2: none. */
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

static void drain(void)
{
    v_drain();
}

/* ---- exponentials ---- */

typedef struct exp_pass {
    exp_scale scale;
    vf peak, even, odd; /* two sums */
} exp_pass;

static inline void exp_32(const float *x, exp_pass *s, float *out, const float *ahead)
{
    __builtin_prefetch(ahead);
    __builtin_prefetch(ahead + 16);
    const vf a = v_exp(v_sub(v_load(x), s->peak), &s->scale);
    const vf b = v_exp(v_sub(v_load(x + 16), s->peak), &s->scale);
    v_store(out, a);
    v_store(out + 16, b);
    s->even = v_add(s->even, a);
    s->odd = v_add(s->odd, b);
}

/* 32 exponentials, 32 of what is pending: the memory is busy while the arithmetic is. */
static inline void exp_and_store(const float *x, size_t n, exp_pass *s, float *out,
                                 const float *ahead, const margin_pending *p, size_t region,
                                 int stream)
{
    const vf first = v_set1(p->first), second = v_set1(p->second);
    const float *from = p->region[region].from;
    float *to = p->region[region].to;
    for (size_t i = 0; i < n; i += 32) {
        store_32(from + i, first, second, stream, to + i);
        exp_32(x + i, s, out + i, ahead + i);
    }
}

static float row_exp(const float *x, size_t n, float scale, float peak, float *out,
                     const float *ahead, margin_pending *pending)
{
    exp_pass s = {exp_scale_of(v_set1(scale)), v_set1(peak), v_set1(0.0f), v_set1(0.0f)};
    size_t i = 0;
    while (i + 32 <= n) {
        const size_t region = next_region(pending), all = (n - i) / 32 * 32;
        if (region == 2) {
            for (const size_t end = i + all; i < end; i += 32)
                exp_32(x + i, &s, out + i, ahead + i);
        } else {
            const size_t left = pending->region[region].left / 32 * 32;
            const size_t here = left < all ? left : all;
            if (pending->stream) {
                exp_and_store(x + i, here, &s, out + i, ahead + i, pending, region, 1);
            } else {
                exp_and_store(x + i, here, &s, out + i, ahead + i, pending, region, 0);
            }
            advance(pending, region, here);
            i += here;
        }
    }
    for (; i < n; i += 16) {
        const size_t here = n - i < 16 ? n - i : 16;
        const vf a = here == 16 ? v_load(x + i) : v_load_part(x + i, here, -INFINITY);
        const vf e = v_exp(v_sub(a, s.peak), &s.scale);
        store_up_to(out + i, e, here);
        s.even = v_add(s.even, e);
    }
    return v_sum(v_add(s.even, s.odd));
}

#endif
