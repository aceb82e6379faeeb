/* planes.inc.h: the kernels of planes.h, for embeddings of few dimensions, written once against the
 * vocabulary of src/simd: lanes are classes, and each dimension of the class weights is a plane.
 * They know no loss and no label.
 *
 * Up to four planes pass at a time, with what belongs to each in a register of its own; more are
 * taken four by four. A loop over classes takes two vectors, `even` and `odd`. */
#ifndef MARGIN_KERNELS_PLANES_INC_H
#define MARGIN_KERNELS_PLANES_INC_H

#include <float.h>

#include "kernels/terms.inc.h"

/* clang-format off */
/* Writes M(d) for each plane d that passes. */
#define PLANES_1(M) M(0)
#define PLANES_2(M) PLANES_1(M) M(1)
#define PLANES_3(M) PLANES_2(M) M(2)
#define PLANES_4(M) PLANES_3(M) M(3)

/* Calls NAME_1, NAME_2 or NAME_3 if `count` planes are left, NAME_4 if there are more. */
#define OF_PLANES(NAME, count, ...)                                                                \
    switch (count) {                                                                               \
    case 1:                                                                                        \
        NAME##_1(__VA_ARGS__);                                                                     \
        break;                                                                                     \
    case 2:                                                                                        \
        NAME##_2(__VA_ARGS__);                                                                     \
        break;                                                                                     \
    case 3:                                                                                        \
        NAME##_3(__VA_ARGS__);                                                                     \
        break;                                                                                     \
    default:                                                                                       \
        NAME##_4(__VA_ARGS__);                                                                     \
    }

/* ---- cosines ---- */

#define PRODUCT_X(d) const vf x##d = v_set1(x[d]);
#define PRODUCT_ADD(d)                                                                             \
    even = v_fma(v_load(planes + (d)*stride + j), x##d, even);                                     \
    odd = v_fma(v_load(planes + (d)*stride + j + 16), x##d, odd);

/* some_products_D writes the products of D planes with x to out, or adds them, and the largest
 * result to *max. */
#define DEFINE_PRODUCTS(D)                                                                         \
    static inline void some_products_##D(const float *planes, size_t stride, const float *x,       \
                                         size_t n, int add, float *out, float *max)                \
    {                                                                                              \
        vf even_max = v_set1(-FLT_MAX), odd_max = even_max;                                        \
        PLANES_##D(PRODUCT_X)                                                                      \
        for (size_t j = 0; j < n; j += 32) {                                                       \
            vf even = add ? v_load(out + j) : v_set1(0.0f);                                        \
            vf odd = add ? v_load(out + j + 16) : v_set1(0.0f);                                    \
            PLANES_##D(PRODUCT_ADD)                                                                \
            v_store(out + j, even);                                                                \
            v_store(out + j + 16, odd);                                                            \
            even_max = v_max(even, even_max);                                                      \
            odd_max = v_max(odd, odd_max);                                                         \
        }                                                                                          \
        *max = v_max_across(v_max(even_max, odd_max));                                             \
    }
DEFINE_PRODUCTS(1)
DEFINE_PRODUCTS(2)
DEFINE_PRODUCTS(3)
DEFINE_PRODUCTS(4)

static float plane_products(const float *planes, size_t stride, size_t dim, const float *x,
                            size_t n, float *out)
{
    float max = 0.0f;
    for (size_t d = 0; d < dim; d += 4)
        OF_PLANES(some_products, dim - d, planes + d * stride, stride, x + d, n, d > 0, out, &max)
    return max;
}

/* ---- terms, their sum and their part of dX ---- */

#define INNER_START(d) vf inner##d = v_set1(0.0f);
#define INNER_ADD(d)                                                                               \
    inner##d = v_fma(e.a, v_load(planes + (d)*stride + j), inner##d);                              \
    inner##d = v_fma(e.b, v_load(planes + (d)*stride + j + 16), inner##d);
#define INNER_DONE(d) inner[d] = v_sum(inner##d);

/* exp_and_inner_D writes the terms of x to out, their sum to *total, and their inner products with
 * D planes to inner; more_inner_D does the last for D further planes with the terms x. */
#define DEFINE_EXP(D)                                                                              \
    static inline void exp_and_inner_##D(const float *x, size_t n, margin_term_row row, float peak,\
                                         const float *planes, size_t stride, float *out,           \
                                         float *inner, float *total)                               \
    {                                                                                              \
        const term_lanes t = term_lanes_of_row(row, peak);                                         \
        term_sums sums = no_terms();                                                               \
        PLANES_##D(INNER_START)                                                                    \
        for (size_t j = 0; j < n; j += 32) {                                                       \
            const term_pair e = two_terms(x + j, &t, &sums, out + j);                              \
            PLANES_##D(INNER_ADD)                                                                  \
        }                                                                                          \
        *total = v_sum(v_add(sums.even, sums.odd));                                                \
        PLANES_##D(INNER_DONE)                                                                     \
    }                                                                                              \
    static inline void more_inner_##D(const float *x, size_t n, const float *planes,               \
                                      size_t stride, float *inner)                                 \
    {                                                                                              \
        PLANES_##D(INNER_START)                                                                    \
        for (size_t j = 0; j < n; j += 32) {                                                       \
            const term_pair e = {v_load(x + j), v_load(x + j + 16)};                               \
            PLANES_##D(INNER_ADD)                                                                  \
        }                                                                                          \
        PLANES_##D(INNER_DONE)                                                                     \
    }
DEFINE_EXP(1)
DEFINE_EXP(2)
DEFINE_EXP(3)
DEFINE_EXP(4)

static float plane_exp(const float *x, size_t n, margin_term_row row, float peak,
                       const float *planes, size_t stride, size_t dim, float *out, float *inner)
{
    float total = 0.0f;
    OF_PLANES(exp_and_inner, dim, x, n, row, peak, planes, stride, out, inner, &total)
    for (size_t d = 4; d < dim; d += 4)
        OF_PLANES(more_inner, dim - d, out, n, planes + d * stride, stride, inner + d)
    return total;
}

/* ---- dW ---- */

#define WEIGHT_START(d) vf even##d = v_set1(0.0f), odd##d = even##d;
#define WEIGHT_ADD(d)                                                                              \
    {                                                                                              \
        const vf a = v_set1(x[r * MARGIN_LANES + (d)]);                                            \
        even##d = v_fma(e0, a, even##d);                                                           \
        odd##d = v_fma(e1, a, odd##d);                                                             \
    }
#define WEIGHT_DONE(d)                                                                             \
    v_store(out + (d)*stride + j, even##d);                                                        \
    v_store(out + (d)*stride + j + 16, odd##d);

/* some_weights_D does what plane_weights does, for D planes. */
#define DEFINE_WEIGHTS(D)                                                                          \
    static inline void some_weights_##D(const float *e, size_t e_stride, size_t rows,              \
                                        const float *x, size_t n, float *out, size_t stride)       \
    {                                                                                              \
        for (size_t j = 0; j < n; j += 32) {                                                       \
            PLANES_##D(WEIGHT_START)                                                               \
            for (size_t r = 0; r < rows; r++) {                                                    \
                const float *at = e + r * e_stride + j;                                            \
                const vf e0 = v_load(at), e1 = v_load(at + 16);                                    \
                PLANES_##D(WEIGHT_ADD)                                                             \
            }                                                                                      \
            PLANES_##D(WEIGHT_DONE)                                                                \
        }                                                                                          \
    }
DEFINE_WEIGHTS(1)
DEFINE_WEIGHTS(2)
DEFINE_WEIGHTS(3)
DEFINE_WEIGHTS(4)

static void plane_weights(const float *e, size_t e_stride, size_t rows, const float *x, size_t dim,
                          size_t n, float *out, size_t stride)
{
    for (size_t d = 0; d < dim; d += 4)
        OF_PLANES(some_weights, dim - d, e, e_stride, rows, x + d, n, out + d * stride, stride)
}

/* clang-format on */

static void plane_total(const float *parts, size_t distance, size_t count, size_t n, int add,
                        float *sum)
{
    for (size_t j = 0; j < n; j += 16) {
        vf total = add ? v_load(sum + j) : v_set1(0.0f);
        for (size_t k = 0; k < count; k++)
            total = v_add(total, v_load(parts + k * distance + j));
        v_store(sum + j, total);
    }
}

static void plane_finish(float *g, const float *planes, size_t stride, size_t dim, size_t n,
                         const float *factor)
{
    const vf most = v_set1(FLT_MAX), least = v_set1(-FLT_MAX);
    for (size_t j = 0; j < n; j += 16) {
        const vf f = v_load(factor + j);
        vf along = v_set1(0.0f);
        for (size_t d = 0; planes != NULL && d < dim; d++)
            along = v_fma(v_load(g + d * stride + j), v_load(planes + d * stride + j), along);
        for (size_t d = 0; d < dim; d++) {
            vf a = v_load(g + d * stride + j);
            if (planes != NULL) a = v_fnma(along, v_load(planes + d * stride + j), a);
            v_store(g + d * stride + j, v_max(v_min(v_mul(a, f), most), least));
        }
    }
}

#endif
