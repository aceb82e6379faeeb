/* run.c: one run (see run.h). Must not know the command line, or other runs. */
#include "run.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "memory.h"
#include "network.h"

typedef struct run_parts {
    data_split data;
    network net;
    class_weights head;
} run_parts;

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

static int normalised(const run_plan *plan)
{
    return margin_loss_get(plan->aim.loss.loss)->normalised;
}

/* In the plane round a tour of like classes, else at random. */
static void make_head(const run_plan *plan, const dataset *data, class_weights *out)
{
    const double length = normalised(plan) ? plan->how.weight_length : 1.0;
    class_weights_create(out, data->classes, plan->dim, !normalised(plan));
    if (plan->aim.triplet > 0.0) return;
    if (plan->dim > 2) {
        class_weights_scatter(out, length, plan->seed);
        return;
    }
    size_t *const order = zeroed(data->classes, sizeof *order);
    tour_classes(data, order);
    class_weights_place(out, order, length, plan->seed);
    free(order);
}

/* ---- what is measured ---------------------------------------------------------------------- */

/* Class weights, unless the classes are not those of the weights. */
static separation_input input_of(const run_plan *plan, const run_parts *parts, const dataset *data,
                                 const float *embeddings)
{
    const int strangers = data == &parts->data.unseen || data == &parts->data.validation;
    const int has_weights = plan->aim.triplet == 0.0 && !strangers;
    return (separation_input){
        .count = data->count,
        .dim = plan->dim,
        .classes = data->classes,
        .embeddings = embeddings,
        .labels = data->labels,
        .weights = has_weights ? parts->head.weights : NULL,
        .bias = parts->head.bias,
        .normalised = normalised(plan),
        .threads = plan->aim.loss.threads,
    };
}

/* The training samples' target angles at this moment. */
static run_snapshot take_snapshot(const run_plan *plan, run_parts *parts, size_t epoch)
{
    const dataset *const data = &parts->data.train;
    float *const embeddings = zeroed(data->count * plan->dim, sizeof *embeddings);
    trainer_embed(&parts->net, data, embeddings);
    const separation_input input = input_of(plan, parts, data, embeddings);
    const angle_summary theta = separation_theta(&input);
    free(embeddings);
    return (run_snapshot){epoch, theta};
}

/* Embeds one part of the data, [data->count, dim], to be freed. */
static float *embed_part(const run_plan *plan, run_parts *parts, const char *name,
                         const dataset *data)
{
    float *const embeddings = zeroed(data->count * plan->dim, sizeof *embeddings);
    trainer_embed(&parts->net, data, embeddings);
    if (plan->embedded != NULL) {
        const separation_input input = input_of(plan, parts, data, embeddings);
        const run_embedded what = {name, plan->dim, data->classes, data, embeddings, input.weights};
        plan->embedded(plan->folder, plan, &what);
    }
    return embeddings;
}

/* Embeds and measures one part of the data; returns its embeddings, to be freed. */
static float *measure_part(const run_plan *plan, run_parts *parts, const char *name,
                           const dataset *data, double *centres, arc *arcs, separation_stats *out)
{
    float *const embeddings = embed_part(plan, parts, name, data);
    const separation_input input = input_of(plan, parts, data, embeddings);
    separation_measure(&input, out, centres, arcs);
    return embeddings;
}

/* The first samples of each class: their order within the class is random already. */
static void keep_features(const run_plan *plan, const dataset *data, const float *embeddings,
                          run_result *result)
{
    const size_t dim = plan->dim;
    size_t in_class = 0;
    const size_t most = plan->features * data->classes;
    result->features = zeroed(most, dim * sizeof *result->features);
    result->feature_classes = zeroed(most, sizeof *result->feature_classes);
    for (size_t i = 0; i < data->count; i++) {
        in_class = i > 0 && data->labels[i] == data->labels[i - 1] ? in_class + 1 : 0;
        if (in_class < plan->features) {
            memcpy(result->features + result->feature_count * dim, embeddings + i * dim,
                   dim * sizeof *embeddings);
            result->feature_classes[result->feature_count++] = data->labels[i];
        }
    }
}

/* Are strangers told apart by these vectors, [data->count, dim]? */
static void compare_strangers(const run_plan *plan, const dataset *data, const float *vectors,
                              size_t dim, stranger_result *out)
{
    const int threads = plan->aim.loss.threads;
    const verification_input pairs = {.rows = data->count,
                                      .dim = dim,
                                      .embeddings = vectors,
                                      .labels = data->labels,
                                      .threads = threads};
    int64_t *const gallery = zeroed(2 * data->count, sizeof *gallery);
    int64_t *const probes = gallery + data->count;
    for (size_t i = 0; i < data->count; i++) {
        const int first = i == 0 || data->labels[i] != data->labels[i - 1];
        const int enrolled = first && data->labels[i] % 2 == 0;
        gallery[i] = enrolled ? data->labels[i] : -1;
        probes[i] = enrolled ? -1 : data->labels[i];
    }
    const identification_input search = {.dim = dim,
                                         .gallery_rows = data->count,
                                         .probe_rows = data->count,
                                         .gallery = vectors,
                                         .probes = vectors,
                                         .gallery_labels = gallery,
                                         .probe_labels = probes,
                                         .threads = threads};
    *out = (stranger_result){.count = data->count, .classes = data->classes};
    for (size_t k = 0; k < SEARCH_POINTS; k++)
        out->points[k].limit = k == 0 ? 0.1 : 0.01;
    if (verification_measure(&pairs, &out->pairs) != 0 ||
        identification_measure(&search, out->points, SEARCH_POINTS, &out->search) != 0)
        out_of_memory();
    free(gallery);
}

/* By the embeddings of one part of the data, which are returned, to be freed; NULL if it is empty.
 */
static float *embed_strangers(const run_plan *plan, run_parts *parts, const char *name,
                              const dataset *data, stranger_result *out)
{
    if (data->count == 0) return NULL;
    float *const embeddings = embed_part(plan, parts, name, data);
    compare_strangers(plan, data, embeddings, plan->dim, out);
    return embeddings;
}

static void measure_strangers(const run_plan *plan, run_parts *parts, run_result *result)
{
    const dataset *const data = &parts->data.unseen;
    float *const embeddings = embed_strangers(plan, parts, "unseen", data, &result->strangers);
    free(embed_strangers(plan, parts, "validation", &parts->data.validation, &result->validation));
    if (embeddings == NULL) return;
    if (plan->raw) compare_strangers(plan, data, data->inputs, data->dim, &result->raw_strangers);
    if (!plan->brief) {
        const separation_input input = input_of(plan, parts, data, embeddings);
        double *const centres = zeroed(data->classes * plan->dim, sizeof *centres);
        separation_measure(&input, &result->unseen, centres, NULL);
        free(centres);
    }
    free(embeddings);
}

/* Fills what the result says of those that were trained. */
static void measure_trained(const run_plan *plan, run_parts *parts, run_result *result)
{
    const dataset *const train = &parts->data.train, *const test = &parts->data.test;
    const size_t classes = train->classes, weights = classes * plan->dim;
    result->weights = zeroed(weights, sizeof *result->weights);
    memcpy(result->weights, parts->head.weights, weights * sizeof *result->weights);
    result->centres = zeroed(weights, sizeof *result->centres);
    result->arcs = plan->dim == 2 ? zeroed(classes, sizeof *result->arcs) : NULL;
    /* The test samples' centres, which stay, take the training samples' place. */
    free(measure_part(plan, parts, "train", train, result->centres, NULL, &result->train));
    float *const embeddings =
        measure_part(plan, parts, "test", test, result->centres, result->arcs, &result->test);
    if (plan->dim <= 3) keep_features(plan, test, embeddings, result);
    free(embeddings);
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
    snprintf(k->key, sizeof k->key, "%s: %s", plan->program, key);
    k->path = checkpoint_path(plan->checkpoints, k->key);
    if (k->path == NULL) out_of_memory();
    keep(k, &t->epoch, sizeof t->epoch);
    keep(k, &t->loss, sizeof t->loss);
    keep(k, &result->seconds, sizeof result->seconds);
    keep(k, result->snapshots, sizeof result->snapshots);
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

/* Before the first epoch, half way and after the last. */
static void snapshot_if_due(const run_plan *plan, run_parts *parts, size_t epoch,
                            run_result *result)
{
    const size_t moments[RUN_SNAPSHOTS] = {0, plan->how.epochs / 2, plan->how.epochs};
    if (plan->brief) return;
    for (size_t i = 0; i < RUN_SNAPSHOTS; i++)
        if (epoch == moments[i]) result->snapshots[i] = take_snapshot(plan, parts, epoch);
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
