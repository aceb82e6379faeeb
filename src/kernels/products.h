/* products.h: the three matrix products of the head: inner products, dX and dW. */
#ifndef MARGIN_KERNELS_PRODUCTS_H
#define MARGIN_KERNELS_PRODUCTS_H

#include <stdint.h>

#include "tuning.h"

/* Memory that the caller reads after the product at hand: the product fetches it towards the cache,
 * a few lines with each register tile, the first region first; one line for `pace` multiply-adds of
 * 16 lanes. An empty region has next = end. The first region is followed by `bytes` at each of the
 * rows from `row` to `end_row`, which are `stride` bytes apart from `rows` on. */
typedef struct margin_ahead {
    struct {
        const char *next, *end;
    } region[2];
    size_t pace;
    const int64_t *row, *end_row;
    const char *rows;
    size_t stride, bytes;
} margin_ahead;

typedef struct margin_products {
    /* Writes the inner products of `strips` times 16 embeddings (lanes, [dim][16], `lane_stride`
     * from strip to strip) with `classes` class weights (panels with `stride`) into tiles, which
     * are `tile_stride` apart. */
    void (*tile_products)(const float *lanes, size_t lane_stride, size_t strips,
                          const float *weights, size_t stride, size_t dim, size_t classes,
                          float *tile, size_t tile_stride, margin_ahead *ahead);

    /* Writes the inner products of the first `rows` of 16 embeddings in panels (x, x_stride) into
     * one tile, whose other lanes become 0. 16 chains of at most MARGIN_DIM_CHUNK elements each. */
    void (*dot_products)(const float *x, size_t x_stride, size_t rows, const float *weights,
                         size_t stride, size_t panels, size_t classes, float *tile,
                         margin_ahead *ahead);

    /* Does the product of dX: writes out[p][lane][16] = keep[lane] out[p][lane][16]
     *                                       + sum over classes of tile[.][lane] weights[p][.][16]
     * for `panels` panels of class weights, at least for lanes below `rows`; what the others become
     * is undefined. keep NULL: out is not read. */
    void (*embedding_products)(const float *tile, size_t rows, const float *weights, size_t stride,
                               size_t classes, size_t panels, const float *keep, float *out);

    /* Does the product of dW: writes out[class][16 panels] (+)= sum over rows of tile[row][class]
     * x[row], where the tiles of 16 rows are `tile_stride` apart, x is in panels (`stride`) and
     * classes of out are `out_stride` apart. Each MARGIN_ROW_CHUNK rows are one chain. add 0: out
     * is not read. */
    void (*weight_products)(const float *tiles, size_t tile_stride, const float *x, size_t stride,
                            size_t rows, size_t classes, size_t panels, int add, float *out,
                            size_t out_stride, margin_ahead *ahead);
} margin_products;

/* A table of the functions that the file at hand defines under the kernels' names. */
#define MARGIN_PRODUCTS_HERE                                                                       \
    {                                                                                              \
        .tile_products = tile_products, .dot_products = dot_products,                              \
        .embedding_products = embedding_products, .weight_products = weight_products,              \
    }

extern const margin_products margin_products_scalar;

#endif
