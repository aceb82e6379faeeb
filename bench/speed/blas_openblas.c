/* blas_openblas.c: OpenBLAS behind blas.h. Must not know heads or losses. */
#include "blas.h"

#include <stdio.h>

static cblas_sgemm_function *product;

static int sgemm(int ta, int tb, size_t m, size_t n, size_t k, const float *a, size_t lda,
                 const float *b, size_t ldb, float *c, size_t ldc)
{
    return speed_blas_call(product, ta, tb, m, n, k, a, lda, b, ldb, c, ldc);
}

/* Its workers spin for 2^26 cycles before they sleep. */
static speed_blas openblas = {.name = "openblas", .sgemm = sgemm, .settle_seconds = 0.04};

const speed_blas *speed_blas_openblas(void)
{
    static const char *const names[] = {"libopenblas.so.0", "libopenblas.so", NULL};
    char *(*config)(void);
    if (product) return &openblas;
    void *library = speed_blas_open(names);
    if (!speed_blas_has(library, "openblas_set_num_threads", &openblas.set_threads, "cblas_sgemm",
                        &product))
        return NULL;
    if (speed_blas_symbol(library, "openblas_get_config", &config))
        snprintf(openblas.version, sizeof openblas.version, "%s", config());
    return &openblas;
}
