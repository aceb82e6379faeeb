/* program.c: see program.h. */
#include "program.h"

#include <stdio.h>
#include <stdlib.h>

#include "dispatch.h"
#include "option_table.h"
#include "json_out.h"
#include "output.h"
#include "output_paths.h"
#include "progress.h"
#include "settings.h"
#include "times.h"
#include "tune.h"

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

static void list_names(const case_list *list)
{
    for (size_t i = list->peaks; i < list->count; i++)
        puts(list->at[i].name);
}

/* Returns how many kernels differ. */
static size_t run(case_list *list, const settings *s, int argc, char **argv)
{
    char error[512];
    const size_t failed = check_all(list);
    time_all(list);
    output_print(list, stdout);
    if (s->out != NULL && output_write(list, s->out, argc, argv, error, sizeof error) != 0)
        die(PROGRAM, "%s", error);
    return failed;
}

int program_run(int argc, char **argv, kernel_dispatch dispatch)
{
    json_begin(PROGRAM);
    const settings s = settings_parse(argc, argv);
    output_paths_check(PROGRAM, (const char *[]){s.out}, 1, NULL, 0);
    case_list list;
    size_t failed = 0;
    if (s.tune) return tune_run(&s, argc, argv);
    if (cases_make(&list, &s, dispatch) != 0) die(PROGRAM, "out of memory");
    if (list.count == list.peaks)
        die_usage(PROGRAM, "no case matches; --list shows those there are");
    if (s.list) {
        list_names(&list);
    } else {
        failed = run(&list, &s, argc, argv);
    }
    cases_free(&list);
    finish_stdout(PROGRAM);
    if (failed > 0) die(PROGRAM, "%zu cases differ from the scalar kernels", failed);
    return EXIT_SUCCESS;
}
