/* blas_blis.c: BLIS behind blas.h. Must not know heads or losses. */
#include "blas.h"
#include "blas_cblas.h"

#include <stdint.h>
#include <stdio.h>

static cblas_sgemm_function *product;
static void (*choose_threads)(int64_t); /* BLIS' dim_t */

static int sgemm(int ta, int tb, size_t m, size_t n, size_t k, const float *a, size_t lda,
                 const float *b, size_t ldb, float *c, size_t ldc)
{
    return cblas_call(product, ta, tb, m, n, k, a, lda, b, ldb, c, ldc);
}

static void set_threads(int threads)
{
    choose_threads(threads);
}

static speed_blas blis = {.name = "blis", .sgemm = sgemm, .set_threads = set_threads};

const speed_blas *speed_blas_blis(void)
{
    static const char *const names[] = {"libblis.so.4", "libblis.so.5", "libblis.so", NULL};
    const char *(*version)(void);
    if (product) {
        return &blis;
    }
    void *library = speed_blas_open(names);
    if (!library || !speed_blas_symbol(library, "bli_thread_set_num_threads", &choose_threads) ||
        !speed_blas_symbol(library, "cblas_sgemm", &product)) {
        product = NULL;
        return NULL;
    }
    if (speed_blas_symbol(library, "bli_info_get_version_str", &version)) {
        snprintf(blis.version, sizeof blis.version, "BLIS %s", version());
    }
    return &blis;
}
