/* products.c: the runners of kernels/products.h. An element is a multiply-add. */
#include "trial.h"

static void multiply_adds(trial *t, size_t count)
{
    trial_work(t, (double)count, 2.0 * (double)count, 0.0);
}

/* size: classes, dim, panels of embeddings. */
static void run_tile_products(const margin_kernels *k, trial *t)
{
    const size_t classes = t->size[0], dim = t->size[1], panels = t->size[2];
    const size_t stride = 16 * classes + PADDING, lane_stride = 16 * dim + PADDING;
    const size_t tile_stride = 16 * classes + PADDING;
    float *lanes = trial_input(t, (panels - 1) * lane_stride + dim * 16, 1.0);
    float *weights = trial_input(t, (panels_of(dim) - 1) * stride + 16 * classes, 1.0);
    float *result = trial_output(t, (panels - 1) * tile_stride + classes * 16, 1.0);
    const int64_t rows[] = {1, 0};
    margin_ahead ahead = {.region = {{(char *)lanes, (char *)(lanes + 16)}},
                          .pace = 8,
                          .row = rows,
                          .end_row = rows + 2,
                          .rows = (char *)lanes,
                          .stride = 64,
                          .bytes = 64};
    TRIAL_CALL(t, k->products->tile_products(lanes, lane_stride, panels, weights, stride, dim,
                                             classes, result, tile_stride, &ahead));
    multiply_adds(t, 16 * panels * classes * dim);
    t->tolerance = sum_tolerance(dim);
}

/* size: classes, panels of dimensions, rows. */
static void run_dot_products(const margin_kernels *k, trial *t)
{
    const size_t classes = t->size[0], panels = t->size[1], rows = t->size[2];
    const size_t stride = 16 * classes + PADDING, x_stride = 16 * rows + PADDING;
    float *x = trial_input(t, (panels - 1) * x_stride + 16 * rows, 1.0);
    float *weights = trial_input(t, (panels - 1) * stride + 16 * classes, 1.0);
    float *result = trial_output(t, classes * 16, 1.0);
    margin_ahead ahead = {.region = {{(char *)x, (char *)(x + 16 * rows)}}, .pace = 8};
    TRIAL_CALL(t, k->products->dot_products(x, x_stride, rows, weights, stride, panels, classes,
                                            result, &ahead));
    multiply_adds(t, 16 * panels * classes * rows);
    t->tolerance = sum_tolerance(16 * panels);
}

/* size: classes, panels, rows; 1 where what is there is kept. */
static void run_embedding_products(const margin_kernels *k, trial *t)
{
    const size_t classes = t->size[0], panels = t->size[1], rows = t->size[2];
    const size_t stride = 16 * classes + PADDING;
    float *tile = trial_input(t, classes * 16, 1.0), *factor = trial_factors(t, 16, 1.0);
    float *weights = trial_input(t, (panels - 1) * stride + 16 * classes, 1.0);
    float *result = trial_output(t, panels * 256, 1.0);
    const float *keep = t->size[3] ? factor : NULL;
    TRIAL_CALL(t, k->products->embedding_products(tile, rows, weights, stride, classes, panels,
                                                  keep, result));
    for (size_t i = 0; i < panels * 16; i++) {
        if (i % 16 >= rows) memset(result + i * 16, 0, 16 * sizeof *result);
    }
    multiply_adds(t, 16 * panels * classes * rows);
    t->tolerance = sum_tolerance(classes);
}

/* size: classes, panels, rows; 1 adds to what is there. */
static void run_weight_products(const margin_kernels *k, trial *t)
{
    const size_t classes = t->size[0], panels = t->size[1], rows = t->size[2];
    const size_t stride = 16 * rows + PADDING, tile_stride = 16 * classes + PADDING;
    const size_t out_stride = 16 * panels + PADDING;
    const int add = t->size[3] != 0;
    float *tiles = trial_input(t, (panels_of(rows) - 1) * tile_stride + 16 * classes, 1.0);
    float *x = trial_input(t, (panels - 1) * stride + 16 * rows, 1.0);
    float *result = trial_output(t, (classes - 1) * out_stride + panels * 16, 1.0);
    margin_ahead ahead = {.region = {[1] = {(char *)x, (char *)(x + 16 * rows)}}, .pace = 8};
    TRIAL_CALL(t, k->products->weight_products(tiles, tile_stride, x, stride, rows, classes, panels,
                                               add, result, out_stride, &ahead));
    multiply_adds(t, 16 * panels * classes * rows);
    t->tolerance = sum_tolerance(rows);
}

static const kernel_case cases[] = {
    {"tile_products",
     run_tile_products,
     BOUND_FLOPS,
     {"classes", "dim", "panels"},
     {{56, 64, 1}, {252, 128, 2}, {252, 512, 2}}},
    {"dot_products",
     run_dot_products,
     BOUND_FLOPS,
     {"classes", "panels", "rows"},
     {{8, 8, 16}, {8, 32, 16}, {252, 32, 1}}},
    {"embedding_products",
     run_embedding_products,
     BOUND_FLOPS,
     {"classes", "panels", "rows", "keep"},
     {{56, 4, 16, 0}, {252, 32, 16, 1}}},
    {"weight_products",
     run_weight_products,
     BOUND_FLOPS,
     {"classes", "panels", "rows", "add"},
     {{56, 4, 32, 0}, {252, 32, 128, 1}}},
};

KERNEL_SUBJECT(products);
