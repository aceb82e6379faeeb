/* immintrin.h: stands in for the compiler's header when src/simd/simd_avx512.h is judged on a
 * machine without AVX-512: SIMDe's portable C in place of the instructions. Used by tests only. */
#ifndef MARGIN_TESTS_SIMDE_H
#define MARGIN_TESTS_SIMDE_H

#include <math.h>

/* No native intrinsics at all: every operation is SIMDe's own definition. */
#define SIMDE_NO_NATIVE
#define SIMDE_ENABLE_NATIVE_ALIASES
#include <simde/simde-f16.h>
#include <simde/x86/avx512.h>

/* What SIMDe 0.7.4 lacks. Only lanes of the mask are touched, as in hardware. */
typedef simde__mmask16 __mmask16;

static inline simde__m512 margin_simde_loadu(simde__m512 fill, simde__mmask16 mask, const float *p)
{
    simde__m512_private r = simde__m512_to_private(fill);
    for (int i = 0; i < 16; i++) {
        if (mask >> i & 1) r.f32[i] = p[i];
    }
    return simde__m512_from_private(r);
}

static inline void margin_simde_storeu(float *p, simde__mmask16 mask, simde__m512 a)
{
    const simde__m512_private r = simde__m512_to_private(a);
    for (int i = 0; i < 16; i++) {
        if (mask >> i & 1) p[i] = r.f32[i];
    }
}

static inline simde__m512i margin_simde_srai(simde__m512i a, int n)
{
    simde__m512i_private r = simde__m512i_to_private(a);
    for (int i = 0; i < 16; i++)
        r.i32[i] >>= n;
    return simde__m512i_from_private(r);
}

static inline simde__m512i margin_simde_cvtepu16(simde__m256i a)
{
    const simde__m256i_private x = simde__m256i_to_private(a);
    simde__m512i_private r;
    for (int i = 0; i < 16; i++)
        r.u32[i] = x.u16[i];
    return simde__m512i_from_private(r);
}

static inline simde__m512 margin_simde_cvtph(simde__m256i a)
{
    const simde__m256i_private x = simde__m256i_to_private(a);
    simde__m512_private r;
    for (int i = 0; i < 16; i++)
        r.f32[i] = simde_float16_to_float32(simde_uint16_as_float16(x.u16[i]));
    return simde__m512_from_private(r);
}

/* SIMDe rounds the product of a multiply-add, hardware does not. */
static inline simde__m512 margin_simde_fma(simde__m512 a, simde__m512 b, simde__m512 c, float sign)
{
    const simde__m512_private x = simde__m512_to_private(a), y = simde__m512_to_private(b);
    simde__m512_private z = simde__m512_to_private(c);
    for (int i = 0; i < 16; i++)
        z.f32[i] = fmaf(sign * x.f32[i], y.f32[i], z.f32[i]);
    return simde__m512_from_private(z);
}

static inline simde__m512d margin_simde_fma_pd(simde__m512d a, simde__m512d b, simde__m512d c)
{
    const simde__m512d_private x = simde__m512d_to_private(a), y = simde__m512d_to_private(b);
    simde__m512d_private z = simde__m512d_to_private(c);
    for (int i = 0; i < 8; i++)
        z.f64[i] = fma(x.f64[i], y.f64[i], z.f64[i]);
    return simde__m512d_from_private(z);
}

static inline simde__m512d margin_simde_widen(simde__m256 a)
{
    const simde__m256_private x = simde__m256_to_private(a);
    simde__m512d_private r;
    for (int i = 0; i < 8; i++)
        r.f64[i] = (double)x.f32[i];
    return simde__m512d_from_private(r);
}

static inline simde__m256 margin_simde_narrow(simde__m512d a)
{
    const simde__m512d_private x = simde__m512d_to_private(a);
    simde__m256_private r;
    for (int i = 0; i < 8; i++)
        r.f32[i] = (float)x.f64[i];
    return simde__m256_from_private(r);
}

/* Quarters of a, a, b, b, each chosen by two bits. */
static inline simde__m512 margin_simde_shuffle(simde__m512 a, simde__m512 b, int quarters)
{
    const simde__m512_private x = simde__m512_to_private(a), y = simde__m512_to_private(b);
    simde__m512_private r;
    for (int i = 0; i < 16; i++) {
        const int from = (quarters >> i / 4 * 2 & 3) * 4 + i % 4;
        r.f32[i] = i < 8 ? x.f32[from] : y.f32[from];
    }
    return simde__m512_from_private(r);
}

#undef _mm512_fmadd_ps
#undef _mm512_fnmadd_ps
#undef _mm512_fmadd_pd
#define _mm512_fmadd_ps(a, b, c)            margin_simde_fma(a, b, c, 1.0f)
#define _mm512_fnmadd_ps(a, b, c)           margin_simde_fma(a, b, c, -1.0f)
#define _mm512_fmadd_pd(a, b, c)            margin_simde_fma_pd(a, b, c)
#define _mm512_cvtps_pd(a)                  margin_simde_widen(a)
#define _mm512_cvtpd_ps(a)                  margin_simde_narrow(a)
#define _mm512_cvtepu16_epi32(a)            margin_simde_cvtepu16(a)
#define _mm512_cvtph_ps(a)                  margin_simde_cvtph(a)
#define _mm512_stream_ps(p, a)              _mm512_storeu_ps(p, a)
#define _mm512_shuffle_f32x4(a, b, n)       margin_simde_shuffle(a, b, n)
#define _mm512_srai_epi32(a, n)             margin_simde_srai(a, n)
#define _mm512_mask_loadu_ps(fill, mask, p) margin_simde_loadu(fill, mask, p)
#define _mm512_mask_storeu_ps(p, mask, a)   margin_simde_storeu(p, mask, a)

/* What simd_avx512.h asks of the compiler. */
#define __AVX512F__ 1

#endif
