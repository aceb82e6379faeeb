/* simd_avx2.h: the vocabulary on AVX2 with FMA: 16 lanes are two registers.
 * The operations are specified in simd_emulated.h. */
#ifndef MARGIN_SIMD_H
#define MARGIN_SIMD_H

#if !defined(__AVX2__) || !defined(__FMA__)
#error "simd_avx2.h needs -mavx2 -mfma"
#endif

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

#include "simd/tiles_8.h"

typedef struct vf {
    __m256 lo, hi;
} vf;

static inline vf v_make(__m256 lo, __m256 hi)
{
    const vf r = {lo, hi};
    return r;
}

static inline vf v_set1(float x)
{
    const __m256 r = _mm256_set1_ps(x);
    return v_make(r, r);
}

static inline vf v_load(const float *p)
{
    return v_make(_mm256_loadu_ps(p), _mm256_loadu_ps(p + 8));
}

/* Reads 8 numbers of 16 bits into lanes of 32. */
static inline __m256i v_load_half(const uint16_t *p)
{
    return _mm256_cvtepu16_epi32(_mm_loadu_si128((const __m128i *)(const void *)p));
}

static inline vf v_load_bfloat16(const uint16_t *p)
{
    return v_make(_mm256_castsi256_ps(_mm256_slli_epi32(v_load_half(p), 16)),
                  _mm256_castsi256_ps(_mm256_slli_epi32(v_load_half(p + 8), 16)));
}

/* Moves the exponent from a bias of 15 to one of 127, once more where it is that of infinity. A
 * subnormal number gets the exponent of the least normal one, whose leading 1 is then taken off.
 * The instruction for it is in F16C, which AVX2 does not promise. */
static inline __m256 v_widen_float16(const uint16_t *p)
{
    const __m256i half = v_load_half(p), bias = _mm256_set1_epi32(112 << 23);
    const __m256i sign = _mm256_slli_epi32(_mm256_srli_epi32(half, 15), 31);
    const __m256i size = _mm256_slli_epi32(_mm256_and_si256(half, _mm256_set1_epi32(0x7fff)), 13);
    const __m256i infinite = _mm256_cmpgt_epi32(size, _mm256_set1_epi32((31 << 23) - 1));
    const __m256i subnormal = _mm256_cmpgt_epi32(_mm256_set1_epi32(1 << 23), size);
    const __m256i one = _mm256_and_si256(subnormal, _mm256_set1_epi32(1 << 23));
    const __m256i least = _mm256_and_si256(subnormal, _mm256_set1_epi32(113 << 23));
    __m256i wide = _mm256_add_epi32(_mm256_add_epi32(size, bias), one);
    wide = _mm256_add_epi32(wide, _mm256_and_si256(infinite, bias));
    const __m256 r = _mm256_sub_ps(_mm256_castsi256_ps(wide), _mm256_castsi256_ps(least));
    return _mm256_or_ps(r, _mm256_castsi256_ps(sign));
}

static inline vf v_load_float16(const uint16_t *p)
{
    return v_make(v_widen_float16(p), v_widen_float16(p + 8));
}

static inline void v_store(float *p, vf a)
{
    _mm256_storeu_ps(p, a.lo);
    _mm256_storeu_ps(p + 8, a.hi);
}

/* Returns a mask whose bits are set in the lanes below n - first. */
static inline __m256i v_mask8(size_t n, int first)
{
    const __m256i index = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7);
    return _mm256_cmpgt_epi32(_mm256_set1_epi32((int)n - first), index);
}

static inline vf v_load_part(const float *p, size_t n, float fill)
{
    const __m256i lo = v_mask8(n, 0), hi = v_mask8(n, 8);
    const __m256 f = _mm256_set1_ps(fill);
    return v_make(_mm256_blendv_ps(f, _mm256_maskload_ps(p, lo), _mm256_castsi256_ps(lo)),
                  _mm256_blendv_ps(f, _mm256_maskload_ps(p + 8, hi), _mm256_castsi256_ps(hi)));
}

static inline void v_store_part(float *p, vf a, size_t n)
{
    _mm256_maskstore_ps(p, v_mask8(n, 0), a.lo);
    _mm256_maskstore_ps(p + 8, v_mask8(n, 8), a.hi);
}

static inline void v_stream(float *p, vf a)
{
    _mm256_stream_ps(p, a.lo);
    _mm256_stream_ps(p + 8, a.hi);
}

static inline void v_drain(void)
{
    _mm_sfence();
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

/* _MM_TRANSPOSE4_PS would take half again as long: its movhlps has one port, shufps two. */
static inline void v_transpose_4(const float *from, float *to)
{
    const __m128 a = _mm_loadu_ps(from), b = _mm_loadu_ps(from + 16);
    const __m128 c = _mm_loadu_ps(from + 32), d = _mm_loadu_ps(from + 48);
    const __m128 ab_low = _mm_unpacklo_ps(a, b), ab_high = _mm_unpackhi_ps(a, b);
    const __m128 cd_low = _mm_unpacklo_ps(c, d), cd_high = _mm_unpackhi_ps(c, d);
    _mm_storeu_ps(to, _mm_movelh_ps(ab_low, cd_low));
    _mm_storeu_ps(to + 16, _mm_shuffle_ps(ab_low, cd_low, _MM_SHUFFLE(3, 2, 3, 2)));
    _mm_storeu_ps(to + 32, _mm_movelh_ps(ab_high, cd_high));
    _mm_storeu_ps(to + 48, _mm_shuffle_ps(ab_high, cd_high, _MM_SHUFFLE(3, 2, 3, 2)));
}

static inline vf v_add(vf a, vf b)
{
    return v_make(_mm256_add_ps(a.lo, b.lo), _mm256_add_ps(a.hi, b.hi));
}

static inline vf v_sub(vf a, vf b)
{
    return v_make(_mm256_sub_ps(a.lo, b.lo), _mm256_sub_ps(a.hi, b.hi));
}

static inline vf v_mul(vf a, vf b)
{
    return v_make(_mm256_mul_ps(a.lo, b.lo), _mm256_mul_ps(a.hi, b.hi));
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return v_make(_mm256_fmadd_ps(a.lo, b.lo, c.lo), _mm256_fmadd_ps(a.hi, b.hi, c.hi));
}

static inline vf v_fnma(vf a, vf b, vf c)
{
    return v_make(_mm256_fnmadd_ps(a.lo, b.lo, c.lo), _mm256_fnmadd_ps(a.hi, b.hi, c.hi));
}

static inline vf v_max(vf a, vf b)
{
    return v_make(_mm256_max_ps(a.lo, b.lo), _mm256_max_ps(a.hi, b.hi));
}

static inline vf v_min(vf a, vf b)
{
    return v_make(_mm256_min_ps(a.lo, b.lo), _mm256_min_ps(a.hi, b.hi));
}

static inline vf v_zero_below(vf a, vf least, vf x)
{
    return v_make(_mm256_and_ps(_mm256_cmp_ps(a.lo, least.lo, _CMP_NLT_UQ), x.lo),
                  _mm256_and_ps(_mm256_cmp_ps(a.hi, least.hi, _CMP_NLT_UQ), x.hi));
}

static inline __m256 v_eighths_half(__m256i table, __m256 z)
{
    const __m256i k = _mm256_castps_si256(z);
    const __m256i picked = _mm256_permutevar8x32_epi32(table, k);
    return _mm256_castsi256_ps(_mm256_add_epi32(picked, _mm256_slli_epi32(k, 20)));
}

static inline vf v_exp2_eighths(const uint32_t entry[8], vf z)
{
    const __m256i table = _mm256_loadu_si256((const __m256i *)(const void *)entry);
    return v_make(v_eighths_half(table, z.lo), v_eighths_half(table, z.hi));
}

static inline float v_sum(vf a)
{
    const __m256 s8 = _mm256_add_ps(a.lo, a.hi);
    const __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
    const __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
    return _mm_cvtss_f32(_mm_add_ss(s2, _mm_shuffle_ps(s2, s2, 1)));
}

static inline float v_max_across(vf a)
{
    const __m256 s8 = _mm256_max_ps(a.lo, a.hi);
    const __m128 s4 = _mm_max_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
    const __m128 s2 = _mm_max_ps(s4, _mm_movehl_ps(s4, s4));
    return _mm_cvtss_f32(_mm_max_ss(s2, _mm_shuffle_ps(s2, s2, 1)));
}

/* ---- double ---- */

typedef struct vd {
    __m256d lo, hi;
} vd;

static inline vd vd_make(__m256d lo, __m256d hi)
{
    const vd r = {lo, hi};
    return r;
}

static inline vd vd_set1(double x)
{
    const __m256d r = _mm256_set1_pd(x);
    return vd_make(r, r);
}

static inline vd vd_widen(const float *p)
{
    return vd_make(_mm256_cvtps_pd(_mm_loadu_ps(p)), _mm256_cvtps_pd(_mm_loadu_ps(p + 4)));
}

static inline __m256 v_narrow_half(vd a)
{
    const __m256 lo = _mm256_castps128_ps256(_mm256_cvtpd_ps(a.lo));
    return _mm256_insertf128_ps(lo, _mm256_cvtpd_ps(a.hi), 1);
}

static inline vf v_narrow(vd low, vd high)
{
    return v_make(v_narrow_half(low), v_narrow_half(high));
}

static inline vd vd_add(vd a, vd b)
{
    return vd_make(_mm256_add_pd(a.lo, b.lo), _mm256_add_pd(a.hi, b.hi));
}

static inline vd vd_mul(vd a, vd b)
{
    return vd_make(_mm256_mul_pd(a.lo, b.lo), _mm256_mul_pd(a.hi, b.hi));
}

static inline vd vd_fma(vd a, vd b, vd c)
{
    return vd_make(_mm256_fmadd_pd(a.lo, b.lo, c.lo), _mm256_fmadd_pd(a.hi, b.hi, c.hi));
}

static inline double vd_sum(vd a)
{
    const __m256d s4 = _mm256_add_pd(a.lo, a.hi);
    const __m128d s2 = _mm_add_pd(_mm256_castpd256_pd128(s4), _mm256_extractf128_pd(s4, 1));
    return _mm_cvtsd_f64(_mm_add_sd(s2, _mm_unpackhi_pd(s2, s2)));
}

#endif
