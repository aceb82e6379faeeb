/* sphere_data.c: synthetic identities on a hypersphere (see sphere_data.h). Must not know networks
 * or losses. */
#define _GNU_SOURCE
#include "sphere_data.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "philox.h"
#include "streams.h"
#include "vmf.h"

/* The seed of the map, which belongs to the data set and not to a repetition of it. */
static const uint64_t map_seed = 2019;

void sphere_config_init(sphere_config *config)
{
    *config = (sphere_config){
        .identities = 8,
        .latent_dim = 32,
        .input_dim = 64,
        .train = 1500,
        .test = 1500,
        .concentration = 37.0,
        .bend = 0.8,
    };
}

typedef struct sphere_map {
    double *directions; /* [input_dim, latent_dim] */
    double *phases;     /* [input_dim] */
} sphere_map;

static void draw_map(const sphere_config *config, const sphere_map *map)
{
    const size_t dim = config->latent_dim;
    for (size_t i = 0; i < config->input_dim; i++) {
        philox_stream stream;
        philox_start(&stream, map_seed, STREAM_MAP, i);
        map->phases[i] = 2.0 * M_PI * philox_uniform(&stream);
        for (size_t k = 0; k < dim; k++) {
            map->directions[i * dim + k] = philox_normal(&stream);
        }
    }
}

static void apply_map(const sphere_config *config, const sphere_map *map, const double *latent,
                      float *input)
{
    const size_t dim = config->latent_dim;
    for (size_t i = 0; i < config->input_dim; i++) {
        double sum = 0.0;
        for (size_t k = 0; k < dim; k++) {
            sum += map->directions[i * dim + k] * latent[k];
        }
        input[i] = (float)(M_SQRT2 * sin(config->bend * sum + map->phases[i]));
    }
}

static void draw_samples(const sphere_config *config, const sphere_map *map, const double *centres,
                         uint32_t purpose, size_t each, double *latent, dataset *out)
{
    for (size_t i = 0; i < out->count; i++) {
        const size_t identity = i / each;
        const double *centre = centres + identity * config->latent_dim;
        philox_stream stream;
        philox_start(&stream, config->seed, purpose, i);
        vmf_sample(&stream, centre, config->latent_dim, config->concentration, latent);
        apply_map(config, map, latent, out->inputs + i * config->input_dim);
        out->labels[i] = (int64_t)identity;
    }
}

static void fill(const sphere_config *config, double *scratch, data_split *out)
{
    const size_t dim = config->latent_dim;
    double *const latent = scratch;
    double *const centres = latent + dim;
    const sphere_map map = {
        .directions = centres + config->identities * dim,
        .phases = centres + (config->identities + config->input_dim) * dim,
    };
    for (size_t k = 0; k < config->identities; k++) {
        philox_stream stream;
        philox_start(&stream, config->seed, STREAM_CENTRE, k);
        sphere_uniform(&stream, dim, centres + k * dim);
    }
    draw_map(config, &map);
    draw_samples(config, &map, centres, STREAM_TRAIN, config->train, latent, &out->train);
    draw_samples(config, &map, centres, STREAM_TEST, config->test, latent, &out->test);
}

int sphere_data_make(const sphere_config *config, data_split *out)
{
    *out = (data_split){0};
    const size_t classes = config->identities;
    const size_t vectors = 1 + classes + config->input_dim;
    double *scratch = calloc(vectors * config->latent_dim + config->input_dim, sizeof *scratch);
    const int made =
        scratch != NULL &&
        dataset_create(&out->train, classes * config->train, config->input_dim, classes) == 0 &&
        dataset_create(&out->test, classes * config->test, config->input_dim, classes) == 0;
    if (made) {
        fill(config, scratch, out);
    } else {
        data_split_free(out);
    }
    free(scratch);
    return made ? 0 : ENOMEM;
}
