/* plans.c: a list of runs, carried out (see plans.h). Must not know what a run is for. */
#define _GNU_SOURCE
#include "plans.h"

#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "options.h"
#include "progress.h"
#include "separation_options.h"

/* Equal but for the figures and the features that are kept. Both were made from zeroed memory, so
 * padding compares equal. */
static int same_run(const run_plan *a, const run_plan *b)
{
    run_plan one, two;
    memcpy(&one, a, sizeof one);
    memcpy(&two, b, sizeof two);
    one.figures = two.figures = 0;
    one.features = two.features = 0;
    return memcmp(&one, &two, sizeof one) == 0;
}

static void make_room(plan_list *list)
{
    if (list->count < list->room) {
        return;
    }
    list->room = list->room > 0 ? 2 * list->room : 64;
    list->plans = realloc(list->plans, list->room * sizeof *list->plans);
    if (list->plans == NULL) {
        die(SEPARATION_PROGRAM, "out of memory");
    }
}

void plan_list_add(plan_list *list, const run_plan *plan)
{
    for (size_t i = 0; i < list->count; i++) {
        run_plan *const old = &list->plans[i];
        if (same_run(old, plan)) {
            old->figures |= list->figures;
            old->features = old->features > plan->features ? old->features : plan->features;
            return;
        }
    }
    make_room(list);
    list->plans[list->count] = *plan;
    list->plans[list->count++].figures = list->figures;
}

void plan_list_free(plan_list *list)
{
    for (size_t i = 0; i < list->count && list->results != NULL; i++) {
        run_free(&list->results[i]);
    }
    free(list->plans);
    free(list->results);
    *list = (plan_list){0};
}

/* ---- carrying out -------------------------------------------------------------------------- */

typedef struct journey {
    progress line;
    size_t epochs_done;
} journey;

/* Called by whichever thread ends an epoch. */
static void count_epoch(void *user)
{
    journey *const all = user;
#pragma omp critical(separation_progress)
    progress_step(&all->line, ++all->epochs_done, NULL);
}

static int most_threads(void)
{
#ifdef _OPENMP
    return omp_get_max_threads();
#else
    return 1;
#endif
}

static void die_of(const run_plan *plan, const run_result *result)
{
    die(SEPARATION_PROGRAM, "%s, %s, seed %llu: %s", plan->data->name,
        margin_loss_get(plan->loss)->name, (unsigned long long)plan->seed, result->error);
}

void plans_carry_out(plan_list *list, int threads)
{
    journey all = {.epochs_done = 0};
    size_t epochs = 0;
    int failed = 0;
    list->results = calloc(list->count + 1, sizeof *list->results);
    if (list->results == NULL) {
        die(SEPARATION_PROGRAM, "out of memory");
    }
    for (size_t i = 0; i < list->count; i++) {
        epochs += run_epochs(&list->plans[i]);
        list->plans[i].epoch_done = count_epoch;
        list->plans[i].user = &all;
    }
    progress_start(&all.line, "training", epochs);
    /* One run at a time to each thread: they differ in length. */
#pragma omp parallel for schedule(dynamic, 1) num_threads(threads > 0 ? threads : most_threads())
    for (size_t i = 0; i < list->count; i++) {
        int stop;
#pragma omp atomic read
        stop = failed;
        if (!stop && run_carry_out(&list->plans[i], &list->results[i]) != 0) {
#pragma omp atomic write
            failed = 1;
        }
    }
    progress_end(&all.line);
    for (size_t i = 0; i < list->count; i++) {
        if (list->results[i].error[0] != '\0') {
            die_of(&list->plans[i], &list->results[i]);
        }
    }
}
