/* main.c: bench_speed: checks every case, divides the time there is, has the cases timed, and puts
 * the report where it was wanted. Must not know how a case runs (session.h) or is timed
 * (repetitions.h), or what a row means (report.h). */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "blas.h"
#include "budget.h"
#include "clock.h"
#include "counters.h"
#include "json_out.h"
#include "memory.h"
#include "option_table.h"
#include "options.h"
#include "output_paths.h"
#include "peaks.h"
#include "process.h"
#include "processes.h"
#include "progress.h"
#include "provenance.h"
#include "repetitions.h"
#include "report.h"
#include "session.h"
#include "speed_options.h"
#include "statistics.h"

typedef struct suite {
    speed_options options;
    const char *cleared;  /* of the environment */
    double start;         /* when it began */
    double peaks_seconds; /* to measure them once */
    speed_plan plan;
    atomic_set written; /* all files of the run, or none */
    speed_session session;
} suite;

static void check_cases(suite *s)
{
    progress bar;
    progress_start(&bar, "check", s->plan.count);
    for (size_t i = 0; i < s->plan.count; i++) {
        speed_case *const c = &s->plan.cases[i];
        progress_step(&bar, i, c->name);
        speed_session_check(&s->session, c);
        if (c->fault[0] != '\0') {
            progress_end(&bar);
            fprintf(stderr, "%s: %s: %s\n", SPEED_PROGRAM, c->name, c->fault);
        }
    }
    progress_end(&bar);
}

static void add_json(suite *s, const json_t *value, const char *path)
{
    char fault[512];
    if (json_add_file(value, path, &s->written, fault, sizeof fault))
        die(SPEED_PROGRAM, "%s", fault);
}

static void commit(suite *s)
{
    char fault[512];
    if (atomic_set_commit(&s->written, fault, sizeof fault)) die(SPEED_PROGRAM, "%s", fault);
}

/* Peaks are wanted with one thread, with all, and with as many as the cases have. */
static void measure_peaks(suite *s, json_t *context)
{
    static const int samples[] = {1, 3, 7, 15};
    const speed_request *const r = &s->options.request;
    const double start = seconds_now();
    const int all = speed_cpu_count();
    int threads[SPEED_MAX_THREAD_COUNTS + 2];
    size_t count = 0;
    threads[count++] = 1;
    for (size_t i = 0; i < r->thread_counts; i++) { /* they rise */
        if (all > threads[count - 1] && all < r->threads[i]) threads[count++] = all;
        if (r->threads[i] > threads[count - 1]) threads[count++] = r->threads[i];
    }
    if (all > threads[count - 1]) threads[count++] = all;
    if (speed_peaks_measure(context, threads, count, samples[r->level]))
        die(SPEED_PROGRAM, "cannot measure the machine's peaks: no threads");
    s->peaks_seconds = seconds_now() - start;
}

/* Takes the report over. */
static int write_report(suite *s, json_t *report)
{
    char fault[SPEED_FAULT];
    const char *const out = s->options.out;
    if (out != NULL) {
        add_json(s, report, out);
        if (s->options.processes > 0 &&
            speed_tables_write(out, report, &s->plan, &s->written, fault))
            die(SPEED_PROGRAM, "%s", fault);
    }
    commit(s);
    speed_summary_print(stdout, report, &s->plan);
    const size_t errors = speed_report_errors(report);
    if (errors > 0)
        fprintf(stderr, "%s: rows with an error in place of a time: %zu\n", SPEED_PROGRAM, errors);
    json_decref(report);
    finish_stdout(SPEED_PROGRAM);
    return errors == 0 ? EXIT_SUCCESS : EXIT_FAILED;
}

static int run_cases(suite *s, json_t *context)
{
    char fault[SPEED_FAULT];
    const speed_options *const o = &s->options;
    speed_session_open(&s->session, &s->plan);
    speed_repetitions_begin(o);
    check_cases(s);
    const double left = o->budget_seconds - (seconds_now() - s->start) - s->peaks_seconds;
    const double min_seconds = speed_min_seconds(o, &s->plan, left);
    speed_report_describe(context, &s->plan, o->request.level, o->repetitions, s->cleared);
    const speed_foreign before = speed_foreign_now();
    char *const text = speed_repetitions_time(o, &s->plan, &s->session, min_seconds);
    const double foreign = speed_foreign_cpus(before);
    json_put(context, "min_time_seconds foreign_cpus neighbour counters", "ggbo", min_seconds,
             foreign < 0 ? NAN : foreign, o->neighbour, speed_counters_describe());
    measure_peaks(s, context);
    json_t *const report = speed_report_build(text, context, &s->plan, fault);
    free(text);
    if (report == NULL) die(SPEED_PROGRAM, "%s", fault);
    speed_session_close(&s->session);
    return write_report(s, report);
}

/* Several processes share the repetitions; this one only puts their rows together. */
static int run_processes(suite *s, json_t *context, int argc, char **argv)
{
    char fault[SPEED_FAULT];
    const speed_options *const o = &s->options;
    json_t *const report = speed_processes_run(o, s->plan.count, argc, argv, fault);
    if (report == NULL) die(SPEED_PROGRAM, "%s", fault);
    json_t *const own = json_object_get(report, "context");
    json_put(context, "repetitions processes interval_coverage", "ddg", o->repetitions,
             o->processes, speed_interval_coverage((size_t)o->repetitions));
    json_object_update(own, context);
    const json_t *const unfused = json_object_get(own, "unfused_blas");
    for (speed_case *c = s->plan.cases; c < s->plan.cases + s->plan.count; c++)
        c->blas = json_string_value(json_object_get(unfused, c->name));
    speed_report_finish(report, &s->plan);
    return write_report(s, report);
}

static int run_all(suite *s, int argc, char **argv)
{
    char fault[SPEED_FAULT];
    const speed_options *const o = &s->options;
    int status = EXIT_SUCCESS;
    json_t *const context = provenance_json(argc, argv, o->request.seed);
    if (o->processes > 1) {
        status = run_processes(s, context, argc, argv);
        json_decref(context);
        return status;
    }
    if (o->neighbour && speed_neighbour_start(fault)) die(SPEED_PROGRAM, "%s", fault);
    measure_peaks(s, context);
    if (o->machine_json != NULL) add_json(s, context, o->machine_json);
    if (o->out != NULL || o->machine_json == NULL) {
        status = run_cases(s, context);
    } else {
        commit(s);
    }
    json_decref(context);
    return status;
}

/* A person named the libraries of --preload and --blas, so that one of no use ends the run. */
static void load_peers(const speed_options *o)
{
    char fault[SPEED_FAULT];
    const int failed =
        speed_blas_add_all(o->preload, o->preload_count, o->blas, o->blas_count, fault);
    if (failed > 0) die_usage(SPEED_PROGRAM, "%s", fault);
    if (failed < 0) die(SPEED_PROGRAM, "%s", fault);
}

int main(int argc, char **argv)
{
    static suite s;
    char fault[SPEED_FAULT];
    s.start = seconds_now();
    json_begin();
    speed_repetitions_guard();
    speed_counters_open();
    speed_options_parse(&s.options, argc, argv);
    output_paths_try(SPEED_PROGRAM, (const char *[]){s.options.out, s.options.machine_json}, 2);
    s.cleared = speed_blas_clear_environment();
    load_peers(&s.options);
    if (*s.cleared != '\0' && !s.options.list)
        fprintf(stderr, "%s: note: not heeded, so that peers choose their own kernels: %s\n",
                SPEED_PROGRAM, s.cleared);
    if (speed_plan_build(&s.plan, &s.options.request, fault)) die_usage(SPEED_PROGRAM, "%s", fault);
    if (s.plan.count == 0)
        die_usage(SPEED_PROGRAM, "no case matches; --list shows those there are");
    int status = EXIT_SUCCESS;
    for (size_t i = 0; i < s.plan.count && s.options.list; i++)
        puts(s.plan.cases[i].name);
    if (s.options.list) {
        finish_stdout(SPEED_PROGRAM);
    } else {
        status = run_all(&s, argc, argv);
    }
    speed_plan_free(&s.plan);
    return status;
}
