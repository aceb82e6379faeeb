/* planes.c: the runners of kernels/planes.h. */
#include <math.h>

#include "trial.h"

/* size: pairs of vectors of classes, dim. */
static void run_plane_products(const margin_kernels *k, trial *t)
{
    const size_t n = 32 * t->size[0], dim = t->size[1], stride = stride_of(t, n, 7);
    float *planes = trial_input(t, dim * stride, 1.0), *x = trial_input(t, dim, 1.0);
    float *result = trial_output(t, n + 1, 1.0);
    TRIAL_CALL(t, result[n] = k->planes->plane_products(planes, stride, dim, x, n, result));
    trial_work(t, (double)(n * dim), 2.0 * (double)(n * dim), 4.0 * (double)(n * (dim + 1)));
    t->tolerance = sum_tolerance(dim);
}

/* size: pairs of vectors, dim. */
static void run_plane_exp(const margin_kernels *k, trial *t)
{
    const size_t n = 32 * t->size[0], dim = t->size[1], stride = stride_of(t, n, 7);
    float *planes = trial_input(t, dim * stride, 1.0), *x = trial_input(t, n, 0.25);
    float *result = trial_output(t, n + 1 + dim, 1.0);
    x[noise_index(&t->noise, n)] = -INFINITY;
    const margin_term_row row = {.scale = 3.0f};
    TRIAL_CALL(t, result[n] = k->planes->plane_exp(x, n, row, 1.5f, planes, stride, dim, result,
                                                   result + n + 1));
    trial_work(t, (double)n, 0.0, 4.0 * (double)(n * (dim + 2)));
    t->tolerance = 2e-5 * (double)n;
}

/* size: pairs of vectors, dim, rows. */
static void run_plane_weights(const margin_kernels *k, trial *t)
{
    const size_t n = 32 * t->size[0], dim = t->size[1], rows = t->size[2];
    const size_t stride = stride_of(t, n, 7), e_stride = n + PADDING;
    float *e = trial_input(t, (rows - 1) * e_stride + n, 1.0), *x = trial_input(t, rows * 16, 1.0);
    float *result = trial_output(t, (dim - 1) * stride + n, 1.0);
    TRIAL_CALL(t, k->planes->plane_weights(e, e_stride, rows, x, dim, n, result, stride));
    trial_work(t, (double)(n * dim * rows), 2.0 * (double)(n * dim * rows),
               4.0 * (double)(n * (rows + dim)));
    t->tolerance = sum_tolerance(rows);
}

/* size: pairs of vectors, parts; 1 adds to what is there. */
static void run_plane_total(const margin_kernels *k, trial *t)
{
    const size_t n = 32 * t->size[0], count = t->size[1], distance = stride_of(t, n, 7);
    const int add = t->size[2] != 0;
    float *parts = trial_input(t, (count - 1) * distance + n, 1.0);
    float *sum = trial_output(t, n, 1.0);
    TRIAL_CALL(t, k->planes->plane_total(parts, distance, count, n, add, sum));
    trial_work(t, (double)(n * count), (double)(n * count), 4.0 * (double)(n * (count + 1)));
    t->tolerance = sum_tolerance(count);
}

/* size: pairs of vectors, dim; 0 without a projection, 1 with it, 2 beyond float32. */
static void run_plane_finish(const margin_kernels *k, trial *t)
{
    const size_t n = 32 * t->size[0], dim = t->size[1], mode = t->size[2],
                 stride = stride_of(t, n, 7);
    float *planes = trial_input(t, (dim - 1) * stride + n, t->repeat > 0 ? 0.1 : 1.0);
    float *factor = trial_factors(t, n, 1.0);
    float *g = trial_output(t, (dim - 1) * stride + n, mode == 2 ? 0x1p64 : 1.0);
    for (size_t j = 0; j < n && mode == 2; j++)
        factor[j] *= 0x1p64f;
    TRIAL_CALL(t, k->planes->plane_finish(g, mode > 0 ? planes : NULL, stride, dim, n, factor));
    const double all = (double)(n * dim);
    trial_work(t, all, 5.0 * all, 12.0 * all + 4.0 * (double)n);
    t->tolerance = mode == 2 ? 0x1p110 : 1e-4;
}

static const kernel_case cases[] = {
    {"plane_products", run_plane_products, BOUND_FLOPS, {"pairs", "dim"}, {{32, 2}, {32, 8}}},
    {"plane_exp", run_plane_exp, BOUND_NONE, {"pairs", "dim"}, {{32, 2}, {32, 8}}},
    {"plane_weights",
     run_plane_weights,
     BOUND_FLOPS,
     {"pairs", "dim", "rows"},
     {{8, 2, 16}, {32, 8, 16}}},
    {"plane_total", run_plane_total, BOUND_BYTES, {"pairs", "parts"}, {{32, 4}, {256, 8}}},
    {"plane_finish", run_plane_finish, BOUND_BYTES, {"pairs", "dim"}, {{32, 2, 1}, {128, 8, 1}}},
};

KERNEL_SUBJECT(planes);
