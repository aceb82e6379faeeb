/* blas.h: matrix products of other libraries, found when the program runs.
 *
 * One adapter file per library (blas_NAME.c) and one row in SPEED_BLAS_TABLE; none is needed to
 * build. Must not know heads or losses. */
#ifndef SPEED_BLAS_H
#define SPEED_BLAS_H

#include <stddef.h>

/* C [m, n] = op(A) op(B), row-major, transposed where the flag says so; op(A) is [m, k]. */
typedef struct speed_blas {
    const char *name;
    char version[160]; /* and the kernels that it chose, where it says */
    int (*sgemm)(int transpose_a, int transpose_b, size_t m, size_t n, size_t k, const float *a,
                 size_t lda, const float *b, size_t ldb, float *c, size_t ldc);
    void (*set_threads)(int threads);
    double settle_seconds; /* its idle threads spin this long and would disturb the next case */
} speed_blas;

#define SPEED_BLAS_TABLE(X)                                                                        \
    X(openblas)                                                                                    \
    X(blis)                                                                                        \
    X(onednn)

/* NULL where the library is not installed. */
#define SPEED_BLAS_DECLARE(name) const speed_blas *speed_blas_##name(void);
SPEED_BLAS_TABLE(SPEED_BLAS_DECLARE)
#undef SPEED_BLAS_DECLARE

/* Peers run with the kernels that they choose for this CPU: removes from the environment what would
 * steer them elsewhere, say for another program. To be called before any library is loaded. Returns
 * what was removed, "NAME=VALUE NAME=VALUE"; "" if nothing. */
const char *speed_blas_clear_environment(void);

/* The library of that name, loaded on first use; NULL if it is unknown or not installed. */
const speed_blas *speed_blas_find(const char *name);
/* The names of the table; NULL beyond its end. */
const char *speed_blas_name(size_t index);

/* ---- for the adapters ---- */

/* dlopen the first of these names (up to a NULL) that is there; NULL if none is. */
void *speed_blas_open(const char *const names[]);
/* dlsym into a function pointer; 1 if found. `out` points to a function pointer. */
int speed_blas_symbol(void *library, const char *name, void *out);
/* Both functions that an adapter cannot do without: 1 if the library is there and has them; else
 * `product` becomes NULL. */
int speed_blas_has(void *library, const char *threads_name, void *threads, const char *product_name,
                   void *product);

/* The C interface that OpenBLAS and BLIS share. */
typedef void cblas_sgemm_function(int order, int transpose_a, int transpose_b, int m, int n, int k,
                                  float alpha, const float *a, int lda, const float *b, int ldb,
                                  float beta, float *c, int ldc);
/* -1 where a size is beyond the interface's 32 bits. */
int speed_blas_call(cblas_sgemm_function *sgemm, int ta, int tb, size_t m, size_t n, size_t k,
                    const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc);

#endif
