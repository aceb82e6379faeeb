/* test_report.c: what bench_speed's report adds to Google Benchmark's rows: statistics, paired
 * ratios, the floor. */
#include "../mocka.h"

#include "report.h"
#include "timed.h"

/* ---- the report ------------------------------------------------------------------------------ */

#define SHAPE_TEXT "N:8/D:4/C:9/threads:1"
#define ROW(family, name, index, extra)                                                            \
    "{\"run_name\":\"" name "\",\"run_type\":\"iteration\","                                       \
    "\"family_index\":" #family ",\"repetitions\":3,\"repetition_index\":" #index "," extra "}"
#define TIME(family, name, index, time, extra) ROW(family, name, index, "\"real_time\":" time extra)
#define PRODUCTS(logits, dx, dw)                                                                   \
    ",\"logits_seconds\":" logits "e-9,\"dx_seconds\":" dx "e-9,\"dw_seconds\":" dw "e-9"
#define NORM      "head/loss:normsoftmax/isa:avx2/" SHAPE_TEXT
#define ARC       "head/loss:arcface/isa:avx2/" SHAPE_TEXT
#define UNFUSED   "head/impl:blas-unfused/loss:arcface/" SHAPE_TEXT
#define OPENBLAS  "gemm3/impl:openblas/" SHAPE_TEXT
#define PACKED    "gemm3_packed/impl:openblas/" SHAPE_TEXT
#define BLIS      "gemm3/impl:blis/" SHAPE_TEXT
#define CPU(time) ",\"cpu_time\":" time
#define ARC_EXTRA ",\"gflops\":30.0" CPU("150.0")

/* clang-format off */
/* Three repetitions a case. The machine is half as fast in the third. */
static const char google[] =
    "{\"context\": {\"host_name\": \"secret\", \"executable\": \"/home/a/b/bench_speed\", "
    "\"date\": \"old\"}, \"benchmarks\": ["
    TIME(0, NORM, 0, "100.0", "") ","
    TIME(0, NORM, 1, "102.0", "") ","
    TIME(0, NORM, 2, "202.0", "") ","
    TIME(1, ARC, 0, "202.0", ARC_EXTRA) ","
    TIME(1, ARC, 1, "150.0", ARC_EXTRA) ","
    TIME(1, ARC, 2, "404.0", ARC_EXTRA) ","
    TIME(2, UNFUSED, 0, "400.0", "") ","
    TIME(2, UNFUSED, 1, "400.0", "") ","
    TIME(2, UNFUSED, 2, "800.0", "") ","
    TIME(3, OPENBLAS, 0, "100.0", PRODUCTS("20", "40", "40") CPU("120.0")) ","
    TIME(3, OPENBLAS, 1, "100.0", PRODUCTS("20", "40", "40") CPU("120.0")) ","
    TIME(3, OPENBLAS, 2, "200.0", PRODUCTS("40", "80", "80") CPU("120.0")) ","
    TIME(4, BLIS, 0, "131.0", PRODUCTS("50", "31", "50") CPU("100.0")) ","
    TIME(4, BLIS, 1, "131.0", PRODUCTS("50", "31", "50") CPU("100.0")) ","
    TIME(4, BLIS, 2, "262.0", PRODUCTS("100", "62", "100") CPU("100.0")) ","
    ROW(5, "rows/loss:arcface/isa:avx2/" SHAPE_TEXT, 0,
        "\"error_occurred\": true, \"error_message\": \"NaN: no\"") ","
    TIME(6, PACKED, 0, "90.0", PRODUCTS("15", "30", "45") CPU("90.0")) ","
    TIME(6, PACKED, 1, "90.0", PRODUCTS("15", "30", "45") CPU("90.0")) ","
    TIME(6, PACKED, 2, "180.0", PRODUCTS("30", "60", "90") CPU("90.0"))
    "]}";
/* clang-format on */

/* The plan that these rows are of. */
static const speed_shape shape = {.name = "", .rows = 8, .dim = 4, .classes = 9};
#define CASE(name_, ...)                                                                           \
    {                                                                                              \
        .name = name_, .shape = &shape, .threads = 1, __VA_ARGS__                                  \
    }
#define OWN(loss_) .loss = MARGIN_##loss_, .isa = MARGIN_ISA_AVX2
static speed_case planned[] = {
    CASE(NORM, .what = SPEED_HEAD, OWN(NORMSOFTMAX)),
    CASE(ARC, .what = SPEED_HEAD, OWN(ARCFACE)),
    CASE(UNFUSED, .what = SPEED_HEAD, .impl = "blas-unfused", .loss = MARGIN_ARCFACE,
         .blas = "blis"),
    CASE(OPENBLAS, .what = SPEED_GEMM3, .impl = "openblas"),
    CASE(BLIS, .what = SPEED_GEMM3, .impl = "blis"),
    CASE("rows/loss:arcface/isa:avx2/" SHAPE_TEXT, .what = SPEED_ROWS, OWN(ARCFACE)),
    CASE(PACKED, .what = SPEED_PACKED, .impl = "openblas"),
};
static const speed_plan plan = {.cases = planned, .count = LENGTH_OF(planned)};

/* Borrowed from the report. */
static const json_t *field(const json_t *report, const char *name, const char *key)
{
    timed_list list = timed_gather(report, &plan);
    const json_t *row = NULL;
    for (size_t i = 0; i < list.count; i++) {
        row = strcmp(list.all[i].what->name, name) == 0 ? list.all[i].row : row;
    }
    timed_free(&list);
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
    char fault[SPEED_FAULT] = "";
    json_t *context =
        json_pack("{s:s, s:{s:{s:f}}}", "date", "new", "fma_peaks", "avx2", "1", 60.0);
    json_t *report = speed_report_build(google, context, &plan, fault);
    json_decref(context);
    if (!report) {
        fail_msg("%s", fault);
    }
    return report;
}

static void reports_add_what_rows_mean(void **state)
{
    (void)state;
    json_t *report = build_report();
    /* Pairs: 2.02, 150/102 and 2; 202, 150 and 202 over 20 + 31 + 40. */
    assert_near("ratio", value(report, ARC, "ratio_normsoftmax"), 2, 1e-12);
    assert_near("low", value(report, ARC, "ratio_normsoftmax_low"), 150 / 102.0, 1e-12);
    assert_near("high", value(report, ARC, "ratio_normsoftmax_high"), 2.02, 1e-12);
    assert_near("ratio", value(report, ARC, "ratio_gemm3"), 202.0 / 91, 1e-9);
    assert_near("low", value(report, ARC, "ratio_gemm3_low"), 150.0 / 91, 1e-9);
    assert_near("ratio", value(report, ARC, "ratio_packed"), 202.0 / (15 + 30 + 40), 1e-9);
    assert_near("ratio", value(report, PACKED, "ratio_gemm3"), 90.0 / 91, 1e-9);
    assert_near("ratio", value(report, ARC, "cpu_ratio_gemm3"), 1.5, 1e-12);
    assert_near("high", value(report, ARC, "cpu_ratio_gemm3_high"), 1.5, 1e-12);
    assert_string_equal(json_string_value(field(report, ARC, "cpu_gemm3")), "blis");
    assert_string_equal(json_string_value(field(report, ARC, "cpu_packed")), "openblas");
    assert_null(field(report, PACKED, "ratio_normsoftmax"));
    assert_near("ratio", value(report, ARC, "ratio_unfused"), 202.0 / 400, 1e-12);
    assert_null(field(report, UNFUSED, "ratio_unfused"));
    assert_null(field(report, ARC, "ratio_one_thread"));
    assert_string_equal(json_string_value(field(report, UNFUSED, "blas")), "blis");
    assert_near("share", value(report, ARC, "fma_share"), 0.5, 1e-12);
    assert_near("median", value(report, ARC, "real_time"), 202, 1e-12);
    assert_near("low", value(report, ARC, "time_low"), 150, 1e-12);
    assert_near("high", value(report, ARC, "time_high"), 404, 1e-12);
    /* The best third of three is the least; below six repetitions intervals reach to the ends. */
    assert_near("quiet", value(report, ARC, "quiet_time"), 150, 1e-12);
    assert_near("quiet", value(report, ARC, "quiet_time_high"), 404, 1e-12);
    assert_near("quiet", value(report, ARC, "quiet_ratio_normsoftmax"), 150 / 100.0, 1e-12);
    assert_near("quiet", value(report, ARC, "quiet_ratio_normsoftmax_high"), 2.02, 1e-12);
    assert_near("spread", value(report, ARC, "spread"), 2 * 52 / 202.0, 1e-12);
    assert_near("range", value(report, ARC, "range"), 254 / 202.0, 1e-12);
    assert_true(json_is_true(field(report, ARC, "unstable")));
    assert_near("spread", value(report, NORM, "spread"), 2 * 2 / 102.0, 1e-12);
    assert_null(field(report, NORM, "process_spread"));
    assert_int_equal(speed_report_errors(report), 1);
    json_decref(report);
}

/* Six cases of three repetitions with four statistics each; the error. */
static void reports_have_googles_statistics(void **state)
{
    (void)state;
    json_t *report = build_report(), *rows = json_object_get(report, "benchmarks"), *row;
    static const char *const names[] = {NORM "_mean", NORM "_median", NORM "_stddev", NORM "_cv"};
    const double mean = (100 + 102 + 202) / 3.0, deviation = 58.321; /* of 100, 102, 202 */
    const double truths[] = {mean, 102, deviation, deviation / mean};
    assert_int_equal(json_array_size(rows), 6 * 7 + 1);
    for (size_t i = 0; i < 3; i++) {
        row = json_array_get(rows, i);
        assert_string_equal(json_string_value(json_object_get(row, "run_name")), NORM);
        assert_int_equal(json_integer_value(json_object_get(row, "repetition_index")), i);
    }
    for (size_t k = 0; k < 4; k++) {
        row = json_array_get(rows, 3 + k);
        assert_string_equal(json_string_value(json_object_get(row, "name")), names[k]);
        assert_string_equal(json_string_value(json_object_get(row, "run_type")), "aggregate");
        assert_near("statistic", json_number_value(json_object_get(row, "real_time")), truths[k],
                    1e-3 * truths[k]);
    }
    json_decref(report);
}

static void reports_describe_the_floor(void **state)
{
    (void)state;
    json_t *report = build_report();
    json_t *floors = json_object_get(json_object_get(report, "context"), "gemm3_floor");
    const json_t *floor = json_object_get(floors, SHAPE_TEXT);
    const json_t *unstable = json_object_get(json_object_get(report, "context"), "unstable_cases");
    assert_int_equal(json_integer_value(unstable), 6); /* nothing is sure of three */
    assert_string_equal(json_string_value(json_object_get(floor, "logits")), "openblas");
    assert_string_equal(json_string_value(json_object_get(floor, "dx")), "blis");
    assert_string_equal(json_string_value(json_object_get(floor, "dw")), "openblas");
    assert_near("dx", json_number_value(json_object_get(floor, "dx_seconds")), 31e-9, 1e-15);
    floors = json_object_get(json_object_get(report, "context"), "packed_floor");
    floor = json_object_get(floors, SHAPE_TEXT);
    assert_true(json_is_true(json_object_get(floor, "dx_packed")));
    assert_true(json_is_false(json_object_get(floor, "dw_packed")));
    assert_near("dx", json_number_value(json_object_get(floor, "dx_seconds")), 30e-9, 1e-15);
    json_decref(report);
}

/* One library is faster in the even rounds, the other in the odd ones. What was chosen on the one
 * is timed by the other, so that no luck of the choice is in the floor. */
static void floors_are_not_lucky(void **state)
{
    (void)state;
    static const char *const even_odd[2][2] = {{"10e-9", "20e-9"}, {"20e-9", "10e-9"}};
    char text[1 << 14], fault[SPEED_FAULT];
    size_t used = (size_t)snprintf(text, sizeof text, "{\"context\": {}, \"benchmarks\": [");
    for (int c = 1; c <= 4; c++) {
        for (int k = 0; k < 8 && c != 2; k++) {
            const char *const product = c == 1 ? "0" : even_odd[c - 3][k % 2];
            used += (size_t)snprintf(
                text + used, sizeof text - used,
                "%s{\"run_name\":\"%s\",\"run_type\":\"iteration\",\"family_index\":%d,"
                "\"repetitions\":8,\"repetition_index\":%d,\"real_time\":60.0,"
                "\"logits_seconds\":%s,\"dx_seconds\":%s,\"dw_seconds\":%s}",
                c + k > 1 ? "," : "", planned[c].name, c, k, product, product, product);
        }
    }
    snprintf(text + used, sizeof text - used, "]}");
    json_t *context = json_object();
    json_t *report = speed_report_build(text, context, &plan, fault);
    if (!report) fail_msg("%s", fault);
    assert_near("floor", value(report, ARC, "ratio_gemm3"), 1, 1e-9);
    assert_near("floor", value(report, ARC, "quiet_ratio_gemm3"), 1, 1e-9);
    json_decref(report);
    json_decref(context);
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
    char fault[SPEED_FAULT];
    json_t *context = json_object();
    for (size_t k = 0; k < LENGTH_OF(texts); k++) {
        fault[0] = '\0';
        assert_null(speed_report_build(texts[k], context, &plan, fault));
        assert_true(fault[0] != '\0');
    }
    json_decref(context);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reports_add_what_rows_mean),
        cmocka_unit_test(reports_have_googles_statistics),
        cmocka_unit_test(reports_describe_the_floor),
        cmocka_unit_test(floors_are_not_lucky),
        cmocka_unit_test(reports_say_where_they_come_from),
        cmocka_unit_test(broken_reports_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
