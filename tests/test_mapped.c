/* test_mapped.c: W and its momentum in files that are mapped into memory, as W larger than memory
 * has to be: SGD updates them in place, and what the files then hold is what arrays in memory hold.
 */
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "margin_update.h"
#include "mocka.h"
#include "problem.h"

enum { ROWS = 40, DIM = 64, CLASSES = 3000, STEPS = 3 };
static const size_t bytes = (size_t)CLASSES * DIM * sizeof(float);

/* Returns zeros that are a new file, which *file then is. */
static float *map_file(int *file)
{
    char name[] = "mapped-XXXXXX";
    *file = mkstemp(name);
    assert_true(*file >= 0);
    assert_int_equal(unlink(name), 0);
    assert_int_equal(ftruncate(*file, (off_t)bytes), 0);
    float *at = mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, *file, 0);
    assert_true(at != MAP_FAILED);
    return at;
}

/* Checks that the file that was mapped holds `want`, and closes it. */
static void assert_file(int file, float *mapped, const float *want)
{
    float *found = test_malloc(bytes);
    assert_int_equal(munmap(mapped, bytes), 0);
    assert_int_equal(pread(file, found, bytes, 0), (ssize_t)bytes);
    assert_memory_equal(found, want, bytes);
    assert_int_equal(close(file), 0);
    test_free(found);
}

static void train(margin_context *context, const problem *p, float *weights, float *momentum)
{
    margin_update u;
    assert_status(margin_update_init(&u, MARGIN_UPDATE_SGD), MARGIN_OK);
    u.learning_rate = 0.05;
    u.momentum = 0.9;
    u.classes = CLASSES;
    u.dim = DIM;
    u.weights = weights;
    u.moment1 = momentum;
    for (int step = 0; step < STEPS; step++) {
        margin_head call = p->call;
        call.weights = weights;
        call.grad_weights = NULL;
        assert_status(margin_update_attach(context, &u, &call), MARGIN_OK);
        assert_status(margin_head_run(context, &call), MARGIN_OK);
    }
}

static void files_hold_what_memory_holds(void **state)
{
    margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    problem p = problem_make(ROWS, DIM, CLASSES, 1, 0, 0);
    int weights_file, momentum_file;
    float *weights = map_file(&weights_file), *momentum = map_file(&momentum_file);
    float *start = test_malloc(bytes), *moments = test_calloc(1, bytes);
    (void)state;
    memcpy(weights, p.weights.at, bytes);
    memcpy(start, p.weights.at, bytes);
    config.threads = 2;
    assert_status(problem_context(&config, &context), MARGIN_OK);
    train(context, &p, weights, momentum);
    train(context, &p, p.weights.at, moments);
    assert_memory_not_equal(p.weights.at, start, bytes);
    assert_file(weights_file, weights, p.weights.at);
    assert_file(momentum_file, momentum, moments);
    margin_destroy(context);
    test_free(start);
    test_free(moments);
    assert_true(problem_free(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_hold_what_memory_holds),
    };
    return cmocka_run_group_tests_name("mapped", tests, NULL, NULL);
}
