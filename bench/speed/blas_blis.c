/* blas_blis.c: BLIS behind blas.h. Must not know heads or losses. */
#include "blas.h"

#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static cblas_sgemm_function *product;
static void (*choose_threads)(int64_t); /* BLIS' dim_t */

static int sgemm(int ta, int tb, size_t m, size_t n, size_t k, const float *a, size_t lda,
                 const float *b, size_t ldb, float *c, size_t ldc)
{
    return speed_blas_call(product, ta, tb, m, n, k, a, lda, b, ldb, c, ldc);
}

static void set_threads(int threads)
{
    choose_threads(threads);
}

static speed_blas blis = {.name = "blis", .sgemm = sgemm, .set_threads = set_threads};

typedef const char *architecture_name(int);

/* The library, initialised, and the architecture that it took this CPU for. */
static void *open_library(const char **architecture)
{
    static const char *const names[] = {"libblis.so.4", "libblis.so.5", "libblis.so", NULL};
    void (*initialise)(void);
    int (*query)(void);
    architecture_name *name_of;
    void *library = speed_blas_open(names);
    *architecture = "";
    if (library && speed_blas_symbol(library, "bli_init", &initialise) &&
        speed_blas_symbol(library, "bli_arch_query_id", &query) &&
        speed_blas_symbol(library, "bli_arch_string", &name_of)) {
        initialise();
        *architecture = name_of(query());
    }
    return library;
}

/* The sub-configuration with the widest kernels that this CPU can run; NULL: none is better than
 * the generic one. */
static const char *best_architecture(void)
{
#if defined(__x86_64__)
    __builtin_cpu_init();
    if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return NULL;
    if (__builtin_cpu_is("intel"))
        return __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") ? "skx"
                                                                                        : "haswell";
    return "zen3"; /* has AVX2 kernels; on a Zen 4 they outrun those of skx */
#else
    return NULL;
#endif
}

/* BLIS knows CPUs by their numbers and falls back to plain C on one newer than itself. There it is
 * told a close relative, whose number in its list depends on the version. */
static void choose_relative(void *library)
{
    const char *best = best_architecture();
    architecture_name *name_of;
    char number[16];
    if (!best || !speed_blas_symbol(library, "bli_arch_string", &name_of)) return;
    for (int id = 0; strcmp(name_of(id), "generic") != 0; id++) {
        if (strcmp(name_of(id), best) == 0) {
            snprintf(number, sizeof number, "%d", id);
            setenv("BLIS_ARCH_TYPE", number, 1);
        }
    }
}

const speed_blas *speed_blas_blis(void)
{
    const char *(*version)(void), *architecture;
    if (product) return &blis;
    void *library = open_library(&architecture);
    if (library && strcmp(architecture, "generic") == 0) {
        choose_relative(library);
        dlclose(library);
        library = open_library(&architecture);
    }
    if (!speed_blas_has(library, "bli_thread_set_num_threads", &choose_threads, "cblas_sgemm",
                        &product))
        return NULL;
    if (speed_blas_symbol(library, "bli_info_get_version_str", &version)) {
        snprintf(blis.version, sizeof blis.version, "BLIS %s; kernels: %s", version(),
                 architecture);
    }
    return &blis;
}
