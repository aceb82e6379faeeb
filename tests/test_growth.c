/* test_growth.c: what later versions may append to: structs of other sizes than the library's, and
 * a context that is configured again. */
#include <stdio.h>

#include "mocka.h"
#include "problem.h"

/* ---- structs of other sizes ----------------------------------------------------------------- */

/* A program compiled against a later header, or an earlier one: the struct with bytes behind it. */
typedef struct later_head {
    margin_head head;
    unsigned char behind[64];
} later_head;

/* A caller's struct that ends before `field`. */
#define SIZE_BEFORE(type, field) offsetof(type, field)

static void shorter_and_longer_heads(void **state)
{
    problem p = problem_make(20, 24, 40, 1, 0, 0);
    const margin_config config = config_of(MARGIN_ARCFACE);
    const size_t sizes[] = {SIZE_BEFORE(margin_head, accumulate), sizeof(margin_head),
                            sizeof(later_head)};
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(sizes); k++) {
        later_head later = {.head = p.call};
        memset(later.behind, 0xa5, sizeof later.behind);
        later.head.size = sizes[k];
        /* Beyond its size the caller has something else: these may not be looked at. */
        if (k == 0) memset(&later.head.accumulate, 0xff, sizeof(margin_head) - sizes[0]);
        const later_head before = later;
        assert_status(run_head(&config, &later.head), MARGIN_OK);
        assert_true(later.head.loss > 0.0 && later.head.counted == 20);
        assert_memory_equal((char *)&later + sizes[k], (const char *)&before + sizes[k],
                            sizeof later - sizes[k]);
    }
    p.call.size = sizes[0] - 1;
    assert_status(run_head(&config, &p.call), MARGIN_ERROR_SIZE);
    assert_true(problem_free(&p));
}

static void never(void *user, size_t count, void (*item)(void *, size_t), void *state)
{
    (void)user, (void)count, (void)item, (void)state;
    fail();
}

static void shorter_rows_and_configurations(void **state)
{
    rows_problem p = rows_problem_make(9, 30, 1, 0, 0);
    margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    (void)state;
    config.parallel = never; /* beyond its size */
    config.threads = 2;
    config.size = SIZE_BEFORE(margin_config, parallel);
    assert_status(margin_create(&config, &context), MARGIN_OK);
    assert_int_equal(margin_context_config(context)->size, sizeof(margin_config));
    assert_null(margin_context_config(context)->parallel);
    memset(&p.call.ignore_label, 0xff, sizeof p.call - SIZE_BEFORE(margin_rows, ignore_label));
    p.call.size = SIZE_BEFORE(margin_rows, ignore_label);
    assert_status(margin_rows_run(context, &p.call), MARGIN_OK);
    p.call.size--;
    assert_status(margin_rows_run(context, &p.call), MARGIN_ERROR_SIZE);
    margin_destroy(context);
    config.size = 8;
    assert_status(margin_psi(&config, 1.0, NULL, NULL), MARGIN_ERROR_SIZE);
    assert_true(rows_problem_free(&p));
}

/* An init function writes no further than it is told, and zeros where a later version has more. */
static void configurations_of_any_size(void **state)
{
    struct {
        margin_config config;
        unsigned char behind[32];
    } later;
    (void)state;
    for (size_t size = SIZE_BEFORE(margin_config, parallel); size <= sizeof later; size++) {
        memset(&later, 0xa5, sizeof later);
        assert_status(margin_config_init_sized(&later.config, size, MARGIN_COSFACE), MARGIN_OK);
        assert_int_equal(later.config.size, size);
        assert_true(later.config.m3 == 0.35);
        for (size_t n = SIZE_BEFORE(margin_config, parallel); n < sizeof later; n++)
            assert_int_equal(((unsigned char *)&later)[n], n < size ? 0 : 0xa5);
    }
    assert_status(margin_config_init_sized(&later.config, 8, MARGIN_COSFACE), MARGIN_ERROR_SIZE);
}

static void versions(void **state)
{
    char text[32];
    const int number = margin_version_number();
    (void)state;
    snprintf(text, sizeof text, "%d.%d.%d", number / 10000, number / 100 % 100, number % 100);
    assert_string_equal(text, margin_version());
    assert_int_equal(number, MARGIN_VERSION_NUMBER);
}

/* ---- a context that is configured again ----------------------------------------------------- */

static void configured_again(void **state)
{
    problem p = problem_make(40, 64, 500, 1, 0, 0), q = problem_make(40, 64, 500, 1, 0, 0);
    margin_config config = config_of(MARGIN_ARCFACE), other = config_of(MARGIN_COSFACE);
    margin_context *context;
    (void)state;
    config.threads = 2;
    assert_status(problem_context(&config, &context), MARGIN_OK);
    other.scale = 30.0;
    other.m3 = 0.25;
    for (int threads = 0; threads <= 2; threads++) {
        other.threads = threads;
        assert_status(margin_context_configure(context, &other), MARGIN_OK);
        assert_int_equal(margin_context_config(context)->threads, threads == 0 ? 2 : threads);
        assert_status(margin_head_run(context, &p.call), MARGIN_OK);
        assert_status(problem_run(&q, &other), MARGIN_OK);
        const problem_hash a = problem_hash_of(&p), b = problem_hash_of(&q);
        assert_memory_equal(&a, &b, sizeof a);
    }
    const struct {
        int threads;
        size_t workspace, size;
        margin_isa isa;
        double scale;
        const char *why;
        margin_status status;
    } bad[] = {
        {3, 0, sizeof config, MARGIN_ISA_AUTO, 1, "threads", MARGIN_ERROR_CONFIG},
        {1, 77, sizeof config, MARGIN_ISA_AUTO, 1, "workspace_bytes", MARGIN_ERROR_CONFIG},
        {1, 0, sizeof config, MARGIN_ISA_NEON, 1, "isa", MARGIN_ERROR_CONFIG},
        {1, 0, sizeof config, MARGIN_ISA_AUTO, -1, "scale", MARGIN_ERROR_CONFIG},
        {1, 0, 16, MARGIN_ISA_AUTO, 1, NULL, MARGIN_ERROR_SIZE},
    };
    for (size_t k = 0; k < LENGTH_OF(bad); k++) {
        margin_config wrong = other;
        if (bad[k].isa == margin_context_config(context)->isa) continue;
        wrong.threads = bad[k].threads;
        wrong.workspace_bytes = bad[k].workspace;
        wrong.size = bad[k].size;
        wrong.isa = bad[k].isa;
        wrong.scale = bad[k].scale;
        wrong.m3 = 0.5;
        assert_status(margin_context_configure(context, &wrong), bad[k].status);
        assert_true(margin_context_config(context)->m3 == 0.25);
        if (bad[k].why != NULL)
            assert_ptr_equal(strstr(margin_context_fault(context)->detail, bad[k].why),
                             margin_context_fault(context)->detail);
    }
    assert_status(margin_context_configure(context, NULL), MARGIN_ERROR_NULL);
    assert_status(margin_context_configure(NULL, &other), MARGIN_ERROR_NULL);
    margin_destroy(context);
    assert_true(problem_free(&p));
    assert_true(problem_free(&q));
}

static void refusals_are_explained(void **state)
{
    margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context = (void *)&config;
    const char *why = NULL;
    (void)state;
    config.m2 = 28.6;
    assert_status(margin_create_explained(&config, &context, &why), MARGIN_ERROR_CONFIG);
    assert_string_equal(why, "m2 must be in [0, pi)");
    assert_null(context);
    config.m2 = 0.5;
    config.size = 0;
    assert_status(margin_create_explained(&config, &context, &why), MARGIN_ERROR_SIZE);
    assert_string_equal(why, "margin_config.size is not set: begin with margin_config_init");
    config.size = sizeof config;
    assert_status(margin_create_explained(&config, &context, &why), MARGIN_OK);
    assert_string_equal(why, margin_status_text(MARGIN_OK));
    margin_destroy(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(shorter_and_longer_heads),
        cmocka_unit_test(shorter_rows_and_configurations),
        cmocka_unit_test(configurations_of_any_size),
        cmocka_unit_test(versions),
        cmocka_unit_test(configured_again),
        cmocka_unit_test(refusals_are_explained),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
