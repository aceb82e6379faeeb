/* test_exp.c: v_exp of src/kernels/exp.inc.h on one instruction set: every float of its range
 * against double, the maximum error with the input that attains it, and its bits against the
 * emulation; at other scales than 1 some floats. An argument n > 1 tries every n-th float only. */
#include <float.h>
#include <math.h>

#include "check.h"
#include "judged.h"

/* Stated in docs/numerics.md. */
static const double bound_ulp = 0.9105;
static const float range_end = -104.0f;
/* Smaller results than at the first are 0; at other scales than 1 that ends in between. */
static const double zero_below = -0x1.5d2c42p+6, zero_surely_below = -87.2933;

enum { BLOCK = 4096, EMULATED_EVERY = 64, SCALED_STEP = 997 };

typedef struct worst {
    double ulp;
    float at;
} worst;

/* |got - want| in units of the last place of a float32 near want, normal and positive. */
static double error_ulp(float got, double want)
{
    uint64_t bits;
    memcpy(&bits, &want, sizeof bits);
    bits = ((uint64_t)(2 * 1023 + 23) << 52) - (bits & (uint64_t)0x7ff << 52);
    double per_ulp;
    memcpy(&per_ulp, &bits, sizeof per_ulp);
    return fabs((double)got - want) * per_ulp;
}

/* The product of two floats is exact in double. */
static void judge_block(const float *t, float scale, const float *y, worst *w)
{
    for (size_t i = 0; i < BLOCK; i++) {
        const double x = (double)scale * (double)t[i];
        if (x < (scale == 1.0f ? zero_below : zero_surely_below)) {
            CHECK(float_bits(y[i]) == 0, "exp(%a) is %a, not 0", x, (double)y[i]);
        } else if (x >= zero_below) {
            const double ulp = error_ulp(y[i], exp(x));
            if (!(ulp <= w->ulp)) *w = (worst){ulp, t[i]};
        }
    }
}

static void judge_bits(const float *t, float scale, const float *y)
{
    float want[BLOCK];
    simd_probe_emulated.exp(t, BLOCK, scale, want);
    for (size_t i = 0; i < BLOCK; i++) {
        CHECK(same_float(y[i], want[i]), "exp(%a %a) is %a, emulated %a", (double)scale,
              (double)t[i], (double)y[i], (double)want[i]);
    }
}

/* Floats whose bits are first, first + step, ... up to last. */
static worst sweep(uint32_t first, uint32_t last, uint32_t step, float scale)
{
    float x[BLOCK], y[BLOCK];
    worst w = {-1.0, 0.0f};
    uint64_t next = first;
    for (size_t block = 0; next <= last; block++) {
        for (size_t i = 0; i < BLOCK; i++, next += step) {
            x[i] = float_of_bits(next <= last ? (uint32_t)next : last);
        }
        JUDGED_PROBE.exp(x, BLOCK, scale, y);
        judge_block(x, scale, y, &w);
        if (step > 1 || block % EMULATED_EVERY == 0) judge_bits(x, scale, y);
    }
    return w;
}

static void judge_sweep(const char *what, float from, float to, uint32_t step, float scale)
{
    const worst w = sweep(float_bits(from), float_bits(to), step, scale);
    printf("exp on %s, %s, scale %g: largest error %.6f ulp at t = %a (%.9g)\n", JUDGED_TEXT, what,
           (double)scale, w.ulp, (double)w.at, (double)w.at);
    CHECK(w.ulp >= 0.0 && w.ulp <= bound_ulp, "%s: %.6f ulp > %.6f", what, w.ulp, bound_ulp);
}

static void ends(void)
{
    float x[16] = {-INFINITY, 0.0f, -0.0f, -FLT_MAX, -104.0f, -87.5f, -1e6f, -0x1p-149f};
    float y[16];
    JUDGED_PROBE.exp(x, 16, 1.0f, y);
    const float want[8] = {0.0f, 1.0f, 1.0f, 0.0f, 0.0f, 0.0f, 0.0f, 1.0f};
    for (int i = 0; i < 8; i++) {
        CHECK(float_bits(y[i]) == float_bits(want[i]), "exp(%a) is %a", (double)x[i], (double)y[i]);
    }
}

int main(int argc, char **argv)
{
    const uint32_t step = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 1;
    if (!judged_usable()) return check_skip("test_exp " JUDGED_TEXT, "this CPU lacks it");
    if (step == 0) return EXIT_FAILURE;
    ends();
    judge_sweep(step == 1 ? "every float in [-104, 0]" : "floats in [-104, 0]", -0.0f, range_end,
                step, 1.0f);
    judge_sweep("rounding beyond 0", 0.0f, 0.25f, SCALED_STEP, 1.0f);
    const float scales[] = {0x1p-20f, 0.3f, 30.0f, 64.0f, 1e4f, 0x1.fffffep60f};
    for (size_t k = 0; k < sizeof scales / sizeof *scales; k++)
        judge_sweep("floats", -0.0f, range_end / scales[k], SCALED_STEP, scales[k]);
    return check_report("test_exp " JUDGED_TEXT);
}
