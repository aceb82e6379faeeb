/* program.c: see cases.h. */
#include "cases.h"

#include <stdio.h>
#include <stdlib.h>

#include "dispatch.h"
#include "option_table.h"
#include "json_out.h"
#include "output_paths.h"
#include "progress.h"
#include "provenance.h"
#include "tune.h"

#define OPTION_TARGET settings
static const option_row option_rows[] = {
    OPTION_GROUP("options:"),
    {"out", "FILE", "write the results (JSON; docs/method.md says what is in it)", TO_TEXT(out)},
    {"quick", NULL, "fewer and shorter samples (seconds)", TO_FLAG(quick)},
    {"filter", "TEXT", "only cases whose name has TEXT in it", TO_TEXT(filter)},
    {"isa", "NAME", "only this instruction set: {names} (default: MARGIN_ISA, else all usable)",
     TO_ISA(isa)},
    {"list", NULL, "print the names of the cases, and exit", TO_FLAG(list)},
    {"tune", NULL,
     "time whole calls instead, under several schedules (src/tuning.h), and print the one that "
     "suits this machine (some minutes); --filter and --list are then of its fields",
     TO_FLAG(tune)},
    OPTION_END};

static const option_table table = {
    .program = PROGRAM,
    .summary = "time of each kernel of libmargin",
    .about = "Time every kernel of libmargin on every usable instruction set. Each is compared "
             "with the\n"
             "scalar kernel first, by the call that is timed; one that differs is not timed.",
    .rows = option_rows,
    .closing = "exit status: 0 when every kernel agrees, 1 when one does not or the run failed,\n"
               "2 on wrong usage."};

/* ---- the table and the file --------------------------------------------------------------------
 */

static double spread_of(const timed_case *c)
{
    return (c->high - c->low) / c->median;
}

/* A case's rate over its peak's; 0 if it has none. */
static double share_of(const case_list *list, const timed_case *c)
{
    const timed_case *peak = cases_peak(list, c);
    const double most = peak != NULL && peak != c ? cases_rate(peak) : 0.0;
    return most > 0.0 ? cases_rate(c) / most : 0.0;
}

static void print_case(const case_list *list, const timed_case *c, FILE *stream)
{
    const double rate = cases_rate(c), share = share_of(list, c);
    if (c->fault[0] != '\0') {
        fprintf(stream, "%-66s differs from the scalar kernel\n", c->name);
        return;
    }
    fprintf(stream, "%-66s %7.1f %11.1f %9.4f %6.1f %%", c->name, (double)c->held / 1024.0,
            c->median, c->median / c->elements, 100.0 * spread_of(c));
    if (rate > 0.0)
        fprintf(stream, "%10.1f %-8s", rate, c->kernel->bound == BOUND_FLOPS ? "GFLOP/s" : "GB/s");
    if (share > 0.0) fprintf(stream, "%5.0f %%", 100.0 * share);
    fputc('\n', stream);
}

static void print_all(const case_list *list, FILE *stream)
{
    fprintf(stream, "%-66s %7s %11s %9s %8s %10s %-8s%7s\n", "", "KiB", "ns", "/element", "spread",
            "rate", "", "of peak");
    for (size_t i = 0; i < list->count; i++) {
        if (i == 0 || list->at[i].subject != list->at[i - 1].subject)
            fprintf(stream, "%s\n", list->at[i].subject->name);
        print_case(list, &list->at[i], stream);
    }
}

static void put_times(json_t *row, const case_list *list, const timed_case *c)
{
    const double rate = cases_rate(c), share = share_of(list, c);
    json_put(row, "calls elements held_bytes ns ns_per_element spread", "zgzogg", c->repeat,
             c->elements, c->held, json_row("median low high", "ggg", c->median, c->low, c->high),
             c->median / c->elements, spread_of(c));
    if (rate > 0.0) json_put(row, c->kernel->bound == BOUND_FLOPS ? "gflops" : "gbytes", "g", rate);
    if (share > 0.0) json_put(row, "of_peak", "g", share);
}

static json_t *rows_json(const case_list *list, size_t from, size_t to)
{
    json_t *rows = json_array();
    for (const timed_case *c = list->at + from; c < list->at + to; c++) {
        json_t *row = json_row("name subject kernel isa", "ssss", c->name, c->subject->name,
                               c->kernel->name, margin_isa_name(c->isa));
        for (size_t i = 0; i < KERNEL_SIZES && c->kernel->letter[i] != NULL; i++)
            json_put(row, c->kernel->letter[i], "z", c->size[i]);
        if (c->fault[0] != '\0') {
            json_put(row, "error", "s", c->fault);
        } else {
            put_times(row, list, c);
        }
        json_array_append_new(rows, row);
    }
    return rows;
}

/* Writes what docs/method.md says of this program's file. */
static void write_file(const case_list *list, const char *path, int argc, char **argv)
{
    char error[512];
    json_t *context = provenance_json(argc, argv, 1);
    json_put(context, "threads rounds sample_seconds", "dzg", 1, list->rounds,
             list->sample_seconds);
    json_t *file =
        json_row("schema context peaks kernels", "dooo", 1, context,
                 rows_json(list, 0, list->peaks), rows_json(list, list->peaks, list->count));
    if (json_write_file(file, path, error, sizeof error) != 0) die(PROGRAM, "%s", error);
    json_decref(file);
}

/* ---- the program -------------------------------------------------------------------------------
 */

/* Names the kernels that differ on stderr, and returns how many. */
static size_t check_all(case_list *list)
{
    size_t failed = 0;
    for (size_t i = list->peaks; i < list->count; i++) {
        timed_case *c = &list->at[i];
        times_check(c, margin_dispatch(MARGIN_ISA_SCALAR));
        if (c->fault[0] != '\0') {
            fprintf(stderr, PROGRAM ": %s is not timed: %s%s\n", c->name, c->kernel->name,
                    c->fault);
            failed++;
        }
    }
    return failed;
}

/* Each round has one sample of every case, so that a slow minute of the machine falls on all. */
static void time_all(case_list *list)
{
    progress line;
    progress_start(&line, "kernels", (list->rounds + 1) * list->count);
    for (size_t round = 0; round <= list->rounds; round++) {
        for (size_t i = 0; i < list->count; i++) {
            timed_case *c = &list->at[i];
            progress_step(&line, round * list->count + i, c->name);
            if (c->fault[0] != '\0') continue;
            if (round == 0) {
                times_calibrate(c, list->sample_seconds);
            } else {
                times_sample(c, round);
            }
        }
    }
    progress_end(&line);
    for (size_t i = 0; i < list->count; i++)
        times_summarise(&list->at[i]);
}

/* Returns how many kernels differ. */
static size_t run(case_list *list, const settings *s, int argc, char **argv)
{
    const size_t failed = check_all(list);
    time_all(list);
    print_all(list, stdout);
    if (s->out != NULL) write_file(list, s->out, argc, argv);
    return failed;
}

int program_run(int argc, char **argv, kernel_dispatch dispatch)
{
    settings s = {.filter = "", .isa = MARGIN_ISA_AUTO};
    json_begin();
    options_read(&table, argc, argv, &s);
    output_paths_try(PROGRAM, (const char *[]){s.out}, 1);
    case_list list;
    size_t failed = 0;
    if (s.tune) return tune_run(&s, argc, argv);
    cases_make(&list, &s, dispatch);
    if (list.count == list.peaks)
        die_usage(PROGRAM, "no case matches; --list shows those there are");
    for (size_t i = list.peaks; i < list.count && s.list; i++)
        puts(list.at[i].name);
    if (!s.list) failed = run(&list, &s, argc, argv);
    cases_free(&list);
    finish_stdout(PROGRAM);
    if (failed > 0) die(PROGRAM, "%zu cases differ from the scalar kernels", failed);
    return EXIT_SUCCESS;
}
