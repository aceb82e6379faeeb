/* vmath.inc.h: exp in the vocabulary of src/simd. Included after a vocabulary header. */
#ifndef MARGIN_VMATH_INC_H
#define MARGIN_VMATH_INC_H

/* exp(x) for x <= 0, -infinity included.
 *
 * x = n ln2 + r with |r| <= ln2 / 2, then exp(r) = 1 + r (1 + r q(r)), q of degree 4 fitted to a
 * relative error of 3.1e-9. Results below exp(-87.3) = 1.22e-38 are 0, so that no subnormal number
 * reaches a matrix product. The maximal error is in docs/numerics.md with the input that attains
 * it; tests/test_exp.c finds it again by trying every float. */
static inline vf v_exp(vf x)
{
    const vf magic = v_set1(0x1.8p23f); /* adding it rounds to an integer, kept in the low bits */
    const vf z = v_fma(x, v_set1(0x1.715476p+0f), magic); /* x / ln2; far below, anything */
    const vf n = v_sub(z, magic);
    const vf high = v_fnma(n, v_set1(0x1.62e4p-1f), x); /* exact: n ln2_high has 22 bits */
    const vf r = v_fnma(n, v_set1(0x1.7f7d1cp-20f), high);
    vf q = v_fma(v_set1(0x1.6a23ccp-10f), r, v_set1(0x1.123a2p-7f));
    q = v_fma(q, r, v_set1(0x1.5558f2p-5f));
    q = v_fma(q, r, v_set1(0x1.555492p-3f));
    q = v_fma(q, r, v_set1(0x1.fffffcp-2f));
    q = v_fma(q, r, v_set1(1.0f));
    const vf p = v_fma(q, r, v_set1(1.0f));
    return v_zero_if_less(x, v_set1(-87.3f), v_scale_2n(p, z));
}

#endif
