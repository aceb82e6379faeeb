/* report.c: Google Benchmark's JSON, with where it comes from and what it means added.
 *
 * Must not know how anything was measured. */
#include "report.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "blas.h"
#include "json_out.h"
#include "memory.h"
#include "statistics.h"
#include "timed.h"

/* ---- rows ------------------------------------------------------------------------------------ */

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

/* ---- the statistics of the rows of each case --------------------------------------------------
 */

enum { MEAN, MEDIAN, STDDEV, CV, STATISTICS };

static double statistic(int which, double *values, size_t count)
{
    double sum = 0, square = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    const double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        square += (values[i] - mean) * (values[i] - mean);
    const double deviation = sqrt(square / (double)(count - 1));
    switch (which) {
    case MEAN:
        return mean;
    case MEDIAN:
        return speed_median(values, count);
    case STDDEV:
        return deviation;
    default:
        return deviation / mean;
    }
}

/* Of `count` rows of one case; `values` is room for as many numbers. */
static json_t *statistics_row(json_t *const *rows, size_t count, int which, double *values)
{
    static const char *const names[] = {"mean", "median", "stddev", "cv"};
    json_t *row = json_copy(rows[0]), *value;
    const char *key;
    json_object_foreach(rows[0], key, value)
    {
        /* Times and counters, as opposed to what says which row it is. */
        if (json_is_real(value) || (json_is_number(value) && strcmp(key, "real_time") == 0)) {
            for (size_t i = 0; i < count; i++)
                values[i] = timed_number(rows[i], key);
            json_object_set_new(row, key, json_number(statistic(which, values, count)));
        }
    }
    json_object_set_new(row, "name",
                        json_sprintf("%s_%s", timed_text(rows[0], "run_name"), names[which]));
    json_put(row, "run_type aggregate_name aggregate_unit iterations", "sssz", "aggregate",
             names[which], which == CV ? "percentage" : "time", count);
    json_object_del(row, "repetition_index");
    return row;
}

/* A new array: the rows, which come case by case; after those of one case, where there is more than
 * one with a time, their mean, median, stddev and cv, as Google Benchmark writes them. */
static json_t *with_statistics(const json_t *rows)
{
    const size_t all = json_array_size(rows);
    json_t *out = json_array(), **good = zeroed(all, sizeof *good);
    double *values = zeroed(all, sizeof *values);
    size_t count = 0; /* of the case's rows that have a time */
    for (size_t i = 0; i < all; i++) {
        json_t *row = json_array_get(rows, i);
        json_array_append(out, row);
        good[count] = row;
        count += timed_is_repetition(row);
        if (strcmp(timed_text(row, "run_name"),
                   timed_text(json_array_get(rows, i + 1), "run_name")) == 0)
            continue;
        for (int which = 0; which < STATISTICS && count > 1; which++)
            json_array_append_new(out, statistics_row(good, count, which, values));
        count = 0;
    }
    free(good);
    free(values);
    return out;
}

/* ---- the whole ------------------------------------------------------------------------------- */

void speed_report_describe(json_t *context, const speed_plan *plan, speed_level level,
                           int repetitions, const char *cleared)
{
    static const char *const levels[] = {"smoke", "quick", "default", "full"};
    json_t *peers = json_object(), *unfused = json_object();
    const char *name;
    for (size_t k = 0; (name = speed_blas_name(k)) != NULL; k++) {
        const speed_blas *blas = speed_blas_find(name);
        json_put(peers, name, "s", blas ? blas->version : NULL);
    }
    for (size_t i = 0; i < plan->count; i++) {
        const speed_case *c = &plan->cases[i];
        if (c->blas) json_object_set_new(unfused, c->name, json_string(c->blas));
    }
    json_put(context,
             "level repetitions cases peers environment_cleared unfused_blas interval_coverage "
             "skipped_shapes",
             "sdzosogs", levels[level], repetitions, plan->count, peers, cleared, unfused,
             speed_interval_coverage((size_t)repetitions), plan->skipped);
}

/* Neither the host's name nor where the program lies says anything about a number. How Google
 * Benchmark itself was built is not to be read as how this library was. */
static void make_portable(json_t *context)
{
    const char *path = timed_text(context, "executable"), *slash = strrchr(path, '/');
    json_object_set_new(context, "executable", json_string(slash ? slash + 1 : path));
    json_object_del(context, "host_name");
    json_object_set(context, "google_benchmark_build_type",
                    json_object_get(context, "library_build_type"));
    json_object_del(context, "library_build_type");
}

json_t *speed_report_build(const char *google, const json_t *context, const speed_plan *plan,
                           char *fault)
{
    json_error_t error;
    json_t *report = json_loads(google, 0, &error), *own = json_object_get(report, "context");
    json_t *rows = json_object_get(report, "benchmarks");
    if (!json_is_array(rows)) {
        speed_fail(fault, "Google Benchmark's JSON: %s",
                   report ? "no benchmarks in it" : error.text);
        json_decref(report);
        return NULL;
    }
    make_portable(own);
    json_object_update(own, (json_t *)(uintptr_t)context);
    json_object_set_new(report, "benchmarks", with_statistics(rows));
    speed_ratios_add(report, plan);
    return report;
}
