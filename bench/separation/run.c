/* run.c: one run (see run.h). Must not know the command line, or other runs. */
#include "run.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "checkpoint.h"
#include "clock.h"
#include "run_measure.h"
#include "tour.h"

static int no_memory(run_result *result)
{
    snprintf(result->error, sizeof result->error, "out of memory");
    return -1;
}

/* ---- the parts ----------------------------------------------------------------------------- */

static int make_data(const run_plan *plan, data_split *out)
{
    if (plan->data->images != NULL)
        return image_set_pick(plan->data->images, plan->how.train, plan->how.test, plan->seed, out);
    sphere_config config = plan->sphere;
    config.seed = plan->seed;
    config.train = plan->how.train;
    config.test = plan->how.test;
    return sphere_data_make(&config, out);
}

static int make_network(const run_plan *plan, size_t inputs, network *out)
{
    const recipe *const how = &plan->how;
    const layer_shape shapes[] = {
        {LAYER_DENSE, how->hidden[0]}, {LAYER_BATCH_NORM, 0}, {LAYER_PRELU, 0},
        {LAYER_DENSE, how->hidden[1]}, {LAYER_BATCH_NORM, 0}, {LAYER_PRELU, 0},
        {LAYER_DENSE, plan->dim},
    };
    return network_create(out, inputs, shapes, sizeof shapes / sizeof *shapes, how->batch,
                          plan->seed);
}

/* In the plane round a tour of like classes, else at random. */
static int make_head(const run_plan *plan, const dataset *data, class_weights *out)
{
    const int normalised = margin_loss_get(plan->aim.loss.loss)->normalised;
    const double length = normalised ? plan->how.weight_length : 1.0;
    if (class_weights_create(out, data->classes, plan->dim, !normalised) != 0) return ENOMEM;
    if (plan->aim.triplet > 0.0) return 0;
    if (plan->dim > 2) {
        class_weights_scatter(out, length, plan->seed);
        return 0;
    }
    size_t *order = calloc(data->classes, sizeof *order);
    const int ready = order != NULL && tour_classes(data, order) == 0;
    if (ready) class_weights_place(out, order, length, plan->seed);
    free(order);
    return ready ? 0 : ENOMEM;
}

static training make_training(const run_plan *plan)
{
    const recipe *const how = &plan->how;
    return (training){
        .aim = plan->aim,
        .plan = {.shape = how->shape,
                 .rate = how->rate,
                 .lambda_base = how->lambda_base,
                 .lambda_power = how->lambda_power,
                 .lambda_least = how->lambda_least},
        .epochs = how->epochs,
        .batch = how->batch,
        .warmup = how->warmup,
        .anneal = how->anneal,
        .momentum = how->momentum,
        .decay = how->decay,
        .clip = how->clip,
        .seed = plan->seed,
    };
}

/* ---- the state that is kept ---------------------------------------------------------------- */

enum { MOST_PIECES = 32 };

typedef struct keeper {
    char key[RUN_KEY + 128];
    char *path; /* NULL: nothing is kept */
    checkpoint_piece pieces[MOST_PIECES];
    size_t count;
    double saved; /* when */
} keeper;

static void keep(keeper *k, void *data, size_t bytes)
{
    k->pieces[k->count++] = (checkpoint_piece){data, bytes};
}

static int keeper_open(keeper *k, const run_plan *plan, run_parts *parts, trainer *t,
                       run_result *result)
{
    char key[RUN_KEY];
    *k = (keeper){.saved = seconds_now()};
    if (plan->checkpoints == NULL) return 0;
    run_plan_key(plan, key);
    snprintf(k->key, sizeof k->key, "%s: %s", plan->program, key);
    k->path = checkpoint_path(plan->checkpoints, k->key);
    keep(k, &t->epoch, sizeof t->epoch);
    keep(k, &t->loss, sizeof t->loss);
    keep(k, &result->seconds, sizeof result->seconds);
    keep(k, result->snapshots, sizeof result->snapshots);
    keep(k, t->velocities, t->velocity_count * sizeof *t->velocities);
    keep(k, parts->net.parameters, parts->net.parameter_count * sizeof *parts->net.parameters);
    const size_t weights = parts->head.classes * parts->head.dim;
    keep(k, parts->head.weights, weights * sizeof *parts->head.weights);
    if (parts->head.bias != NULL)
        keep(k, parts->head.bias, parts->head.classes * sizeof *parts->head.bias);
    for (size_t i = 0; i < parts->net.layer_count; i++) {
        size_t running;
        real *const values = network_running(&parts->net, i, &running);
        if (running > 0) keep(k, values, running * sizeof *values);
    }
    return k->path == NULL ? ENOMEM : 0;
}

/* ---- training ------------------------------------------------------------------------------ */

static int diverged(run_result *result, margin_status status, size_t epoch)
{
    snprintf(result->error, sizeof result->error, "%s in epoch %zu: %s",
             status == MARGIN_ERROR_NONFINITE ? "training diverged" : "stopped", epoch,
             margin_status_text(status));
    return -1;
}

/* Before the first epoch, half way and after the last. */
static int snapshot_if_due(const run_plan *plan, run_parts *parts, const trainer *t,
                           run_result *result)
{
    const size_t moments[RUN_SNAPSHOTS] = {0, plan->how.epochs / 2, plan->how.epochs};
    for (size_t i = 0; i < RUN_SNAPSHOTS; i++) {
        if (t->epoch == moments[i] &&
            run_take_snapshot(plan, parts, t->epoch, &result->snapshots[i]) != 0) {
            return ENOMEM;
        }
    }
    return 0;
}

static int save_if_due(const run_plan *plan, keeper *k, const trainer *t, run_result *result)
{
    const int due =
        seconds_now() - k->saved >= plan->checkpoint_seconds || t->epoch == plan->how.epochs;
    if (k->path == NULL || !due) return 0;
    k->saved = seconds_now();
    return checkpoint_save(k->path, k->key, k->pieces, k->count, result->error,
                           sizeof result->error);
}

static int train_on(const run_plan *plan, run_parts *parts, trainer *t, keeper *k,
                    run_result *result)
{
    while (t->epoch < plan->how.epochs) {
        const double start = seconds_now();
        const margin_status status = trainer_epoch(t);
        result->seconds += seconds_now() - start;
        if (status != MARGIN_OK) return diverged(result, status, t->epoch + 1);
        if (snapshot_if_due(plan, parts, t, result) != 0) return no_memory(result);
        if (save_if_due(plan, k, t, result) != 0) return -1;
        if (plan->epoch_done != NULL) plan->epoch_done(plan->user);
    }
    result->final_loss = t->loss;
    return 0;
}

/* From the state that was kept, or from the beginning. */
static int begin(const run_plan *plan, run_parts *parts, trainer *t, keeper *k, run_result *result)
{
    if (snapshot_if_due(plan, parts, t, result) != 0 ||
        keeper_open(k, plan, parts, t, result) != 0) {
        return no_memory(result);
    }
    const int found = k->path == NULL ? 0
                                      : checkpoint_load(k->path, k->key, k->pieces, k->count,
                                                        result->error, sizeof result->error);
    if (found < 0) return -1;
    result->error[0] = '\0';
    for (size_t i = 0; i < t->epoch && plan->epoch_done != NULL; i++)
        plan->epoch_done(plan->user);
    return 0;
}

static int train(const run_plan *plan, run_parts *parts, run_result *result)
{
    const training config = make_training(plan);
    trainer t;
    keeper k = {.path = NULL};
    int status = trainer_open(&t, &config, &parts->data.train, &parts->net, &parts->head);
    if (status != 0) {
        status = no_memory(result);
    } else {
        status = begin(plan, parts, &t, &k, result);
    }
    if (status == 0) status = train_on(plan, parts, &t, &k, result);
    free(k.path);
    trainer_close(&t);
    return status;
}

/* ---- the run ------------------------------------------------------------------------------- */

static int carry_out(const run_plan *plan, run_parts *parts, run_result *result)
{
    if (make_data(plan, &parts->data) != 0) return no_memory(result);
    const dataset *const data = &parts->data.train;
    result->classes = data->classes;
    result->train_count = data->count;
    result->test_count = parts->data.test.count;
    result->unseen_count = parts->data.unseen.count;
    if (make_network(plan, data->dim, &parts->net) != 0 ||
        make_head(plan, data, &parts->head) != 0) {
        return no_memory(result);
    }
    if (train(plan, parts, result) != 0) return -1;
    return run_measure(plan, parts, result) == 0 ? 0 : no_memory(result);
}

int run_carry_out(const run_plan *plan, run_result *result)
{
    *result = (run_result){0};
    run_parts parts = {0};
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
    free(result->arcs);
    free(result->features);
    free(result->feature_classes);
    *result = (run_result){0};
}
