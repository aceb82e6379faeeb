/* data.c: see data.h. */
#include "data.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

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
}

/* ---- images: loading
 * ------------------------------------------------------------------------------- */

/* The plain file if it is there, else the gzipped one. */
static void find_file(const char *folder, const char *name, char *path, size_t size)
{
    snprintf(path, size, "%s/%s", folder, name);
    if (access(path, F_OK) != 0) {
        char packed[PATH_MAX];
        snprintf(packed, sizeof packed, "%s/%s.gz", folder, name);
        if (access(packed, F_OK) == 0) snprintf(path, size, "%s", packed);
    }
}

static int load_part(const char *folder, const char *prefix, image_part *out, char *error,
                     size_t error_size)
{
    char name[64], images[PATH_MAX], labels[PATH_MAX];
    snprintf(name, sizeof name, "%s-images-idx3-ubyte", prefix);
    find_file(folder, name, images, sizeof images);
    snprintf(name, sizeof name, "%s-labels-idx1-ubyte", prefix);
    find_file(folder, name, labels, sizeof labels);
    if (idx_read(images, 3, &out->images, error, error_size) != 0 ||
        idx_read(labels, 1, &out->labels, error, error_size) != 0) {
        return -1;
    }
    if (out->images.shape[0] != out->labels.shape[0]) {
        snprintf(error, error_size, "%s: %zu labels for the %zu images beside it", labels,
                 out->labels.shape[0], out->images.shape[0]);
        return -1;
    }
    return 0;
}

static int check_set(const char *folder, const image_set *set, char *error, size_t error_size)
{
    const size_t *const a = set->train.images.shape, *const b = set->test.images.shape;
    if (a[1] != b[1] || a[2] != b[2]) {
        snprintf(error, error_size, "%s: training images are %zu x %zu, test images %zu x %zu",
                 folder, a[1], a[2], b[1], b[2]);
        return -1;
    }
    if (set->classes < 2) {
        snprintf(error, error_size, "%s: the training labels name a single class", folder);
        return -1;
    }
    for (size_t i = 0; i < set->test.labels.size; i++) {
        if (set->test.labels.data[i] >= set->classes) {
            snprintf(error, error_size, "%s: test label %d at index %zu, training has 0..%zu",
                     folder, set->test.labels.data[i], i, set->classes - 1);
            return -1;
        }
    }
    return 0;
}

int image_set_load(const char *folder, image_set *out, char *error, size_t error_size)
{
    *out = (image_set){0};
    int status = load_part(folder, "train", &out->train, error, error_size);
    if (status == 0) status = load_part(folder, "t10k", &out->test, error, error_size);
    if (status == 0) {
        for (size_t i = 0; i < out->train.labels.size; i++) {
            const size_t classes = (size_t)out->train.labels.data[i] + 1;
            out->classes = classes > out->classes ? classes : out->classes;
        }
        out->pixels = out->train.images.shape[1] * out->train.images.shape[2];
        status = check_set(folder, out, error, error_size);
    }
    if (status != 0) image_set_free(out);
    return status;
}

void image_set_free(image_set *set)
{
    idx_free(&set->train.images);
    idx_free(&set->train.labels);
    idx_free(&set->test.images);
    idx_free(&set->test.labels);
    *set = (image_set){0};
}

/* ---- images: picking
 * ------------------------------------------------------------------------------- */

/* indices[count]: the images of one class in random order; returns how many there are. */
static size_t class_order(const image_part *from, size_t class, uint64_t seed, uint32_t purpose,
                          size_t *indices)
{
    size_t count = 0;
    for (size_t i = 0; i < from->labels.size; i++) {
        if (from->labels.data[i] == class) indices[count++] = i;
    }
    philox_stream stream;
    philox_start(&stream, seed, purpose, class);
    order_shuffle(&stream, indices, count);
    return count;
}

static void copy_images(const image_part *from, const size_t *indices, size_t count, dataset *out)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *const image = from->images.data + indices[i] * out->dim;
        float *const to = out->inputs + out->count * out->dim;
        for (size_t k = 0; k < out->dim; k++)
            to[k] = image[k];
        out->labels[out->count++] = from->labels.data[indices[i]];
    }
}

static void pick_part(const image_set *set, const image_part *from, size_t each, uint64_t seed,
                      uint32_t purpose, dataset *out)
{
    const size_t all = from->labels.size;
    const size_t most = each < all / set->classes ? each * set->classes : all;
    size_t *const indices = zeroed(all, sizeof *indices);
    dataset_create(out, most, set->pixels, set->classes);
    out->count = 0;
    for (size_t label = 0; label < set->classes; label++) {
        const size_t found = class_order(from, label, seed, purpose, indices);
        copy_images(from, indices, found < each ? found : each, out);
    }
    free(indices);
}

static void standardise(dataset *data, double mean, double deviation)
{
    for (size_t i = 0; i < data->count * data->dim; i++)
        data->inputs[i] = (float)(((double)data->inputs[i] - mean) / deviation);
}

static void standardise_split(data_split *split)
{
    const size_t count = split->train.count * split->train.dim;
    double sum = 0.0, square = 0.0;
    for (size_t i = 0; i < count; i++) { /* exact: sums of small integers */
        const double pixel = (double)split->train.inputs[i];
        sum += pixel;
        square += pixel * pixel;
    }
    const double mean = sum / (double)count;
    const double variance = square / (double)count - mean * mean;
    const double deviation = variance > 0.0 ? sqrt(variance) : 1.0;
    standardise(&split->train, mean, deviation);
    standardise(&split->test, mean, deviation);
}

void image_set_pick(const image_set *set, size_t train, size_t test, uint64_t seed, data_split *out)
{
    *out = (data_split){0};
    pick_part(set, &set->train, train, seed, STREAM_PICK_TRAIN, &out->train);
    pick_part(set, &set->test, test, seed, STREAM_PICK_TEST, &out->test);
    standardise_split(out);
}

/* ---- identities ---------------------------------------------------------------------------- */

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

static void fill(const sphere_config *config, double *scratch, data_split *out)
{
    const size_t dim = config->latent_dim, people = config->identities + config->unseen;
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
        philox_start(&stream, map_seed, STREAM_MAP, i);
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
    for (size_t k = 0; k < config->unseen; k++) {
        const double *const centre = centres + (config->identities + k) * dim;
        const crowd strangers = {centre, STREAM_UNSEEN, k * config->test, config->test, (int64_t)k};
        draw_samples(config, &map, strangers, latent, &out->unseen);
    }
    spoil(config, &map, latent, &out->train);
}

void sphere_data_make(const sphere_config *config, data_split *out)
{
    const size_t classes = config->identities, unseen = config->unseen, inputs = config->input_dim;
    const size_t vectors = 1 + classes + unseen + inputs;
    double *const scratch = zeroed(vectors * config->latent_dim + inputs, sizeof *scratch);
    size_t train = 0;
    for (size_t k = 0; k < classes; k++)
        train += sphere_train_count(config, k);
    *out = (data_split){0};
    dataset_create(&out->train, train, inputs, classes);
    dataset_create(&out->test, classes * config->test, inputs, classes);
    if (unseen > 0) dataset_create(&out->unseen, unseen * config->test, inputs, unseen);
    fill(config, scratch, out);
    free(scratch);
}
