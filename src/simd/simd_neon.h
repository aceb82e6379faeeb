/* simd_neon.h: the vocabulary on NEON (AArch64): 16 lanes are four registers.
 * The operations are specified in simd_emulated.h. */
#ifndef MARGIN_SIMD_H
#define MARGIN_SIMD_H

#if !defined(__ARM_NEON) || !defined(__aarch64__)
#error "simd_neon.h needs AArch64 with NEON"
#endif

#include <arm_neon.h>
#include <stddef.h>
#include <stdint.h>

#include "simd/tiles_8.h"

typedef struct vf {
    float32x4_t a, b, c, d;
} vf;

static inline vf v_make(float32x4_t a, float32x4_t b, float32x4_t c, float32x4_t d)
{
    const vf r = {a, b, c, d};
    return r;
}

static inline vf v_set1(float x)
{
    const float32x4_t r = vdupq_n_f32(x);
    return v_make(r, r, r, r);
}

static inline vf v_load(const float *p)
{
    return v_make(vld1q_f32(p), vld1q_f32(p + 4), vld1q_f32(p + 8), vld1q_f32(p + 12));
}

static inline float32x4_t v_widen_bfloat16(const uint16_t *p)
{
    return vreinterpretq_f32_u32(vshll_n_u16(vld1_u16(p), 16));
}

static inline vf v_load_bfloat16(const uint16_t *p)
{
    return v_make(v_widen_bfloat16(p), v_widen_bfloat16(p + 4), v_widen_bfloat16(p + 8),
                  v_widen_bfloat16(p + 12));
}

static inline float32x4_t v_widen_float16(const uint16_t *p)
{
    return vcvt_f32_f16(vreinterpret_f16_u16(vld1_u16(p)));
}

static inline vf v_load_float16(const uint16_t *p)
{
    return v_make(v_widen_float16(p), v_widen_float16(p + 4), v_widen_float16(p + 8),
                  v_widen_float16(p + 12));
}

static inline void v_store(float *p, vf x)
{
    vst1q_f32(p, x.a);
    vst1q_f32(p + 4, x.b);
    vst1q_f32(p + 8, x.c);
    vst1q_f32(p + 12, x.d);
}

static inline vf v_load_part(const float *p, size_t n, float fill)
{
    float all[16];
    for (size_t i = 0; i < 16; i++)
        all[i] = i < n ? p[i] : fill;
    return v_load(all);
}

static inline void v_store_part(float *p, vf x, size_t n)
{
    float all[16];
    v_store(all, x);
    for (size_t i = 0; i < n; i++)
        p[i] = all[i];
}

/* Stores plainly: the compilers offer no other instruction for it. */
static inline void v_stream(float *p, vf a)
{
    v_store(p, a);
}

static inline void v_drain(void)
{
}

static inline void v_prefetch_write(const float *p)
{
    __builtin_prefetch(p, 1);
}

static inline void v_prefetch_near(const void *p)
{
    __builtin_prefetch(p);
}

static inline void v_prefetch_read(const void *p)
{
    __builtin_prefetch(p, 0, 2);
}

static inline void v_transpose_4(const float *from, float *to)
{
    const float32x4_t a = vld1q_f32(from), b = vld1q_f32(from + 16);
    const float32x4_t c = vld1q_f32(from + 32), d = vld1q_f32(from + 48);
    const float32x4_t ac_low = vzip1q_f32(a, c), ac_high = vzip2q_f32(a, c);
    const float32x4_t bd_low = vzip1q_f32(b, d), bd_high = vzip2q_f32(b, d);
    vst1q_f32(to, vzip1q_f32(ac_low, bd_low));
    vst1q_f32(to + 16, vzip2q_f32(ac_low, bd_low));
    vst1q_f32(to + 32, vzip1q_f32(ac_high, bd_high));
    vst1q_f32(to + 48, vzip2q_f32(ac_high, bd_high));
}

static inline vf v_add(vf x, vf y)
{
    return v_make(vaddq_f32(x.a, y.a), vaddq_f32(x.b, y.b), vaddq_f32(x.c, y.c),
                  vaddq_f32(x.d, y.d));
}

static inline vf v_sub(vf x, vf y)
{
    return v_make(vsubq_f32(x.a, y.a), vsubq_f32(x.b, y.b), vsubq_f32(x.c, y.c),
                  vsubq_f32(x.d, y.d));
}

static inline vf v_mul(vf x, vf y)
{
    return v_make(vmulq_f32(x.a, y.a), vmulq_f32(x.b, y.b), vmulq_f32(x.c, y.c),
                  vmulq_f32(x.d, y.d));
}

static inline vf v_fma(vf x, vf y, vf z)
{
    return v_make(vfmaq_f32(z.a, x.a, y.a), vfmaq_f32(z.b, x.b, y.b), vfmaq_f32(z.c, x.c, y.c),
                  vfmaq_f32(z.d, x.d, y.d));
}

static inline vf v_fnma(vf x, vf y, vf z)
{
    return v_make(vfmsq_f32(z.a, x.a, y.a), vfmsq_f32(z.b, x.b, y.b), vfmsq_f32(z.c, x.c, y.c),
                  vfmsq_f32(z.d, x.d, y.d));
}

/* vmaxq_f32 would order -0 below +0 and spread a NaN; the vocabulary does neither. */
static inline float32x4_t v_max4(float32x4_t x, float32x4_t y)
{
    return vbslq_f32(vcgtq_f32(x, y), x, y);
}

static inline float32x4_t v_min4(float32x4_t x, float32x4_t y)
{
    return vbslq_f32(vcltq_f32(x, y), x, y);
}

static inline vf v_max(vf x, vf y)
{
    return v_make(v_max4(x.a, y.a), v_max4(x.b, y.b), v_max4(x.c, y.c), v_max4(x.d, y.d));
}

static inline vf v_min(vf x, vf y)
{
    return v_make(v_min4(x.a, y.a), v_min4(x.b, y.b), v_min4(x.c, y.c), v_min4(x.d, y.d));
}

static inline float32x4_t v_zero4(float32x4_t x, float32x4_t least, float32x4_t y)
{
    return vreinterpretq_f32_u32(vbicq_u32(vreinterpretq_u32_f32(y), vcltq_f32(x, least)));
}

static inline vf v_zero_below(vf x, vf least, vf y)
{
    return v_make(v_zero4(x.a, least.a, y.a), v_zero4(x.b, least.b, y.b),
                  v_zero4(x.c, least.c, y.c), v_zero4(x.d, least.d, y.d));
}

/* Looks up entries byte by byte: entry e is the bytes 4 e to 4 e + 3 of `table`. */
static inline float32x4_t v_eighths4(uint8x16x2_t table, float32x4_t z)
{
    const uint32x4_t k = vreinterpretq_u32_f32(z);
    const uint32x4_t entry = vandq_u32(k, vdupq_n_u32(7));
    const uint32x4_t bytes = vmlaq_n_u32(vdupq_n_u32(0x03020100), entry, 0x04040404);
    const uint8x16_t picked = vqtbl2q_u8(table, vreinterpretq_u8_u32(bytes));
    return vreinterpretq_f32_u32(vaddq_u32(vreinterpretq_u32_u8(picked), vshlq_n_u32(k, 20)));
}

static inline vf v_exp2_eighths(const uint32_t entry[8], vf z)
{
    const uint8x16x2_t table = {
        {vreinterpretq_u8_u32(vld1q_u32(entry)), vreinterpretq_u8_u32(vld1q_u32(entry + 4))}};
    return v_make(v_eighths4(table, z.a), v_eighths4(table, z.b), v_eighths4(table, z.c),
                  v_eighths4(table, z.d));
}

static inline float v_sum(vf x)
{
    const float32x4_t s4 = vaddq_f32(vaddq_f32(x.a, x.c), vaddq_f32(x.b, x.d));
    const float32x2_t s2 = vadd_f32(vget_low_f32(s4), vget_high_f32(s4));
    return vget_lane_f32(s2, 0) + vget_lane_f32(s2, 1);
}

static inline float v_max_across(vf x)
{
    float lane[4];
    vst1q_f32(lane, v_max4(v_max4(x.a, x.c), v_max4(x.b, x.d)));
    const float even = lane[0] > lane[2] ? lane[0] : lane[2];
    const float odd = lane[1] > lane[3] ? lane[1] : lane[3];
    return even > odd ? even : odd;
}

/* ---- double ---- */

typedef struct vd {
    float64x2_t a, b, c, d;
} vd;

static inline vd vd_make(float64x2_t a, float64x2_t b, float64x2_t c, float64x2_t d)
{
    const vd r = {a, b, c, d};
    return r;
}

static inline vd vd_set1(double x)
{
    const float64x2_t r = vdupq_n_f64(x);
    return vd_make(r, r, r, r);
}

static inline vd vd_widen(const float *p)
{
    const float32x4_t low = vld1q_f32(p), high = vld1q_f32(p + 4);
    return vd_make(vcvt_f64_f32(vget_low_f32(low)), vcvt_high_f64_f32(low),
                   vcvt_f64_f32(vget_low_f32(high)), vcvt_high_f64_f32(high));
}

static inline float32x4_t v_narrow4(float64x2_t x, float64x2_t y)
{
    return vcvt_high_f32_f64(vcvt_f32_f64(x), y);
}

static inline vf v_narrow(vd low, vd high)
{
    return v_make(v_narrow4(low.a, low.b), v_narrow4(low.c, low.d), v_narrow4(high.a, high.b),
                  v_narrow4(high.c, high.d));
}

static inline vd vd_add(vd x, vd y)
{
    return vd_make(vaddq_f64(x.a, y.a), vaddq_f64(x.b, y.b), vaddq_f64(x.c, y.c),
                   vaddq_f64(x.d, y.d));
}

static inline vd vd_mul(vd x, vd y)
{
    return vd_make(vmulq_f64(x.a, y.a), vmulq_f64(x.b, y.b), vmulq_f64(x.c, y.c),
                   vmulq_f64(x.d, y.d));
}

static inline vd vd_fma(vd x, vd y, vd z)
{
    return vd_make(vfmaq_f64(z.a, x.a, y.a), vfmaq_f64(z.b, x.b, y.b), vfmaq_f64(z.c, x.c, y.c),
                   vfmaq_f64(z.d, x.d, y.d));
}

static inline double vd_sum(vd x)
{
    const float64x2_t s2 = vaddq_f64(vaddq_f64(x.a, x.c), vaddq_f64(x.b, x.d));
    return vgetq_lane_f64(s2, 0) + vgetq_lane_f64(s2, 1);
}

#endif
