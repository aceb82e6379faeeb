/* run_measure.c: what is measured on a trained network (see run_measure.h). Must not know how it
 * was trained. */
#include "run_measure.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static int normalised(const run_plan *plan)
{
    return margin_loss_get(plan->aim.loss.loss)->normalised;
}

/* Class weights, unless the classes are not those of the weights. */
static separation_input input_of(const run_plan *plan, const run_parts *parts, const dataset *data,
                                 const float *embeddings)
{
    const int has_weights = plan->aim.triplet == 0.0 && data != &parts->data.unseen;
    return (separation_input){
        .count = data->count,
        .dim = plan->dim,
        .classes = data->classes,
        .embeddings = embeddings,
        .labels = data->labels,
        .weights = has_weights ? parts->head.weights : NULL,
        .bias = parts->head.bias,
        .normalised = normalised(plan),
    };
}

static int measure_part(const run_plan *plan, run_parts *parts, const char *name,
                        const dataset *data, float *embeddings, double *centres,
                        separation_stats *out)
{
    trainer_embed(&parts->net, data, embeddings);
    const separation_input input = input_of(plan, parts, data, embeddings);
    if (plan->embedded != NULL) {
        const run_embedded what = {name, plan->dim, data->classes, data, embeddings, input.weights};
        plan->embedded(plan->folder, plan, &what);
    }
    return separation_measure(&input, out, centres);
}

/* The first samples of each class: their order within the class is random already. */
static void keep_features(const run_plan *plan, const dataset *data, const float *embeddings,
                          run_result *result)
{
    const size_t dim = plan->dim;
    size_t in_class = 0;
    for (size_t i = 0; i < data->count; i++) {
        in_class = i > 0 && data->labels[i] == data->labels[i - 1] ? in_class + 1 : 0;
        if (in_class < plan->features) {
            memcpy(result->features + result->feature_count * dim, embeddings + i * dim,
                   dim * sizeof *embeddings);
            result->feature_classes[result->feature_count++] = data->labels[i];
        }
    }
}

static int measure_test(const run_plan *plan, run_parts *parts, float *embeddings,
                        run_result *result)
{
    const dataset *const data = &parts->data.test;
    int status =
        measure_part(plan, parts, "test", data, embeddings, result->centres, &result->test);
    if (status == 0 && plan->dim == 2) {
        const separation_input input = input_of(plan, parts, data, embeddings);
        status = circle_arcs(&input, result->centres, result->arcs);
    }
    if (status == 0 && plan->dim <= 3) keep_features(plan, data, embeddings, result);
    return status;
}

static int measure_unseen(const run_plan *plan, run_parts *parts, float *embeddings,
                          double *centres, run_result *result)
{
    const dataset *const data = &parts->data.unseen;
    if (data->count == 0) return 0;
    const verification_input pairs = {
        .rows = data->count,
        .dim = plan->dim,
        .embeddings = embeddings,
        .labels = data->labels,
        .threads = 1,
    };
    result->verified = 1;
    const int status =
        measure_part(plan, parts, "unseen", data, embeddings, centres, &result->unseen);
    return status != 0 ? status : verification_measure(&pairs, &result->strangers);
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

static size_t most_samples(const data_split *data)
{
    return larger(data->train.count, larger(data->test.count, data->unseen.count));
}

int run_measure(const run_plan *plan, run_parts *parts, run_result *result)
{
    const data_split *const data = &parts->data;
    const size_t dim = plan->dim, classes = data->train.classes;
    const size_t people = larger(classes, data->unseen.classes);
    float *embeddings = calloc(most_samples(data) * dim, sizeof *embeddings);
    double *centres = calloc(people * dim, sizeof *centres);
    result->weights = calloc(classes * dim, sizeof *result->weights);
    result->centres = calloc(classes * dim, sizeof *result->centres);
    result->arcs = dim == 2 ? calloc(classes, sizeof *result->arcs) : NULL;
    result->features = calloc(dim <= 3 ? data->test.count * dim : 1, sizeof *result->features);
    result->feature_classes = calloc(data->test.count, sizeof *result->feature_classes);
    const int ready = embeddings != NULL && centres != NULL && result->weights != NULL &&
                      result->centres != NULL && (dim != 2 || result->arcs != NULL) &&
                      result->features != NULL && result->feature_classes != NULL;
    int status = ready ? 0 : ENOMEM;
    if (status == 0) {
        memcpy(result->weights, parts->head.weights, classes * dim * sizeof *result->weights);
        status =
            measure_part(plan, parts, "train", &data->train, embeddings, centres, &result->train);
    }
    if (status == 0) status = measure_test(plan, parts, embeddings, result);
    if (status == 0) status = measure_unseen(plan, parts, embeddings, centres, result);
    free(embeddings);
    free(centres);
    return status;
}

int run_take_snapshot(const run_plan *plan, run_parts *parts, size_t epoch, run_snapshot *out)
{
    const dataset *const data = &parts->data.train;
    float *embeddings = calloc(data->count * plan->dim, sizeof *embeddings);
    double *centres = calloc(data->classes * plan->dim, sizeof *centres);
    separation_stats stats;
    int status = embeddings != NULL && centres != NULL ? 0 : ENOMEM;
    if (status == 0) {
        trainer_embed(&parts->net, data, embeddings);
        const separation_input input = input_of(plan, parts, data, embeddings);
        status = separation_measure(&input, &stats, centres);
    }
    if (status == 0) *out = (run_snapshot){epoch, stats.theta};
    free(embeddings);
    free(centres);
    return status;
}
