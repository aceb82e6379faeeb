/* planes.h: the products and terms of embeddings of few dimensions: lanes are classes, and each
 * dimension of the class weights is a plane. n is a multiple of 32 classes everywhere. */
#ifndef MARGIN_KERNELS_PLANES_H
#define MARGIN_KERNELS_PLANES_H

#include "kernels/terms.h"

typedef struct margin_planes {
    /* Writes out[j] = sum over d of planes[d][j] x[d], and returns the largest. */
    float (*plane_products)(const float *planes, size_t stride, size_t dim, const float *x,
                            size_t n, float *out);

    /* Writes the terms of x to `out` and returns their sum; inner[d] becomes the sum over j of
     * out[j] planes[d][j]. */
    float (*plane_exp)(const float *x, size_t n, margin_term_row row, float peak,
                       const float *planes, size_t stride, size_t dim, float *out, float *inner);

    /* Writes out[d][j] = sum over rows of e[row][j] x[row][d], one chain; e are terms. Rows of x
     * are 16 apart. */
    void (*plane_weights)(const float *e, size_t e_stride, size_t rows, const float *x, size_t dim,
                          size_t n, float *out, size_t stride);

    /* Writes sum[j] (+)= the sum over k < count of parts[k distance + j], in rising order. add 0:
     * sum is not read. */
    void (*plane_total)(const float *parts, size_t distance, size_t count, size_t n, int add,
                        float *sum);

    /* Replaces g of each class by (g - (g . u) u) factor[j], clamped to +-FLT_MAX, with u in
     * planes. planes NULL projects nothing out. */
    void (*plane_finish)(float *g, const float *planes, size_t stride, size_t dim, size_t n,
                         const float *factor);
} margin_planes;

/* A table of the functions that the file at hand defines under the kernels' names. */
#define MARGIN_PLANES_HERE                                                                         \
    {                                                                                              \
        .plane_products = plane_products, .plane_exp = plane_exp, .plane_weights = plane_weights,  \
        .plane_total = plane_total, .plane_finish = plane_finish,                                  \
    }

extern const margin_planes margin_planes_scalar;

#endif
