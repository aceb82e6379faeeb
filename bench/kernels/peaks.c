/* peaks.c: what a core can do at most: bench_speed's loops for its peaks as cases of their own, in
 * the caches that the kernels' arrays are in. */
#include "cases.h"
#include "loops.h"

enum { ROUNDS = 1024 };

/* size: rounds of the loop. An element is a multiply-add. */
static void run_fma(const margin_kernels *k, trial *t)
{
    (void)k;
    const speed_loops *loops = speed_loops_get(t->isa);
    float *result = trial_output(t, 1, 0.0);
    TRIAL_CALL(t, result[0] = loops->multiply_add(t->size[0]));
    const double flops = loops->flops_per_round * (double)t->size[0];
    trial_work(t, flops / 2.0, flops, 0.0);
}

/* size: KiB of both arrays. */
static void run_copy(const margin_kernels *k, trial *t)
{
    (void)k;
    const size_t n = t->size[0] * 1024 / 2 / sizeof(float);
    float *from = trial_input(t, n, 1.0), *to = trial_output(t, n, 0.0);
    TRIAL_CALL(t, speed_loops_get(t->isa)->copy[0](to, from, n));
    trial_work(t, (double)n, 0.0, 8.0 * (double)n);
}

static const kernel_case cases[] = {
    {"fma", run_fma, BOUND_FLOPS, {"rounds"}, {{ROUNDS}}},
    {"copy", run_copy, BOUND_BYTES, {"KiB"}, {{24}, {384}}},
};

const kernel_subject kernels_of_peaks = {"peaks", cases, sizeof cases / sizeof *cases};
