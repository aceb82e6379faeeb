/* test_peers.c: do the heads and products of others compute what they are timed for? Judged by the
 * checker that test_check.c judges; a library that is not installed is not asked. */
#include "peers.h"
#include "small.h"

/* Judges what lies in data.outputs. */
static void assert_head_passes(const char *who, const margin_config *config)
{
    speed_reference reference;
    const margin_loss_info *info = margin_loss_get(config->loss);
    speed_reference_open(&reference, problem);
    const int verdict = speed_check_head(&reference, config, &data.outputs, 1,
                                         speed_tolerance_peer(config->scale), fault);
    speed_reference_close(&reference);
    if (verdict) {
        fail_msg("%s, %s: %s", who, info->name, fault);
    }
}

static void naive_head_passes(void **state)
{
    (void)state;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        const margin_config config = config_of((margin_loss)loss);
        speed_check_poison(&data.outputs, &shape, SPEED_HEAD);
        assert_int_equal(speed_naive_run(problem, &config, &data.outputs), 0);
        assert_head_passes("naive", &config);
    }
}

/* Plain loops behind the interface of a BLAS. */
static int plain_sgemm(const speed_blas *blas, int ta, int tb, size_t m, size_t n, size_t k,
                       const float *a, size_t lda, const float *b, size_t ldb, float *c, size_t ldc)
{
    (void)blas;
    for (size_t i = 0; i < m; i++) {
        for (size_t j = 0; j < n; j++) {
            double sum = 0;
            for (size_t p = 0; p < k; p++) {
                const float left = a[ta ? p * lda + i : i * lda + p];
                sum += (double)left * b[tb ? j * ldb + p : p * ldb + j];
            }
            c[i * ldc + j] = (float)sum;
        }
    }
    return 0;
}

static void plain_threads(const speed_blas *blas, int threads)
{
    (void)blas;
    (void)threads;
}

static const speed_blas plain = {
    .name = "plain", .sgemm = plain_sgemm, .set_threads = plain_threads};

static void products_are_judged(void **state)
{
    (void)state;
    const speed_outputs *o = &data.outputs;
    double seconds[3] = {0};
    assert_int_equal(speed_gemm3_run(problem, &plain, o, seconds), 0);
    assert_true(seconds[0] > 0 && seconds[1] > 0 && seconds[2] > 0);
    assert_int_equal(speed_check_gemm3(problem, o, fault), 0);
    float *const places[] = {o->grad_logits + 2, o->grad_embeddings + (rows - 1) * dim,
                             o->grad_weights + (classes - 1) * dim + 1,
                             o->grad_logits + logits / 2};
    for (size_t k = 0; k < LENGTH_OF(places); k++) {
        const float right = *places[k];
        *places[k] = k == 3 ? NAN : right + 1e-3f * fmaxf(1, fabsf(right));
        assert_int_not_equal(speed_check_gemm3(problem, o, fault), 0);
        *places[k] = right;
    }
    assert_int_equal(speed_check_gemm3(problem, o, fault), 0);
}

static void judge_unfused(const speed_blas *blas, int threads)
{
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        const margin_config config = config_of((margin_loss)loss);
        blas->set_threads(blas, 1);
        speed_check_poison(&data.outputs, &shape, SPEED_HEAD);
        assert_int_equal(speed_unfused_run(problem, &config, blas, threads, &data.outputs), 0);
        assert_head_passes(blas->name, &config);
    }
}

/* The unfused head with every library that is installed, and always with the plain one. */
static void unfused_heads_pass(void **state)
{
    (void)state;
    const char *name;
    judge_unfused(&plain, 1);
    judge_unfused(&plain, 3);
    for (size_t k = 0; (name = speed_blas_name(k)) != NULL; k++) {
        if (speed_blas_find(name)) {
            judge_unfused(speed_blas_find(name), 1);
            judge_unfused(speed_blas_find(name), 2);
        }
    }
    assert_null(speed_blas_find("no such library"));
}

/* Rows that have converged: what is left of the gradient is the others' share, not 1 - p. */
static void unfused_head_keeps_converged_rows(void **state)
{
    (void)state;
    float moved[rows * dim];
    const speed_problem *const before = problem;
    speed_problem converged = *problem;
    for (size_t i = 0; i < rows; i++) {
        const float *const own = problem->weights + (size_t)problem->labels[i] * dim;
        for (size_t k = 0; k < dim; k++) {
            moved[i * dim + k] = own[k] + 0.01f * problem->embeddings[i * dim + k];
        }
    }
    converged.embeddings = moved;
    const margin_config config = config_of(MARGIN_NORMSOFTMAX);
    problem = &converged;
    speed_check_poison(&data.outputs, &shape, SPEED_HEAD);
    assert_int_equal(speed_unfused_run(problem, &config, &plain, 1, &data.outputs), 0);
    assert_head_passes("plain, converged", &config);
    problem = before;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(naive_head_passes),
        cmocka_unit_test(products_are_judged),
        cmocka_unit_test(unfused_heads_pass),
        cmocka_unit_test(unfused_head_keeps_converged_rows),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
