/* packing.c: the runners of kernels/packing.h. */
#include <math.h>

#include "trial.h"

enum { ROWS_AT_MOST = 16 };

static void run_sum_squares(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0];
    float *result = trial_output(t, 1, 0.0), *x = trial_input(t, n, 1.0);
    TRIAL_CALL(t, result[0] = k->packing->sum_squares(x, n, 1.0f));
    trial_work(t, (double)n, 3.0 * (double)n, 4.0 * (double)n);
    t->tolerance = sum_tolerance(n);
}

/* size: length, rows. */
static void run_pack_row(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0], stride = 16 * t->size[1] + PADDING;
    float *panels = trial_output(t, (panels_of(n) - 1) * stride + 16, 1.0);
    float *x = trial_input(t, n, 1.0);
    TRIAL_CALL(t, k->packing->pack_row(x, n, 0x1p-3f, 1.37f, 3.1e-8f, panels, stride));
    trial_work(t, (double)n, 4.0 * (double)n, 8.0 * (double)n);
    t->tolerance = 1e-6;
}

/* size: length, rows, the row that is not ordinary, if there is one. */
static void run_pack_units(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0], rows = t->size[1], odd = t->size[2];
    const size_t w_stride = stride_of(t, n, 3), stride = 16 * rows + PADDING;
    const size_t size = (panels_of(n) - 1) * stride + 16 * rows;
    double norm[ROWS_AT_MOST] = {0.0};
    size_t done = 0;
    float *w = trial_input(t, rows * w_stride, 1.0);
    float *panels = trial_output(t, size + rows * FLOATS_OF_DOUBLE, 1.0);
    for (size_t i = 0; i < n && odd < rows; i++)
        w[odd * w_stride + i] *= 0x1p-60f;
    TRIAL_CALL(t, done = k->packing->pack_units(w, w_stride, n, rows, norm, panels, stride));
    trial_expect(t, done == (odd < rows ? odd : rows), ": %zu rows", done);
    for (size_t j = 0; j < rows; j++)
        trial_double(panels + size + j * FLOATS_OF_DOUBLE, norm[j]);
    const double all = (double)(n * rows);
    trial_work(t, all, 5.0 * all, 8.0 * all);
    t->tolerance = sum_tolerance(n);
}

/* size: panels. */
static void run_pack_lanes(const margin_kernels *k, trial *t)
{
    const size_t panels = t->size[0], stride = 256 + PADDING;
    float *x = trial_input(t, panels * stride, 1.0), *lanes = trial_output(t, panels * 256, 0.0);
    TRIAL_CALL(t, k->packing->pack_lanes(x, stride, panels, lanes));
    trial_work(t, 256.0 * (double)panels, 0.0, 2048.0 * (double)panels);
}

/* size: rows, panels. */
static void run_scale_panels(const margin_kernels *k, trial *t)
{
    const size_t rows = t->size[0], panels = t->size[1], stride = 16 * rows + PADDING;
    const size_t count = (panels - 1) * stride + 16 * rows;
    float *x = trial_input(t, count, 1.0), *factor = trial_factors(t, rows, 1.0);
    float *result = trial_output(t, count, 1.0);
    TRIAL_CALL(t, k->packing->scale_panels(x, factor, rows, panels, stride, result));
    const double all = 16.0 * (double)(rows * panels);
    trial_work(t, all, all, 8.0 * all);
    t->tolerance = 1e-6;
}

/* size: length, rows; 1 without w. */
static void run_weighted_sum(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0], count = t->size[1], stride = 16 * 5 + PADDING, distance = 16;
    float *rows = trial_input(t, (panels_of(n) - 1) * stride + (count - 1) * distance + 16, 1.0);
    float *factor = trial_input(t, count, 1.0), *w = trial_input(t, n, 1.0);
    float *result = trial_output(t, n, 1.0);
    const float *first = t->size[2] ? NULL : w;
    TRIAL_CALL(t, k->packing->weighted_sum(first, 0.75f, rows, distance, stride, factor, count, n,
                                           result));
    const double all = (double)n, read = (double)(count + (first != NULL));
    trial_work(t, all * read, 2.0 * all * read, 4.0 * all * (read + 1.0));
    t->tolerance = sum_tolerance(count);
}

/* size: length; 0 with a unit vector, 1 without, 2 beyond float32, 3 with a vector of extreme size,
 * 4 in place. */
static void run_finish_row(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0], mode = t->size[1];
    const double size = mode == 3 ? 0x1p-60 : 1.0;
    float *result = trial_output(t, n, 1.0), *g = trial_input(t, n, 1.0);
    if (mode == 4) memcpy(result, g, n * sizeof *g);
    float *vector = trial_input(t, n, 0.9 * size / sqrt((double)n));
    const margin_unit unit = {vector, mode == 3 ? 0x1p60f : 1.0f, 1.0f / 0.9f, 0.0f};
    const float first = mode == 2 ? 0x1p70f : 1.25f, second = mode == 2 ? 0x1p70f : 1.0f;
    TRIAL_CALL(t, k->packing->finish_row(mode == 4 ? result : g, mode == 1 ? NULL : &unit, n, first,
                                         second, result));
    const double all = (double)n;
    trial_work(t, all, 6.0 * all, 12.0 * all);
    t->tolerance = mode == 2 ? 1e-6 * 0x1p140 : sum_tolerance(n);
}

/* size: length, rows, the row that is not ordinary, if there is one; 1 where its factor is what is
 * not. */
static void run_finish_units(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0], rows = t->size[1], odd = t->size[2];
    const size_t g_stride = stride_of(t, n, 5), w_stride = stride_of(t, n, 3),
                 out_stride = stride_of(t, n, 1);
    double norm[ROWS_AT_MOST];
    size_t done = 0;
    float *g = trial_input(t, rows * g_stride, 1.0), *w = trial_input(t, rows * w_stride, 1.0);
    float *result = trial_output(t, rows * out_stride, 1.0);
    for (size_t j = 0; j < rows; j++)
        norm[j] = sqrt((double)n) + (double)j;
    if (odd < rows) norm[odd] = t->size[3] ? 0x1p+45 : odd % 2 ? 0.0 : 0x1p-50;
    const double numerator = t->size[3] ? 0x1p-60 : 0.75;
    TRIAL_CALL(t, done = k->packing->finish_units(g, g_stride, w, w_stride, norm, numerator, n,
                                                  rows, result, out_stride));
    trial_expect(t, done == (odd < rows ? odd : rows), ": %zu rows", done);
    const double all = (double)(n * rows);
    trial_work(t, all, 6.0 * all, 12.0 * all);
    t->tolerance = sum_tolerance(n);
}

/* size: length; 1 where the last sum is beyond float32. */
static void run_add_row(const margin_kernels *k, trial *t)
{
    const size_t n = t->size[0];
    float *result = trial_output(t, n, 1.0), *line = trial_input(t, n, 0x1p-20);
    float *before = trial_input(t, n, 1.0);
    if (t->size[1]) line[n - 1] = before[n - 1] = -0x1.8p127f;
    memcpy(result, before, n * sizeof *result);
    TRIAL_CALL(t, k->packing->add_row(line, n, result));
    trial_work(t, (double)n, (double)n, 12.0 * (double)n);
}

/* Fills an array with any finite numbers of 16 bits whose bits of the exponent are `exponent`, and
 * returns it: 2 bytes after a float where `odd`. */
static const uint16_t *fill_halves(trial *t, size_t n, int odd, unsigned exponent)
{
    uint16_t *half = (uint16_t *)(void *)trial_input(t, n / 2 + 1, 1.0) + odd;
    for (size_t i = 0; i < n; i++) {
        half[i] = (uint16_t)noise_bits(&t->noise);
        if ((half[i] & exponent) == exponent) half[i] ^= 0x4000u;
    }
    return half;
}

/* size: length; 1 at an odd multiple of 2 bytes. */
static void run_widen(void (*widen)(const void *from, size_t n, float *to), unsigned exponent,
                      trial *t)
{
    const size_t n = t->size[0];
    float *result = trial_output(t, n, 1.0);
    const uint16_t *half = fill_halves(t, n, t->size[1] == 1, exponent);
    TRIAL_CALL(t, widen(half, n, result));
    trial_work(t, (double)n, 0.0, 6.0 * (double)n);
}

static void run_widen_bfloat16(const margin_kernels *k, trial *t)
{
    run_widen(k->packing->widen_bfloat16, 0x7f80u, t);
}

static void run_widen_float16(const margin_kernels *k, trial *t)
{
    run_widen(k->packing->widen_float16, 0x7c00u, t);
}

static const kernel_case cases[] = {
    {"sum_squares", run_sum_squares, BOUND_BYTES, {"n"}, {{512}, {4096}, {65536}}},
    {"pack_row", run_pack_row, BOUND_BYTES, {"n", "rows"}, {{512, 1}, {512, 16}}},
    {"pack_units", run_pack_units, BOUND_BYTES, {"n", "rows"}, {{64, 16, 16}, {512, 16, 16}}},
    {"pack_lanes", run_pack_lanes, BOUND_BYTES, {"panels"}, {{4}, {32}}},
    {"scale_panels", run_scale_panels, BOUND_BYTES, {"rows", "panels"}, {{16, 8}, {128, 16}}},
    {"weighted_sum", run_weighted_sum, BOUND_BYTES, {"n", "rows"}, {{512, 5}}},
    {"finish_row", run_finish_row, BOUND_BYTES, {"n"}, {{512}, {16384}}},
    {"finish_units", run_finish_units, BOUND_BYTES, {"n", "rows"}, {{64, 16, 16}, {512, 16, 16}}},
    {"add_row", run_add_row, BOUND_BYTES, {"n"}, {{512}, {16384}}},
    {"widen_bfloat16", run_widen_bfloat16, BOUND_BYTES, {"n"}, {{512}, {16384}}},
    {"widen_float16", run_widen_float16, BOUND_BYTES, {"n"}, {{512}, {16384}}},
};

KERNEL_SUBJECT(packing);
