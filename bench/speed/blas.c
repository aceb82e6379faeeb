/* blas.c: which matrix-product libraries there are, and how they are opened.
 *
 * Must not know any library's own interface. */
#include "blas.h"

#include <dlfcn.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    const speed_blas *(*find)(void);
} table[] = {
#define SPEED_BLAS_ROW(name) {#name, speed_blas_##name},
    SPEED_BLAS_TABLE(SPEED_BLAS_ROW)
#undef SPEED_BLAS_ROW
};

const char *speed_blas_name(size_t index)
{
    return index < sizeof table / sizeof *table ? table[index].name : NULL;
}

const speed_blas *speed_blas_find(const char *name)
{
    for (size_t i = 0; i < sizeof table / sizeof *table; i++) {
        if (strcmp(table[i].name, name) == 0) return table[i].find();
    }
    return NULL;
}

/* What makes a library take other kernels or blocks than its own choice for this CPU. */
static const char *const steering[] = {
    "OPENBLAS_CORETYPE",  "OPENBLAS_L2_SIZE",   "OPENBLAS_BLOCK_FACTOR",
    "BLIS_ARCH_TYPE",     "BLIS_MODEL_TYPE",    "DNNL_MAX_CPU_ISA",
    "ONEDNN_MAX_CPU_ISA", "DNNL_CPU_ISA_HINTS", "ONEDNN_CPU_ISA_HINTS",
};

const char *speed_blas_clear_environment(void)
{
    static char cleared[512];
    size_t used = strlen(cleared);
    for (size_t i = 0; i < sizeof steering / sizeof *steering; i++) {
        const char *value = getenv(steering[i]);
        if (value && used < sizeof cleared) {
            snprintf(cleared + used, sizeof cleared - used, "%s%s=%s", used ? " " : "", steering[i],
                     value);
            used = strlen(cleared);
            unsetenv(steering[i]);
        }
    }
    return cleared;
}

void *speed_blas_open(const char *const names[])
{
    /* Local scope: each of these libraries brings a cblas_sgemm of its own. */
    for (; *names; names++) {
        void *library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
        if (library) return library;
    }
    return NULL;
}

int speed_blas_symbol(void *library, const char *name, void *out)
{
    void *symbol = dlsym(library, name);
    if (!symbol) return 0;
    /* ISO C has no cast from an object to a function pointer; POSIX says their bits agree. */
    memcpy(out, &symbol, sizeof symbol);
    return 1;
}

int speed_blas_has(void *library, const char *threads_name, void *threads, const char *product_name,
                   void *product)
{
    const int there = library && speed_blas_symbol(library, threads_name, threads) &&
                      speed_blas_symbol(library, product_name, product);
    if (!there) memset(product, 0, sizeof(void *));
    return there;
}

int speed_blas_call(cblas_sgemm_function *sgemm, int ta, int tb, size_t m, size_t n, size_t k,
                    const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
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
