/* test_head.c: what the head promises beyond its numbers: ignored rows, row weights, outputs not
 * asked for, contexts used again, several contexts at once, degenerate vectors, no output beyond
 * float32. */
#include <float.h>
#include <pthread.h>

#include "head/layout.h"
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
    for (size_t i = 0; i < n; i++) {
        if (x[i] != 0.0f) return 0;
    }
    return 1;
}

static int all_finite(const float *x, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(x[i])) return 0;
    }
    return 1;
}

static void assert_same_arrays(const char *what, const float *a, const float *b, size_t n,
                               double tolerance)
{
    double largest = 0.0;
    for (size_t i = 0; i < n; i++)
        largest = fmax(largest, fabs((double)b[i]));
    for (size_t i = 0; i < n; i++)
        assert_near(what, a[i], b[i], tolerance * largest);
}

/* ---- rows that do not count -------------------------------------------------------------------*/

static void drop_ignored(const problem *from, problem *to)
{
    const size_t dim = from->call.dim;
    size_t kept = 0;
    for (size_t i = 0; i < from->call.rows; i++) {
        if (from->call.labels[i] < 0) continue;
        memcpy(to->embeddings.at + kept * dim, from->embeddings.at + i * dim, dim * sizeof(float));
        ((int64_t *)to->labels.data)[kept++] = from->call.labels[i];
    }
    memcpy(to->weights.at, from->weights.at, from->call.classes * dim * sizeof(float));
}

static void ignored_rows(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_config config = threads_2((margin_loss)k);
        problem p = problem_make(50, 12, 9, 31, 0, 1);
        assert_status(problem_run(&p, &config), MARGIN_OK);
        problem q = problem_make(p.call.counted, 12, 9, 99, 0, 0);
        drop_ignored(&p, &q);
        assert_status(problem_run(&q, &config), MARGIN_OK);
        assert_true(p.call.counted == 43 && q.call.counted == 43);
        assert_near("loss", p.call.loss, q.call.loss, 1e-12 * q.call.loss);
        assert_same_arrays("dW", p.grad_weights.at, q.grad_weights.at, 9 * 12, 3e-6);
        for (size_t i = 0, kept = 0; i < 50; i++) {
            const float *dx = p.grad_embeddings.at + i * 12;
            if (p.call.labels[i] >= 0) {
                assert_memory_equal(dx, q.grad_embeddings.at + 12 * kept++, 12 * sizeof(float));
                continue;
            }
            assert_true(all_zero(dx, 12) && p.row_loss.at[i] == 0.0f && p.row_angle.at[i] == 0.0f);
            assert_int_equal(((uint8_t *)p.row_correct.data)[i], 0);
        }
        assert_true(problem_free(&p) & problem_free(&q));
    }
}

/* Few rows have products of their own; with more rows beside them that do not count, they have
 * those of many. */
static void few_rows(void **state)
{
    enum { DIM = 70, CLASSES = 300, ROWS = MARGIN_DOTS_ROWS + 1 };
    (void)state;
    for (size_t rows = 1; rows <= MARGIN_DOTS_ROWS; rows++) {
        const margin_config config = threads_2(MARGIN_COSFACE);
        problem many = problem_make(ROWS, DIM, CLASSES, 60 + rows, 0, 0);
        problem few = problem_make(rows, DIM, CLASSES, 99, 0, 0);
        for (size_t i = rows; i < ROWS; i++)
            ((int64_t *)many.labels.data)[i] = -1;
        drop_ignored(&many, &few);
        assert_status(problem_run(&many, &config), MARGIN_OK);
        assert_status(problem_run(&few, &config), MARGIN_OK);
        assert_near("loss", few.call.loss, many.call.loss, 3e-6 * many.call.loss);
        assert_same_arrays("dX", few.grad_embeddings.at, many.grad_embeddings.at, rows * DIM, 1e-5);
        assert_same_arrays("dW", few.grad_weights.at, many.grad_weights.at, CLASSES * DIM, 1e-5);
        assert_true(problem_free(&many) & problem_free(&few));
    }
}

static void all_rows_ignored(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_config config = threads_2((margin_loss)k);
        problem p = problem_make(9, 5, 4, 32, 0, 0);
        for (size_t i = 0; i < 9; i++)
            ((int64_t *)p.labels.data)[i] = -1;
        if (!margin_loss_get((margin_loss)k)->normalised) problem_use_bias(&p);
        p.call.loss = 7.0;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        assert_true(p.call.loss == 0.0 && p.call.counted == 0);
        assert_true(all_zero(p.grad_embeddings.at, 45) && all_zero(p.grad_weights.at, 20));
        assert_true(p.call.grad_bias == NULL || all_zero(p.grad_bias.at, 4));
        assert_true(all_zero(p.row_loss.at, 9) && all_zero(p.row_angle.at, 9));
        assert_true(problem_free(&p));

        rows_problem r = rows_problem_make(9, 4, 32, 0, 0);
        for (size_t i = 0; i < 9; i++)
            ((int64_t *)r.labels.data)[i] = -1;
        r.call.loss = 7.0;
        assert_status(rows_problem_run(&r, &config), MARGIN_OK);
        assert_true(r.call.loss == 0.0 && r.call.counted == 0);
        assert_true(all_zero(r.grad_logits.at, 36) && all_zero(r.row_loss.at, 9));
        assert_true(rows_problem_free(&r));
    }
}

/* ---- outputs not asked for --------------------------------------------------------------------*/

static void missing_outputs(void **state)
{
    (void)state;
    const margin_config config = threads_2(MARGIN_SOFTMAX);
    problem whole = problem_make(40, 20, 30, 34, 0, 1);
    problem_use_bias(&whole);
    assert_status(problem_run(&whole, &config), MARGIN_OK);
    for (unsigned mask = 0; mask < 64; mask++) {
        problem p = problem_make(40, 20, 30, 34, 0, 1);
        problem_use_bias(&p);
        if (mask & 1) p.call.row_loss = NULL;
        if (mask & 2) p.call.row_angle = NULL;
        if (mask & 4) p.call.row_correct = NULL;
        if (mask & 8) p.call.grad_embeddings = NULL;
        if (mask & 16) p.call.grad_weights = NULL;
        if (mask & 48) p.call.grad_bias = NULL;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        assert_true(p.call.loss == whole.call.loss && p.call.counted == whole.call.counted);
        const struct {
            const guard *got, *want;
            int given;
        } outputs[] = {{&p.row_loss, &whole.row_loss, p.call.row_loss != NULL},
                       {&p.row_angle, &whole.row_angle, p.call.row_angle != NULL},
                       {&p.row_correct, &whole.row_correct, p.call.row_correct != NULL},
                       {&p.grad_embeddings, &whole.grad_embeddings, p.call.grad_embeddings != NULL},
                       {&p.grad_weights, &whole.grad_weights, p.call.grad_weights != NULL},
                       {&p.grad_bias, &whole.grad_bias, p.call.grad_bias != NULL}};
        for (size_t i = 0; i < LENGTH_OF(outputs); i++) {
            if (outputs[i].given) {
                assert_memory_equal(outputs[i].got->data, outputs[i].want->data,
                                    outputs[i].want->bytes);
            } else {
                assert_true(guard_untouched(outputs[i].got));
            }
        }
        assert_true(problem_free(&p));
    }
    assert_true(problem_free(&whole));
}

/* ---- contexts ---------------------------------------------------------------------------------*/

static const size_t shapes[][3] = {
    {40, 33, 300}, {1, 1, 1}, {3, 70, 5}, {200, 8, 40}, {2, 2, 2000}};

static void one_context_many_shapes(void **state)
{
    (void)state;
    const margin_config config = threads_2(MARGIN_COMBINED);
    margin_context *context;
    assert_status(problem_context(&config, &context), MARGIN_OK);
    for (size_t round = 0; round < 2 * LENGTH_OF(shapes); round++) {
        const size_t *s = shapes[round % LENGTH_OF(shapes)];
        problem p = problem_make(s[0], s[1], s[2], 35, 0, 1),
                q = problem_make(s[0], s[1], s[2], 35, 0, 1);
        assert_status(problem_run(&p, &config), MARGIN_OK);
        assert_status(margin_head_run(context, &q.call), MARGIN_OK);
        const problem_hash a = problem_hash_of(&p), b = problem_hash_of(&q);
        assert_memory_equal(&a, &b, sizeof a);
        assert_true(problem_free(&p) & problem_free(&q));

        rows_problem r = rows_problem_make(s[0], s[2], 36, 0, 1);
        rows_problem t = rows_problem_make(s[0], s[2], 36, 0, 1);
        assert_status(rows_problem_run(&r, &config), MARGIN_OK);
        assert_status(margin_rows_run(context, &t.call), MARGIN_OK);
        const problem_hash c = rows_problem_hash_of(&r), d = rows_problem_hash_of(&t);
        assert_memory_equal(&c, &d, sizeof c);
        assert_true(rows_problem_free(&r) & rows_problem_free(&t));
    }
    margin_destroy(context);
}

static void *run_alone(void *hash)
{
    margin_config config;
    margin_config_init(&config, MARGIN_ARCFACE);
    config.threads = 2;
    config.workspace_bytes = (size_t)8 << 20;
    for (int round = 0; round < 5; round++) {
        problem p = problem_make(60, 40, 300, 37, 0, 1);
        if (problem_run(&p, &config) != MARGIN_OK) return NULL;
        *(problem_hash *)hash = problem_hash_of(&p);
        if (!problem_free(&p)) return NULL;
    }
    return hash;
}

/* No global state: contexts in different threads do not disturb each other. */
static void contexts_in_parallel(void **state)
{
    pthread_t threads[4];
    problem_hash hashes[5];
    (void)state;
    assert_ptr_equal(run_alone(&hashes[4]), &hashes[4]);
    for (int i = 0; i < 4; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, run_alone, &hashes[i]), 0);
    }
    for (int i = 0; i < 4; i++) {
        void *result;
        assert_int_equal(pthread_join(threads[i], &result), 0);
        assert_ptr_equal(result, &hashes[i]);
        assert_memory_equal(&hashes[i], &hashes[4], sizeof hashes[4]);
    }
}

/* ---- in place ---------------------------------------------------------------------------------*/

static void rows_in_place(void **state)
{
    (void)state;
    for (unsigned layout = 0; layout < 6; layout++) {
        const margin_config config = threads_2(MARGIN_ARCFACE);
        const size_t classes = layout % 2 ? 5003 : 37;
        rows_problem p = rows_problem_make(21, classes, 38, layout, 1);
        rows_problem q = rows_problem_make(21, classes, 38, layout, 1);
        q.call.grad_logits = q.logits.at;
        assert_status(rows_problem_run(&p, &config), MARGIN_OK);
        assert_status(rows_problem_run(&q, &config), MARGIN_OK);
        const problem_hash a = rows_problem_hash_of(&p), b = rows_problem_hash_of(&q);
        assert_memory_equal(&a, &b, sizeof a);
        assert_true(guard_untouched(&q.grad_logits));
        assert_true(rows_problem_free(&p) & rows_problem_free(&q));
    }
}

/* ---- degenerate vectors -----------------------------------------------------------------------*/

static void assert_all_finite(const problem *p)
{
    assert_true(isfinite(p->call.loss));
    assert_true(all_finite(p->row_loss.at, p->row_loss.count));
    assert_true(all_finite(p->grad_embeddings.at, p->grad_embeddings.count));
    assert_true(all_finite(p->grad_weights.at, p->grad_weights.count));
}

static void zero_vectors(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_config config = threads_2((margin_loss)k);
        problem p = problem_make(6, 5, 4, 39, 0, 0);
        int64_t *const y = p.labels.data;
        memset(p.embeddings.at, 0, 5 * sizeof(float));
        memset(p.weights.at + 2 * 5, 0, 5 * sizeof(float));
        y[0] = 1;
        y[1] = 2;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        assert_all_finite(&p);
        assert_near("theta of x = 0", p.row_angle.at[0], 1.5707963267948966, 1e-6);
        assert_near("theta of w = 0", p.row_angle.at[1], 1.5707963267948966, 1e-6);
        if (margin_loss_get((margin_loss)k)->normalised) {
            assert_true(all_zero(p.grad_embeddings.at, 5));
            assert_true(all_zero(p.grad_weights.at + 2 * 5, 5));
        }
        assert_true(problem_free(&p));
    }
}

/* Row 0 along its class, row 1 against it: no direction to turn in, so a tangent of zero; other
 * classes still pull. */
static void parallel_vectors(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_config config = threads_2((margin_loss)k);
        problem p = problem_make(4, 8, 5, 40, 0, 0);
        for (size_t d = 0; d < 8; d++) {
            p.embeddings.at[d] = 4.0f * p.weights.at[(size_t)p.call.labels[0] * 8 + d];
            p.embeddings.at[8 + d] = -0.5f * p.weights.at[(size_t)p.call.labels[1] * 8 + d];
        }
        assert_status(problem_run(&p, &config), MARGIN_OK);
        assert_all_finite(&p);
        assert_true(p.row_angle.at[0] == 0.0f && p.row_angle.at[1] == 3.14159265f);
        assert_true(problem_free(&p));
    }
}

/* Lengths from the smallest to the largest float32. */
static void extreme_lengths(void **state)
{
    const float lengths[] = {1e-45f, 1e-40f, 1e-30f, 1e-20f, 1e20f, 1e30f, 1e38f};
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        for (size_t i = 0; i < LENGTH_OF(lengths) * LENGTH_OF(lengths); i++) {
            const margin_config config = threads_2((margin_loss)k);
            problem p = problem_make(5, 6, 4, 41, 0, 0);
            const float x = lengths[i % LENGTH_OF(lengths)], w = lengths[i / LENGTH_OF(lengths)];
            for (size_t d = 0; d < 5 * 6; d++)
                p.embeddings.at[d] *= x / 8.0f;
            for (size_t d = 0; d < 4 * 6; d++)
                p.weights.at[d] *= w / 8.0f;
            assert_status(problem_run(&p, &config), MARGIN_OK);
            assert_all_finite(&p);
            assert_true(problem_free(&p));
        }
    }
}

/* One class: nothing to be confused with. */
static void single_class(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_config config = threads_2((margin_loss)k);
        problem p = problem_make(20, 7, 1, 42, 0, 1);
        assert_status(problem_run(&p, &config), MARGIN_OK);
        assert_true(p.call.loss == 0.0 && all_zero(p.row_loss.at, 20));
        assert_true(all_zero(p.grad_embeddings.at, 140) && all_zero(p.grad_weights.at, 7));
        for (size_t i = 0; i < 20; i++) {
            assert_int_equal(((uint8_t *)p.row_correct.data)[i], p.call.labels[i] == 0);
        }
        assert_true(problem_free(&p));
    }
}

/* All cosines are negative: nothing beside the classes may be above the target's. */
static void negative_is_correct(void **state)
{
    enum { DIM = 3, CLASSES = 1500 };
    const margin_config config = config_of(MARGIN_NORMSOFTMAX);
    const int64_t label = 40;
    float x[DIM] = {1.0f}, w[CLASSES * DIM] = {0.0f};
    uint8_t correct = 0;
    margin_context *context;
    margin_head head = {.size = sizeof(margin_head),
                        .rows = 1,
                        .dim = DIM,
                        .classes = CLASSES,
                        .embeddings = x,
                        .weights = w};
    (void)state;
    for (int64_t j = 0; j < CLASSES; j++) {
        w[j * DIM] = -1.0f;
        w[j * DIM + 1] = j == label ? 5.0f : 0.0001f * (float)j;
    }
    head.labels = &label;
    head.row_correct = &correct;
    assert_status(problem_context(&config, &context), MARGIN_OK);
    assert_status(margin_head_run(context, &head), MARGIN_OK);
    margin_destroy(context);
    assert_int_equal(correct, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ignored_rows),
        cmocka_unit_test(few_rows),
        cmocka_unit_test(all_rows_ignored),
        cmocka_unit_test(missing_outputs),
        cmocka_unit_test(one_context_many_shapes),
        cmocka_unit_test(contexts_in_parallel),
        cmocka_unit_test(rows_in_place),
        cmocka_unit_test(zero_vectors),
        cmocka_unit_test(parallel_vectors),
        cmocka_unit_test(extreme_lengths),
        cmocka_unit_test(single_class),
        cmocka_unit_test(negative_is_correct),
    };
    return cmocka_run_group_tests_name("head", tests, NULL, NULL);
}
