/* dump.c: a run's embeddings as .npy files (see dump.h). Must not know how they came about. */
#include "dump.h"

#include <ctype.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>

#include "npy.h"
#include "options.h"
#include "separation_options.h"

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
