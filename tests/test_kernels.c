/* test_kernels.c: every kernel of one instruction set (MARGIN_SIMD_NAME) against the scalar one to
 * rounding and against the emulated vocabulary bit for bit: odd sizes, every misalignment, padded
 * strides, canaries round every array. */
#include <float.h>
#include <math.h>

#include "trial.h"

/* ---- a: length --------------------------------------------------------------------------------*/

static double run_sum_squares(const margin_kernels *k, trial *t, guard *out)
{
    start(t, out, 1, 0.0)[0] = k->sum_squares(fresh(t, t->a, 1.0), t->a, 1.0f);
    return sum_tolerance(t->a);
}

static double run_pack_row(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->b + PADDING;
    float *columns = start(t, out, (panels_of(t->a) - 1) * stride + 16, 1.0);
    k->pack_row(fresh(t, t->a, 1.0), t->a, 0x1p-3f, 1.37f, 3.1e-8f, columns, stride);
    return 1e-6;
}

static double run_row_max(const margin_kernels *k, trial *t, guard *out)
{
    float *result = start(t, out, 1, 0.0), *x = fresh(t, t->a, 1.0);
    x[noise_index(&t->noise, t->a)] = -INFINITY;
    result[0] = k->row_max(x, t->a);
    return 0.0;
}

/* b: 0 into another array, 1 past the cache, 2 in place. */
static double run_row_scale(const margin_kernels *k, trial *t, guard *out)
{
    float *result = start(t, out, t->a, 1.0), *x = fresh(t, t->a, 1.0);
    k->row_scale(t->b == 2 ? result : x, t->a, 0.731f, 0x1p-4f, t->b == 1, result);
    k->drain();
    return 1e-6;
}

/* b: 0 finite, 1 a NaN, 2 an infinity, 3 minus infinity, 4 the largest float. */
static double run_row_finite(const margin_kernels *k, trial *t, guard *out)
{
    const float odd[] = {1.0f, NAN, INFINITY, -INFINITY, FLT_MAX};
    float *result = start(t, out, 1, 0.0), *x = fresh(t, t->a, 1.0);
    x[noise_index(&t->noise, t->a)] = odd[t->b];
    result[0] = (float)k->row_finite(x, t->a);
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

/* b: 0 sum only, 1 into another array, 2 in place. */
static double run_row_exp(const margin_kernels *k, trial *t, guard *out)
{
    float *result = start(t, out, FLOATS_OF_DOUBLE + t->a, 0.25), *x = fresh(t, t->a, 0.25);
    float *const into = t->b == 0 ? NULL : result + FLOATS_OF_DOUBLE;
    x[noise_index(&t->noise, t->a)] = -INFINITY;
    if (t->b == 2) memcpy(into, x, t->a * sizeof *x);
    put_double(result, k->row_exp(t->b == 2 ? into : x, t->a, 3.0f, 1.5f, into));
    return 2e-5 * (1.0 + (double)t->a);
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
    k->finish_row(t->b == 4 ? result : g, t->b == 1 ? NULL : &unit, t->a, first, second, result);
    return t->b == 2 ? 1e-6 * 0x1p140 : sum_tolerance(t->a);
}

static double run_combine(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * 5 + PADDING, distance = 16;
    const size_t count = 1 + t->b, last = panels_of(t->a) - 1;
    float *rows = fresh(t, last * stride + (count - 1) * distance + 16, 1.0);
    float *factor = fresh(t, count, 1.0), *w = fresh(t, t->a, 1.0);
    float *result = start(t, out, t->a, 1.0);
    k->combine(t->b % 2 == 0 ? w : NULL, 0.75f, rows, distance, stride, factor, count, t->a,
               result);
    return sum_tolerance(count);
}

/* ---- a: classes -------------------------------------------------------------------------------*/

static double run_tile_max(const margin_kernels *k, trial *t, guard *out)
{
    float *tile = fresh(t, t->a * 16, 0.1);
    for (size_t i = 0; i < 5; i++)
        tile[noise_index(&t->noise, t->a * 16)] = -INFINITY;
    k->tile_max(tile, t->a, start(t, out, 16, 0.0));
    return 0.0;
}

static double run_tile_exp(const margin_kernels *k, trial *t, guard *out)
{
    float *tile = start(t, out, (t->a + 1) * 16, 0.2);
    float *scale = fresh(t, 16, 1.0), *peak = fresh(t, 16, 1.0);
    for (size_t i = 0; i < 16; i++) {
        scale[i] = 64.0f + scale[i];
        peak[i] = 0.0f;
        for (size_t j = 0; j < t->a; j++)
            peak[i] = fmaxf(peak[i], tile[j * 16 + i]);
    }
    for (size_t i = 0; i < 5; i++)
        tile[noise_index(&t->noise, t->a * 16)] = -INFINITY;
    k->tile_exp(tile, t->a, scale, peak, tile + t->a * 16);
    return 2e-5 * (double)t->a;
}

static double run_tile_scale(const margin_kernels *k, trial *t, guard *out)
{
    float *tile = start(t, out, t->a * 16, 1.0);
    k->tile_scale(tile, t->a, fresh(t, 16, 1.0));
    return 1e-6;
}

/* b: dim, c: panels. */
static double run_tile_products(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->a + PADDING, lane_stride = 16 * t->b + PADDING;
    const size_t tile_stride = 16 * t->a + PADDING;
    float *lanes = fresh(t, (t->c - 1) * lane_stride + t->b * 16, 1.0);
    float *weights = fresh(t, (panels_of(t->b) - 1) * stride + 16 * t->a, 1.0);
    float *result = start(t, out, (t->c - 1) * tile_stride + t->a * 16, 1.0);
    margin_ahead ahead = {{{(char *)lanes, (char *)(lanes + t->b * 16)}, {NULL, NULL}}, 8};
    k->tile_products(lanes, lane_stride, t->c, weights, stride, t->b, t->a, result, tile_stride,
                     &ahead);
    return sum_tolerance(t->b);
}

/* b: panels of dimensions, c: rows. */
static double run_few_products(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->a + PADDING, x_stride = 16 * t->c + PADDING;
    float *x = fresh(t, (t->b - 1) * x_stride + 16 * t->c, 1.0);
    float *weights = fresh(t, (t->b - 1) * stride + 16 * t->a, 1.0);
    margin_ahead ahead = {{{(char *)x, (char *)(x + 16 * t->c)}, {NULL, NULL}}, 8};
    k->few_products(x, x_stride, t->c, weights, stride, t->b, t->a, start(t, out, t->a * 16, 1.0),
                    &ahead);
    return sum_tolerance(16 * t->b);
}

/* b: panels, c: twice the rows, plus 1 where what is there is kept. */
static double run_embedding_products(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->a + PADDING;
    float *tile = fresh(t, t->a * 16, 1.0), *keep = fresh(t, 16, 1.0);
    float *weights = fresh(t, (t->b - 1) * stride + 16 * t->a, 1.0);
    float *result = start(t, out, t->b * 256, 1.0);
    k->embedding_products(tile, t->c / 2, weights, stride, t->a, t->b, t->c % 2 ? keep : NULL,
                          result);
    for (size_t i = 0; i < t->b * 16; i++) {
        if (i % 16 >= t->c / 2) memset(result + i * 16, 0, 16 * sizeof *result);
    }
    return sum_tolerance(t->a);
}

/* b: panels, c: rows; odd trials add to what is there. */
static double run_weight_products(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->c + PADDING, tile_stride = 16 * t->a + PADDING;
    const size_t out_stride = 16 * t->b + PADDING;
    float *tiles = fresh(t, (panels_of(t->c) - 1) * tile_stride + 16 * t->a, 1.0);
    float *x = fresh(t, (t->b - 1) * stride + 16 * t->c, 1.0);
    float *result = start(t, out, (t->a - 1) * out_stride + t->b * 16, 1.0);
    margin_ahead ahead = {{{NULL, NULL}, {(char *)x, (char *)(x + 16 * t->c)}}, 8};
    k->weight_products(tiles, tile_stride, x, stride, t->c, t->a, t->b, t->offset % 2, result,
                       out_stride, &ahead);
    return sum_tolerance(t->c);
}

/* a: pairs of vectors, b: dim. Plane strides are odd. */
static double run_plane_products(const margin_kernels *k, trial *t, guard *out)
{
    const size_t n = 32 * t->a, stride = n + 7;
    float *planes = fresh(t, t->b * stride, 1.0), *x = fresh(t, t->b, 1.0);
    float *result = start(t, out, n + 1, 1.0);
    result[n] = k->plane_products(planes, stride, t->b, x, n, result);
    return sum_tolerance(t->b);
}

static double run_plane_exp(const margin_kernels *k, trial *t, guard *out)
{
    const size_t n = 32 * t->a, stride = n + 7;
    float *planes = fresh(t, t->b * stride, 1.0), *x = fresh(t, n, 0.25);
    float *result = start(t, out, n + 1 + t->b, 1.0);
    x[noise_index(&t->noise, n)] = -INFINITY;
    result[n] = k->plane_exp(x, n, 3.0f, 1.5f, planes, stride, t->b, result, result + n + 1);
    return 2e-5 * (double)n;
}

/* c: rows. */
static double run_plane_weights(const margin_kernels *k, trial *t, guard *out)
{
    const size_t n = 32 * t->a, stride = n + 7, e_stride = n + PADDING;
    float *e = fresh(t, (t->c - 1) * e_stride + n, 1.0), *x = fresh(t, t->c * 16, 1.0);
    float *result = start(t, out, (t->b - 1) * stride + n, 1.0);
    k->plane_weights(e, e_stride, t->c, x, t->b, n, result, stride);
    return sum_tolerance(t->c);
}

/* b: parts; odd trials add to what is there. */
static double run_plane_total(const margin_kernels *k, trial *t, guard *out)
{
    const size_t n = 32 * t->a, distance = n + 7;
    float *parts = fresh(t, (t->b - 1) * distance + n, 1.0), *sum = start(t, out, n, 1.0);
    k->plane_total(parts, distance, t->b, n, t->offset % 2, sum);
    return sum_tolerance(t->b);
}

/* c: 0 without a projection, 1 with it, 2 beyond float32. */
static double run_plane_finish(const margin_kernels *k, trial *t, guard *out)
{
    const size_t n = 32 * t->a, stride = n + 7;
    float *planes = fresh(t, (t->b - 1) * stride + n, 1.0), *factor = fresh(t, n, 1.0);
    float *g = start(t, out, (t->b - 1) * stride + n, t->c == 2 ? 0x1p64 : 1.0);
    for (size_t j = 0; j < n && t->c == 2; j++)
        factor[j] *= 0x1p64f;
    k->plane_finish(g, t->c > 0 ? planes : NULL, stride, t->b, n, factor);
    return t->c == 2 ? 0x1p110 : 1e-4;
}

/* a: panels. */
static double run_pack_lanes(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 256 + PADDING;
    float *x = fresh(t, t->a * stride, 1.0);
    k->pack_lanes(x, stride, t->a, start(t, out, t->a * 256, 0.0));
    return 0.0;
}

/* a: rows, b: panels. */
static double run_scale_columns(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->a + PADDING, count = (t->b - 1) * stride + 16 * t->a;
    float *x = fresh(t, count, 1.0), *factor = fresh(t, t->a, 1.0);
    k->scale_columns(x, factor, t->a, t->b, stride, start(t, out, count, 1.0));
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
    if (b == 0) k->pair_sums(x, w, n, sums);
    if (b == 1) k->delta_sums(&some_delta, x, w, n, sums);
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
    k->add_tangent(&some_delta, x, w, t->offset % 2 ? x : w, 0.3, factor, t->a, result);
    return 0.0;
}

static double run_add_combination(const margin_kernels *k, trial *t, guard *out)
{
    float *x = fresh(t, t->a, 1.0), *w = fresh(t, t->a, 1.0), *result = start(t, out, t->a, 1.0);
    k->add_combination(x, t->b == 1 ? -0x1p140 : 0.7, w, 0.3, t->a, result);
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
        judge("row_max", run_row_max, n, 0, 0);
        judge("tile_max", run_tile_max, n, 0, 0);
        judge("tile_exp", run_tile_exp, n, 0, 0);
        judge("tile_scale", run_tile_scale, n, 0, 0);
        judge("combine", run_combine, n, i % 6, 0);
        for (size_t mode = 0; mode < 3; mode++)
            judge("row_exp", run_row_exp, n, mode, 0);
        for (size_t mode = 0; mode < 3; mode++)
            judge("row_scale", run_row_scale, n, mode, 0);
        for (size_t mode = 0; mode < 5; mode++)
            judge("finish_row", run_finish_row, n, mode, 0);
        for (size_t mode = 0; mode < 2; mode++) {
            judge("pair", run_pair, n, mode, 0);
            judge("add_tangent", run_add_tangent, n, mode, 0);
            judge("add_combination", run_add_combination, n, mode, 0);
        }
        for (size_t mode = 0; mode < 5; mode++)
            judge("row_finite", run_row_finite, n, mode, 0);
    }
}

/* Every remainder of the register tiles (up to 16 rows) and of the summation chains. */
static void judge_products(void)
{
    static const size_t dims[] = {1, 2, 15, 16, 17, 31, 63, 64, 65, 100, 128, 130, 257};
    for (size_t classes = 1; classes <= 37; classes++) {
        for (size_t i = 0; i < sizeof dims / sizeof *dims; i++) {
            judge("tile_products", run_tile_products, classes, dims[i], 1 + (classes + i) % 3);
        }
        judge("pack_lanes", run_pack_lanes, classes, 0, 0);
        for (size_t panels = 1; panels <= 8; panels++) {
            const size_t rows = 1 + (classes + panels) % 16;
            judge("embedding_products", run_embedding_products, classes, panels, 32 + classes % 2);
            judge("embedding_products", run_embedding_products, classes, panels,
                  2 * rows + classes % 2);
            judge("few_products", run_few_products, classes, panels, rows);
            judge("scale_columns", run_scale_columns, classes, panels, 0);
            judge("weight_products", run_weight_products, classes, panels, 1 + 7 * classes % 50);
        }
    }
    for (size_t rows = 1; rows <= 272; rows += 5) {
        judge("weight_products", run_weight_products, 17, 2, rows);
    }
    for (size_t rows = 1; rows <= 16; rows++) {
        judge("few_products", run_few_products, 5, 62 + rows, rows);
    }
    judge("few_products", run_few_products, 2, 130, 3);
    judge("embedding_products", run_embedding_products, 1009, 2, 33);
    judge("tile_products", run_tile_products, 211, 513, 2);
}

static void judge_planes(void)
{
    for (size_t pairs = 1; pairs <= 5; pairs++) {
        for (size_t dim = 1; dim <= 9; dim++) {
            judge("plane_products", run_plane_products, pairs, dim, 0);
            judge("plane_exp", run_plane_exp, pairs, dim, 0);
            judge("plane_weights", run_plane_weights, pairs, dim, pairs * dim % 17 + 1);
            judge("plane_total", run_plane_total, pairs, dim, 0);
            judge("plane_finish", run_plane_finish, pairs, dim, dim % 3);
        }
    }
}

int main(void)
{
    if (judged_kernels() == NULL) {
        return check_skip("test_kernels " JUDGED_TEXT, "this CPU lacks it");
    }
    judge_lengths();
    judge_products();
    judge_planes();
    return check_report("test_kernels " JUDGED_TEXT);
}
