/* product.h: the one matrix product of the network. Must not know layers. */
#ifndef SEPARATION_PRODUCT_H
#define SEPARATION_PRODUCT_H

#include <stddef.h>

/* What the network computes in: float; the gradient test builds the same files in double, where
 * finite differences have digits to compare. */
#ifndef SEPARATION_REAL
#define SEPARATION_REAL float
#endif
typedef SEPARATION_REAL real;

/* The left factor, read by strides, so that a transposed matrix needs no copy:
 * A(row, step) = data[row * row_stride + step * step_stride]. */
typedef struct product_left {
    const real *data;
    size_t row_stride, step_stride;
} product_left;

/* out[rows, columns] = A[rows, steps] B[steps, columns], B and out dense in C order. Every output
 * is one chain of sums from step 0 up, so neither tile shapes nor batch sizes change a bit. */
void product(size_t rows, size_t columns, size_t steps, product_left left, const real *right,
             real *out);

#endif
