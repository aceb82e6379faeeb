/* test_parts.c: the small parts of the speed suite: names, plans, the order of runs, inputs, loops,
 * memory, peaks. */
#define _POSIX_C_SOURCE 200809L
#include "../mocka.h"

#include <regex.h>
#include <sys/wait.h>
#include <unistd.h>

#include "data.h"
#include "foreign.h"
#include "loops.h"
#include "memory.h"
#include "peaks.h"
#include "peers.h"
#include "plan.h"
#include "report.h"
#include "rounds.h"

/* ---- names ----------------------------------------------------------------------------------- */

static void names_have_fields(void **state)
{
    (void)state;
    const char *name = "head/loss:arcface/isa:avx2/N:128/D:512/C:10000/threads:1";
    char text[80];
    assert_int_equal(speed_name_field(name, "loss", text, sizeof text), 1);
    assert_string_equal(text, "arcface");
    assert_int_equal(speed_name_field(name, "N", text, sizeof text), 1);
    assert_string_equal(text, "128");
    assert_int_equal(speed_name_field(name, "threads", text, sizeof text), 1);
    assert_string_equal(text, "1");
    assert_int_equal(speed_name_field(name, "impl", text, sizeof text), 0);
    assert_int_equal(speed_name_field(name, "loss", text, 7), 0);
    assert_int_equal(speed_name_replace(name, "loss", "softmax", text, sizeof text), 1);
    assert_string_equal(text, "head/loss:softmax/isa:avx2/N:128/D:512/C:10000/threads:1");
    assert_int_equal(speed_name_replace(name, "threads", "16", text, sizeof text), 1);
    assert_string_equal(text, "head/loss:arcface/isa:avx2/N:128/D:512/C:10000/threads:16");
    assert_int_equal(speed_name_replace(name, "loss", "a longer one", text, 20), 0);
}

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
    char fault[200];
    speed_plan plan;
    speed_request request = everything(SPEED_DEFAULT);
    assert_int_equal(speed_plan_build(&plan, &request, fault, sizeof fault), 0);
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
    char fault[200], name[160];
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
        assert_int_equal(speed_plan_build(&plan, &request, fault, sizeof fault), 0);
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

/* The default run varies N, D and C, one at a time; full has the grid; other numbers of threads than
 * one and all are measured on one shape only, unless they were asked for. */
static void plans_have_their_lines(void **state)
{
    (void)state;
    char fault[200];
    speed_plan plan;
    speed_request request = everything(SPEED_DEFAULT);
    request.threads[2] = 4;
    request.thread_counts = 3;
    const char *arc = "^head/loss:arcface/isa:avx2/(N:[0-9]+/D:512/C:10000|N:128/D:[0-9]+/C:10000|"
                      "N:128/D:512/C:[0-9]+)/threads:4$";
    assert_int_equal(speed_plan_build(&plan, &request, fault, sizeof fault), 0);
    assert_int_equal(count_cases(&plan, arc), 3 + 3 + 3); /* the middle is on all three */
    assert_int_equal(count_cases(&plan, "^head/loss:(arcface|normsoftmax)/.*threads:2$"), 2);
    assert_int_equal(count_cases(&plan, "^(rows|head_forward)/.*threads:2$"), 0);
    speed_plan_free(&plan);
    request.threads_given = 1;
    assert_int_equal(speed_plan_build(&plan, &request, fault, sizeof fault), 0);
    assert_true(count_cases(&plan, "^head/loss:arcface/isa:avx2/.*threads:2$") >= 9);
    speed_plan_free(&plan);
    request = everything(SPEED_FULL);
    assert_int_equal(speed_plan_build(&plan, &request, fault, sizeof fault), 0);
    assert_int_equal(count_cases(&plan, "^head/loss:arcface/isa:avx2/N:(32|128|512)/D:(2|64|128|512)/"
                                        "C:(8|1000|10000|100000)/threads:1$"), 3 * 4 * 4);
    speed_plan_free(&plan);
}

static void plans_are_filtered(void **state)
{
    (void)state;
    char fault[200];
    speed_plan plan;
    speed_request request = everything(SPEED_QUICK);
    request.filter = "^rows/loss:(arc|cos)face/.*threads:1$";
    assert_int_equal(speed_plan_build(&plan, &request, fault, sizeof fault), 0);
    assert_true(plan.count > 0);
    for (size_t i = 0; i < plan.count; i++) {
        assert_int_equal(plan.cases[i].what, SPEED_ROWS);
        assert_int_equal(plan.cases[i].threads, 1);
    }
    speed_plan_free(&plan);
    request.filter = "(";
    assert_int_equal(speed_plan_build(&plan, &request, fault, sizeof fault), -1);
    assert_non_null(strstr(fault, "--filter"));
    speed_plan_free(&plan);
}

/* ---- inputs ---------------------------------------------------------------------------------- */

static const speed_shape shapes[] = {{.rows = 40, .dim = 64, .classes = 50},
                                     {.rows = 20, .dim = 64, .classes = 300}};

/* Cosine of row i of X with class j, and its spread over classes. */
static double cosine(const speed_problem *p, size_t i, size_t j)
{
    const size_t dim = p->shape->dim;
    double xw = 0, xx = 0, ww = 0;
    for (size_t d = 0; d < dim; d++) {
        const double x = p->embeddings[i * dim + d], w = p->weights[j * dim + d];
        xw += x * w;
        xx += x * x;
        ww += w * w;
    }
    return xw / sqrt(xx * ww);
}

static void inputs_have_their_statistics(void **state)
{
    (void)state;
    speed_data data;
    assert_int_equal(speed_data_open(&data, shapes, 2, 3), 0);
    const speed_problem *p = speed_data_problem(&data, 1, 1);
    double square = 0, rows_square = 0;
    assert_non_null(p);
    for (size_t i = 0; i < p->shape->rows; i++) {
        const size_t label = (size_t)p->labels[i];
        assert_true(label < p->shape->classes);
        const double own = cosine(p, i, label);
        assert_true(own > 0.299 && own < 0.701);
        assert_true(fabs(own - p->target[i]) < 1e-5);
        assert_true(fabsf(p->cosines[i * p->shape->classes + label] - p->target[i]) <= 0);
        for (size_t j = 0; j < p->shape->classes; j++) {
            const double c = p->cosines[i * p->shape->classes + j];
            square += j == label ? 0 : cosine(p, i, j) * cosine(p, i, j);
            rows_square += j == label ? 0 : c * c;
        }
    }
    const double count = (double)(p->shape->rows * (p->shape->classes - 1));
    assert_near("spread of the cosines", sqrt(square / count) * 8, 1, 0.06);
    assert_near("spread of the rows level", sqrt(rows_square / count) * 8, 1, 0.06);
    speed_data_close(&data);
}

static void inputs_depend_on_the_seed_only(void **state)
{
    (void)state;
    speed_data a, b, c;
    assert_int_equal(speed_data_open(&a, shapes, 2, 3), 0);
    assert_int_equal(speed_data_open(&b, shapes, 1, 3), 0);
    assert_int_equal(speed_data_open(&c, shapes, 1, 4), 0);
    const speed_problem *p = speed_data_problem(&a, 0, 0), *q = speed_data_problem(&b, 0, 0);
    const speed_problem *other = speed_data_problem(&c, 0, 0);
    const size_t x_bytes = 40 * 64 * sizeof(float);
    assert_true(p && q && other);
    assert_memory_equal(p->embeddings, q->embeddings, x_bytes);
    assert_memory_equal(p->weights, q->weights, 50 * 64 * sizeof(float));
    assert_memory_not_equal(p->embeddings, other->embeddings, x_bytes);
    assert_ptr_equal(p->weights, speed_data_problem(&a, 1, 0)->weights); /* one W for one D */
    speed_data_close(&a);
    speed_data_close(&b);
    speed_data_close(&c);
}

/* ---- loops ----------------------------------------------------------------------------------- */

static void check_streams(const speed_loops *loops)
{
    enum { count = 256 };
    _Alignas(64) float a[count], b[count], to[count];
    double sum = 0;
    for (int i = 0; i < count; i++) {
        a[i] = (float)(i + 1);
        b[i] = (float)(3 * i);
        sum += a[i];
    }
    assert_near("read", loops->read(a, count), sum, 1e-9);
    for (int past = 0; past < 2 && loops->copy[past]; past++) {
        memset(to, 0, sizeof to);
        loops->copy[past](to, a, count);
        assert_memory_equal(to, a, sizeof to);
        loops->triad[past](to, a, b, 0.5f, count);
        for (int i = 0; i < count; i++) {
            assert_near("triad", to[i], a[i] + 0.5 * b[i], 1e-4);
        }
    }
}

static void check_loops(const speed_loops *loops)
{
    enum { count = 83 };
    float v[count], unit[count], values[count];
    double square = 0, sum = 0;
    for (int i = 0; i < count; i++) {
        v[i] = sinf((float)(i * i)) - 0.3f;
        values[i] = 3 * v[i];
        square += (double)v[i] * v[i];
    }
    assert_near("length", loops->unit(v, count, unit), sqrt(square), 1e-5);
    assert_near("dot", loops->dot(v, unit, count), sqrt(square), 1e-5);
    const float top = loops->largest(values, count);
    float plain_top = values[0];
    for (int i = 0; i < count; i++) {
        plain_top = fmaxf(plain_top, values[i]);
        assert_near("unit", unit[i], v[i] / sqrt(square), 1e-6);
    }
    assert_true(!(top < plain_top) && !(top > plain_top));
    const float total = loops->exponentials(values, count, 2.5f, top);
    for (int i = 0; i < count; i++) {
        const double argument = 2.5 * ((double)(3 * v[i]) - top), truth = exp(argument);
        assert_near("exponential", values[i], truth, (3e-7 - 1.2e-7 * argument) * truth);
        sum += truth;
    }
    assert_near("sum", total, sum, 1e-5 * sum);
    memcpy(values, v, sizeof v);
    loops->project(values, unit, count, 2);
    assert_near("projected", loops->dot(values, unit, count), 0, 1e-5);
    check_streams(loops);
    assert_true(isfinite(loops->multiply_add(1000)));
    assert_true(loops->flops_per_round > 0);
}

static void loops_are_right(void **state)
{
    (void)state;
    size_t checked = 0;
    for (int isa = 0; isa < MARGIN_ISA_COUNT; isa++) {
        const speed_loops *loops = speed_loops_get((margin_isa)isa);
        if (loops) {
            check_loops(loops);
            checked++;
        }
    }
    assert_true(checked > 0);
    assert_non_null(speed_loops_best());
}

/* ---- rounds ---------------------------------------------------------------------------------- */

/* Every round has every case once; those of a shape and thread count lie side by side. */
static void rounds_hold_every_case(void **state)
{
    (void)state;
    enum { rounds = 4 };
    char fault[200];
    speed_plan plan;
    const speed_request request = everything(SPEED_DEFAULT);
    assert_int_equal(speed_plan_build(&plan, &request, fault, sizeof fault), 0);
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

/* ---- memory and peaks ------------------------------------------------------------------------ */

static void memory_that_is_touched_is_seen(void **state)
{
    (void)state;
    const size_t bytes = (size_t)48 << 20;
    char *memory = malloc(bytes);
    assert_non_null(memory);
    const double mark = speed_memory_mark();
    if (mark < 0) {
        skip(); /* no /proc that may be written */
    }
    memset(memory, 1, bytes / 2);
    const double growth = speed_memory_growth(mark);
    free(memory);
    assert_near("growth", growth / (double)(bytes / 2), 1, 0.1);
    assert_true(speed_memory_growth(speed_memory_mark()) < 0.1 * (double)bytes);
}

/* Half a second of work by a child are somebody else's; our own are not. */
static void foreign_work_is_seen(void **state)
{
    (void)state;
    const speed_foreign before = speed_foreign_now();
    if (before.others < 0) {
        skip();
    }
    const pid_t child = fork();
    assert_true(child >= 0);
    const double start = speed_now();
    while (speed_now() - start < 0.5) {
    }
    if (child == 0) {
        _exit(0);
    }
    waitpid(child, NULL, 0);
    const double cpus = speed_foreign_cpus(before);
    assert_true(cpus > 0.3 && cpus <= (double)sysconf(_SC_NPROCESSORS_ONLN) + 0.1);
}

static void peaks_are_kept(void **state)
{
    (void)state;
    static const int threads[] = {1, 2};
    json_t *object = json_object();
    assert_int_equal(speed_peaks_measure(object, threads, 2, 1), 0);
    const char *isa = margin_isa_name(speed_loops_best()->isa);
    for (int t = 1; t <= 2; t++) {
        const double rate = speed_peaks_fma(object, isa, t);
        assert_true(rate > 0 && speed_peaks_fma(object, NULL, t) >= rate);
        assert_true(speed_peaks_copy(object, t) > 0);
    }
    assert_true(speed_peaks_fma(object, "none", 1) <= 0);
    assert_true(speed_peaks_fma(object, isa, 3) <= 0);
    /* What was better before stays. */
    json_object_set_new(json_object_get(json_object_get(object, "fma_peaks"), isa), "1",
                        json_real(1e9));
    assert_int_equal(speed_peaks_measure(object, threads, 2, 1), 0);
    assert_near("kept", speed_peaks_fma(object, isa, 1), 1e9, 1);
    assert_near("kept", json_number_value(json_object_get(object, "fma_peak_gflops")), 1e9, 1);
    json_decref(object);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_fields),
        cmocka_unit_test(plans_hold_the_cases),
        cmocka_unit_test(plans_hold_every_loss),
        cmocka_unit_test(plans_have_their_lines),
        cmocka_unit_test(plans_are_filtered),
        cmocka_unit_test(inputs_have_their_statistics),
        cmocka_unit_test(inputs_depend_on_the_seed_only),
        cmocka_unit_test(loops_are_right),
        cmocka_unit_test(rounds_hold_every_case),
        cmocka_unit_test(memory_that_is_touched_is_seen),
        cmocka_unit_test(foreign_work_is_seen),
        cmocka_unit_test(peaks_are_kept),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
