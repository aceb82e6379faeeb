/* exp.inc.h: exp(scale t) in the vocabulary of src/simd, for terms.inc.h. It knows no logit and no
 * instruction set. */
#ifndef MARGIN_KERNELS_EXP_INC_H
#define MARGIN_KERNELS_EXP_INC_H

/* A scale times log2(e) in two parts: `high` is the product rounded, `low` the rest. */
typedef struct exp_scale {
    vf high, low;
} exp_scale;

/* Returns what v_exp needs of `scale`. */
static inline exp_scale exp_scale_of(vf scale)
{
    const vf log2e = v_set1(0x1.715476p+0f), rest = v_set1(0x1.4ae0cp-26f);
    const vf high = v_mul(scale, log2e);
    const exp_scale r = {high, v_sub(v_mul(scale, rest), v_fnma(scale, log2e, high))};
    return r;
}

/* Returns exp(scale t) for t <= 0, -infinity included. The product scale t is not rounded.
 *
 * Largest error: 0.9104 ulp. With scale 1, v_exp(-0x1.07c518p+5) is 0x1.598118p-48 and should be
 * 0x1.5981162ddep-48. tests/test_exp.c tries every float and finds this one.
 *
 * scale t / ln 2 = k / 8 - f with |f| <= 1/16: 2^(k / 8) comes from a table, and 2^-f = 1 - f p(f)
 * with p of degree 3. scripts/fit_exp.py fits its coefficients, which in float32 keep a relative
 * error of 5.4e-10. Results below 2^-125.9 = 1.25e-38 are 0, so that no subnormal number reaches a
 * matrix product. */
static inline vf v_exp(vf t, const exp_scale *scale)
{
    /* The bits of 2^(k / 8) less k 2^20: see v_exp2_eighths. */
    static const uint32_t eighths[8] = {0x3f800000, 0x3f7b95c2, 0x3f7837f0, 0x3f75fed7,
                                        0x3f7504f3, 0x3f75672a, 0x3f7744fd, 0x3f7ac0c7};
    const vf magic = v_set1(0x1.8p20f); /* adding it rounds to eighths, kept in the low bits */
    const vf z = v_fma(t, scale->high, magic);
    const vf n = v_sub(z, magic);
    const vf power = v_exp2_eighths(eighths, z);
    const vf f = v_fnma(t, scale->low, v_fnma(t, scale->high, n));
    vf p = v_fma(v_set1(-0x1.3b26bap-7f), f, v_set1(0x1.c6be28p-5f));
    p = v_fma(p, f, v_set1(-0x1.ebfbep-3f));
    p = v_fma(p, f, v_set1(0x1.62e43p-1f));
    return v_zero_below(n, v_set1(-125.9f), v_fnma(power, v_mul(p, f), power));
}

#endif
