/* terms.c: the runners of kernels/terms.h. */
#include <float.h>
#include <math.h>

#include "trial.h"

/* size: classes. */
static void run_tile_max(const margin_kernels *k, trial *t)
{
    const size_t count = t->size[0] * 16;
    float *tile = trial_input(t, count, 0.1), *result = trial_output(t, 16, 0.0);
    for (size_t i = 0; i < 5; i++)
        tile[noise_index(&t->noise, count)] = -INFINITY;
    TRIAL_CALL(t, k->terms->tile_max(tile, t->size[0], result));
    trial_work(t, (double)count, 0.0, 4.0 * (double)count);
}

/* size: classes. */
static void run_tile_exp(const margin_kernels *k, trial *t)
{
    const size_t classes = t->size[0], count = classes * 16;
    float *tile = trial_output(t, count + 16, 0.2);
    float *scale = trial_input(t, 16, 1.0), *peak = trial_input(t, 16, 1.0);
    margin_term_rows rows;
    for (size_t i = 0; i < 16; i++) {
        margin_put_term_row(&rows, i, (margin_term_row){.scale = 64.0f + scale[i]});
        peak[i] = t->repeat > 0 ? 1.0f : 0.0f; /* terms, at most 1, become products again */
        for (size_t j = 0; j < classes; j++)
            peak[i] = fmaxf(peak[i], tile[j * 16 + i]);
    }
    for (size_t i = 0; i < 5; i++)
        tile[noise_index(&t->noise, count)] = -INFINITY;
    TRIAL_CALL(t, k->terms->tile_exp(tile, classes, &rows, peak, tile + count));
    trial_work(t, (double)count, 0.0, 8.0 * (double)count);
    t->tolerance = 2e-5 * (double)classes;
}

/* size: classes. */
static void run_tile_scale(const margin_kernels *k, trial *t)
{
    const size_t classes = t->size[0], count = classes * 16;
    float *tile = trial_output(t, count, 1.0), *factor = trial_factors(t, 16, 1.0);
    TRIAL_CALL(t, k->terms->tile_scale(tile, classes, factor));
    trial_work(t, (double)count, (double)count, 8.0 * (double)count);
    t->tolerance = 1e-6;
}

/* size: length; 0 finite, 1 a NaN, 2 an infinity, 3 minus infinity, 4 the largest float. */
static void run_row_finite(const margin_kernels *k, trial *t)
{
    const float odd[] = {1.0f, NAN, INFINITY, -INFINITY, FLT_MAX};
    const size_t n = t->size[0], mode = t->size[1];
    float *result = trial_output(t, 1, 0.0), *x = trial_input(t, n, 1.0);
    x[noise_index(&t->noise, n)] = odd[mode];
    TRIAL_CALL(t, result[0] = (float)k->terms->row_finite(x, n));
    trial_expect(t, result[0] == (mode % 4 == 0 ? 1.0f : 0.0f), ": %g of %g", (double)result[0],
                 (double)odd[mode]);
    trial_work(t, (double)n, 0.0, 4.0 * (double)n);
}

/* size: length; as above, but 4 all below what was there. */
static void run_row_max(const margin_kernels *k, trial *t)
{
    const float odd[] = {FLT_MAX, NAN, INFINITY, -INFINITY, -1.0f};
    const size_t n = t->size[0], mode = t->size[1];
    float *result = trial_output(t, 2, 0.0), *x = trial_input(t, n, 1.0);
    x[noise_index(&t->noise, n)] = odd[mode];
    result[0] = mode == 4 ? 100.0f : -FLT_MAX;
    TRIAL_CALL(t, result[1] = (float)k->terms->row_max(x, n, &result[0]));
    trial_expect(t, result[1] == (mode % 4 == 0 ? 1.0f : 0.0f), ": %g of %g", (double)result[1],
                 (double)odd[mode]);
    trial_work(t, (double)n, 0.0, 4.0 * (double)n);
}

/* What is pending: two regions, or nothing (size 0), of an output `to` and its source. */
static margin_pending pending_of(const float *from, float *to, size_t first, size_t second,
                                 int stream)
{
    const margin_pending p = {
        {{from, to, first}, {from + first + 1, to + first + 1, second}}, 0.731f, 0x1p-4f, stream};
    return p;
}

/* size: length; 0 nothing is pending, 1 two regions, 2 past the cache, 3 and 4 likewise in place,
 * and the exponentials too. */
static void run_row_exp(const margin_kernels *k, trial *t)
{
    enum { SUM = 1 };
    const size_t n = t->size[0], mode = t->size[1];
    const int in_place = mode > 2;
    const size_t first = mode == 0 ? 0 : n / 2, second = mode == 0 ? 0 : n + 40 - first;
    float *result = trial_output(t, SUM + n + first + 1 + second, 0.25);
    float *x = trial_input(t, n, 0.25), *into = result + SUM;
    float *to = into + n, *from = trial_input(t, first + 1 + second, 1.0);
    x[noise_index(&t->noise, n)] = -INFINITY;
    if (in_place) memcpy(into, x, n * sizeof *x);
    if (in_place) memcpy(to, from, (first + 1 + second) * sizeof *x);
    const margin_pending all =
        pending_of(in_place ? to : from, to, first, second, mode == 2 || mode == 4);
    const margin_term_row row = {.scale = 3.0f};
    margin_pending p;
    TRIAL_CALL(t, p = all;
               result[0] = k->terms->row_exp(in_place ? into : x, n, row, 1.5f, into, x, &p);
               k->terms->row_store(&p));
    k->terms->drain();
    trial_expect(t, p.region[0].left + p.region[1].left == 0, ": row_store left something");
    trial_work(t, (double)n, 0.0, 8.0 * (double)(n + first + second));
    t->tolerance = 2e-5 * (1.0 + (double)n);
}

/* size: length; 1 past the cache. */
static void run_row_store(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0], first = n / 2;
    float *from = trial_input(t, n + 1, 1.0), *to = trial_output(t, n + 1, 1.0);
    const margin_pending all = pending_of(from, to, first, n - first, t->size[1] != 0);
    margin_pending p;
    TRIAL_CALL(t, p = all; k->terms->row_store(&p));
    k->terms->drain();
    trial_expect(t, p.region[0].left + p.region[1].left == 0, ": left something");
    trial_work(t, (double)n, 2.0 * (double)n, 8.0 * (double)n);
    t->tolerance = 1e-6;
}

/* size: lines of an array, each an element; what is there must stay. */
static void run_prefetch(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0] * 16;
    float *x = trial_output(t, n, 1.0);
    TRIAL_CALL(t, for (size_t i = 0; i < n; i += 16) k->terms->prefetch(x + i));
    trial_work(t, (double)t->size[0], 0.0, 0.0);
}

/* Nothing is pending and nothing was streamed: the least that it takes. An element is a call. */
static void run_drain(const margin_kernels *k, trial *t)
{
    trial_output(t, 1, 0.0);
    TRIAL_CALL(t, k->terms->drain());
    trial_work(t, 1.0, 0.0, 0.0);
}

static const kernel_case cases[] = {
    {"tile_max", run_tile_max, BOUND_BYTES, {"classes"}, {{252}, {2520}}},
    {"tile_exp", run_tile_exp, BOUND_NONE, {"classes"}, {{252}, {2520}}},
    {"tile_scale", run_tile_scale, BOUND_BYTES, {"classes"}, {{252}, {2520}}},
    {"row_finite", run_row_finite, BOUND_BYTES, {"n"}, {{4096}, {65536}}},
    {"row_max", run_row_max, BOUND_BYTES, {"n"}, {{4096}, {65536}}},
    {"row_exp", run_row_exp, BOUND_NONE, {"n", "pending"}, {{2048, 0}, {2048, 1}, {16384, 0}}},
    {"row_store", run_row_store, BOUND_BYTES, {"n"}, {{2048}, {32768}}},
    {"prefetch", run_prefetch, BOUND_NONE, {"lines"}, {{256}, {4096}}},
    {"drain", run_drain, BOUND_NONE, {"calls"}, {{1}}},
};

KERNEL_SUBJECT(terms);
