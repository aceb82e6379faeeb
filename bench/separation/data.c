/* data.c: see data.h. */
#include "data.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"
#include "philox.h"

void dataset_create(dataset *out, size_t count, size_t dim, size_t classes)
{
    *out = (dataset){.count = count, .dim = dim, .classes = classes};
    out->inputs = zeroed(count, dim * sizeof *out->inputs);
    out->labels = zeroed(count, sizeof *out->labels);
}

void dataset_free(dataset *data)
{
    free(data->inputs);
    free(data->labels);
    *data = (dataset){0};
}

void data_split_free(data_split *split)
{
    dataset_free(&split->train);
    dataset_free(&split->test);
    dataset_free(&split->unseen);
    dataset_free(&split->validation);
}

/* ---- identities ---------------------------------------------------------------------------- */

void sphere_config_init(sphere_config *config)
{
    *config = (sphere_config){
        .identities = 8,
        .latent_dim = 32,
        .input_dim = 64,
        .train = 1500,
        .test = 1500,
        .imbalance = 1.0,
        .concentration = 37.0,
        .bend = 0.8,
    };
}

void sphere_config_faces(sphere_config *config)
{
    sphere_config_init(config);
    config->identities = 100;
    config->unseen = 100;
    config->concentration = 80.0;
    config->bend = 0.5;
}

typedef struct sphere_map {
    double *directions; /* [input_dim, latent_dim] */
    double *phases;     /* [input_dim] */
} sphere_map;

static void apply_map(const sphere_config *config, const sphere_map *map, const double *latent,
                      float *input)
{
    const size_t dim = config->latent_dim;
    for (size_t i = 0; i < config->input_dim; i++) {
        double sum = 0.0;
        for (size_t k = 0; k < dim; k++)
            sum += map->directions[i * dim + k] * latent[k];
        input[i] = (float)(M_SQRT2 * sin(config->bend * sum + map->phases[i]));
    }
}

size_t sphere_train_count(const sphere_config *config, size_t identity)
{
    const double last = fmax((double)config->identities - 1.0, 1.0);
    const double share = pow(config->imbalance, -(double)identity / last);
    return (size_t)fmax(1.0, round((double)config->train * share));
}

/* Samples of one identity. */
typedef struct crowd {
    const double *centre;
    uint32_t purpose; /* of the streams */
    size_t first, count;
    int64_t label;
} crowd;

static void draw_samples(const sphere_config *config, const sphere_map *map, crowd of,
                         double *latent, dataset *out)
{
    for (size_t i = of.first; i < of.first + of.count; i++) {
        philox_stream stream;
        philox_start(&stream, config->seed, of.purpose, i);
        vmf_sample(&stream, of.centre, config->latent_dim, config->concentration, latent);
        apply_map(config, map, latent, out->inputs + i * config->input_dim);
        out->labels[i] = of.label;
    }
}

/* Each sample's own stream decides, so that noise on one changes no other. */
static void spoil(const sphere_config *config, const sphere_map *map, double *latent, dataset *out)
{
    for (size_t i = 0; i < out->count; i++) {
        philox_stream stream;
        philox_start(&stream, config->seed, STREAM_NOISE, i);
        const double fate = philox_uniform(&stream);
        if (fate < config->flipped && config->identities > 1) {
            const int64_t other = (int64_t)philox_below(&stream, config->identities - 1);
            out->labels[i] = other + (other >= out->labels[i]);
        } else if (fate >= config->flipped && fate < config->flipped + config->outliers) {
            sphere_uniform(&stream, config->latent_dim, latent);
            apply_map(config, map, latent, out->inputs + i * config->input_dim);
        }
    }
}

static size_t count_people(const sphere_config *config)
{
    return config->identities + config->unseen + config->validation;
}

/* Identities that training does not see, from number `first` on. */
static void fill_strangers(const sphere_config *config, const sphere_map *map,
                           const double *centres, uint32_t purpose, size_t first, double *latent,
                           dataset *out)
{
    for (size_t k = 0; k < out->classes; k++) {
        const double *const centre = centres + (first + k) * config->latent_dim;
        const crowd of = {centre, purpose, k * config->test, config->test, (int64_t)k};
        draw_samples(config, map, of, latent, out);
    }
}

static void fill(const sphere_config *config, double *scratch, data_split *out)
{
    const size_t dim = config->latent_dim, people = count_people(config);
    double *const latent = scratch;
    double *const centres = latent + dim;
    const sphere_map map = {
        .directions = centres + people * dim,
        .phases = centres + (people + config->input_dim) * dim,
    };
    for (size_t k = 0; k < people; k++) {
        philox_stream stream;
        philox_start(&stream, config->seed, STREAM_CENTRE, k);
        sphere_uniform(&stream, dim, centres + k * dim);
    }
    for (size_t i = 0; i < config->input_dim; i++) {
        philox_stream stream;
        philox_start(&stream, config->map != 0 ? config->map : config->seed, STREAM_MAP, i);
        map.phases[i] = 2.0 * M_PI * philox_uniform(&stream);
        for (size_t k = 0; k < dim; k++)
            map.directions[i * dim + k] = philox_normal(&stream);
    }
    size_t first = 0;
    for (size_t k = 0; k < config->identities; k++) {
        const double *const centre = centres + k * dim;
        const size_t train = sphere_train_count(config, k);
        const crowd learned = {centre, STREAM_TRAIN, first, train, (int64_t)k};
        const crowd tested = {centre, STREAM_TEST, k * config->test, config->test, (int64_t)k};
        draw_samples(config, &map, learned, latent, &out->train);
        draw_samples(config, &map, tested, latent, &out->test);
        first += train;
    }
    const size_t known = config->identities;
    fill_strangers(config, &map, centres, STREAM_UNSEEN, known, latent, &out->unseen);
    fill_strangers(config, &map, centres, STREAM_VALIDATION, known + config->unseen, latent,
                   &out->validation);
    spoil(config, &map, latent, &out->train);
}

void sphere_data_make(const sphere_config *config, data_split *out)
{
    const size_t classes = config->identities, unseen = config->unseen, inputs = config->input_dim;
    const size_t validation = config->validation;
    const size_t vectors = 1 + count_people(config) + inputs;
    double *const scratch = zeroed(vectors * config->latent_dim + inputs, sizeof *scratch);
    size_t train = 0;
    for (size_t k = 0; k < classes; k++)
        train += sphere_train_count(config, k);
    *out = (data_split){0};
    dataset_create(&out->train, train, inputs, classes);
    dataset_create(&out->test, classes * config->test, inputs, classes);
    if (unseen > 0) dataset_create(&out->unseen, unseen * config->test, inputs, unseen);
    if (validation > 0)
        dataset_create(&out->validation, validation * config->test, inputs, validation);
    fill(config, scratch, out);
    free(scratch);
}
