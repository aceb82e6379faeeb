/* named_blas.c: a library of correct products under several names, for the tests of --blas: with
 * sizes of 32 bits, of 64 bits under a prefix and a suffix, without a switch for threads, and with
 * W packed beforehand; told so by NAMED_BLAS_WRONG, these last are slightly wrong. Those of odd_
 * have other bits on several threads and with the kernels of one CPU. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef float *floats;
typedef const float *source;

void openblas_set_num_threads(int threads);
void wide_openblas_set_num_threads64_(int threads);
const char *wide_openblas_get_config64_(void);
const char *wide_openblas_get_corename64_(void);
void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, source a, int lda,
                 source b, int ldb, float beta, floats c, int ldc);
void bare_cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, source a,
                      int lda, source b, int ldb, float beta, floats c, int ldc);
void wide_cblas_sgemm64_(int order, int ta, int tb, int64_t m, int64_t n, int64_t k, float alpha,
                         source a, int64_t lda, source b, int64_t ldb, float beta, floats c,
                         int64_t ldc);
size_t cblas_sgemm_pack_get_size(int which, int m, int n, int k);
void cblas_sgemm_pack(int order, int which, int transpose, int m, int n, int k, float alpha,
                      source from, int ld, floats to);
void cblas_sgemm_compute(int order, int ta, int tb, int m, int n, int k, source a, int lda,
                         source b, int ldb, float beta, floats c, int ldc);

static int odd_threads = 1;
void odd_openblas_set_num_threads(int threads);
const char *odd_openblas_get_config(void);
const char *odd_openblas_get_corename(void);
void odd_cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, source a, int lda,
                     source b, int ldb, float beta, floats c, int ldc);

void openblas_set_num_threads(int threads)
{
    (void)threads;
}

void wide_openblas_set_num_threads64_(int threads)
{
    (void)threads;
}

const char *wide_openblas_get_config64_(void)
{
    return "Wide 1.2";
}

const char *wide_openblas_get_corename64_(void)
{
    return "Abacus";
}

void wide_cblas_sgemm64_(int order, int ta, int tb, int64_t m, int64_t n, int64_t k, float alpha,
                         source a, int64_t lda, source b, int64_t ldb, float beta, floats c,
                         int64_t ldc)
{
    const int64_t a_row = ta == 112 ? 1 : lda, a_step = lda + 1 - a_row;
    const int64_t b_column = tb == 112 ? ldb : 1, b_step = ldb + 1 - b_column;
    (void)order;
    (void)beta;
    for (int64_t i = 0; i < m; i++) {
        for (int64_t j = 0; j < n; j++) {
            float sum = 0;
            for (int64_t p = 0; p < k; p++)
                sum += a[i * a_row + p * a_step] * b[j * b_column + p * b_step];
            c[i * ldc + j] = alpha * sum;
        }
    }
}

void cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, source a, int lda,
                 source b, int ldb, float beta, floats c, int ldc)
{
    wide_cblas_sgemm64_(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void bare_cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, source a,
                      int lda, source b, int ldb, float beta, floats c, int ldc)
{
    wide_cblas_sgemm64_(order, ta, tb, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
}

void odd_openblas_set_num_threads(int threads)
{
    odd_threads = threads;
}

const char *odd_openblas_get_config(void)
{
    return "OpenBLAS odd";
}

const char *odd_openblas_get_corename(void)
{
    return "Abacus";
}

/* In two halves, or in one. */
void odd_cblas_sgemm(int order, int ta, int tb, int m, int n, int k, float alpha, source a, int lda,
                     source b, int ldb, float beta, floats c, int ldc)
{
    const char *core = getenv("OPENBLAS_CORETYPE");
    const int apart = odd_threads > 1 || (core && strcmp(core, "Nehalem") == 0);
    const int first = apart ? k / 2 : k;
    float *const half = malloc(sizeof(float) * (size_t)m * (size_t)n);
    cblas_sgemm(order, ta, tb, m, n, first, alpha, a, lda, b, ldb, beta, c, ldc);
    cblas_sgemm(order, ta, tb, m, n, k - first, alpha, a + (int64_t)first * (ta == 112 ? lda : 1),
                lda, b + (int64_t)first * (tb == 112 ? 1 : ldb), ldb, 0, half, n);
    for (int64_t i = 0; i < m && apart; i++)
        for (int64_t j = 0; j < n; j++)
            c[i * ldc + j] += half[i * n + j];
    free(half);
}

/* Packed: op(B) in rows of n. */
size_t cblas_sgemm_pack_get_size(int which, int m, int n, int k)
{
    (void)m;
    return which == 162 ? sizeof(float) * (size_t)n * (size_t)k : 0;
}

void cblas_sgemm_pack(int order, int which, int transpose, int m, int n, int k, float alpha,
                      source from, int ld, floats to)
{
    (void)order;
    (void)which;
    (void)m;
    for (int64_t p = 0; p < k; p++)
        for (int64_t j = 0; j < n; j++)
            to[p * n + j] = alpha * from[transpose == 112 ? j * ld + p : p * ld + j];
}

void cblas_sgemm_compute(int order, int ta, int tb, int m, int n, int k, source a, int lda,
                         source b, int ldb, float beta, floats c, int ldc)
{
    const int missing = getenv("NAMED_BLAS_WRONG") != NULL;
    (void)tb;
    (void)ldb;
    wide_cblas_sgemm64_(order, ta, 111, m, n, k - missing, 1, a, lda, b, n, beta, c, ldc);
}
