/* report.c: Google Benchmark's JSON, with where it comes from and what it means added.
 *
 * Must not know how anything was measured. */
#define _POSIX_C_SOURCE 200809L
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "blas.h"
#include "json_out.h"
#include "peaks.h"

#define UNSTABLE_SPREAD 0.05

/* ---- names ----------------------------------------------------------------------------------- */

/* Where the value of KEY begins, and its length. */
static const char *find_field(const char *name, const char *key, size_t *length)
{
    const size_t key_length = strlen(key);
    for (const char *part = strchr(name, '/'); part; part = strchr(part + 1, '/')) {
        if (strncmp(part + 1, key, key_length) == 0 && part[1 + key_length] == ':') {
            const char *value = part + key_length + 2;
            *length = strcspn(value, "/");
            return value;
        }
    }
    return NULL;
}

int speed_name_field(const char *name, const char *key, char *out, size_t out_size)
{
    size_t length = 0;
    const char *value = find_field(name, key, &length);
    if (!value || length >= out_size) {
        return 0;
    }
    memcpy(out, value, length);
    out[length] = '\0';
    return 1;
}

int speed_name_replace(const char *name, const char *key, const char *value, char *out,
                       size_t out_size)
{
    size_t length = 0;
    const char *old = find_field(name, key, &length);
    if (!old) {
        return 0;
    }
    const int written = snprintf(out, out_size, "%.*s%s%s", (int)(old - name), name, value,
                                 old + length);
    return written > 0 && (size_t)written < out_size;
}

/* ---- rows ------------------------------------------------------------------------------------ */

static const char *text_of(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

static double number_of(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

/* Google Benchmark computes no statistics of a single repetition. */
static int stands_for_case(const json_t *row)
{
    if (json_is_true(json_object_get(row, "error_occurred"))) {
        return 0;
    }
    return strcmp(text_of(row, "aggregate_name"), "median") == 0 ||
           (strcmp(text_of(row, "run_type"), "iteration") == 0 &&
            json_integer_value(json_object_get(row, "repetitions")) == 1);
}

json_t *speed_report_index(const json_t *report)
{
    json_t *index = json_object(), *row;
    size_t i;
    json_array_foreach(json_object_get(report, "benchmarks"), i, row)
    {
        if (stands_for_case(row)) {
            json_object_set(index, text_of(row, "run_name"), row);
        }
    }
    return index;
}

size_t speed_report_errors(const json_t *report)
{
    const json_t *row;
    size_t i, errors = 0;
    json_array_foreach(json_object_get(report, "benchmarks"), i, row)
    {
        errors += json_is_true(json_object_get(row, "error_occurred"));
    }
    return errors;
}

/* ---- spread ---------------------------------------------------------------------------------- */

static int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* Sorts. */
static double median(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
    return count % 2 ? values[count / 2] : 0.5 * (values[count / 2 - 1] + values[count / 2]);
}

static void add_spread(json_t *row, double *times, size_t count)
{
    const double middle = median(times, count), range = times[count - 1] - times[0];
    for (size_t i = 0; i < count; i++) {
        times[i] = fabs(times[i] - middle);
    }
    const double spread = 2 * median(times, count) / middle;
    json_object_set_new(row, "spread", json_number(spread));
    json_object_set_new(row, "range", json_number(range / middle));
    json_object_set_new(row, "unstable", json_boolean(!(spread <= UNSTABLE_SPREAD)));
}

/* Rows of one case follow one another, its statistics after its repetitions. */
static void add_spreads(json_t *rows, double *times)
{
    size_t count = 0, i;
    const char *name = "";
    json_t *row;
    json_array_foreach(rows, i, row)
    {
        if (strcmp(text_of(row, "run_name"), name) != 0) {
            name = text_of(row, "run_name");
            count = 0;
        }
        if (strcmp(text_of(row, "run_type"), "iteration") == 0) {
            times[count++] = number_of(row, "real_time");
        }
        if (stands_for_case(row) && count > 1) {
            add_spread(row, times, count);
            count = 0;
        }
    }
}

/* ---- ratios ---------------------------------------------------------------------------------- */

/* Nanoseconds of the three products at this row's shape and threads, the best library for each; 0
 * if none was measured. */
static double best_products(const json_t *index, const char *name)
{
    static const char *const products[] = {"logits_seconds", "dx_seconds", "dw_seconds"};
    double best[3] = {0};
    char other[160];
    const char *shape = strstr(name, "/N:"), *blas;
    for (size_t k = 0; shape && (blas = speed_blas_name(k)) != NULL; k++) {
        snprintf(other, sizeof other, "gemm3/impl:%s%s", blas, shape);
        const json_t *row = json_object_get(index, other);
        for (size_t p = 0; p < 3 && row; p++) {
            const double seconds = number_of(row, products[p]);
            best[p] = best[p] <= 0 || seconds < best[p] ? seconds : best[p];
        }
    }
    return 1e9 * (best[0] + best[1] + best[2]);
}

static void add_share(json_t *row, const char *key, double value, double whole)
{
    if (value > 0 && whole > 0) {
        json_object_set_new(row, key, json_real(value / whole));
    }
}

static void add_ratios(const json_t *context, const json_t *index, json_t *row)
{
    const char *name = text_of(row, "run_name");
    char other[160], isa[16];
    const double time = number_of(row, "real_time");
    const int threads = (int)json_integer_value(json_object_get(row, "threads"));
    if (speed_name_replace(name, "loss", "normsoftmax", other, sizeof other)) {
        add_share(row, "ratio_normsoftmax", time,
                  number_of(json_object_get(index, other), "real_time"));
    }
    if (strncmp(name, "head/", 5) == 0) {
        add_share(row, "ratio_gemm3", time, best_products(index, name));
    }
    if (speed_name_field(name, "isa", isa, sizeof isa)) {
        add_share(row, "fma_share", number_of(row, "gflops"),
                  speed_peaks_fma(context, isa, threads));
    }
    add_share(row, "copy_share", 1e-9 * number_of(row, "bytes_per_second"),
              number_of(context, threads > 1 ? "copy_bandwidth_gbs_all" : "copy_bandwidth_gbs"));
}

/* Google Benchmark writes NaN, say for the variation of zeros, which is not JSON: null instead.
 * It always puts a blank before a value, which gives "null" its room. */
static void replace_non_numbers(char *text)
{
    static const char *const words[] = {" -NaN", " NaN", " -Infinity", " Infinity"};
    int in_string = 0;
    for (char *at = text; *at; at++) {
        if (*at == '\\' && at[1]) {
            at++;
            continue;
        }
        in_string ^= *at == '"';
        for (size_t k = 0; k < sizeof words / sizeof *words && !in_string; k++) {
            const size_t length = strlen(words[k]);
            if (strncmp(at, words[k], length) == 0) {
                memset(at, ' ', length);
                memcpy(at, "null", 4);
            }
        }
    }
}

/* The text as JSON; NULL and one line in `fault` if it is none. */
static json_t *load_google(const char *google, char *fault, size_t fault_size)
{
    json_error_t error = {.text = "out of memory"};
    char *text = strdup(google);
    json_t *report = NULL;
    if (text) {
        replace_non_numbers(text);
        report = json_loads(text, 0, &error);
        free(text);
    }
    if (!json_is_array(json_object_get(report, "benchmarks"))) {
        snprintf(fault, fault_size, "Google Benchmark's JSON: %s",
                 report ? "no benchmarks in it" : error.text);
        json_decref(report);
        return NULL;
    }
    return report;
}

/* ---- the whole ------------------------------------------------------------------------------- */

void speed_report_describe(json_t *context, const speed_plan *plan, speed_level level,
                           int repetitions, const char *cleared)
{
    static const char *const levels[] = {"smoke", "quick", "default", "full"};
    json_t *peers = json_object();
    const char *name;
    for (size_t k = 0; (name = speed_blas_name(k)) != NULL; k++) {
        const speed_blas *blas = speed_blas_find(name);
        json_object_set_new(peers, name, blas ? json_string(blas->version) : json_null());
    }
    json_object_set_new(context, "level", json_string(levels[level]));
    json_object_set_new(context, "repetitions", json_integer(repetitions));
    json_object_set_new(context, "cases", json_integer((json_int_t)plan->count));
    json_object_set_new(context, "peers", peers);
    json_object_set_new(context, "environment_cleared", json_string(cleared));
    json_object_set_new(context, "unfused_blas",
                        plan->unfused_blas ? json_string(plan->unfused_blas) : json_null());
    json_object_set_new(context, "skipped_shapes", json_string(plan->skipped));
}

/* Neither the host's name nor where the program lies says anything about a number. */
static void make_portable(json_t *context)
{
    const char *path = text_of(context, "executable"), *slash = strrchr(path, '/');
    json_object_set_new(context, "executable", json_string(slash ? slash + 1 : path));
    json_object_del(context, "host_name");
}

json_t *speed_report_build(const char *google, const json_t *context, char *fault,
                           size_t fault_size)
{
    json_t *report = load_google(google, fault, fault_size), *row;
    json_t *rows = json_object_get(report, "benchmarks");
    double *times = calloc(json_array_size(rows) + 1, sizeof *times);
    if (!report || !times) {
        if (report) {
            snprintf(fault, fault_size, "out of memory for the report");
        }
        free(times);
        json_decref(report);
        return NULL;
    }
    json_t *own = json_object_get(report, "context");
    make_portable(own);
    json_object_update(own, (json_t *)(uintptr_t)context);
    add_spreads(rows, times);
    free(times);
    json_t *index = speed_report_index(report);
    const char *name;
    json_object_foreach(index, name, row)
    {
        add_ratios(own, index, row);
    }
    json_decref(index);
    return report;
}
