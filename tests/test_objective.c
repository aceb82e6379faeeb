/* test_objective.c: what the head's loss is made of: weights of rows and of classes, and label
 * smoothing, by identities that need no second program (test_gradients.c has that). */
#include "mocka.h"
#include "problem.h"

static margin_config threads_2(margin_loss loss)
{
    margin_config config = config_of(loss);
    config.threads = 2;
    return config;
}

static int all_zero(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (x[i] != 0.0f) return 0;
    return 1;
}

/* ---- weights ----------------------------------------------------------------------------------*/

static void row_weights(void **state)
{
    (void)state;
    const margin_config config = threads_2(MARGIN_ARCFACE);
    problem plain = problem_make(32, 10, 6, 33, 0, 0), even = problem_make(32, 10, 6, 33, 0, 0);
    problem_use_row_weight(&even);
    for (size_t i = 0; i < 32; i++)
        even.row_weight.at[i] = 1.0f / 32.0f;
    assert_status(problem_run(&plain, &config), MARGIN_OK);
    assert_status(problem_run(&even, &config), MARGIN_OK);
    assert_true(plain.call.loss == plain.call.mean_loss);
    assert_true(plain.call.mean_loss == even.call.mean_loss);
    assert_near("loss", even.call.loss, plain.call.loss, 1e-14 * plain.call.loss);
    assert_memory_equal(plain.grad_embeddings.at, even.grad_embeddings.at, 320 * sizeof(float));
    assert_memory_equal(plain.grad_weights.at, even.grad_weights.at, 60 * sizeof(float));

    for (size_t i = 0; i < 32; i++)
        even.row_weight.at[i] = i % 2 == 0 ? 0.0f : -2.0f / 32.0f;
    assert_status(problem_run(&even, &config), MARGIN_OK);
    assert_true(plain.call.mean_loss == even.call.mean_loss);
    double objective = 0.0;
    for (size_t i = 1; i < 32; i += 2)
        objective -= 2.0 / 32.0 * (double)even.row_loss.at[i];
    assert_near("loss", even.call.loss, objective, -1e-6 * objective);
    for (size_t i = 0; i < 32; i++) {
        for (size_t d = 0; d < 10; d++) {
            const float want = i % 2 == 0 ? 0.0f : -2.0f * plain.grad_embeddings.at[i * 10 + d];
            assert_true(even.grad_embeddings.at[i * 10 + d] == want);
        }
    }
    assert_true(problem_free(&plain) & problem_free(&even));
}

/* A weighted mean: equal weights of classes change nothing, those of no class here are nothing, and
 * where all are 0 so is everything. */
static void class_weights(void **state)
{
    (void)state;
    const margin_config config = threads_2(MARGIN_ARCFACE);
    problem plain = problem_make(32, 10, 6, 35, 0, 1), p = problem_make(32, 10, 6, 35, 0, 1);
    problem_use_class_weight(&p);
    for (size_t j = 0; j < 6; j++)
        p.class_weight.at[j] = 8.0f;
    assert_status(problem_run(&plain, &config), MARGIN_OK);
    assert_status(problem_run(&p, &config), MARGIN_OK);
    assert_near("loss", p.call.loss, plain.call.loss, 1e-14 * plain.call.loss);
    assert_memory_equal(plain.grad_embeddings.at, p.grad_embeddings.at, 320 * sizeof(float));
    assert_memory_equal(plain.grad_weights.at, p.grad_weights.at, 60 * sizeof(float));

    memset(p.class_weight.at, 0, 6 * sizeof(float));
    assert_status(problem_run(&p, &config), MARGIN_OK);
    assert_true(p.call.loss == 0.0 && p.call.mean_loss == plain.call.mean_loss);
    assert_true(all_zero(p.grad_embeddings.at, 320) && all_zero(p.grad_weights.at, 60));
    assert_true(problem_free(&plain) & problem_free(&p));
}

/* ---- label smoothing --------------------------------------------------------------------------*/

/* A row's loss is a straight line in e: half way between two shares is half way between the losses,
 * and with one class there is nothing to give away. */
static void smoothing_is_linear(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        for (size_t classes = 1; classes <= 300; classes = classes * 17 + 4) {
            const margin_config config = config_of((margin_loss)k);
            float row_loss[3][20];
            for (int e = 0; e < 3; e++) {
                problem p = problem_make(20, 11, classes, 65, 0, 1);
                p.call.label_smoothing = 0.25 * e;
                assert_status(problem_run(&p, &config), MARGIN_OK);
                memcpy(row_loss[e], p.row_loss.at, sizeof row_loss[e]);
                if (classes == 1) assert_true(all_zero(p.grad_weights.at, 11));
                assert_true(problem_free(&p));
            }
            for (size_t i = 0; i < 20; i++) {
                const double ends = (double)row_loss[0][i] + (double)row_loss[2][i];
                assert_near("loss", 2.0 * (double)row_loss[1][i], ends, 3e-7 * ends);
                if (classes == 1) assert_true(row_loss[2][i] == 0.0f);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(row_weights),
        cmocka_unit_test(class_weights),
        cmocka_unit_test(smoothing_is_linear),
    };
    return cmocka_run_group_tests_name("objective", tests, NULL, NULL);
}
