/* test_products.c: the matrix products, and the kernels of few dimensions, of one instruction set
 * (MARGIN_SIMD_NAME), judged as in test_kernels.c. */
#include <float.h>
#include <math.h>

#include "trial.h"

/* ---- a: classes -------------------------------------------------------------------------------*/

/* b: dim, c: panels. */
static double run_tile_products(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->a + PADDING, lane_stride = 16 * t->b + PADDING;
    const size_t tile_stride = 16 * t->a + PADDING;
    float *lanes = fresh(t, (t->c - 1) * lane_stride + t->b * 16, 1.0);
    float *weights = fresh(t, (panels_of(t->b) - 1) * stride + 16 * t->a, 1.0);
    float *result = start(t, out, (t->c - 1) * tile_stride + t->a * 16, 1.0);
    margin_ahead ahead = {{{(char *)lanes, (char *)(lanes + t->b * 16)}, {NULL, NULL}}, 8};
    k->products->tile_products(lanes, lane_stride, t->c, weights, stride, t->b, t->a, result,
                               tile_stride, &ahead);
    return sum_tolerance(t->b);
}

/* b: panels of dimensions, c: rows. */
static double run_few_products(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->a + PADDING, x_stride = 16 * t->c + PADDING;
    float *x = fresh(t, (t->b - 1) * x_stride + 16 * t->c, 1.0);
    float *weights = fresh(t, (t->b - 1) * stride + 16 * t->a, 1.0);
    margin_ahead ahead = {{{(char *)x, (char *)(x + 16 * t->c)}, {NULL, NULL}}, 8};
    k->products->dot_products(x, x_stride, t->c, weights, stride, t->b, t->a,
                              start(t, out, t->a * 16, 1.0), &ahead);
    return sum_tolerance(16 * t->b);
}

/* b: panels, c: twice the rows, plus 1 where what is there is kept. */
static double run_embedding_products(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->a + PADDING;
    float *tile = fresh(t, t->a * 16, 1.0), *keep = fresh(t, 16, 1.0);
    float *weights = fresh(t, (t->b - 1) * stride + 16 * t->a, 1.0);
    float *result = start(t, out, t->b * 256, 1.0);
    k->products->embedding_products(tile, t->c / 2, weights, stride, t->a, t->b,
                                    t->c % 2 ? keep : NULL, result);
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
    k->products->weight_products(tiles, tile_stride, x, stride, t->c, t->a, t->b, t->offset % 2,
                                 result, out_stride, &ahead);
    return sum_tolerance(t->c);
}

/* a: pairs of vectors, b: dim. Plane strides are odd. */
static double run_plane_products(const margin_kernels *k, trial *t, guard *out)
{
    const size_t n = 32 * t->a, stride = n + 7;
    float *planes = fresh(t, t->b * stride, 1.0), *x = fresh(t, t->b, 1.0);
    float *result = start(t, out, n + 1, 1.0);
    result[n] = k->planes->plane_products(planes, stride, t->b, x, n, result);
    return sum_tolerance(t->b);
}

static double run_plane_exp(const margin_kernels *k, trial *t, guard *out)
{
    const size_t n = 32 * t->a, stride = n + 7;
    float *planes = fresh(t, t->b * stride, 1.0), *x = fresh(t, n, 0.25);
    float *result = start(t, out, n + 1 + t->b, 1.0);
    x[noise_index(&t->noise, n)] = -INFINITY;
    const margin_term_row row = {.scale = 3.0f};
    result[n] = k->planes->plane_exp(x, n, row, 1.5f, planes, stride, t->b, result, result + n + 1);
    return 2e-5 * (double)n;
}

/* c: rows. */
static double run_plane_weights(const margin_kernels *k, trial *t, guard *out)
{
    const size_t n = 32 * t->a, stride = n + 7, e_stride = n + PADDING;
    float *e = fresh(t, (t->c - 1) * e_stride + n, 1.0), *x = fresh(t, t->c * 16, 1.0);
    float *result = start(t, out, (t->b - 1) * stride + n, 1.0);
    k->planes->plane_weights(e, e_stride, t->c, x, t->b, n, result, stride);
    return sum_tolerance(t->c);
}

/* b: parts; odd trials add to what is there. */
static double run_plane_total(const margin_kernels *k, trial *t, guard *out)
{
    const size_t n = 32 * t->a, distance = n + 7;
    float *parts = fresh(t, (t->b - 1) * distance + n, 1.0), *sum = start(t, out, n, 1.0);
    k->planes->plane_total(parts, distance, t->b, n, t->offset % 2, sum);
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
    k->planes->plane_finish(g, t->c > 0 ? planes : NULL, stride, t->b, n, factor);
    return t->c == 2 ? 0x1p110 : 1e-4;
}

/* a: panels. */
static double run_pack_lanes(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 256 + PADDING;
    float *x = fresh(t, t->a * stride, 1.0);
    k->packing->pack_lanes(x, stride, t->a, start(t, out, t->a * 256, 0.0));
    return 0.0;
}

/* a: rows, b: panels. */
static double run_scale_columns(const margin_kernels *k, trial *t, guard *out)
{
    const size_t stride = 16 * t->a + PADDING, count = (t->b - 1) * stride + 16 * t->a;
    float *x = fresh(t, count, 1.0), *factor = fresh(t, t->a, 1.0);
    k->packing->scale_panels(x, factor, t->a, t->b, stride, start(t, out, count, 1.0));
    return 1e-6;
}

/* ---- what is tried ---- */

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
            judge("dot_products", run_few_products, classes, panels, rows);
            judge("scale_panels", run_scale_columns, classes, panels, 0);
            judge("weight_products", run_weight_products, classes, panels, 1 + 7 * classes % 50);
        }
    }
    for (size_t rows = 1; rows <= 272; rows += 5) {
        judge("weight_products", run_weight_products, 17, 2, rows);
    }
    for (size_t rows = 1; rows <= 16; rows++) {
        judge("dot_products", run_few_products, 5, 62 + rows, rows);
    }
    judge("dot_products", run_few_products, 2, 130, 3);
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
        return check_skip("test_products " JUDGED_TEXT, "this CPU lacks it");
    }
    judge_products();
    judge_planes();
    return check_report("test_products " JUDGED_TEXT);
}
