/* test_parts.c: the small parts of the speed suite: names, plans, inputs, loops, the report. */
#include "../mocka.h"

#include "data.h"
#include "loops.h"
#include "plan.h"
#include "report.h"

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

/* ---- the report ------------------------------------------------------------------------------ */

#define SHAPE_TEXT "N:8/D:4/C:9/threads:1"
#define ROW(name, type, extra) "{\"name\": \"x\", \"run_name\": \"" name "\", \"run_type\": \"" \
                               type "\", \"repetitions\": 3, \"threads\": 1, " extra "}"
#define SAMPLES(name, a, b, c, median)                                   \
    ROW(name, "iteration", "\"real_time\": " a) ","                      \
    ROW(name, "iteration", "\"real_time\": " b) ","                      \
    ROW(name, "iteration", "\"real_time\": " c) ","                      \
    ROW(name, "aggregate", "\"aggregate_name\": \"median\", \"real_time\": " median)

static const char google[] =
    "{\"context\": {\"host_name\": \"secret\", \"executable\": \"/home/a/b/bench_speed\", "
    "\"date\": \"old\"}, \"benchmarks\": ["
    SAMPLES("head/loss:normsoftmax/isa:avx2/" SHAPE_TEXT, "100", "102", "101", "101") ","
    SAMPLES("head/loss:arcface/isa:avx2/" SHAPE_TEXT, "202", "150", "300",
            "202, \"gflops\": 30, \"odd\": NaN, \"odder\": -Infinity") ","
    ROW("gemm3/impl:openblas/" SHAPE_TEXT, "aggregate",
        "\"aggregate_name\": \"median\", \"real_time\": 100, \"logits_seconds\": 20e-9, "
        "\"dx_seconds\": 40e-9, \"dw_seconds\": 40e-9") ","
    ROW("gemm3/impl:blis/" SHAPE_TEXT, "aggregate",
        "\"aggregate_name\": \"median\", \"real_time\": 110, \"logits_seconds\": 50e-9, "
        "\"dx_seconds\": 31e-9, \"dw_seconds\": 50e-9") ","
    ROW("rows/loss:arcface/isa:avx2/" SHAPE_TEXT, "iteration",
        "\"error_occurred\": true, \"error_message\": \"NaN: no\"")
    "]}";

/* Borrowed from the report. */
static const json_t *field(const json_t *report, const char *name, const char *key)
{
    json_t *index = speed_report_index(report);
    const json_t *row = json_object_get(index, name);
    json_decref(index);
    assert_non_null(row);
    return json_object_get(row, key);
}

static double value(const json_t *report, const char *name, const char *key)
{
    const json_t *number = field(report, name, key);
    assert_true(json_is_number(number));
    return json_number_value(number);
}

static json_t *build_report(void)
{
    char fault[200] = "";
    json_t *context =
        json_pack("{s:s, s:{s:{s:f}}}", "date", "new", "fma_peaks", "avx2", "1", 60.0);
    json_t *report = speed_report_build(google, context, fault, sizeof fault);
    json_decref(context);
    if (!report) {
        fail_msg("%s", fault);
    }
    return report;
}

static void reports_add_what_rows_mean(void **state)
{
    (void)state;
    const char *arc = "head/loss:arcface/isa:avx2/" SHAPE_TEXT;
    const char *base = "head/loss:normsoftmax/isa:avx2/" SHAPE_TEXT;
    json_t *report = build_report();
    assert_near("ratio", value(report, arc, "ratio_normsoftmax"), 2, 1e-12);
    assert_near("ratio", value(report, arc, "ratio_gemm3"), 202.0 / 91, 1e-9); /* 20 + 31 + 40 */
    assert_near("share", value(report, arc, "fma_share"), 0.5, 1e-12);
    assert_near("spread", value(report, arc, "spread"), 2 * 52 / 202.0, 1e-12);
    assert_near("range", value(report, arc, "range"), 150 / 202.0, 1e-12);
    assert_true(json_is_true(field(report, arc, "unstable")));
    assert_true(json_is_null(field(report, arc, "odd")));
    assert_true(json_is_null(field(report, arc, "odder")));
    assert_near("spread", value(report, base, "spread"), 2 / 101.0, 1e-12);
    assert_true(json_is_false(field(report, base, "unstable")));
    assert_int_equal(speed_report_errors(report), 1);
    assert_int_equal(json_array_size(json_object_get(report, "benchmarks")), 11);
    json_decref(report);
}

static void reports_say_where_they_come_from(void **state)
{
    (void)state;
    json_t *report = build_report();
    const json_t *context = json_object_get(report, "context");
    assert_null(json_object_get(context, "host_name"));
    assert_string_equal(json_string_value(json_object_get(context, "executable")), "bench_speed");
    assert_string_equal(json_string_value(json_object_get(context, "date")), "new");
    json_decref(report);
}

static void broken_reports_are_refused(void **state)
{
    (void)state;
    static const char *const texts[] = {"", "{", "{\"context\": {}}", "[]"};
    char fault[200];
    json_t *context = json_object();
    for (size_t k = 0; k < LENGTH_OF(texts); k++) {
        fault[0] = '\0';
        assert_null(speed_report_build(texts[k], context, fault, sizeof fault));
        assert_true(fault[0] != '\0');
    }
    json_decref(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(names_have_fields),
        cmocka_unit_test(plans_hold_the_cases),
        cmocka_unit_test(plans_hold_every_loss),
        cmocka_unit_test(plans_are_filtered),
        cmocka_unit_test(inputs_have_their_statistics),
        cmocka_unit_test(inputs_depend_on_the_seed_only),
        cmocka_unit_test(loops_are_right),
        cmocka_unit_test(reports_add_what_rows_mean),
        cmocka_unit_test(reports_say_where_they_come_from),
        cmocka_unit_test(broken_reports_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
