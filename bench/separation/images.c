/* images.c: labelled images from IDX files (see images.h). Must not know networks or losses. */
#include "images.h"

#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "memory.h"
#include "order.h"
#include "streams.h"

/* ---- loading ------------------------------------------------------------------------------- */

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

static size_t count_classes(const image_set *set)
{
    size_t most = 0;
    for (size_t i = 0; i < set->train.labels.size; i++) {
        const size_t label = set->train.labels.data[i];
        most = label > most ? label : most;
    }
    return most + 1;
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
        out->classes = count_classes(out);
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

/* ---- picking ------------------------------------------------------------------------------- */

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
