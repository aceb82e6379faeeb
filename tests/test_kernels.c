/* test_kernels.c: every kernel of one instruction set (MARGIN_SIMD_NAME) against the scalar one to
 * rounding and against the emulated vocabulary bit for bit: odd sizes, every misalignment, padded
 * strides, canaries round every array. */
#include <float.h>
#include <math.h>

#include "trial.h"

/* ---- a: length --------------------------------------------------------------------------------*/

static double run_sum_squares(const margin_kernels *k, trial *t, guard *out)
{
    start(t, out, 1, 0.0)[0] = k->packing->sum_squares(fresh(t, t->a, 1.0), t->a, 1.0f);
    return sum_tolerance(t->a);
}

static double run_pack_row(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->b + PADDING;
    float *columns = start(t, out, (panels_of(t->a) - 1) * stride + 16, 1.0);
    k->packing->pack_row(fresh(t, t->a, 1.0), t->a, 0x1p-3f, 1.37f, 3.1e-8f, columns, stride);
    return 1e-6;
}

/* b: 0 finite, 1 a NaN, 2 an infinity, 3 minus infinity, 4 all below what was there. */
static double run_row_max(const margin_kernels *k, trial *t, guard *out)
{
    const float odd[] = {FLT_MAX, NAN, INFINITY, -INFINITY, -1.0f};
    float *result = start(t, out, 2, 0.0), *x = fresh(t, t->a, 1.0);
    x[noise_index(&t->noise, t->a)] = odd[t->b];
    result[0] = t->b == 4 ? 100.0f : -FLT_MAX;
    result[1] = (float)k->terms->row_max(x, t->a, &result[0]);
    CHECK(result[1] == (t->b % 4 == 0 ? 1.0f : 0.0f), "row_max(%zu) of %g", t->a,
          (double)odd[t->b]);
    return 0.0;
}

/* b: 0 finite, 1 a NaN, 2 an infinity, 3 minus infinity, 4 the largest float. */
static double run_row_finite(const margin_kernels *k, trial *t, guard *out)
{
    const float odd[] = {1.0f, NAN, INFINITY, -INFINITY, FLT_MAX};
    float *result = start(t, out, 1, 0.0), *x = fresh(t, t->a, 1.0);
    x[noise_index(&t->noise, t->a)] = odd[t->b];
    result[0] = (float)k->terms->row_finite(x, t->a);
    CHECK(result[0] == (t->b % 4 == 0 ? 1.0f : 0.0f), "row_finite(%zu) of %g", t->a,
          (double)odd[t->b]);
    return 0.0;
}

enum { FLOATS_OF_DOUBLE = 3 }; /* hold all its bits */

/* A double as floats, so that it is compared like everything else. */
static void put_double(float *at, double x)
{
    for (int i = 0; i < FLOATS_OF_DOUBLE; i++) {
        at[i] = (float)x;
        x -= (double)at[i];
    }
}

/* b: 0 nothing is pending, 1 two regions, 2 past the cache, 3 and 4 likewise in place, and the
 * exponentials too. */
static double run_row_exp(const margin_kernels *k, trial *t, guard *out)
{
    enum { SUM = 1 };
    const int in_place = t->b > 2;
    const size_t n = t->a, first = t->b == 0 ? 0 : n / 2, second = t->b == 0 ? 0 : n + 40 - first;
    float *result = start(t, out, SUM + n + first + 1 + second, 0.25);
    float *x = fresh(t, n, 0.25), *into = result + SUM;
    float *to = into + n, *from = fresh(t, first + 1 + second, 1.0);
    x[noise_index(&t->noise, n)] = -INFINITY;
    if (in_place) memcpy(into, x, n * sizeof *x);
    if (in_place) memcpy(to, from, (first + 1 + second) * sizeof *x);
    const float *source = in_place ? to : from;
    margin_pending p = {{{source, to, first}, {source + first + 1, to + first + 1, second}},
                        0.731f,
                        0x1p-4f,
                        t->b == 2 || t->b == 4};
    const margin_term_row row = {.scale = 3.0f};
    result[0] = k->terms->row_exp(in_place ? into : x, n, row, 1.5f, into, x, &p);
    k->terms->row_store(&p);
    k->terms->drain();
    CHECK(p.region[0].left + p.region[1].left == 0, "row_store(%zu) left something", n);
    return 2e-5 * (1.0 + (double)n);
}

/* b: 0 with a unit vector, 1 without, 2 beyond float32, 3 with a vector of extreme size, 4 in
 * place. */
static double run_finish_row(const margin_kernels *k, trial *t, guard *out)
{
    const double size = t->b == 3 ? 0x1p-60 : 1.0;
    float *result = start(t, out, t->a, 1.0), *g = fresh(t, t->a, 1.0);
    if (t->b == 4) memcpy(result, g, t->a * sizeof *g);
    float *vector = fresh(t, t->a, 0.9 * size / sqrt((double)t->a));
    const margin_unit unit = {vector, t->b == 3 ? 0x1p60f : 1.0f, 1.0f / 0.9f, 0.0f};
    const float first = t->b == 2 ? 0x1p70f : 1.25f, second = t->b == 2 ? 0x1p70f : 1.0f;
    k->packing->finish_row(t->b == 4 ? result : g, t->b == 1 ? NULL : &unit, t->a, first, second,
                           result);
    return t->b == 2 ? 1e-6 * 0x1p140 : sum_tolerance(t->a);
}

enum { UNITS = 5 };

/* b: the row that is not ordinary; UNITS: none. */
static double run_pack_units(const margin_kernels *k, trial *t, guard *out)
{
    const size_t w_stride = t->a + 3, stride = 16 * UNITS + PADDING;
    const size_t size = (panels_of(t->a) - 1) * stride + 16 * UNITS;
    double norm[UNITS] = {0.0};
    float *w = fresh(t, UNITS * w_stride, 1.0);
    float *columns = start(t, out, size + UNITS * FLOATS_OF_DOUBLE, 1.0);
    for (size_t i = 0; i < t->a && t->b < UNITS; i++)
        w[t->b * w_stride + i] *= 0x1p-60f;
    const size_t done = k->packing->pack_units(w, w_stride, t->a, UNITS, norm, columns, stride);
    CHECK(done == t->b, "pack_units(%zu): %zu rows of %zu", t->a, done, t->b);
    for (size_t j = 0; j < UNITS; j++)
        put_double(columns + size + j * FLOATS_OF_DOUBLE, norm[j]);
    return sum_tolerance(t->a);
}

/* b: the row that is not ordinary; UNITS: none. c: 1 where a factor is what is not. */
static double run_finish_units(const margin_kernels *k, trial *t, guard *out)
{
    const size_t g_stride = t->a + 5, w_stride = t->a + 3, out_stride = t->a + 1;
    double norm[UNITS];
    float *g = fresh(t, UNITS * g_stride, 1.0), *w = fresh(t, UNITS * w_stride, 1.0);
    float *result = start(t, out, UNITS * out_stride, 1.0);
    for (size_t j = 0; j < UNITS; j++)
        norm[j] = sqrt((double)t->a) + (double)j;
    if (t->b < UNITS) norm[t->b] = t->c ? 0x1p+45 : t->b % 2 ? 0.0 : 0x1p-50;
    const double numerator = t->c ? 0x1p-60 : 0.75;
    const size_t done = k->packing->finish_units(g, g_stride, w, w_stride, norm, numerator, t->a,
                                                 UNITS, result, out_stride);
    CHECK(done == t->b, "finish_units(%zu): %zu rows of %zu", t->a, done, t->b);
    return sum_tolerance(t->a);
}

static double run_combine(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * 5 + PADDING, distance = 16;
    const size_t count = 1 + t->b, last = panels_of(t->a) - 1;
    float *rows = fresh(t, last * stride + (count - 1) * distance + 16, 1.0);
    float *factor = fresh(t, count, 1.0), *w = fresh(t, t->a, 1.0);
    float *result = start(t, out, t->a, 1.0);
    k->packing->combine(t->b % 2 == 0 ? w : NULL, 0.75f, rows, distance, stride, factor, count,
                        t->a, result);
    return sum_tolerance(count);
}

/* ---- a: classes -------------------------------------------------------------------------------*/

static double run_tile_max(const margin_kernels *k, trial *t, guard *out)
{
    float *tile = fresh(t, t->a * 16, 0.1);
    for (size_t i = 0; i < 5; i++)
        tile[noise_index(&t->noise, t->a * 16)] = -INFINITY;
    k->terms->tile_max(tile, t->a, start(t, out, 16, 0.0));
    return 0.0;
}

static double run_tile_exp(const margin_kernels *k, trial *t, guard *out)
{
    float *tile = start(t, out, (t->a + 1) * 16, 0.2);
    float *scale = fresh(t, 16, 1.0), *peak = fresh(t, 16, 1.0);
    margin_term_rows rows;
    for (size_t i = 0; i < 16; i++) {
        margin_put_term_row(&rows, i, (margin_term_row){.scale = 64.0f + scale[i]});
        peak[i] = 0.0f;
        for (size_t j = 0; j < t->a; j++)
            peak[i] = fmaxf(peak[i], tile[j * 16 + i]);
    }
    for (size_t i = 0; i < 5; i++)
        tile[noise_index(&t->noise, t->a * 16)] = -INFINITY;
    k->terms->tile_exp(tile, t->a, &rows, peak, tile + t->a * 16);
    return 2e-5 * (double)t->a;
}

static double run_tile_scale(const margin_kernels *k, trial *t, guard *out)
{
    float *tile = start(t, out, t->a * 16, 1.0);
    k->terms->tile_scale(tile, t->a, fresh(t, 16, 1.0));
    return 1e-6;
}

/* ---- a: length, of a pair in double ---- */

/* As target.c makes it: 29 bits, then all others. */
static const margin_delta some_delta = {0x1.8765431p+0, 0x1.47ae147ae147bp-33, -1.0};

enum { PAIR_CHAINS = 8, PAIR_AT_MOST = 10007 };

/* b: 0 the sums of the vectors, 1 those of delta. */
static void sums_of_pair(const margin_kernels *k, size_t b, const float *x, const float *w,
                         size_t n, double *sums)
{
    if (b == 0) k->pairs->pair_sums(x, w, n, sums);
    if (b == 1) k->pairs->delta_sums(&some_delta, x, w, n, sums);
}

/* The same by the scalar kernel, chain by chain: elements 8 apart, then what is left over. */
static void sums_in_chains(const margin_kernels *scalar, size_t b, const float *x, const float *w,
                           size_t n, double *sums)
{
    static float xs[PAIR_AT_MOST / PAIR_CHAINS], ws[PAIR_AT_MOST / PAIR_CHAINS];
    const size_t length = n / PAIR_CHAINS, whole = length * PAIR_CHAINS;
    double part[PAIR_CHAINS][3];
    for (size_t chain = 0; chain < PAIR_CHAINS; chain++) {
        for (size_t i = 0; i < length; i++) {
            xs[i] = x[i * PAIR_CHAINS + chain];
            ws[i] = w[i * PAIR_CHAINS + chain];
        }
        sums_of_pair(scalar, b, xs, ws, length, part[chain]);
    }
    sums_of_pair(scalar, b, x + whole, w + whole, n - whole, sums);
    for (size_t i = 0; i < 3; i++) {
        for (size_t half = PAIR_CHAINS / 2; half > 0; half /= 2) {
            for (size_t chain = 0; chain < half; chain++)
                part[chain][i] += part[chain + half][i];
        }
        sums[i] += part[0][i];
    }
}

/* Products, sums and the order of both are given: no kernel may differ in a bit. */
static double run_pair(const margin_kernels *k, trial *t, guard *out)
{
    double sums[3];
    float *x = fresh(t, t->a, 1.0), *w = fresh(t, t->a, 1.0);
    float *result = start(t, out, 3 * FLOATS_OF_DOUBLE, 0.0);
    if (k == margin_dispatch(MARGIN_ISA_SCALAR)) {
        sums_in_chains(k, t->b, x, w, t->a, sums);
    } else {
        sums_of_pair(k, t->b, x, w, t->a, sums);
    }
    for (size_t i = 0; i < 3; i++)
        put_double(result + FLOATS_OF_DOUBLE * i, sums[i]);
    return 0.0;
}

/* b: 0 ordinary, 1 beyond float32. */
static double run_add_tangent(const margin_kernels *k, trial *t, guard *out)
{
    float *x = fresh(t, t->a, 1.0), *w = fresh(t, t->a, 1.0), *result = start(t, out, t->a, 1.0);
    const double factor = t->b == 1 ? 0x1p140 : 0.7;
    k->pairs->add_tangent(&some_delta, x, w, t->offset % 2 ? x : w, 0.3, factor, t->a, result);
    return 0.0;
}

static double run_add_combination(const margin_kernels *k, trial *t, guard *out)
{
    float *x = fresh(t, t->a, 1.0), *w = fresh(t, t->a, 1.0), *result = start(t, out, t->a, 1.0);
    k->pairs->add_combination(x, t->b == 1 ? -0x1p140 : 0.7, w, 0.3, t->a, result);
    return 0.0;
}

/* ---- what is tried ---- */

static const size_t lengths[] = {1,   2,   3,   5,   7,    8,    9,    13,   15,   16,
                                 17,  18,  23,  24,  31,   32,   33,   47,   48,   49,
                                 63,  64,  65,  66,  79,   80,   96,   97,   127,  128,
                                 129, 255, 300, 513, 1000, 1023, 1024, 1025, 2049, 10007};

static void judge_lengths(void)
{
    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        const size_t n = lengths[i];
        judge("sum_squares", run_sum_squares, n, 0, 0);
        judge("pack_row", run_pack_row, n, 1 + i % 4, 0);
        judge("tile_max", run_tile_max, n, 0, 0);
        judge("tile_exp", run_tile_exp, n, 0, 0);
        judge("tile_scale", run_tile_scale, n, 0, 0);
        judge("pack_units", run_pack_units, n, i % (UNITS + 1), 0);
        judge("finish_units", run_finish_units, n, i % (UNITS + 1), i % 2);
        judge("combine", run_combine, n, i % 6, 0);
        for (size_t mode = 0; mode < 5; mode++) {
            judge("row_max", run_row_max, n, mode, 0);
            judge("row_exp", run_row_exp, n, mode, 0);
            judge("finish_row", run_finish_row, n, mode, 0);
        }
        for (size_t mode = 0; mode < 2; mode++) {
            judge("pair", run_pair, n, mode, 0);
            judge("add_tangent", run_add_tangent, n, mode, 0);
            judge("add_combination", run_add_combination, n, mode, 0);
        }
        for (size_t mode = 0; mode < 5; mode++)
            judge("row_finite", run_row_finite, n, mode, 0);
    }
}

int main(void)
{
    if (judged_kernels() == NULL) {
        return check_skip("test_kernels " JUDGED_TEXT, "this CPU lacks it");
    }
    judge_lengths();
    return check_report("test_kernels " JUDGED_TEXT);
}
