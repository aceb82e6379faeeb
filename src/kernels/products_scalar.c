/* products_scalar.c: the matrix products of products.h in plain loops. Results agree with the
 * vector kernels to rounding, not to the bit. */
#include "kernels/products.h"

#include <string.h>

/* Writes the inner products of 16 embeddings (lanes) with `classes` class weights to `tile`. */
static void strip_products(const float *lanes, const float *weights, size_t stride, size_t dim,
                           size_t classes, float *tile)
{
    for (size_t j = 0; j < classes; j++) {
        float total[MARGIN_LANES] = {0};
        for (size_t start = 0; start < dim; start += MARGIN_DIM_CHUNK) {
            const size_t end = dim - start < MARGIN_DIM_CHUNK ? dim : start + MARGIN_DIM_CHUNK;
            float sum[MARGIN_LANES] = {0};
            for (size_t d = start; d < end; d++) {
                const float w = weights[d / 16 * stride + j * 16 + d % 16];
                for (size_t i = 0; i < MARGIN_LANES; i++)
                    sum[i] += lanes[d * 16 + i] * w;
            }
            for (size_t i = 0; i < MARGIN_LANES; i++)
                total[i] += sum[i];
        }
        memcpy(tile + j * 16, total, sizeof total);
    }
}

static void tile_products(const float *lanes, size_t lane_stride, size_t strips,
                          const float *weights, size_t stride, size_t dim, size_t classes,
                          float *tile, size_t tile_stride, margin_ahead *ahead)
{
    (void)ahead;
    for (size_t p = 0; p < strips; p++) {
        strip_products(lanes + p * lane_stride, weights, stride, dim, classes,
                       tile + p * tile_stride);
    }
}

static void dot_products(const float *x, size_t x_stride, size_t rows, const float *weights,
                         size_t stride, size_t panels, size_t classes, float *tile,
                         margin_ahead *ahead)
{
    (void)ahead;
    for (size_t j = 0; j < classes; j++) {
        for (size_t i = 0; i < MARGIN_LANES; i++) {
            double sum = 0.0; /* one float32 chain would lose three digits at n = 1000 */
            for (size_t d = 0; d < panels * 16 && i < rows; d++) {
                sum += (double)x[d / 16 * x_stride + i * 16 + d % 16] *
                       (double)weights[d / 16 * stride + j * 16 + d % 16];
            }
            tile[j * 16 + i] = (float)sum;
        }
    }
}

static void embedding_products(const float *tile, size_t rows, const float *weights, size_t stride,
                               size_t classes, size_t panels, const float *keep, float *out)
{
    for (size_t p = 0; p < panels; p++) {
        for (size_t i = 0; i < rows; i++) {
            float *o = out + p * 256 + i * 16;
            float sum[16] = {0};
            for (size_t j = 0; j < classes; j++) {
                const float e = tile[j * 16 + i];
                for (size_t d = 0; d < 16; d++)
                    sum[d] += e * weights[p * stride + j * 16 + d];
            }
            for (size_t d = 0; d < 16; d++)
                o[d] = (keep == NULL ? 0.0f : o[d] * keep[i]) + sum[d];
        }
    }
}

static void weight_products(const float *tiles, size_t tile_stride, const float *x, size_t stride,
                            size_t rows, size_t classes, size_t panels, int add, float *out,
                            size_t out_stride, margin_ahead *ahead)
{
    (void)ahead;
    for (size_t j = 0; j < classes; j++) {
        for (size_t p = 0; p < panels; p++) {
            float *o = out + j * out_stride + p * 16;
            for (size_t d = 0; d < 16 && !add; d++)
                o[d] = 0.0f;
            for (size_t start = 0; start < rows; start += MARGIN_ROW_CHUNK) {
                const size_t end =
                    rows - start < MARGIN_ROW_CHUNK ? rows : start + MARGIN_ROW_CHUNK;
                float sum[16] = {0};
                for (size_t i = start; i < end; i++) {
                    const float e = tiles[i / 16 * tile_stride + j * 16 + i % 16];
                    for (size_t d = 0; d < 16; d++)
                        sum[d] += e * x[p * stride + i * 16 + d];
                }
                for (size_t d = 0; d < 16; d++)
                    o[d] += sum[d];
            }
        }
    }
}

const margin_products margin_products_scalar = MARGIN_PRODUCTS_HERE;
