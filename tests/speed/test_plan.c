/* test_plan.c: which cases bench_speed runs, and in which order. */
#include "../mocka.h"

#include <regex.h>
#include <stdio.h>

#include "plan.h"

/* ---- plans ----------------------------------------------------------------------------------- */

static speed_request everything(speed_level level)
{
    speed_request request = {.level = level, .seed = 1, .threads = {1, 2}, .thread_counts = 2};
    memset(request.loss, 1, sizeof request.loss);
    request.isa[MARGIN_ISA_SCALAR] = request.isa[MARGIN_ISA_AVX2] = 1;
    return request;
}

static const speed_case *find_case(const speed_plan *plan, const char *name)
{
    for (size_t i = 0; i < plan->count; i++) {
        if (strcmp(plan->cases[i].name, name) == 0) {
            return &plan->cases[i];
        }
    }
    return NULL;
}

static void plans_hold_the_cases(void **state)
{
    (void)state;
    char fault[SPEED_FAULT];
    speed_plan plan;
    speed_request request = everything(SPEED_DEFAULT);
    assert_int_equal(speed_plan_build(&plan, &request, fault), 0);
    assert_non_null(find_case(&plan, "head/loss:arcface/isa:avx2/N:128/D:512/C:10000/threads:1"));
    assert_non_null(find_case(&plan, "rows/loss:cosface/isa:scalar/N:512/D:2/C:8/threads:2"));
    assert_non_null(
        find_case(&plan, "head_forward/loss:softmax/isa:avx2/N:128/D:64/C:1000/threads:2"));
    assert_non_null(find_case(&plan, "head/impl:naive/loss:arcface/N:128/D:64/C:1000/threads:1"));
    assert_null(find_case(&plan, "head/loss:arcface/isa:avx2/N:128/D:512/C:360232/threads:1"));
    const speed_case *c =
        find_case(&plan, "head/loss:arcface/isa:avx2/N:128/D:512/C:93431/threads:2");
    assert_non_null(c);
    assert_string_equal(c->shape->name, "ms1mv3");
    assert_true(fabs(speed_case_flops(c) / (6.0 * 128 * 512 * 93431) - 1) < 1e-12);
    for (size_t i = 0; i < plan.count; i++) {
        assert_ptr_equal(find_case(&plan, plan.cases[i].name), &plan.cases[i]); /* no name twice */
    }
    speed_plan_free(&plan);
}

/* Every loss of the table is there on every instruction set, at every level. */
static void plans_hold_every_loss(void **state)
{
    (void)state;
    char fault[SPEED_FAULT], name[160];
    static const struct {
        speed_level level;
        const char *shape;
    } levels[] = {{SPEED_SMOKE, "N:24/D:20/C:70"},
                  {SPEED_QUICK, "N:128/D:64/C:1000"},
                  {SPEED_DEFAULT, "N:128/D:64/C:1000"},
                  {SPEED_FULL, "N:512/D:512/C:10000"}};
    for (size_t k = 0; k < LENGTH_OF(levels); k++) {
        speed_plan plan;
        const speed_request request = everything(levels[k].level);
        assert_int_equal(speed_plan_build(&plan, &request, fault), 0);
        for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
            snprintf(name, sizeof name, "head/loss:%s/isa:avx2/%s/threads:2",
                     margin_loss_get((margin_loss)loss)->name, levels[k].shape);
            if (!find_case(&plan, name)) {
                fail_msg("level %d lacks %s", (int)levels[k].level, name);
            }
        }
        speed_plan_free(&plan);
    }
}

static size_t count_cases(const speed_plan *plan, const char *pattern)
{
    regex_t compiled;
    size_t count = 0;
    assert_int_equal(regcomp(&compiled, pattern, REG_EXTENDED | REG_NOSUB), 0);
    for (size_t i = 0; i < plan->count; i++) {
        count += regexec(&compiled, plan->cases[i].name, 0, NULL, 0) == 0;
    }
    regfree(&compiled);
    return count;
}

/* The default run varies N, D and C, one at a time; full has the grid; other numbers of threads
 * than one and all are measured on one shape only, unless they were asked for. */
static void plans_have_their_lines(void **state)
{
    (void)state;
    char fault[SPEED_FAULT];
    speed_plan plan;
    speed_request request = everything(SPEED_DEFAULT);
    request.threads[2] = 4;
    request.thread_counts = 3;
    const char *arc = "^head/loss:arcface/isa:avx2/(N:[0-9]+/D:512/C:10000|N:128/D:[0-9]+/C:10000|"
                      "N:128/D:512/C:[0-9]+)/threads:4$";
    assert_int_equal(speed_plan_build(&plan, &request, fault), 0);
    assert_int_equal(count_cases(&plan, arc), 5 + 3 + 3); /* the middle is on all three */
    assert_int_equal(count_cases(&plan, "^head/loss:(arcface|normsoftmax)/.*threads:2$"), 2);
    assert_int_equal(count_cases(&plan, "^(rows|head_forward)/.*threads:2$"), 0);
    speed_plan_free(&plan);
    request.threads_given = 1;
    assert_int_equal(speed_plan_build(&plan, &request, fault), 0);
    assert_true(count_cases(&plan, "^head/loss:arcface/isa:avx2/.*threads:2$") >= 9);
    speed_plan_free(&plan);
    request = everything(SPEED_FULL);
    assert_int_equal(speed_plan_build(&plan, &request, fault), 0);
    assert_int_equal(count_cases(&plan, "^head/loss:arcface/isa:avx2/N:(1|8|32|128|512)/"
                                        "D:(2|64|128|512)/C:(8|1000|10000|100000)/threads:1$"),
                     5 * 4 * 4);
    speed_plan_free(&plan);
}

/* Somebody else's head runs with ArcFace, and with every loss on one shape and one thread. */
static void plans_compare_every_loss_once(void **state)
{
    (void)state;
    char fault[SPEED_FAULT];
    speed_plan plan;
    const speed_request request = everything(SPEED_QUICK);
    assert_int_equal(speed_plan_build(&plan, &request, fault), 0);
    assert_true(count_cases(&plan, "^head/impl:naive/loss:arcface/") > 0);
    assert_int_equal(count_cases(&plan, "^head/impl:naive/loss:[^a]"), 0);
    if (count_cases(&plan, "^gemm3/") > 0) { /* a BLAS is installed */
        assert_int_equal(
            count_cases(&plan, "^head/impl:blas-unfused/.*/N:128/D:512/C:10000/threads:1$"),
            MARGIN_LOSS_COUNT);
        assert_int_equal(count_cases(&plan, "^head/impl:blas-unfused/loss:[^a]"),
                         MARGIN_LOSS_COUNT - 1);
        assert_true(count_cases(&plan, "^head/impl:blas-unfused/loss:arcface/") > 8);
    }
    speed_plan_free(&plan);
}

static void plans_are_filtered(void **state)
{
    (void)state;
    char fault[SPEED_FAULT];
    speed_plan plan;
    speed_request request = everything(SPEED_QUICK);
    request.filter = "^rows/loss:(arc|cos)face/.*threads:1$";
    assert_int_equal(speed_plan_build(&plan, &request, fault), 0);
    assert_true(plan.count > 0);
    for (size_t i = 0; i < plan.count; i++) {
        assert_int_equal(plan.cases[i].what, SPEED_ROWS);
        assert_int_equal(plan.cases[i].threads, 1);
    }
    speed_plan_free(&plan);
    request.filter = "(";
    assert_int_equal(speed_plan_build(&plan, &request, fault), -1);
    assert_non_null(strstr(fault, "--filter"));
    speed_plan_free(&plan);
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Every round has every case once; those of a shape and thread count lie side by side. */
static void rounds_hold_every_case(void **state)
{
    (void)state;
    enum { rounds = 4 };
    char fault[SPEED_FAULT];
    speed_plan plan;
    const speed_request request = everything(SPEED_DEFAULT);
    assert_int_equal(speed_plan_build(&plan, &request, fault), 0);
    size_t *order = speed_rounds(&plan, rounds), *again = speed_rounds(&plan, rounds), changes = 0;
    size_t groups = 0, moved = 0;
    unsigned char *seen = calloc(plan.count, 1);
    assert_true(order && again && seen);
    assert_memory_equal(order, again, rounds * plan.count * sizeof *order);
    for (size_t i = 0; i < rounds * plan.count; i++) {
        const speed_case *c = &plan.cases[order[i]], *before = i ? &plan.cases[order[i - 1]] : c;
        assert_int_equal(seen[order[i]], i / plan.count);
        seen[order[i]]++;
        changes += i % plan.count && (c->shape != before->shape || c->threads != before->threads);
        moved += order[i] != order[i % plan.count];
    }
    for (size_t i = 0; i < plan.count; i++) {
        const speed_case *c = &plan.cases[i];
        groups += i == 0 || c->shape != c[-1].shape || c->threads != c[-1].threads;
    }
    assert_true(groups > 10);
    assert_int_equal(changes, rounds * (groups - 1));
    assert_true(moved > rounds * plan.count / 2);
    free(order);
    free(again);
    free(seen);
    speed_plan_free(&plan);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(plans_hold_the_cases),   cmocka_unit_test(plans_hold_every_loss),
        cmocka_unit_test(plans_have_their_lines), cmocka_unit_test(plans_compare_every_loss_once),
        cmocka_unit_test(plans_are_filtered),     cmocka_unit_test(rounds_hold_every_case),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
