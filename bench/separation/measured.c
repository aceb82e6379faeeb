/* measured.c: see measured.h. Must not know how a run is trained. */
#include "measured.h"

#include <stdlib.h>
#include <string.h>

#include "memory.h"

int run_normalised(const run_plan *plan)
{
    return margin_loss_get(plan->aim.loss.loss)->normalised;
}

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
        .normalised = run_normalised(plan),
        .sizes = data == &parts->data.test ? parts->sizes : NULL,
        .threads = plan->aim.loss.threads,
    };
}

/* The training samples' target angles at this moment. */
run_snapshot take_snapshot(const run_plan *plan, run_parts *parts, size_t epoch)
{
    const dataset *const data = &parts->data.train;
    float *const embeddings = zeroed(data->count * plan->dim, sizeof *embeddings);
    trainer_embed(&parts->net, data, embeddings);
    const separation_input input = input_of(plan, parts, data, embeddings);
    const angle_summary theta = separation_theta(&input);
    free(embeddings);
    return (run_snapshot){epoch, theta};
}

/* Which class mean is nearest is decided by those of the training samples. */
void take_moment(const run_plan *plan, run_parts *parts, size_t epoch, run_moment *out)
{
    const dataset *const data[] = {&parts->data.train, &parts->data.test, &parts->data.unseen};
    double *means[PART_COUNT];
    out->epoch = epoch;
    for (int part = 0; part < PART_COUNT; part++) {
        float *const embeddings = zeroed(data[part]->count * plan->dim, sizeof *embeddings);
        means[part] = zeroed(data[part]->classes * plan->dim, sizeof *means[part]);
        trainer_embed(&parts->net, data[part], embeddings);
        const separation_input like = input_of(plan, parts, data[part], embeddings);
        const geometry_input input = {
            .count = like.count,
            .dim = like.dim,
            .classes = like.classes,
            .embeddings = embeddings,
            .labels = like.labels,
            .weights = like.weights,
            .deciding = part == PART_TEST ? means[PART_TRAIN] : NULL,
            .threads = like.threads,
        };
        if (like.count > 1) geometry_measure(&input, &out->parts[part], means[part]);
        free(embeddings);
    }
    for (int part = 0; part < PART_COUNT; part++)
        free(means[part]);
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

void measure_strangers(const run_plan *plan, run_parts *parts, run_result *result)
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
void measure_trained(const run_plan *plan, run_parts *parts, run_result *result)
{
    const dataset *const train = &parts->data.train, *const test = &parts->data.test;
    const size_t classes = train->classes, weights = classes * plan->dim;
    result->weights = zeroed(weights, sizeof *result->weights);
    memcpy(result->weights, parts->head.weights, weights * sizeof *result->weights);
    result->centres = zeroed(weights, sizeof *result->centres);
    if (plan->dim == 2) {
        result->arcs = zeroed(classes, sizeof *result->arcs);
        result->train_arcs = zeroed(classes, sizeof *result->train_arcs);
    }
    /* The test samples' centres, which stay, take the training samples' place. */
    free(measure_part(plan, parts, "train", train, result->centres, result->train_arcs,
                      &result->train));
    float *const embeddings =
        measure_part(plan, parts, "test", test, result->centres, result->arcs, &result->test);
    if (plan->dim <= 3) keep_features(plan, test, embeddings, result);
    free(embeddings);
}
