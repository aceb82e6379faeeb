/* test_exp.c: v_exp of src/vmath.inc.h on one instruction set: every float of its range against
 * double, the maximum error with the input that attains it, and its bits against the emulation.
 * An argument n > 1 tries every n-th float only. */
#include <float.h>
#include <math.h>

#include "check.h"
#include "judged.h"

/* Stated in docs/numerics.md. */
static const double bound_ulp = 0.8822;
static const float range_end = -104.0f, zero_below = -87.3f;

enum { BLOCK = 4096, EMULATED_EVERY = 64 };

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

static void judge_block(const float *x, const float *y, worst *w)
{
    for (size_t i = 0; i < BLOCK; i++) {
        if (x[i] < zero_below) {
            CHECK(float_bits(y[i]) == 0, "exp(%a) is %a, not 0", (double)x[i], (double)y[i]);
            continue;
        }
        const double ulp = error_ulp(y[i], exp((double)x[i]));
        if (!(ulp <= w->ulp)) *w = (worst){ulp, x[i]};
    }
}

static void judge_bits(const float *x, const float *y)
{
    float want[BLOCK];
    simd_probe_emulated.exp(x, BLOCK, want);
    for (size_t i = 0; i < BLOCK; i++) {
        CHECK(same_float(y[i], want[i]), "exp(%a) is %a, emulated %a", (double)x[i], (double)y[i],
              (double)want[i]);
    }
}

/* Floats whose bits are first, first + step, ... up to last. */
static worst sweep(uint32_t first, uint32_t last, uint32_t step)
{
    float x[BLOCK], y[BLOCK];
    worst w = {-1.0, 0.0f};
    uint64_t next = first;
    for (size_t block = 0; next <= last; block++) {
        for (size_t i = 0; i < BLOCK; i++, next += step) {
            x[i] = float_of_bits(next <= last ? (uint32_t)next : last);
        }
        JUDGED_PROBE.exp(x, BLOCK, y);
        judge_block(x, y, &w);
        if (step > 1 || block % EMULATED_EVERY == 0) judge_bits(x, y);
    }
    return w;
}

static void judge_sweep(const char *what, float from, float to, uint32_t step)
{
    const worst w = sweep(float_bits(from), float_bits(to), step);
    printf("exp on %s, %s: largest error %.6f ulp at x = %a (%.9g)\n", JUDGED_TEXT, what, w.ulp,
           (double)w.at, (double)w.at);
    CHECK(w.ulp >= 0.0 && w.ulp <= bound_ulp, "%s: %.6f ulp > %.6f", what, w.ulp, bound_ulp);
}

static void ends(void)
{
    float x[16] = {-INFINITY, 0.0f, -0.0f, -FLT_MAX, -104.0f, -87.5f, -1e6f, -0x1p-149f};
    float y[16];
    JUDGED_PROBE.exp(x, 16, y);
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
                step);
    judge_sweep("rounding beyond 0", 0.0f, 0.25f, 997);
    return check_report("test_exp " JUDGED_TEXT);
}
