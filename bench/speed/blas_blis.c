/* blas_blis.c: BLIS, and AOCL-BLAS, which is made of it, know CPUs by their numbers and fall back
 * to plain C on one newer than themselves: there they are told a relative. Opens any library else
 * as it is. Must not know products. */
#include "blas.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef const char *architecture_name(int);

/* The library, and the architecture that it took this CPU for where it says; else "". */
static void *open_library(const char *path, const char **architecture)
{
    void (*initialise)(void);
    int (*query)(void);
    architecture_name *name_of;
    /* Local scope: each of these libraries brings a cblas_sgemm of its own. */
    void *library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
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
    const int wide = __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl");
    if (__builtin_cpu_is("intel")) return wide ? "skx" : "haswell";
    /* zen3 has AVX2 kernels. On a Zen 4, whose units take two turns for 512 bits, they outrun those
     * of skx; on a Zen 5, which alone has this instruction, they take twice the time. */
    return wide && __builtin_cpu_supports("avx512vp2intersect") ? "skx" : "zen3";
#else
    return NULL;
#endif
}

/* Its number in the list of architectures depends on the version. */
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

/* What it has allocated would be lost with its addresses. */
static void close_library(void *library)
{
    void (*finalise)(void);
    if (speed_blas_symbol(library, "bli_finalize", &finalise)) finalise();
    dlclose(library);
}

void *speed_blis_open(const char *path)
{
    const char *architecture;
    void *library = open_library(path, &architecture);
    if (library && strcmp(architecture, "generic") == 0) {
        choose_relative(library);
        close_library(library);
        library = open_library(path, &architecture);
        unsetenv("BLIS_ARCH_TYPE"); /* the number means another CPU to another version */
    }
    return library;
}
