/* blas.c: which matrix-product libraries there are, and how they are opened.
 *
 * Must not know any library's own interface. */
#define _GNU_SOURCE
#include "blas.h"

#include <dlfcn.h>
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
        if (strcmp(table[i].name, name) == 0) {
            return table[i].find();
        }
    }
    return NULL;
}

void *speed_blas_open(const char *const names[])
{
    /* Local scope: each of these libraries brings a cblas_sgemm of its own. */
    for (; *names; names++) {
        void *library = dlopen(*names, RTLD_NOW | RTLD_LOCAL);
        if (library) {
            return library;
        }
    }
    return NULL;
}

int speed_blas_symbol(void *library, const char *name, void *out)
{
    void *symbol = dlsym(library, name);
    if (!symbol) {
        return 0;
    }
    /* ISO C has no cast from an object to a function pointer; POSIX says their bits agree. */
    memcpy(out, &symbol, sizeof symbol);
    return 1;
}
