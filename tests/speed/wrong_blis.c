/* wrong_blis.c: a libblis.so.4 that does not know this CPU and whose products are slightly wrong,
 * for the tests that such a library is told a CPU that it knows, and is not timed. Must not be
 * found by anything but those tests. */
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

static const char *const architectures[] = {"penryn", "skx", "haswell", "zen3", "generic"};
static int chosen = -1;
static void *allocated; /* leaks where the library is closed before bli_finalize */

void bli_init(void);
void bli_finalize(void);
int bli_arch_query_id(void);
const char *bli_arch_string(int id);
const char *bli_info_get_version_str(void);
void bli_thread_set_num_threads(int64_t threads);
void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc);

void bli_init(void)
{
    const char *told = getenv("BLIS_ARCH_TYPE");
    chosen = told ? atoi(told) : 4;
    if (allocated == NULL) allocated = malloc(1000);
}

void bli_finalize(void)
{
    free(allocated);
    allocated = NULL;
}

int bli_arch_query_id(void)
{
    return chosen;
}

const char *bli_arch_string(int id)
{
    return architectures[id];
}

const char *bli_info_get_version_str(void)
{
    return "0.0";
}

void bli_thread_set_num_threads(int64_t threads)
{
    (void)threads;
}

void cblas_sgemm(int order, int transpose_a, int transpose_b, int m, int n, int k, float alpha,
                 const float *a, int lda, const float *b, int ldb, float beta, float *c, int ldc)
{
    const size_t a_row = transpose_a == 112 ? 1 : (size_t)lda, a_step = (size_t)lda + 1 - a_row;
    const size_t b_column = transpose_b == 112 ? (size_t)ldb : 1;
    const size_t b_step = (size_t)ldb + 1 - b_column;
    (void)order;
    (void)beta;
    for (size_t i = 0; i < (size_t)m; i++) {
        for (size_t j = 0; j < (size_t)n; j++) {
            float sum = 0;
            for (size_t p = 0; p + 1 < (size_t)k; p++) { /* the last term is forgotten */
                sum += a[i * a_row + p * a_step] * b[j * b_column + p * b_step];
            }
            c[i * (size_t)ldc + j] = alpha * sum;
        }
    }
}
