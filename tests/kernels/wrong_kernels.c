/* wrong_kernels.c: bench_kernels on tables that have one wrong kernel in each subject: a value that
 * is off, one that is missing, nothing done at all, a write too many. */
#include "dispatch.h"
#include "cases.h"

static const margin_kernels *right(void)
{
    return margin_dispatch(MARGIN_ISA_SCALAR);
}

static float sum_squares(const float *x, size_t n, float power)
{
    return 1.01f * right()->packing->sum_squares(x, n, power);
}

static void embedding_products(const float *tile, size_t rows, const float *weights, size_t stride,
                               size_t classes, size_t panels, const float *keep, float *out)
{
    const size_t missing = classes - 1;
    right()->products->embedding_products(tile, rows, weights, stride, missing, panels, keep, out);
}

static void tile_scale(float *tile, size_t classes, const float *factor)
{
    (void)tile;
    (void)classes;
    (void)factor;
}

static void pair_sums(const float *x, const float *w, size_t n, double *sums)
{
    right()->pairs->pair_sums(x, w, n, sums);
    sums[2] += 0x1p-40;
}

static void plane_total(const float *parts, size_t distance, size_t count, size_t n, int add,
                        float *sum)
{
    right()->planes->plane_total(parts, distance, count, n, add, sum);
    sum[n] = 0.0f;
}

static const margin_kernels *wrong(margin_isa isa)
{
    static margin_packing packing;
    static margin_products products;
    static margin_terms terms;
    static margin_pairs pairs;
    static margin_planes planes;
    static const margin_kernels kernels = {&packing, &products, &terms, &pairs, &planes};
    if (isa != MARGIN_ISA_SCALAR) return NULL;
    packing = *right()->packing;
    products = *right()->products;
    terms = *right()->terms;
    pairs = *right()->pairs;
    planes = *right()->planes;
    packing.sum_squares = sum_squares;
    products.embedding_products = embedding_products;
    terms.tile_scale = tile_scale;
    pairs.pair_sums = pair_sums;
    planes.plane_total = plane_total;
    return &kernels;
}

int main(int argc, char **argv)
{
    return program_run(argc, argv, wrong);
}
