/* plans.c: a list of runs, carried out (see plans.h). Must not know what a run is for. */
#include "plans.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "npy.h"
#include "options.h"
#include "progress.h"
#include "threads.h"

void plan_list_add(plan_list *list, const run_plan *plan)
{
    char key[RUN_KEY];
    run_plan_key(plan, key);
    for (size_t i = 0; i < list->count; i++) {
        run_plan *const old = &list->plans[i];
        if (strcmp(list->keys[i], key) == 0) {
            old->figures |= list->figures;
            old->geometry |= plan->geometry;
            old->features = old->features > plan->features ? old->features : plan->features;
            return;
        }
    }
    if (list->count == list->room) {
        list->room = list->room > 0 ? 2 * list->room : 64;
        list->plans = grown(list->plans, list->room * sizeof *list->plans);
        list->keys = grown(list->keys, list->room * sizeof *list->keys);
    }
    list->plans[list->count] = *plan;
    list->plans[list->count].figures = list->figures;
    strcpy(list->keys[list->count++], key);
}

void plan_list_free(plan_list *list)
{
    for (size_t i = 0; i < list->count && list->results != NULL; i++)
        run_free(&list->results[i]);
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

/* What a run is called in the line of progress and where it fails. */
static const char *name_run(const run_plan *plan, char name[RUN_LABEL + 64])
{
    char label[RUN_LABEL];
    run_plan_label(plan, label);
    snprintf(name, RUN_LABEL + 64, "%.40s %zud, %s, seed %llu", plan->data->name, plan->dim, label,
             (unsigned long long)plan->seed);
    return name;
}

/* Called by whichever thread ends an epoch. */
static void count_epoch(const run_plan *plan)
{
    journey *const all = plan->user;
    char name[RUN_LABEL + 64];
    name_run(plan, name);
#pragma omp critical(separation_progress)
    progress_step(&all->line, ++all->epochs_done, name);
}

void plans_carry_out(plan_list *list, int threads)
{
    journey all = {.epochs_done = 0};
    size_t epochs = 0;
    int failed = 0;
    const size_t all_threads = (size_t)thread_count(threads);
    const size_t most = list->count > 0 ? list->count : 1;
    const size_t teams = most < all_threads ? most : all_threads;
    list->results = zeroed(list->count, sizeof *list->results);
    for (size_t i = 0; i < list->count; i++) {
        size_t first = 0; /* with these samples */
        while (list->plans[first].data != list->plans[i].data ||
               list->plans[first].seed != list->plans[i].seed)
            first++;
        list->plans[i].raw =
            list->plans[i].data->images != NULL && first == i && !list->plans[i].brief;
        epochs += list->plans[i].how.epochs;
        list->plans[i].epoch_done = count_epoch;
        list->plans[i].user = &all;
        list->plans[i].aim.loss.threads = (int)(all_threads / teams);
    }
    progress_start(&all.line, "training", epochs);
    /* One run at a time to each thread: they differ in length. */
#pragma omp parallel for schedule(dynamic, 1) num_threads((int)teams)
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
        char name[RUN_LABEL + 64];
        if (list->results[i].error[0] != '\0')
            die(SEPARATION_PROGRAM, "%s: %s", name_run(&list->plans[i], name),
                list->results[i].error);
    }
}

/* ---- embeddings as files ------------------------------------------------------------------- */

/* "arcface m=0.5 s=64" as it may stand in a file name: "arcface_m0.5_s64". */
static void name_label(const run_plan *plan, char name[RUN_LABEL])
{
    char label[RUN_LABEL];
    size_t used = 0;
    run_plan_label(plan, label);
    for (const char *from = label; *from != '\0'; from++) {
        if (isalnum((unsigned char)*from) || *from == '.' || *from == '+') {
            name[used++] = *from;
        } else if (*from == ' ') {
            name[used++] = '_';
        }
    }
    name[used] = '\0';
}

static void write_array(const char *folder, const run_plan *plan, const char *part,
                        const char *what, npy_array array)
{
    char path[PATH_MAX], name[RUN_LABEL], error[512] = "";
    int failed;
    name_label(plan, name);
    snprintf(path, sizeof path, "%s/%s-%zud-%s-seed%llu-%s-%s.npy", folder, plan->data->name,
             plan->dim, name, (unsigned long long)plan->seed, part, what);
#pragma omp critical(separation_files)
    failed = npy_write(path, &array, error, sizeof error);
    if (failed) die(SEPARATION_PROGRAM, "%s", error);
}

void dump_embedded(const char *folder, const run_plan *plan, const run_embedded *what)
{
    const dataset *const data = what->data;
    /* npy_write reads only. */
    const npy_array embeddings = {2, {data->count, what->dim}, NPY_F32, (void *)what->embeddings};
    const npy_array labels = {1, {data->count}, NPY_I64, data->labels};
    const npy_array weights = {2, {what->classes, what->dim}, NPY_F32, (void *)what->weights};
    write_array(folder, plan, what->part, "embeddings", embeddings);
    write_array(folder, plan, what->part, "labels", labels);
    if (what->weights != NULL) write_array(folder, plan, what->part, "weights", weights);
}
