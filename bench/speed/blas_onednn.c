/* blas_onednn.c: oneDNN's sgemm behind blas.h. Must not know heads or losses. */
#include "blas.h"

#include <stdint.h>
#include <stdio.h>

/* Row-major, unlike most; dnnl_dim_t is int64_t. */
static int (*product)(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k,
                      float alpha, const float *a, int64_t lda, const float *b, int64_t ldb,
                      float beta, float *c, int64_t ldc);

static int sgemm(int ta, int tb, size_t m, size_t n, size_t k, const float *a, size_t lda,
                 const float *b, size_t ldb, float *c, size_t ldc)
{
    return product(ta ? 'T' : 'N', tb ? 'T' : 'N', (int64_t)m, (int64_t)n, (int64_t)k, 1, a,
                   (int64_t)lda, b, (int64_t)ldb, 0, c, (int64_t)ldc);
}

static speed_blas onednn = {.name = "onednn", .sgemm = sgemm};

const speed_blas *speed_blas_onednn(void)
{
    static const char *const names[] = {"libdnnl.so.2", "libdnnl.so.3", "libdnnl.so", NULL};
    const struct {
        int major, minor, patch;
    } * (*version)(void);
    int (*isa)(void); /* a set of bits: dnnl_cpu_isa_t */
    if (product) return &onednn;
    void *library = speed_blas_open(names);
    /* It has no switch of its own: it asks its OpenMP. */
    if (!speed_blas_has(library, "omp_set_num_threads", &onednn.set_threads, "dnnl_sgemm",
                        &product))
        return NULL;
    if (speed_blas_symbol(library, "dnnl_version", &version) &&
        speed_blas_symbol(library, "dnnl_get_effective_cpu_isa", &isa)) {
        snprintf(onednn.version, sizeof onednn.version, "oneDNN %d.%d.%d; kernels: cpu_isa 0x%x",
                 version()->major, version()->minor, version()->patch, (unsigned)isa());
    }
    return &onednn;
}
