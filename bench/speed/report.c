/* report.c: Google Benchmark's JSON, with where it comes from and what it means added.
 *
 * Must not know how anything was measured. */
#include "report.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "aggregate.h"
#include "blas.h"
#include "ratios.h"
#include "statistics.h"

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

/* The text as JSON; NULL and one line in `fault` if it is none. */
static json_t *load_google(const char *google, char *fault, size_t fault_size)
{
    json_error_t error;
    json_t *report = json_loads(google, 0, &error);
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
    json_t *peers = json_object(), *unfused = json_object();
    const char *name;
    for (size_t k = 0; (name = speed_blas_name(k)) != NULL; k++) {
        const speed_blas *blas = speed_blas_find(name);
        json_object_set_new(peers, name, blas ? json_string(blas->version) : json_null());
    }
    for (size_t i = 0; i < plan->count; i++) {
        const speed_case *c = &plan->cases[i];
        if (c->blas) json_object_set_new(unfused, c->name, json_string(c->blas));
    }
    json_object_set_new(context, "level", json_string(levels[level]));
    json_object_set_new(context, "repetitions", json_integer(repetitions));
    json_object_set_new(context, "cases", json_integer((json_int_t)plan->count));
    json_object_set_new(context, "peers", peers);
    json_object_set_new(context, "environment_cleared", json_string(cleared));
    json_object_set_new(context, "unfused_blas", unfused);
    json_object_set_new(context, "interval_coverage",
                        json_real(speed_interval_coverage((size_t)repetitions)));
    json_object_set_new(context, "skipped_shapes", json_string(plan->skipped));
}

/* Neither the host's name nor where the program lies says anything about a number. How Google
 * Benchmark itself was built is not to be read as how this library was. */
static void make_portable(json_t *context)
{
    const char *path = speed_row_text(context, "executable"), *slash = strrchr(path, '/');
    json_object_set_new(context, "executable", json_string(slash ? slash + 1 : path));
    json_object_del(context, "host_name");
    json_object_set(context, "google_benchmark_build_type",
                    json_object_get(context, "library_build_type"));
    json_object_del(context, "library_build_type");
}

json_t *speed_report_build(const char *google, const json_t *context, char *fault,
                           size_t fault_size)
{
    json_t *report = load_google(google, fault, fault_size);
    if (!report) return NULL;
    json_t *own = json_object_get(report, "context");
    make_portable(own);
    json_object_update(own, (json_t *)(uintptr_t)context);
    json_t *rows = speed_aggregate(json_object_get(report, "benchmarks"));
    if (!rows || speed_ratios_add(own, rows)) {
        snprintf(fault, fault_size, "out of memory for the report");
        json_decref(rows);
        json_decref(report);
        return NULL;
    }
    json_object_set_new(report, "benchmarks", rows);
    return report;
}
