/* blas.c: which matrix-product libraries there are: those installed under a usual name, and those
 * that a person names.
 *
 * Must not know any library's own interface. */
#include "blas.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "plan.h"

enum { NAMES_MOST = 4, ADDED_MOST = 16 };

/* Looked for under the first of these names that is there. */
static struct {
    speed_blas blas;
    const char *const names[NAMES_MOST];
    int state; /* 0: not looked for yet, 1: there, -1: not there */
} usual[] = {
    {{.name = "openblas"}, {"libopenblas.so.0", "libopenblas.so"}, 0},
    {{.name = "blis"}, {"libblis.so.4", "libblis.so.5", "libblis.so"}, 0},
    {{.name = "onednn"}, {"libdnnl.so.2", "libdnnl.so.3", "libdnnl.so"}, 0},
};
enum { USUAL = sizeof usual / sizeof *usual };

static speed_blas added[ADDED_MOST];
static size_t added_count;

const char *speed_blas_name(size_t index)
{
    if (index < USUAL) return usual[index].blas.name;
    return index - USUAL < added_count ? added[index - USUAL].name : NULL;
}

/* Loads what stands in row `index` of the table, once. */
static const speed_blas *find_usual(size_t index)
{
    char fault[SPEED_FAULT];
    for (size_t k = 0; k < NAMES_MOST && usual[index].names[k] && usual[index].state == 0; k++) {
        const int failed =
            speed_blas_load(&usual[index].blas, usual[index].names[k], "", "", fault);
        if (failed <= 0) usual[index].state = failed == 0 ? 1 : -1;
    }
    usual[index].state = usual[index].state != 0 ? usual[index].state : -1;
    return usual[index].state > 0 ? &usual[index].blas : NULL;
}

const speed_blas *speed_blas_find(const char *name)
{
    for (size_t i = 0; i < USUAL; i++)
        if (strcmp(usual[i].blas.name, name) == 0) return find_usual(i);
    for (size_t i = 0; i < added_count; i++)
        if (strcmp(added[i].name, name) == 0) return &added[i];
    return NULL;
}

/* ---- named by a person ----------------------------------------------------------------------- */

/* 1 if a case may be called after it. */
static int is_free_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789_.-";
    const char *other;
    if (*name == '\0' || strspn(name, letters) != strlen(name) ||
        strlen(name) >= sizeof added->name || strcmp(name, "naive") == 0 ||
        strcmp(name, "blas-unfused") == 0)
        return 0;
    for (size_t k = 0; (other = speed_blas_name(k)) != NULL; k++)
        if (strcmp(name, other) == 0) return 0;
    return 1;
}

/* Of "NAME=PATH[:PREFIX[:SUFFIX]]", which is cut up. */
static int add_parts(char *words, char *fault)
{
    char *path = words, *name = strsep(&path, "=");
    if (path == NULL || *path == '\0') {
        speed_fail(fault, "--blas %s: is not NAME=PATH[:PREFIX[:SUFFIX]]", name);
        return 1;
    }
    char *suffix = path, *file = strsep(&suffix, ":"), *prefix = strsep(&suffix, ":");
    if (!is_free_name(name)) {
        speed_fail(fault, "--blas %s=...: the name must be new, of a-z 0-9 _ . -, 31 at most",
                   name);
        return 1;
    }
    if (added_count == ADDED_MOST) {
        speed_fail(fault, "--blas: more than %d libraries", ADDED_MOST);
        return 1;
    }
    speed_blas *blas = &added[added_count];
    *blas = (speed_blas){.settle_seconds = 0};
    snprintf(blas->name, sizeof blas->name, "%s", name);
    if (speed_blas_load(blas, file, prefix != NULL ? prefix : "", suffix != NULL ? suffix : "",
                        fault))
        return -1;
    added_count++;
    return 0;
}

static int add_library(const char *words, char *fault)
{
    char *copy = strdup(words);
    const int failed = copy == NULL ? speed_fail(fault, "out of memory") : add_parts(copy, fault);
    free(copy);
    return failed;
}

int speed_blas_add_all(char *const *preload, int preloads, char *const *words, int count,
                       char *fault)
{
    int failed = 0;
    for (int i = 0; i < preloads; i++) {
        if (dlopen(preload[i], RTLD_NOW | RTLD_GLOBAL) == NULL)
            return speed_fail(fault, "--preload: cannot load %s", dlerror());
    }
    for (int i = 0; i < count && failed == 0; i++)
        failed = add_library(words[i], fault);
    return failed;
}

/* ---- surroundings ---------------------------------------------------------------------------- */

/* What makes a library take other kernels or blocks than its own choice for this CPU. */
static const char *const steering[] = {
    "OPENBLAS_CORETYPE",  "OPENBLAS_L2_SIZE",        "OPENBLAS_BLOCK_FACTOR",
    "BLIS_ARCH_TYPE",     "BLIS_MODEL_TYPE",         "DNNL_MAX_CPU_ISA",
    "ONEDNN_MAX_CPU_ISA", "DNNL_CPU_ISA_HINTS",      "ONEDNN_CPU_ISA_HINTS",
    "MKL_CBWR",           "MKL_ENABLE_INSTRUCTIONS", "AOCL_ENABLE_INSTRUCTIONS",
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
