/* pairs.c: the runners of kernels/pairs.h. Products, sums and the order of both are given: no
 * kernel may differ in a bit. */
#include "trial.h"

/* As target.c makes it: 29 bits, then all others. */
static const margin_delta some_delta = {0x1.8765431p+0, 0x1.47ae147ae147bp-33, -1.0};

enum { CHAINS = 8, LENGTH_AT_MOST = 10007 };

typedef enum which_sums { OF_VECTORS, OF_DELTA } which_sums;

static void sums_of(const margin_kernels *k, which_sums which, const float *x, const float *w,
                    size_t n, double *sums)
{
    if (which == OF_VECTORS) k->pairs->pair_sums(x, w, n, sums);
    if (which == OF_DELTA) k->pairs->delta_sums(&some_delta, x, w, n, sums);
}

/* The same by the scalar kernel, chain by chain: elements 8 apart, then what is left over. */
static void sums_in_chains(const margin_kernels *scalar, which_sums which, const float *x,
                           const float *w, size_t n, double *sums)
{
    static float xs[LENGTH_AT_MOST / CHAINS], ws[LENGTH_AT_MOST / CHAINS];
    const size_t length = n / CHAINS, whole = length * CHAINS;
    double part[CHAINS][3];
    for (size_t chain = 0; chain < CHAINS; chain++) {
        for (size_t i = 0; i < length; i++) {
            xs[i] = x[i * CHAINS + chain];
            ws[i] = w[i * CHAINS + chain];
        }
        sums_of(scalar, which, xs, ws, length, part[chain]);
    }
    sums_of(scalar, which, x + whole, w + whole, n - whole, sums);
    for (size_t i = 0; i < 3; i++) {
        for (size_t half = CHAINS / 2; half > 0; half /= 2) {
            for (size_t chain = 0; chain < half; chain++)
                part[chain][i] += part[chain + half][i];
        }
        sums[i] += part[0][i];
    }
}

static void run_sums(const margin_kernels *k, trial *t, which_sums which)
{
    const size_t n = t->size[0];
    double sums[3];
    float *x = trial_input(t, n, 1.0), *w = trial_input(t, n, 1.0);
    float *result = trial_output(t, 3 * FLOATS_OF_DOUBLE, 0.0);
    if (t->isa == MARGIN_ISA_SCALAR && t->repeat == 0) {
        sums_in_chains(k, which, x, w, n, sums);
    } else {
        TRIAL_CALL(t, sums_of(k, which, x, w, n, sums));
    }
    for (size_t i = 0; i < 3; i++)
        trial_double(result + FLOATS_OF_DOUBLE * i, sums[i]);
    trial_work(t, (double)n, 0.0, 8.0 * (double)n);
}

static void run_pair_sums(const margin_kernels *k, trial *t)
{
    run_sums(k, t, OF_VECTORS);
}

static void run_delta_sums(const margin_kernels *k, trial *t)
{
    run_sums(k, t, OF_DELTA);
}

/* size: length; 1 beyond float32; 1 of x, not of w. */
static void run_add_tangent(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0];
    float *x = trial_input(t, n, 1.0), *w = trial_input(t, n, 1.0);
    float *result = trial_output(t, n, 1.0);
    const double factor = t->size[1] ? 0x1p140 : 0.7;
    const float *base = t->size[2] ? x : w;
    TRIAL_CALL(t, k->pairs->add_tangent(&some_delta, x, w, base, 0.3, factor, n, result));
    trial_work(t, (double)n, 0.0, 16.0 * (double)n);
}

/* size: length; 1 beyond float32. */
static void run_add_combination(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0];
    float *x = trial_input(t, n, 1.0), *w = trial_input(t, n, 1.0);
    float *result = trial_output(t, n, 1.0);
    const double by_x = t->size[1] ? -0x1p140 : 0.7;
    TRIAL_CALL(t, k->pairs->add_combination(x, by_x, w, 0.3, n, result));
    trial_work(t, (double)n, 0.0, 16.0 * (double)n);
}

static const kernel_case cases[] = {
    {"pair_sums", run_pair_sums, BOUND_BYTES, {"n"}, {{64}, {512}}},
    {"delta_sums", run_delta_sums, BOUND_BYTES, {"n"}, {{64}, {512}}},
    {"add_tangent", run_add_tangent, BOUND_BYTES, {"n"}, {{64}, {512}}},
    {"add_combination", run_add_combination, BOUND_BYTES, {"n"}, {{64}, {512}}},
};

KERNEL_SUBJECT(pairs);
