/* simd_avx512.h: the vocabulary on AVX-512F: 16 lanes are one register.
 * The operations are specified in simd_emulated.h. */
#ifndef MARGIN_SIMD_H
#define MARGIN_SIMD_H

#if !defined(__AVX512F__)
#error "simd_avx512.h needs -mavx512f"
#endif

#include <immintrin.h>
#include <stddef.h>
#include <stdint.h>

/* ---- shapes of the register tiles: 32 vectors of 16 lanes ---- */

#define V_FEW_STEPS 16

/* 28 accumulators, 2 vectors and a broadcast: 31 of 32. */
#define V_CLASS_TILES(GROUP, T)                                                                    \
    GROUP(2, T(14, 2) T(4, 2) T(1, 2))                                                             \
    GROUP(1, T(14, 1) T(4, 1) T(1, 1))

#define V_CLASS_LINES(GROUP, T)                                                                    \
    GROUP(4, T(4, 4) T(4, 1))                                                                      \
    GROUP(1, T(1, 4) T(1, 1))

/* 24 accumulators at most; 2 + 2 vectors are faster than 3 + 1. */
#define V_LANE_TILES(GROUP, T)                                                                     \
    GROUP(3, 4, T(0, 8, 3) T(8, 8, 3))                                                             \
    GROUP(2, 0, T(0, 8, 2) T(8, 8, 2))                                                             \
    GROUP(1, 0, T(0, 8, 1) T(8, 8, 1))

#define V_FEW_LANES(GROUP, T)                                                                      \
    GROUP(1, T(1, 4) T(1, 1))                                                                      \
    GROUP(2, T(2, 4) T(2, 1))                                                                      \
    GROUP(4, T(4, 4) T(4, 1))

#define V_DOT_TILES(GROUP, T)                                                                      \
    GROUP(4, T(4, 4) T(4, 1))                                                                      \
    GROUP(2, T(2, 4) T(2, 1))                                                                      \
    GROUP(1, T(1, 4) T(1, 1))

/* ---- float32 ---- */

typedef struct vf {
    __m512 v;
} vf;

static inline vf v_make(__m512 v)
{
    const vf r = {v};
    return r;
}

static inline vf v_set1(float x)
{
    return v_make(_mm512_set1_ps(x));
}

static inline vf v_load(const float *p)
{
    return v_make(_mm512_loadu_ps(p));
}

static inline __m256i v_load_half(const uint16_t *p)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)p);
}

static inline vf v_load_bfloat16(const uint16_t *p)
{
    const __m512i wide = _mm512_cvtepu16_epi32(v_load_half(p));
    return v_make(_mm512_castsi512_ps(_mm512_slli_epi32(wide, 16)));
}

static inline vf v_load_float16(const uint16_t *p)
{
    return v_make(_mm512_cvtph_ps(v_load_half(p)));
}

static inline void v_store(float *p, vf a)
{
    _mm512_storeu_ps(p, a.v);
}

static inline vf v_load_part(const float *p, size_t n, float fill)
{
    const __mmask16 mask = (__mmask16)((1u << n) - 1u);
    return v_make(_mm512_mask_loadu_ps(_mm512_set1_ps(fill), mask, p));
}

static inline void v_store_part(float *p, vf a, size_t n)
{
    _mm512_mask_storeu_ps(p, (__mmask16)((1u << n) - 1u), a.v);
}

static inline void v_stream(float *p, vf a)
{
    _mm512_stream_ps(p, a.v);
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
    return v_make(_mm512_add_ps(a.v, b.v));
}

static inline vf v_sub(vf a, vf b)
{
    return v_make(_mm512_sub_ps(a.v, b.v));
}

static inline vf v_mul(vf a, vf b)
{
    return v_make(_mm512_mul_ps(a.v, b.v));
}

static inline vf v_fma(vf a, vf b, vf c)
{
    return v_make(_mm512_fmadd_ps(a.v, b.v, c.v));
}

static inline vf v_fnma(vf a, vf b, vf c)
{
    return v_make(_mm512_fnmadd_ps(a.v, b.v, c.v));
}

static inline vf v_max(vf a, vf b)
{
    return v_make(_mm512_max_ps(a.v, b.v));
}

static inline vf v_min(vf a, vf b)
{
    return v_make(_mm512_min_ps(a.v, b.v));
}

static inline vf v_zero_below(vf a, vf least, vf x)
{
    return v_make(_mm512_maskz_mov_ps(_mm512_cmp_ps_mask(a.v, least.v, _CMP_NLT_UQ), x.v));
}

static inline vf v_exp2_eighths(const uint32_t entry[8], vf z)
{
    const __m512i k = _mm512_castps_si512(z.v);
    const __m512i table =
        _mm512_broadcast_i64x4(_mm256_loadu_si256((const __m256i *)(const void *)entry));
    const __m512i picked = _mm512_permutexvar_epi32(k, table);
    return v_make(_mm512_castsi512_ps(_mm512_add_epi32(picked, _mm512_slli_epi32(k, 20))));
}

/* Whole registers as far as the first step: a half could only be one of the registers 0 to 15, and
 * accumulators beyond them would have to move. */
static inline __m512 v_swap_halves(__m512 a)
{
    return _mm512_shuffle_f32x4(a, a, _MM_SHUFFLE(1, 0, 3, 2));
}

static inline float v_sum(vf a)
{
    const __m256 s8 = _mm512_castps512_ps256(_mm512_add_ps(a.v, v_swap_halves(a.v)));
    const __m128 s4 = _mm_add_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
    const __m128 s2 = _mm_add_ps(s4, _mm_movehl_ps(s4, s4));
    return _mm_cvtss_f32(_mm_add_ss(s2, _mm_shuffle_ps(s2, s2, 1)));
}

static inline float v_max_across(vf a)
{
    const __m256 s8 = _mm512_castps512_ps256(_mm512_max_ps(a.v, v_swap_halves(a.v)));
    const __m128 s4 = _mm_max_ps(_mm256_castps256_ps128(s8), _mm256_extractf128_ps(s8, 1));
    const __m128 s2 = _mm_max_ps(s4, _mm_movehl_ps(s4, s4));
    return _mm_cvtss_f32(_mm_max_ss(s2, _mm_shuffle_ps(s2, s2, 1)));
}

/* ---- double ---- */

typedef struct vd {
    __m512d v;
} vd;

static inline vd vd_make(__m512d v)
{
    const vd r = {v};
    return r;
}

static inline vd vd_set1(double x)
{
    return vd_make(_mm512_set1_pd(x));
}

static inline vd vd_widen(const float *p)
{
    return vd_make(_mm512_cvtps_pd(_mm256_loadu_ps(p)));
}

static inline vf v_narrow(vd low, vd high)
{
    const __m512 l = _mm512_castps256_ps512(_mm512_cvtpd_ps(low.v));
    const __m256d h = _mm256_castps_pd(_mm512_cvtpd_ps(high.v));
    return v_make(_mm512_castpd_ps(_mm512_insertf64x4(_mm512_castps_pd(l), h, 1)));
}

static inline vd vd_add(vd a, vd b)
{
    return vd_make(_mm512_add_pd(a.v, b.v));
}

static inline vd vd_mul(vd a, vd b)
{
    return vd_make(_mm512_mul_pd(a.v, b.v));
}

static inline vd vd_fma(vd a, vd b, vd c)
{
    return vd_make(_mm512_fmadd_pd(a.v, b.v, c.v));
}

static inline double vd_sum(vd a)
{
    const __m256d s4 = _mm256_add_pd(_mm512_castpd512_pd256(a.v), _mm512_extractf64x4_pd(a.v, 1));
    const __m128d s2 = _mm_add_pd(_mm256_castpd256_pd128(s4), _mm256_extractf128_pd(s4, 1));
    return _mm_cvtsd_f64(_mm_add_sd(s2, _mm_unpackhi_pd(s2, s2)));
}

#endif
