/* test_workspace.c: how many threads a call of the head takes, in how little workspace it runs, and
 * that neither changes its bits. */
#include "refusal.h"

static margin_context *create_with(int threads, size_t workspace)
{
    margin_config config = config_of(MARGIN_SPHEREFACE);
    margin_context *context;
    config.threads = threads;
    config.workspace_bytes = workspace;
    assert_status(problem_context(&config, &context), MARGIN_OK);
    return context;
}

/* Each thread has scratch of its own, so the workspace in use tells how many take part. */
static size_t used_by(int threads, size_t rows, size_t dim, size_t classes)
{
    margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    config.threads = threads;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    problem p = problem_make(rows, dim, classes, 5, 1, 1);
    assert_status(margin_head_run(context, &p.call), MARGIN_OK);
    const size_t bytes = margin_context_workspace_used(context);
    margin_destroy(context);
    assert_true(problem_free(&p));
    return bytes;
}

static void threads_have_enough_to_do(void **state)
{
    (void)state;
    assert_int_equal(used_by(8, 32, 64, 8), used_by(1, 32, 64, 8));
    assert_int_equal(used_by(8, 512, 2, 8), used_by(1, 512, 2, 8));
    assert_int_equal(used_by(8, 128, 64, 1000), used_by(6, 128, 64, 1000));
    assert_true(used_by(8, 128, 64, 1000) > used_by(2, 128, 64, 1000));
    assert_true(used_by(8, 64, 512, 10000) > used_by(7, 64, 512, 10000));
}

/* Where the scratch of all threads does not fit, fewer take part: what one needs is enough for any
 * number of them, and gives the same bits. */
static void fewer_threads_in_little_workspace(void **state)
{
    static const size_t sizes[][3] = {{40, 8, 5000}, {64, 3, 9000}, {64, 70, 2500}};
    (void)state;
    for (size_t k = 0; k < sizeof sizes / sizeof *sizes; k++) {
        const size_t *n = sizes[k];
        margin_context *context = create_with(64, 0);
        const size_t least = margin_head_workspace_minimum(context, n[0], n[1], n[2]);
        problem much = problem_make(n[0], n[1], n[2], 5, 1, 1);
        problem little = problem_make(n[0], n[1], n[2], 5, 1, 1);
        assert_status(margin_head_run(context, &much.call), MARGIN_OK);
        assert_true(margin_context_workspace_used(context) > least);
        margin_destroy(context);
        context = create_with(64, least);
        assert_status(margin_head_run(context, &little.call), MARGIN_OK);
        margin_destroy(context);
        const problem_hash a = problem_hash_of(&much), b = problem_hash_of(&little);
        assert_true(a.loss == b.loss);
        assert_true(a.grad_embeddings == b.grad_embeddings);
        assert_true(a.grad_weights == b.grad_weights);
        assert_true(problem_free(&much));
        assert_true(problem_free(&little));
    }
}

static void head_workspace(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 4; threads++) {
        margin_context *context = create_with(threads, 1);
        problem p = problem_make(200, 33, 70, 5, 1, 1);
        p.call.label_smoothing = 0.1; /* takes most, but for halves: test_storage.c */
        assert_status(margin_head_run(context, &p.call), MARGIN_ERROR_WORKSPACE);
        const size_t least = margin_context_fault(context)->bytes;
        assert_true(least <= margin_head_workspace_minimum(context, 200, 33, 70));
        margin_destroy(context);

        context = create_with(threads, least - 1);
        assert_status(margin_head_run(context, &p.call), MARGIN_ERROR_WORKSPACE);
        assert_true(problem_untouched(&p));
        assert_int_equal(margin_context_fault(context)->bytes, least);
        margin_destroy(context);

        context = create_with(threads, least);
        assert_status(margin_head_run(context, &p.call), MARGIN_OK);
        assert_true(margin_context_workspace_used(context) <= least);
        assert_true(margin_context_workspace_used(context) > 0);
        margin_destroy(context);
        assert_true(problem_free(&p));
    }
}

/* The least workspace of a shape is enough whichever outputs are wanted. */
static void head_workspace_of_each_output(void **state)
{
    static const size_t sizes[][3] = {{1, 16, 64},  {1, 16, 252},  {1, 64, 14},
                                      {3, 20, 600}, {16, 40, 300}, {17, 40, 300},
                                      {40, 2, 500}, {5, 8, 128},   {130, 33, 700}};
    (void)state;
    for (size_t k = 0; k < 2 * sizeof sizes / sizeof *sizes; k++) {
        const size_t *n = sizes[k / 2];
        const int threads = k % 2 == 0 ? 1 : 3;
        margin_context *context = create_with(threads, 0);
        const size_t least = margin_head_workspace_minimum(context, n[0], n[1], n[2]);
        margin_destroy(context);
        context = create_with(threads, least);
        problem p = problem_make(n[0], n[1], n[2], 3, 0, 1);
        for (unsigned wanted = 0; wanted < 8; wanted++) {
            margin_head call = p.call;
            if (wanted & 4) call.label_smoothing = 0.1;
            if (!(wanted & 1)) call.grad_embeddings = NULL;
            if (!(wanted & 2)) call.grad_weights = NULL;
            assert_status(margin_head_run(context, &call), MARGIN_OK);
        }
        margin_destroy(context);
        assert_true(problem_free(&p));
    }
}

/* Room for the packed class weights but not for all terms: two threads compute them again, each a
 * piece of a block at a time, with the same bits. */
static void head_terms_again(void **state)
{
    margin_config config = config_of(MARGIN_ARCFACE);
    problem_hash hash[2];
    (void)state;
    config.threads = 2;
    for (int k = 0; k < 2; k++) {
        config.workspace_bytes = k == 0 ? 0 : (size_t)720 << 10;
        problem p = problem_make(128, 20, 1260, 9, 0, 1);
        assert_status(problem_run(&p, &config), MARGIN_OK);
        hash[k] = problem_hash_of(&p);
        assert_true(problem_free(&p));
    }
    assert_true(hash[0].grad_weights == hash[1].grad_weights);
    assert_true(hash[0].grad_embeddings == hash[1].grad_embeddings);
    assert_true(hash[0].loss == hash[1].loss);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(threads_have_enough_to_do),
        cmocka_unit_test(fewer_threads_in_little_workspace),
        cmocka_unit_test(head_workspace),
        cmocka_unit_test(head_workspace_of_each_output),
        cmocka_unit_test(head_terms_again),
    };
    return cmocka_run_group_tests_name("workspace", tests, NULL, NULL);
}
