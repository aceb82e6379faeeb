/* blas_openblas.c: OpenBLAS behind blas.h. Must not know heads or losses. */
#include "blas.h"
#include "blas_cblas.h"

#include <stdio.h>

static cblas_sgemm_function *product;
static void (*choose_threads)(int);

static int sgemm(int ta, int tb, size_t m, size_t n, size_t k, const float *a, size_t lda,
                 const float *b, size_t ldb, float *c, size_t ldc)
{
    return cblas_call(product, ta, tb, m, n, k, a, lda, b, ldb, c, ldc);
}

static void set_threads(int threads)
{
    choose_threads(threads);
}

/* Its workers spin for 2^26 cycles before they sleep. */
static speed_blas openblas = {
    .name = "openblas", .sgemm = sgemm, .set_threads = set_threads, .settle_seconds = 0.04};

const speed_blas *speed_blas_openblas(void)
{
    static const char *const names[] = {"libopenblas.so.0", "libopenblas.so", NULL};
    char *(*config)(void);
    if (product) return &openblas;
    void *library = speed_blas_open(names);
    if (!library || !speed_blas_symbol(library, "openblas_set_num_threads", &choose_threads) ||
        !speed_blas_symbol(library, "cblas_sgemm", &product)) {
        product = NULL;
        return NULL;
    }
    if (speed_blas_symbol(library, "openblas_get_config", &config))
        snprintf(openblas.version, sizeof openblas.version, "%s", config());
    return &openblas;
}
