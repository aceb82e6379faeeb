/* blas_cblas.h: the C interface that OpenBLAS and BLIS share. Must not know either. */
#ifndef SPEED_BLAS_CBLAS_H
#define SPEED_BLAS_CBLAS_H

#include <limits.h>
#include <stddef.h>

typedef void cblas_sgemm_function(int order, int transpose_a, int transpose_b, int m, int n, int k,
                                  float alpha, const float *a, int lda, const float *b, int ldb,
                                  float beta, float *c, int ldc);

/* -1 where a size is beyond the interface's 32 bits. */
static inline int cblas_call(cblas_sgemm_function *sgemm, int ta, int tb, size_t m, size_t n,
                             size_t k, const float *a, size_t lda, const float *b, size_t ldb,
                             float *c, size_t ldc)
{
    enum { row_major = 101, plain = 111, transposed = 112 };
    if (m > INT_MAX || n > INT_MAX || k > INT_MAX || lda > INT_MAX || ldb > INT_MAX ||
        ldc > INT_MAX) {
        return -1;
    }
    sgemm(row_major, ta ? transposed : plain, tb ? transposed : plain, (int)m, (int)n, (int)k, 1, a,
          (int)lda, b, (int)ldb, 0, c, (int)ldc);
    return 0;
}

#endif
