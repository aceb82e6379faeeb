/* blas_library.c: from a file to products: what the library is called by, how its threads are set,
 * what it says of itself. A library is what functions it has. Must not know heads or losses. */
#include "blas.h"

#include <dlfcn.h>
#include <limits.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"

enum { ROW_MAJOR = 101, PLAIN = 111, TRANSPOSED = 112, PACKED = 151, RIGHT = 162 };

int speed_blas_symbol(void *library, const char *name, void *out)
{
    void *symbol = dlsym(library, name);
    if (!symbol) return 0;
    /* ISO C has no cast from an object to a function pointer; POSIX says their bits agree. */
    memcpy(out, &symbol, sizeof symbol);
    return 1;
}

/* ---- products -------------------------------------------------------------------------------- */

static int fits(size_t m, size_t n, size_t k, size_t lda, size_t ldb, size_t ldc)
{
    return m <= INT_MAX && n <= INT_MAX && k <= INT_MAX && lda <= INT_MAX && ldb <= INT_MAX &&
           ldc <= INT_MAX;
}

static int call_cblas(const speed_blas *blas, int ta, int tb, size_t m, size_t n, size_t k,
                      const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
    if (!fits(m, n, k, lda, ldb, ldc)) return -1;
    blas->calls.cblas(ROW_MAJOR, ta ? TRANSPOSED : PLAIN, tb ? TRANSPOSED : PLAIN, (int)m, (int)n,
                      (int)k, 1, a, (int)lda, b, (int)ldb, 0, c, (int)ldc);
    return 0;
}

static int call_cblas_wide(const speed_blas *blas, int ta, int tb, size_t m, size_t n, size_t k,
                           const float *a, size_t lda, const float *b, size_t ldb, float *c,
                           size_t ldc)
{
    blas->calls.cblas_wide(ROW_MAJOR, ta ? TRANSPOSED : PLAIN, tb ? TRANSPOSED : PLAIN, (int64_t)m,
                           (int64_t)n, (int64_t)k, 1, a, (int64_t)lda, b, (int64_t)ldb, 0, c,
                           (int64_t)ldc);
    return 0;
}

static int call_onednn(const speed_blas *blas, int ta, int tb, size_t m, size_t n, size_t k,
                       const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
    return blas->calls.onednn(ta ? 'T' : 'N', tb ? 'T' : 'N', (int64_t)m, (int64_t)n, (int64_t)k, 1,
                              a, (int64_t)lda, b, (int64_t)ldb, 0, c, (int64_t)ldc);
}

int speed_blas_packs(const speed_blas *blas)
{
    return blas->calls.pack && blas->calls.compute &&
           (blas->calls.pack_size || blas->calls.pack_size_int);
}

float *speed_blas_pack(const speed_blas *blas, int transpose_b, size_t m, size_t n, size_t k,
                       const float *b, size_t ldb)
{
    const speed_blas_calls *calls = &blas->calls;
    if (!fits(m, n, k, ldb, 0, 0)) return NULL;
    const int rows = (int)m, columns = (int)n, depth = (int)k;
    const int narrow = calls->pack_size_int ? calls->pack_size_int(RIGHT, rows, columns, depth) : 0;
    const size_t bytes = calls->pack_size ? calls->pack_size(RIGHT, rows, columns, depth)
                                          : (size_t)(narrow > 0 ? narrow : 0);
    if (bytes == 0) return NULL;
    float *packed = speed_allocate(bytes);
    calls->pack(ROW_MAJOR, RIGHT, transpose_b ? TRANSPOSED : PLAIN, rows, columns, depth, 1, b,
                (int)ldb, packed);
    return packed;
}

int speed_blas_compute(const speed_blas *blas, size_t m, size_t n, size_t k, const float *a,
                       size_t lda, const float *packed, float *c, size_t ldc)
{
    if (!fits(m, n, k, lda, 0, ldc)) return -1;
    blas->calls.compute(ROW_MAJOR, PLAIN, PACKED, (int)m, (int)n, (int)k, a, (int)lda, packed,
                        (int)n, 0, c, (int)ldc);
    return 0;
}

static void set_threads(const speed_blas *blas, int threads)
{
    if (blas->calls.threads_wide)
        blas->calls.threads_wide(threads);
    else
        blas->calls.threads(threads);
}

/* ---- what it is called by -------------------------------------------------------------------- */

/* Finds PREFIX + `name` + SUFFIX. */
static int find_named(void *library, const char *prefix, const char *name, const char *suffix,
                      void *out)
{
    char symbol[256];
    snprintf(symbol, sizeof symbol, "%s%s%s", prefix, name, suffix);
    return speed_blas_symbol(library, symbol, out);
}

static int find_product(speed_blas *blas, void *library, const char *prefix, const char *suffix)
{
    speed_blas_calls *calls = &blas->calls;
    if (strstr(suffix, "64") != NULL) {
        blas->sgemm = call_cblas_wide;
        return find_named(library, prefix, "cblas_sgemm", suffix, &calls->cblas_wide);
    }
    blas->sgemm = call_cblas;
    if (find_named(library, prefix, "cblas_sgemm", suffix, &calls->cblas)) {
        find_named(library, prefix, "cblas_sgemm_pack", suffix, &calls->pack);
        find_named(library, prefix, "cblas_sgemm_compute", suffix, &calls->compute);
        /* MKL's size is a size_t, BLIS' an int. */
        if (dlsym(library, "bli_thread_set_num_threads"))
            find_named(library, prefix, "cblas_sgemm_pack_get_size", suffix, &calls->pack_size_int);
        else
            find_named(library, prefix, "cblas_sgemm_pack_get_size", suffix, &calls->pack_size);
        return 1;
    }
    blas->sgemm = call_onednn;
    return speed_blas_symbol(library, "dnnl_sgemm", &calls->onednn);
}

static int find_threads(speed_blas *blas, void *library, const char *prefix, const char *suffix)
{
    int (*choose_layer)(int);
    speed_blas_calls *calls = &blas->calls;
    blas->set_threads = set_threads;
    /* MKL's threads are to be those of the OpenMP that this program has. Before any other call. */
    enum { gnu_threads = 3 };
    if (speed_blas_symbol(library, "MKL_Set_Threading_Layer", &choose_layer))
        choose_layer(gnu_threads);
    /* oneDNN has no switch of its own: it asks its OpenMP. */
    return find_named(library, prefix, "openblas_set_num_threads", suffix, &calls->threads) ||
           speed_blas_symbol(library, "MKL_Set_Num_Threads", &calls->threads) ||
           speed_blas_symbol(library, "bli_thread_set_num_threads", &calls->threads_wide) ||
           speed_blas_symbol(library, "omp_set_num_threads", &calls->threads);
}

/* How long its workers wait for more before they sleep. */
static double spinning_seconds(const speed_blas *blas, void *library, const char *prefix,
                               const char *suffix)
{
    void (*any)(void);
    if (blas->sgemm == call_onednn) return 0;
    if (find_named(library, prefix, "openblas_get_config", suffix, &any))
        return 0.04;                                               /* 2^26 cycles */
    return dlsym(library, "kmp_set_blocktime") != NULL ? 0.25 : 0; /* LLVM's OpenMP: 200 ms */
}

/* ---- what it says of itself ------------------------------------------------------------------ */

static void describe_openblas(speed_blas *blas, void *library, const char *prefix,
                              const char *suffix)
{
    char *(*text)(void);
    if (find_named(library, prefix, "openblas_get_config", suffix, &text))
        snprintf(blas->version, sizeof blas->version, "%s", text());
    if (find_named(library, prefix, "openblas_get_corename", suffix, &text))
        snprintf(blas->kernels, sizeof blas->kernels, "%s", text());
}

static void describe_blis(speed_blas *blas, void *library)
{
    const char *(*version)(void), *(*name_of)(int);
    int (*query)(void);
    if (speed_blas_symbol(library, "bli_info_get_version_str", &version))
        snprintf(blas->version, sizeof blas->version, "%s%s",
                 strstr(version(), "BLAS") != NULL ? "" : "BLIS ", version());
    if (speed_blas_symbol(library, "bli_arch_query_id", &query) &&
        speed_blas_symbol(library, "bli_arch_string", &name_of))
        snprintf(blas->kernels, sizeof blas->kernels, "%s", name_of(query()));
}

static void describe_onednn(speed_blas *blas, void *library)
{
    const struct {
        int major, minor, patch;
    } * (*version)(void);
    int (*isa)(void); /* a set of bits: dnnl_cpu_isa_t */
    if (speed_blas_symbol(library, "dnnl_version", &version))
        snprintf(blas->version, sizeof blas->version, "oneDNN %d.%d.%d", version()->major,
                 version()->minor, version()->patch);
    if (speed_blas_symbol(library, "dnnl_get_effective_cpu_isa", &isa))
        snprintf(blas->kernels, sizeof blas->kernels, "cpu_isa 0x%x", (unsigned)isa());
}

/* MKL's kernels for a kind of CPU are a library of their own, loaded with the first product. */
static int find_mkl_kernels(struct dl_phdr_info *info, size_t size, void *kernels)
{
    char name[48] = "";
    const char *file = strstr(info->dlpi_name, "/libmkl_");
    (void)size;
    if (file == NULL || sscanf(file, "/libmkl_%47[a-z0-9].so", name) != 1 ||
        strncmp(file + strlen("/libmkl_") + strlen(name), ".so", 3) != 0 ||
        strcmp(name, "core") == 0 || strcmp(name, "rt") == 0 || strcmp(name, "sequential") == 0)
        return 0;
    memcpy(kernels, name, sizeof name);
    return 1;
}

static void describe_mkl(speed_blas *blas, void *library)
{
    const float one = 1;
    float product = 0;
    void (*version)(char *, int);
    if (!speed_blas_symbol(library, "MKL_Get_Version_String", &version)) return;
    blas->sgemm(blas, 0, 0, 1, 1, 1, &one, 1, &one, 1, &product, 1);
    version(blas->version, sizeof blas->version - 1);
    blas->version[strcspn(blas->version, "\n")] = '\0';
    dl_iterate_phdr(find_mkl_kernels, blas->kernels);
}

/* ---- all of it ------------------------------------------------------------------------------- */

int speed_blas_load(speed_blas *blas, const char *path, const char *prefix, const char *suffix,
                    char *fault)
{
    struct link_map *file;
    void *library = speed_blis_open(path);
    if (library == NULL) {
        const char *why = dlerror();
        speed_fail(fault, "%s: cannot load %s", blas->name, why != NULL ? why : path);
        return 1;
    }
    if (!find_product(blas, library, prefix, suffix))
        return speed_fail(fault,
                          "%s: %s has no %scblas_sgemm%s; NAME=PATH:PREFIX:SUFFIX says what "
                          "it calls it",
                          blas->name, path, prefix, suffix);
    if (!find_threads(blas, library, prefix, suffix))
        return speed_fail(fault,
                          "%s: %s has no function to set its threads by: %sopenblas_set_num_"
                          "threads%s, MKL_Set_Num_Threads, bli_thread_set_num_threads or "
                          "omp_set_num_threads",
                          blas->name, path, prefix, suffix);
    describe_openblas(blas, library, prefix, suffix);
    describe_blis(blas, library);
    if (blas->sgemm == call_onednn) describe_onednn(blas, library);
    describe_mkl(blas, library);
    blas->settle_seconds = spinning_seconds(blas, library, prefix, suffix);
    if (dlinfo(library, RTLD_DI_LINKMAP, &file) == 0)
        snprintf(blas->path, sizeof blas->path, "%s", file->l_name);
    return 0;
}
