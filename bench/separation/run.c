/* run.c: one run (see run.h). Must not know the command line, or other runs. */
#include "run.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "measured.h"
#include "memory.h"

/* ---- the parts ----------------------------------------------------------------------------- */

static void make_data(const run_plan *plan, data_split *out)
{
    sphere_config config = plan->sphere;
    config.seed = plan->seed;
    config.train = plan->train;
    config.test = plan->test;
    config.validation = plan->validation;
    if (plan->data->images != NULL) {
        const image_choice choice = {plan->train, plan->test, plan->classes, plan->validation,
                                     plan->seed};
        image_set_pick(plan->data->images, &choice, out);
    } else {
        sphere_data_make(&config, out);
    }
}

static size_t *sizes_of(const dataset *data)
{
    size_t *const sizes = zeroed(data->classes, sizeof *sizes);
    for (size_t i = 0; i < data->count; i++)
        sizes[data->labels[i]]++;
    return sizes;
}

/* In the plane round a tour of like classes, unless the recipe says otherwise; else at random. */
static void make_head(const run_plan *plan, const dataset *data, class_weights *out)
{
    const double length = run_normalised(plan) ? plan->how.weight_length : 1.0;
    class_weights_create(out, data->classes, plan->dim, !run_normalised(plan));
    if (plan->aim.triplet > 0.0) return;
    if (plan->dim > 2 || plan->how.start == START_RANDOM) {
        class_weights_scatter(out, length, plan->seed);
        return;
    }
    size_t *const order = zeroed(data->classes, sizeof *order);
    tour_classes(data, order);
    class_weights_place(out, order, length, plan->seed);
    free(order);
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

static void keeper_open(keeper *k, const run_plan *plan, run_parts *parts, trainer *t,
                        run_result *result)
{
    network *const net = &parts->net;
    class_weights *const head = &parts->head;
    char key[RUN_KEY];
    *k = (keeper){.saved = seconds_now()};
    if (plan->checkpoints == NULL) return;
    run_plan_key(plan, key);
    snprintf(k->key, sizeof k->key, "%s: %s%s", plan->program, key,
             plan->geometry ? " geometry" : "");
    k->path = checkpoint_path(plan->checkpoints, k->key);
    if (k->path == NULL) out_of_memory();
    keep(k, &t->epoch, sizeof t->epoch);
    keep(k, &t->loss, sizeof t->loss);
    keep(k, &result->seconds, sizeof result->seconds);
    keep(k, result->snapshots, sizeof result->snapshots);
    keep(k, result->moments, sizeof result->moments);
    keep(k, &result->moment_count, sizeof result->moment_count);
    keep(k, t->velocities, t->velocity_count * sizeof *t->velocities);
    keep(k, net->parameters, net->parameter_count * sizeof *net->parameters);
    keep(k, head->weights, head->classes * head->dim * sizeof *head->weights);
    if (head->bias != NULL) keep(k, head->bias, head->classes * sizeof *head->bias);
    for (size_t i = 0; i < net->layer_count; i++) {
        size_t running;
        real *const values = network_running(net, i, &running);
        if (running > 0) keep(k, values, running * sizeof *values);
    }
}

/* ---- training ------------------------------------------------------------------------------ */

static int diverged(run_result *result, margin_status status, size_t epoch)
{
    snprintf(result->error, sizeof result->error, "%s in epoch %zu: %s",
             status == MARGIN_ERROR_NONFINITE ? "training diverged" : "stopped", epoch,
             margin_status_text(status));
    return -1;
}

/* 0, 1, 2, 5, 10, 20, 50, ... */
static int is_round(size_t epoch)
{
    while (epoch >= 10 && epoch % 10 == 0)
        epoch /= 10;
    return epoch <= 2 || epoch == 5;
}

/* Before the first epoch, half way and after the last; geometry more often. */
static void snapshot_if_due(const run_plan *plan, run_parts *parts, size_t epoch,
                            run_result *result)
{
    const size_t moments[RUN_SNAPSHOTS] = {0, plan->how.epochs / 2, plan->how.epochs};
    if (plan->brief) return;
    for (size_t i = 0; i < RUN_SNAPSHOTS; i++)
        if (epoch == moments[i]) result->snapshots[i] = take_snapshot(plan, parts, epoch);
    if (plan->geometry && (is_round(epoch) || epoch == plan->how.epochs) &&
        result->moment_count < RUN_MOMENTS)
        take_moment(plan, parts, epoch, &result->moments[result->moment_count++]);
}

/* What is measured at the end, before the first epoch and along the way: more often early, where
 * classes part. A training of few epochs has fewer frames. */
static void film_if_due(const run_plan *plan, run_parts *parts, const trainer *t,
                        run_result *result)
{
    static const double moments[RUN_FRAMES] = {0, 0.05, 0.1, 0.2, 0.35, 0.5, 0.75, 1};
    for (size_t i = 0; i < RUN_FRAMES && plan->filmed; i++) {
        if (t->epoch == (size_t)lround(moments[i] * (double)plan->how.epochs)) {
            if (result->frames == NULL) result->frames = zeroed(RUN_FRAMES, sizeof *result->frames);
            run_result *const frame = &result->frames[result->frame_count++];
            const size_t step = t->epoch * t->batches;
            *frame = (run_result){.classes = result->classes,
                                  .epoch = t->epoch,
                                  .share = schedule_margin(&plan->how, t->steps, step),
                                  .lambda = schedule_lambda(&plan->how, t->steps, step),
                                  .final_loss = t->loss};
            measure_trained(plan, parts, frame);
            return;
        }
    }
}

static int train_on(const run_plan *plan, run_parts *parts, trainer *t, keeper *k,
                    run_result *result)
{
    while (t->epoch < plan->how.epochs) {
        const double start = seconds_now();
        const margin_status status = trainer_epoch(t);
        result->seconds += seconds_now() - start;
        if (status != MARGIN_OK) return diverged(result, status, t->epoch + 1);
        snapshot_if_due(plan, parts, t->epoch, result);
        film_if_due(plan, parts, t, result);
        if (k->path != NULL && (seconds_now() - k->saved >= plan->checkpoint_seconds ||
                                t->epoch == plan->how.epochs)) {
            k->saved = seconds_now();
            if (checkpoint_save(k->path, k->key, k->pieces, k->count, result->error,
                                sizeof result->error) != 0)
                return -1;
        }
        if (plan->epoch_done != NULL) plan->epoch_done(plan);
    }
    result->final_loss = t->loss;
    return 0;
}

/* From the state that was kept, or from the beginning. */
static int train(const run_plan *plan, run_parts *parts, run_result *result)
{
    const training config = {plan->aim, plan->how, plan->seed};
    trainer t;
    keeper k;
    int status = 0;
    trainer_open(&t, &config, &parts->data.train, &parts->net, &parts->head);
    snapshot_if_due(plan, parts, 0, result);
    film_if_due(plan, parts, &t, result);
    keeper_open(&k, plan, parts, &t, result);
    if (k.path != NULL)
        status =
            checkpoint_load(k.path, k.key, k.pieces, k.count, result->error, sizeof result->error);
    if (status >= 0) {
        result->error[0] = '\0'; /* that there is no state yet is no error */
        for (size_t i = 0; i < t.epoch && plan->epoch_done != NULL; i++)
            plan->epoch_done(plan);
        status = train_on(plan, parts, &t, &k, result);
    }
    free(k.path);
    trainer_close(&t);
    return status;
}

/* ---- the run ------------------------------------------------------------------------------- */

int run_carry_out(const run_plan *plan, run_result *result)
{
    run_parts parts = {0};
    make_data(plan, &parts.data);
    if (plan->data->images != NULL || plan->sphere.imbalance > 1.0)
        parts.sizes = sizes_of(&parts.data.train);
    *result = (run_result){
        .classes = parts.data.train.classes,
        .train_count = parts.data.train.count,
        .test_count = parts.data.test.count,
        .train = separation_none,
        .test = separation_none,
        .unseen = separation_none,
    };
    const size_t *const hidden = plan->how.hidden;
    const layer_shape shapes[] = {
        {LAYER_DENSE, hidden[0]}, {LAYER_BATCH_NORM, 0}, {LAYER_PRELU, 0},
        {LAYER_DENSE, hidden[1]}, {LAYER_BATCH_NORM, 0}, {LAYER_PRELU, 0},
        {LAYER_DENSE, plan->dim},
    };
    network_create(&parts.net, parts.data.train.dim, shapes, sizeof shapes / sizeof *shapes,
                   plan->how.batch, plan->seed);
    make_head(plan, &parts.data.train, &parts.head);
    const int status = train(plan, &parts, result);
    if (status == 0 && !plan->brief) measure_trained(plan, &parts, result);
    if (status == 0) measure_strangers(plan, &parts, result);
    data_split_free(&parts.data);
    network_free(&parts.net);
    class_weights_free(&parts.head);
    free(parts.sizes);
    return status;
}

void run_free(run_result *result)
{
    for (size_t i = 0; i < result->frame_count; i++)
        run_free(&result->frames[i]);
    free(result->frames);
    free(result->weights);
    free(result->centres);
    free(result->arcs);
    free(result->train_arcs);
    free(result->features);
    free(result->feature_classes);
    *result = (run_result){0};
}
