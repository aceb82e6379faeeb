/* half_avx512bf16.h: pairs of bfloat16 on AVX-512 with BF16, beside the vocabulary of
 * simd_avx512.h. The operations are specified in half_emulated.h. */
#ifndef MARGIN_SIMD_HALF_H
#define MARGIN_SIMD_HALF_H

#if !defined(__AVX512BF16__) || !defined(__AVX512BW__)
#error "half_avx512bf16.h needs -mavx512bf16 -mavx512bw"
#endif

#include "simd/half_tiles.h"
#include "simd/simd_avx512.h"

typedef struct vh {
    __m512i v;
} vh;

static inline vh vh_make(__m512i v)
{
    const vh r = {v};
    return r;
}

static inline vh vh_set1(uint32_t pair)
{
    return vh_make(_mm512_set1_epi32((int)pair));
}

static inline vh vh_load(const uint32_t *p)
{
    return vh_make(_mm512_loadu_si512(p));
}

static inline void vh_store(uint32_t *p, vh a)
{
    _mm512_storeu_si512(p, a.v);
}

static inline vh vh_in_order(vf first, vf second)
{
    return vh_make((__m512i)_mm512_cvtne2ps_pbh(second.v, first.v));
}

static inline vh vh_side_by_side(vf low, vf high)
{
    /* Element 2 i is element i of what was rounded, element 2 i + 1 is element 16 + i. */
    const __m512i index =
        _mm512_set_epi32(0x001f000f, 0x001e000e, 0x001d000d, 0x001c000c, 0x001b000b, 0x001a000a,
                         0x00190009, 0x00180008, 0x00170007, 0x00160006, 0x00150005, 0x00140004,
                         0x00130003, 0x00120002, 0x00110001, 0x00100000);
    const __m512i both = (__m512i)_mm512_cvtne2ps_pbh(high.v, low.v);
    return vh_make(_mm512_permutexvar_epi16(index, both));
}

static inline vf vh_dot(vf sum, vh a, vh b)
{
    return v_make(_mm512_dpbf16_ps(sum.v, (__m512bh)a.v, (__m512bh)b.v));
}

#endif
