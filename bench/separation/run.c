/* run.c: one toy run (see run.h). Must not know the command line, files or other runs. */
#define _GNU_SOURCE
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "sphere_data.h"
#include "tour.h"
#include "trainer.h"

/* The head's scratch memory: small, because a context is made anew at each step of the warm-up. */
static const size_t workspace_bytes = (size_t)1 << 20;

typedef struct run_parts {
    data_split data;
    network net;
    class_weights head;
} run_parts;

static double now(void)
{
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return (double)time.tv_sec + 1e-9 * (double)time.tv_nsec;
}

static int no_memory(run_result *result)
{
    snprintf(result->error, sizeof result->error, "out of memory");
    return -1;
}

static void settle_recipe(const run_plan *plan, run_result *result)
{
    result->used = plan->data->images == NULL ? recipe_sphere : recipe_images;
    result->used.epochs = run_epochs(plan);
    if (plan->samples != 0) {
        result->used.samples = plan->samples;
    }
}

static int make_data(const run_plan *plan, const recipe *used, data_split *out)
{
    if (plan->data->images != NULL) {
        return image_set_pick(plan->data->images, used->samples, used->samples, plan->seed, out);
    }
    sphere_config config;
    sphere_config_init(&config);
    config.seed = plan->seed;
    config.train = config.test = used->samples;
    return sphere_data_make(&config, out);
}

static int make_network(const run_plan *plan, const recipe *used, size_t inputs, network *out)
{
    const layer_shape shapes[] = {
        {LAYER_DENSE, used->hidden[0]}, {LAYER_BATCH_NORM, 0}, {LAYER_PRELU, 0},
        {LAYER_DENSE, used->hidden[1]}, {LAYER_BATCH_NORM, 0}, {LAYER_PRELU, 0},
        {LAYER_DENSE, RUN_DIM},
    };
    return network_create(out, inputs, shapes, sizeof shapes / sizeof *shapes, used->batch,
                          plan->seed);
}

static int make_head(const run_plan *plan, const recipe *used, const dataset *data,
                     class_weights *out)
{
    const int normalised = margin_loss_get(plan->loss)->normalised;
    size_t *order = calloc(data->classes, sizeof *order);
    const int ready = order != NULL && tour_classes(data, order) == 0 &&
                      class_weights_create(out, data->classes, RUN_DIM, !normalised) == 0;
    if (ready) {
        class_weights_place(out, order, normalised ? used->weight_length : 1.0, plan->seed);
    }
    free(order);
    return ready ? 0 : ENOMEM;
}

static training make_training(const run_plan *plan, const run_result *result)
{
    const recipe *const used = &result->used;
    return (training){
        .loss = result->loss,
        .plan = {.shape = RATE_COSINE,
                 .rate = used->rate,
                 .lambda_base = recipe_lambda_base,
                 .lambda_power = recipe_lambda_power,
                 .lambda_least = recipe_lambda_least},
        .epochs = used->epochs,
        .batch = used->batch,
        .warmup = used->warmup,
        .anneal = used->anneal,
        .momentum = used->momentum,
        .decay = used->decay,
        .clip = used->clip,
        .seed = plan->seed,
        .epoch_done = plan->epoch_done,
        .user = plan->user,
    };
}

static int train(const run_plan *plan, run_parts *parts, run_result *result)
{
    const training config = make_training(plan, result);
    training_result outcome;
    const double start = now();
    if (trainer_run(&config, &parts->data.train, &parts->net, &parts->head, &outcome) != 0) {
        return no_memory(result);
    }
    result->seconds = now() - start;
    result->final_loss = outcome.loss;
    if (outcome.status != MARGIN_OK) {
        snprintf(result->error, sizeof result->error, "%s in epoch %zu: %s",
                 outcome.status == MARGIN_ERROR_NONFINITE ? "training diverged" : "stopped",
                 outcome.epoch, margin_status_text(outcome.status));
        return -1;
    }
    return 0;
}

/* ---- measuring ----------------------------------------------------------------------------- */

static int measure(run_parts *parts, const dataset *data, int normalised, float *embeddings,
                   double *centres, separation_stats *out)
{
    trainer_embed(&parts->net, data, embeddings);
    const separation_input input = {
        .count = data->count,
        .dim = RUN_DIM,
        .classes = data->classes,
        .embeddings = embeddings,
        .labels = data->labels,
        .weights = parts->head.weights,
        .bias = parts->head.bias,
        .normalised = normalised,
    };
    return separation_measure(&input, out, centres);
}

/* The first samples of each class: their order within the class is random already. */
static void keep_features(const dataset *data, const float *embeddings, size_t each,
                          run_result *result)
{
    size_t in_class = 0;
    for (size_t i = 0; i < data->count; i++) {
        in_class = i > 0 && data->labels[i] == data->labels[i - 1] ? in_class + 1 : 0;
        if (in_class < each) {
            result->features[result->feature_count++] =
                (run_feature){data->labels[i], embeddings[2 * i], embeddings[2 * i + 1]};
        }
    }
}

static int measure_all(const run_plan *plan, run_parts *parts, run_result *result)
{
    const dataset *const train_data = &parts->data.train, *const test_data = &parts->data.test;
    const int normalised = margin_loss_get(plan->loss)->normalised;
    const size_t classes = train_data->classes;
    const size_t most = train_data->count > test_data->count ? train_data->count : test_data->count;
    float *embeddings = calloc(most * RUN_DIM, sizeof *embeddings);
    result->weights = calloc(classes * RUN_DIM, sizeof *result->weights);
    result->centres = calloc(classes * RUN_DIM, sizeof *result->centres);
    result->features = calloc(test_data->count, sizeof *result->features);
    const int ready = embeddings != NULL && result->weights != NULL && result->centres != NULL &&
                      result->features != NULL;
    int status = ready ? 0 : ENOMEM;
    if (status == 0) {
        memcpy(result->weights, parts->head.weights, classes * RUN_DIM * sizeof *result->weights);
        status =
            measure(parts, train_data, normalised, embeddings, result->centres, &result->train);
    }
    if (status == 0) {
        status = measure(parts, test_data, normalised, embeddings, result->centres, &result->test);
    }
    if (status == 0) {
        keep_features(test_data, embeddings, plan->features, result);
    }
    free(embeddings);
    return status == 0 ? 0 : no_memory(result);
}

/* ---- the run ------------------------------------------------------------------------------- */

size_t run_epochs(const run_plan *plan)
{
    const recipe *const own = plan->data->images == NULL ? &recipe_sphere : &recipe_images;
    return plan->epochs != 0 ? plan->epochs : own->epochs;
}

void run_loss(const run_plan *plan, margin_config *out)
{
    sphere_config sphere;
    sphere_config_init(&sphere);
    const size_t classes =
        plan->data->images != NULL ? plan->data->images->classes : sphere.identities;
    recipe_loss(plan->loss, classes, &plan->override, out);
    out->isa = plan->isa;
    out->threads = 1; /* runs are what is spread over threads */
    out->workspace_bytes = workspace_bytes;
}

static int carry_out(const run_plan *plan, run_parts *parts, run_result *result)
{
    if (make_data(plan, &result->used, &parts->data) != 0) {
        return no_memory(result);
    }
    const dataset *const data = &parts->data.train;
    result->classes = data->classes;
    result->train_count = data->count;
    result->test_count = parts->data.test.count;
    run_loss(plan, &result->loss);
    if (make_network(plan, &result->used, data->dim, &parts->net) != 0 ||
        make_head(plan, &result->used, data, &parts->head) != 0) {
        return no_memory(result);
    }
    if (train(plan, parts, result) != 0) {
        return -1;
    }
    return measure_all(plan, parts, result);
}

int run_carry_out(const run_plan *plan, run_result *result)
{
    *result = (run_result){0};
    run_parts parts = {0};
    settle_recipe(plan, result);
    const int status = carry_out(plan, &parts, result);
    data_split_free(&parts.data);
    network_free(&parts.net);
    class_weights_free(&parts.head);
    return status;
}

void run_free(run_result *result)
{
    free(result->weights);
    free(result->centres);
    free(result->features);
    *result = (run_result){0};
}
