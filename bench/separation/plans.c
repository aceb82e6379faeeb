/* plans.c: a list of runs, carried out (see plans.h). Must not know what a run is for. */
#include "plans.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

#include "options.h"
#include "progress.h"
#include "separation_options.h"

static void *grow(void *memory, size_t bytes)
{
    void *const larger = realloc(memory, bytes);
    if (larger == NULL) out_of_memory();
    return larger;
}

static void append(plan_list *list, const run_plan *plan, const char *key)
{
    if (list->count == list->room) {
        list->room = list->room > 0 ? 2 * list->room : 64;
        list->plans = grow(list->plans, list->room * sizeof *list->plans);
        list->keys = grow(list->keys, list->room * sizeof *list->keys);
    }
    list->plans[list->count] = *plan;
    list->plans[list->count].figures = list->figures;
    list->keys[list->count] = strcpy(grow(NULL, strlen(key) + 1), key);
    list->count++;
}

void plan_list_add(plan_list *list, const run_plan *plan)
{
    char key[RUN_KEY];
    run_plan_key(plan, key);
    for (size_t i = 0; i < list->count; i++) {
        run_plan *const old = &list->plans[i];
        if (strcmp(list->keys[i], key) == 0) {
            old->figures |= list->figures;
            old->features = old->features > plan->features ? old->features : plan->features;
            return;
        }
    }
    append(list, plan, key);
}

void plan_list_free(plan_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->keys[i]);
        if (list->results != NULL) run_free(&list->results[i]);
    }
    free(list->plans);
    free(list->keys);
    free(list->results);
    *list = (plan_list){0};
}

/* ---- carrying out -------------------------------------------------------------------------- */

typedef struct journey {
    progress line;
    size_t epochs_done;
} journey;

/* One plan's part in it. */
typedef struct leg {
    journey *all;
    char label[RUN_LABEL + 64];
} leg;

static void name_leg(leg *out, journey *all, const run_plan *plan)
{
    char label[RUN_LABEL];
    run_plan_label(plan, label);
    out->all = all;
    snprintf(out->label, sizeof out->label, "%.40s %zud, %s, seed %llu", plan->data->name,
             plan->dim, label, (unsigned long long)plan->seed);
}

/* Called by whichever thread ends an epoch. */
static void count_epoch(void *user)
{
    const leg *const mine = user;
    journey *const all = mine->all;
#pragma omp critical(separation_progress)
    progress_step(&all->line, ++all->epochs_done, mine->label);
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
    char label[RUN_LABEL];
    run_plan_label(plan, label);
    die(SEPARATION_PROGRAM, "%s, %s, seed %llu: %s", plan->data->name, label,
        (unsigned long long)plan->seed, result->error);
}

void plans_carry_out(plan_list *list, int threads)
{
    journey all = {.epochs_done = 0};
    size_t epochs = 0;
    int failed = 0;
    leg *const legs = zeroed(list->count, sizeof *legs);
    list->results = zeroed(list->count, sizeof *list->results);
    for (size_t i = 0; i < list->count; i++) {
        epochs += list->plans[i].how.epochs;
        name_leg(&legs[i], &all, &list->plans[i]);
        list->plans[i].epoch_done = count_epoch;
        list->plans[i].user = &legs[i];
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
    free(legs);
    for (size_t i = 0; i < list->count; i++) {
        if (list->results[i].error[0] != '\0') die_of(&list->plans[i], &list->results[i]);
    }
}
