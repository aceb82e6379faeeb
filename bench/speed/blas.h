/* blas.h: matrix products of other libraries, found when the program runs; none is needed to build.
 *
 * blas.c says which there are: those that are installed under a usual name, and files that a person
 * names. blas_library.c makes products of a library, by the functions that it has. Must not know
 * heads or losses. */
#ifndef SPEED_BLAS_H
#define SPEED_BLAS_H

#include <stddef.h>
#include <stdint.h>

typedef struct speed_blas speed_blas;

/* The functions of a library that are called again and again (blas_library.c). */
typedef struct speed_blas_calls {
    /* The C interface that most share, with sizes of 32 and of 64 bits. */
    void (*cblas)(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                  const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);
    void (*cblas_wide)(int order, int transpose_a, int transpose_b, int64_t m, int64_t n, int64_t k,
                       float alpha, const float *a, int64_t lda, const float *b, int64_t ldb,
                       float beta, float *c, int64_t ldc);
    /* Row-major, unlike most; dnnl_dim_t is int64_t. */
    int (*onednn)(char transpose_a, char transpose_b, int64_t m, int64_t n, int64_t k, float alpha,
                  const float *a, int64_t lda, const float *b, int64_t ldb, float beta, float *c,
                  int64_t ldc);
    void (*pack)(int order, int which, int transpose, int m, int n, int k, float alpha,
                 const float *from, int ld, float *to);
    void (*compute)(int order, int transpose_a, int transpose_b, int m, int n, int k,
                    const float *a, int lda, const float *b, int ldb, float beta, float *c,
                    int ldc);
    size_t (*pack_size)(int which, int m, int n, int k);
    int (*pack_size_int)(int which, int m, int n, int k);
    void (*threads)(int);
    void (*threads_wide)(int64_t); /* BLIS' dim_t */
} speed_blas_calls;

struct speed_blas {
    char name[32];
    char version[160]; /* as it says itself; "" where it does not */
    char kernels[48];  /* which it chose for this CPU; "" where it does not say */
    char path[512];    /* of its file */
    /* C [m, n] = op(A) op(B), row-major, transposed where the flag says so; op(A) is [m, k]. */
    int (*sgemm)(const speed_blas *blas, int transpose_a, int transpose_b, size_t m, size_t n,
                 size_t k, const float *a, size_t lda, const float *b, size_t ldb, float *c,
                 size_t ldc);
    void (*set_threads)(const speed_blas *blas, int threads);
    double settle_seconds; /* its idle threads spin this long and would disturb the next case */
    speed_blas_calls calls;
};

/* ---- blas.c: which there are ---- */

/* Peers run with the kernels that they choose for this CPU: removes from the environment what would
 * steer them elsewhere, say for another program. To be called before any library is loaded. Returns
 * what was removed, "NAME=VALUE NAME=VALUE"; "" if nothing. */
const char *speed_blas_clear_environment(void);

/* Makes the libraries "NAME=PATH[:PREFIX[:SUFFIX]]" known, whose products are called PREFIX +
 * cblas_sgemm + SUFFIX, with 64-bit sizes where SUFFIX has "64" in it, after loading the libraries
 * `preload`, which they need and do not find. 0; 1 where these words are wrong, -1 where a library
 * is of no use, and one line in `fault`. */
int speed_blas_add_all(char *const *preload, int preloads, char *const *words, int count,
                       char *fault);

/* The library of that name, loaded on first use; NULL if it is unknown or not installed. */
const speed_blas *speed_blas_find(const char *name);
/* The names of all: the usual ones, then those that were added; NULL beyond the end. */
const char *speed_blas_name(size_t index);

/* ---- blas_library.c: what a library can do ---- */

/* Loads `path`, a file or a name that the system finds. 0; 1 where it cannot be opened, -1 where it
 * lacks what is needed, and one line in `fault`. */
int speed_blas_load(speed_blas *blas, const char *path, const char *prefix, const char *suffix,
                    char *fault);

/* Products A op(B) whose B was packed beforehand. 1 if the library has them. */
int speed_blas_packs(const speed_blas *blas);
/* Packs B for products of these sizes into new memory, to be freed; NULL where it refuses them. */
float *speed_blas_pack(const speed_blas *blas, int transpose_b, size_t m, size_t n, size_t k,
                       const float *b, size_t ldb);
/* C = A B; -1 where a size is beyond the interface. */
int speed_blas_compute(const speed_blas *blas, size_t m, size_t n, size_t k, const float *a,
                       size_t lda, const float *packed, float *c, size_t ldc);

/* ---- blas_blis.c ---- */

/* Opens `path`; a BLIS that does not know this CPU is told a close relative. NULL: see dlerror. */
void *speed_blis_open(const char *path);

/* dlsym into a function pointer; 1 if found. `out` points to a function pointer. */
int speed_blas_symbol(void *library, const char *name, void *out);

#endif
