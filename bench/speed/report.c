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
#include "sha256.h"
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
    json_object_del(row, "process");
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

/* What a number of it belongs to: where its file lies says nothing about one. */
static json_t *describe_library(const speed_blas *blas)
{
    char hash[SHA256_TEXT];
    const char *slash = strrchr(blas->path, '/');
    const int read = sha256_file(blas->path, hash) == 0;
    return json_row("version kernels file sha256", "ssss", blas->version,
                    *blas->kernels ? blas->kernels : NULL, slash ? slash + 1 : blas->path,
                    read ? hash : NULL);
}

void speed_report_describe(json_t *context, const speed_plan *plan, speed_level level,
                           int repetitions, const char *cleared)
{
    static const char *const levels[] = {"smoke", "quick", "default", "full"};
    json_t *peers = json_object(), *unfused = json_object();
    const char *name;
    for (size_t k = 0; (name = speed_blas_name(k)) != NULL; k++) {
        const speed_blas *blas = speed_blas_find(name);
        json_put(peers, name, "o", blas ? describe_library(blas) : json_null());
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
    speed_report_finish(report, plan);
    return report;
}

void speed_report_finish(json_t *report, const speed_plan *plan)
{
    json_t *const rows = json_object_get(report, "benchmarks");
    json_object_set_new(report, "benchmarks", with_statistics(rows));
    speed_ratios_add(report, plan);
}

/* ---- the table that bench_speed closes with: every number in it is in the JSON
 * ------------------- */

typedef struct table {
    FILE *stream;
    timed_list list;
    speed_case place;       /* shape and threads */
    size_t unstable, equal; /* marks printed */
    int packed;             /* there is a floor with W packed beforehand */
} table;

/* A case of the table at hand; without a row where it was not timed. */
static timed find(const table *t, speed_what what, const char *impl, margin_loss loss,
                  margin_isa isa)
{
    speed_case like = t->place;
    like.what = what;
    like.impl = impl;
    like.loss = loss;
    like.isa = isa;
    const timed *found = timed_find(&t->list, &like);
    return found != NULL ? *found : (timed){.what = NULL};
}

/* "12.3 ms~": four figures at most, a tilde where the repetitions disagree. */
static void print_time(table *t, const timed *one)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double time = timed_field(one, "real_time", "");
    size_t unit = 0;
    if (isnan(time)) {
        fprintf(t->stream, "%12s", "-");
        return;
    }
    for (; time >= 999.5 && unit < 3; unit++)
        time /= 1000;
    const int unstable = timed_is_unstable(one);
    const int digits = time < 9.995 ? 2 : time < 99.95 ? 1 : 0;
    t->unstable += (size_t)unstable;
    fprintf(t->stream, "%8.*f %2s%s", digits, time, units[unit], unstable ? "~" : " ");
}

/* "1.02=": an equals sign where the interval of the paired ratio holds 1. */
static void print_ratio(table *t, const timed *one, const char *key)
{
    const double ratio = timed_field(one, key, "");
    const int equal = timed_field(one, key, "_low") < 1 && timed_field(one, key, "_high") > 1;
    if (isnan(ratio)) {
        fprintf(t->stream, "%13s ", "-");
        return;
    }
    t->equal += (size_t)equal;
    fprintf(t->stream, "%13.2f%s", ratio, equal ? "=" : " ");
}

/* "84 %" of the measured rate of multiply-adds. */
static void print_share(const table *t, const timed *one)
{
    const double share = timed_field(one, "fma_share", "");
    if (isnan(share)) {
        fprintf(t->stream, "%10s", "-");
    } else {
        fprintf(t->stream, "%8.0f %%", 100 * share);
    }
}

static void print_line(table *t, const char *label, const char *impl, margin_loss loss,
                       margin_isa isa)
{
    const timed head = find(t, SPEED_HEAD, impl, loss, isa);
    const timed forward = find(t, SPEED_HEAD_FORWARD, impl, loss, isa);
    const timed rows = find(t, SPEED_ROWS, impl, loss, isa);
    if (!head.row && !forward.row && !rows.row) return;
    fprintf(t->stream, "  %-20s", label);
    print_time(t, &head);
    print_ratio(t, &head, "ratio_normsoftmax");
    print_ratio(t, &head, "ratio_gemm3");
    if (t->packed) print_ratio(t, &head, "ratio_packed");
    print_share(t, &head);
    print_time(t, &forward);
    print_time(t, &rows);
    fputc('\n', t->stream);
}

static void print_products(table *t, speed_what what, const char *word)
{
    const char *name;
    for (size_t k = 0; (name = speed_blas_name(k)) != NULL; k++) {
        const timed one = find(t, what, name, (margin_loss)0, MARGIN_ISA_AUTO);
        if (one.row) {
            fprintf(t->stream, "  %s %-*s", word, 19 - (int)strlen(word), name);
            print_time(t, &one);
            fprintf(t->stream, "%13s ", "");
            print_ratio(t, &one, "ratio_gemm3");
            if (t->packed) print_ratio(t, &one, "ratio_packed");
            print_share(t, &one);
            fputc('\n', t->stream);
        }
    }
}

/* The fastest instruction set that this shape was run with; AUTO if none was. */
static margin_isa best_isa(const speed_plan *plan, const table *t)
{
    margin_isa best = MARGIN_ISA_AUTO;
    for (size_t i = 0; i < plan->count; i++) {
        const speed_case *c = &plan->cases[i];
        if (c->shape == t->place.shape && c->threads == t->place.threads && !c->impl &&
            c->isa > best)
            best = c->isa;
    }
    return best;
}

static void print_table(table *t, const speed_plan *plan)
{
    const speed_shape *s = t->place.shape;
    const int threads = t->place.threads;
    const margin_isa isa = best_isa(plan, t);
    const int own = isa != MARGIN_ISA_AUTO;
    fprintf(t->stream, "\n%s%sN %zu, D %zu, C %zu, %d thread%s%s%s\n", s->name,
            *s->name ? ": " : "", s->rows, s->dim, s->classes, threads, threads == 1 ? "" : "s",
            own ? ", " : "", own ? margin_isa_name(isa) : "");
    fprintf(t->stream, "  %-20s%11s %13s %13s %s%10s%11s %11s\n", "", "head", "/ normsoftmax",
            "/ gemm3", t->packed ? "     / packed " : "", "of peak", "forward", "rows");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT && own; loss++)
        print_line(t, margin_loss_get((margin_loss)loss)->name, NULL, (margin_loss)loss, isa);
    print_line(t, "blas-unfused", "blas-unfused", MARGIN_ARCFACE, MARGIN_ISA_AUTO);
    print_line(t, "naive", "naive", MARGIN_ARCFACE, MARGIN_ISA_AUTO);
    print_products(t, SPEED_GEMM3, "gemm3");
    print_products(t, SPEED_PACKED, "packed");
}

/* A line for each library that was found. */
static void print_libraries(FILE *stream, const json_t *peers)
{
    const char *name;
    json_t *library;
    json_object_foreach((json_t *)(uintptr_t)peers, name, library)
    {
        const char *kernels = timed_text(library, "kernels");
        if (json_is_object(library))
            fprintf(stream, "%s: %s%s%s; %s, SHA-256 %.12s\n", name, timed_text(library, "version"),
                    *kernels ? "; kernels: " : "", kernels, timed_text(library, "file"),
                    timed_text(library, "sha256"));
    }
}

void speed_summary_print(FILE *stream, const json_t *report, const speed_plan *plan)
{
    print_libraries(stream, json_object_get(json_object_get(report, "context"), "peers"));
    table t = {.stream = stream, .list = timed_gather(report, plan)};
    t.packed = json_object_size(json_object_get(t.list.context, "packed_floor")) > 0;
    for (size_t i = 0; i < plan->count; i++) {
        const speed_case *c = &plan->cases[i];
        if (c->shape != t.place.shape || c->threads != t.place.threads) {
            t.place = (speed_case){.shape = c->shape, .threads = c->threads};
            print_table(&t, plan);
        }
    }
    timed_free(&t.list);
    if (t.equal)
        fprintf(stream, "\n= no difference seen: the interval of the paired ratios holds 1\n");
    if (t.unstable)
        fprintf(stream, "%s~ the quiet number is not known to 5 %%: the machine was not quiet\n",
                t.equal ? "" : "\n");
}
