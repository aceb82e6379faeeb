/* images.c: sets of labelled images (see data.h). Must not know what they show. */
#include <limits.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "data.h"
#include "memory.h"
#include "philox.h"

/* ---- loading ------------------------------------------------------------------------------- */

/* The plain file if it is there, else the gzipped one; returns whether there is one of them. */
static int find_file(const char *folder, const char *prefix, const char *name, char *path,
                     size_t size)
{
    snprintf(path, size, "%s/%s-%s", folder, prefix, name);
    if (access(path, F_OK) == 0) return 1;
    char packed[PATH_MAX];
    snprintf(packed, sizeof packed, "%s/%s-%s.gz", folder, prefix, name);
    if (access(packed, F_OK) != 0) return 0;
    snprintf(path, size, "%s", packed);
    return 1;
}

/* A byte each; or, where the classes are too many for it, rows of whole numbers, the class first.
 */
static int load_labels(const char *folder, const char *prefix, char path[PATH_MAX], image_part *out,
                       char *error, size_t error_size)
{
    idx_array file;
    const int wide = find_file(folder, prefix, "labels-idx2-int", path, PATH_MAX);
    if (!wide) find_file(folder, prefix, "labels-idx1-ubyte", path, PATH_MAX);
    if ((wide ? idx_read_ints(path, 2, &file, error, error_size)
              : idx_read(path, 1, &file, error, error_size)) != 0)
        return -1;
    const size_t columns = wide ? file.shape[1] : 1;
    int64_t least = 0;
    out->labels = zeroed(file.shape[0], sizeof *out->labels);
    out->count = file.shape[0];
    for (size_t i = 0; i < out->count; i++) {
        const int64_t label = wide ? idx_int(&file, i * columns) : file.data[i];
        least = label < least ? label : least;
        out->labels[i] = (uint32_t)label;
    }
    idx_free(&file);
    if (least < 0)
        snprintf(error, error_size, "%s: label %lld is negative", path, (long long)least);
    return least < 0 ? -1 : 0;
}

static int load_part(const char *folder, const char *prefix, image_part *out, char *error,
                     size_t error_size)
{
    char images[PATH_MAX], labels[PATH_MAX];
    find_file(folder, prefix, "images-idx3-ubyte", images, sizeof images);
    if (idx_read(images, 3, &out->images, error, error_size) != 0 ||
        load_labels(folder, prefix, labels, out, error, error_size) != 0)
        return -1;
    if (out->images.shape[0] != out->count) {
        snprintf(error, error_size, "%s: %zu labels for the %zu images beside it", labels,
                 out->count, out->images.shape[0]);
        return -1;
    }
    return 0;
}

/* 1 + the largest label. */
static size_t count_classes(const image_part *part)
{
    size_t classes = 0;
    for (size_t i = 0; i < part->count; i++) {
        const size_t least = (size_t)part->labels[i] + 1;
        classes = least > classes ? least : classes;
    }
    return classes;
}

static int check_shape(const char *folder, const image_set *set, const image_part *other,
                       const char *name, char *error, size_t error_size)
{
    const size_t *const a = set->train.images.shape, *const b = other->images.shape;
    if (other->count == 0 || (a[1] == b[1] && a[2] == b[2])) return 0;
    snprintf(error, error_size, "%s: training images are %zu x %zu, %s images %zu x %zu", folder,
             a[1], a[2], name, b[1], b[2]);
    return -1;
}

static int check_set(const char *folder, const image_set *set, char *error, size_t error_size)
{
    if (check_shape(folder, set, &set->test, "test", error, error_size) != 0 ||
        check_shape(folder, set, &set->unseen, "unseen", error, error_size) != 0)
        return -1;
    if (set->classes < 2) {
        snprintf(error, error_size, "%s: the training labels name a single class", folder);
        return -1;
    }
    /* A number per class is kept: no label may stand for more than there are samples. */
    if (set->classes > set->train.count || set->unseen_classes > set->unseen.count) {
        const int train = set->classes > set->train.count;
        snprintf(error, error_size, "%s: %s label %zu, but only %zu images", folder,
                 train ? "training" : "unseen", (train ? set->classes : set->unseen_classes) - 1,
                 train ? set->train.count : set->unseen.count);
        return -1;
    }
    for (size_t i = 0; i < set->test.count; i++) {
        if (set->test.labels[i] >= set->classes) {
            snprintf(error, error_size, "%s: test label %u at index %zu, training has 0..%zu",
                     folder, set->test.labels[i], i, set->classes - 1);
            return -1;
        }
    }
    return 0;
}

int image_set_load(const char *folder, image_set *out, char *error, size_t error_size)
{
    char path[PATH_MAX];
    *out = (image_set){0};
    int status = load_part(folder, "train", &out->train, error, error_size);
    if (status == 0) status = load_part(folder, "t10k", &out->test, error, error_size);
    if (status == 0 && find_file(folder, "unseen", "images-idx3-ubyte", path, sizeof path))
        status = load_part(folder, "unseen", &out->unseen, error, error_size);
    if (status == 0) {
        out->classes = count_classes(&out->train);
        out->unseen_classes = count_classes(&out->unseen);
        out->pixels = out->train.images.shape[1] * out->train.images.shape[2];
        status = check_set(folder, out, error, error_size);
    }
    if (status != 0) image_set_free(out);
    return status;
}

void image_set_free(image_set *set)
{
    image_part *const parts[] = {&set->train, &set->test, &set->unseen};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        idx_free(&parts[i]->images);
        free(parts[i]->labels);
    }
    *set = (image_set){0};
}

/* ---- picking ------------------------------------------------------------------------------- */

/* Numbers of images, class by class: those of class k are indices[starts[k]] up to
 * indices[starts[k + 1]], in their order. */
typedef struct class_lists {
    size_t *starts; /* [classes + 1] */
    size_t *indices;
} class_lists;

static class_lists list_classes(const image_part *from, size_t classes)
{
    class_lists out = {zeroed(classes + 2, sizeof *out.starts),
                       zeroed(from->count, sizeof *out.indices)};
    size_t *const next = out.starts + 1; /* of class k, and in the end where class k ends */
    for (size_t i = 0; i < from->count; i++)
        next[from->labels[i] + 1]++;
    for (size_t k = 0; k < classes; k++)
        next[k + 1] += next[k];
    for (size_t i = 0; i < from->count; i++)
        out.indices[next[from->labels[i]]++] = i;
    return out;
}

static void copy_images(const image_part *from, const size_t *indices, size_t count, size_t label,
                        dataset *out)
{
    for (size_t i = 0; i < count; i++) {
        const uint8_t *const image = from->images.data + indices[i] * out->dim;
        float *const to = out->inputs + out->count * out->dim;
        for (size_t k = 0; k < out->dim; k++)
            to[k] = image[k];
        out->labels[out->count++] = (int64_t)label;
    }
}

/* Up to `each` images of the classes that `wanted` marks. */
static void pick_part(const image_part *from, const unsigned char *wanted, size_t classes,
                      size_t pixels, size_t each, uint64_t seed, uint32_t purpose, dataset *out)
{
    const size_t all = from->count;
    const class_lists lists = list_classes(from, classes);
    size_t count = 0;
    for (size_t k = 0; k < classes; k++)
        count += wanted[k];
    if (count > 0) dataset_create(out, each < all / count ? each * count : all, pixels, count);
    out->count = 0;
    for (size_t k = 0, label = 0; k < classes; k++) {
        if (!wanted[k]) continue;
        size_t *const own = lists.indices + lists.starts[k];
        const size_t found = lists.starts[k + 1] - lists.starts[k];
        philox_stream stream;
        philox_start(&stream, seed, purpose, k);
        order_shuffle(&stream, own, found);
        copy_images(from, own, found < each ? found : each, label++, out);
    }
    free(lists.starts);
    free(lists.indices);
}

/* Marks the trained classes that are used. */
static void choose_classes(const image_set *set, const image_choice *choice, unsigned char *wanted)
{
    size_t *const order = zeroed(set->classes, sizeof *order);
    const size_t count = choice->classes > 0 ? choice->classes : set->classes;
    philox_stream stream;
    philox_start(&stream, choice->seed, STREAM_PICK_CLASSES, 0);
    order_start(order, set->classes);
    order_shuffle(&stream, order, set->classes);
    for (size_t i = 0; i < count && i < set->classes; i++)
        wanted[order[i]] = 1;
    free(order);
}

/* Marks in turn the unseen classes that settings are chosen by, and the others. */
static void choose_strangers(const image_set *set, const image_choice *choice,
                             unsigned char *validation, unsigned char *unseen)
{
    const size_t count = choice->validation, all = set->unseen_classes;
    for (size_t k = 0; k < all; k++) {
        validation[k] = (k + 1) * count / all > k * count / all;
        unseen[k] = !validation[k];
    }
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
    standardise(&split->unseen, mean, deviation);
    standardise(&split->validation, mean, deviation);
}

void image_set_pick(const image_set *set, const image_choice *choice, data_split *out)
{
    const size_t classes = set->classes, strangers = set->unseen_classes, pixels = set->pixels;
    const uint64_t seed = choice->seed;
    unsigned char *const wanted = zeroed(classes + 2 * strangers, 1);
    unsigned char *const validation = wanted + classes, *const unseen = validation + strangers;
    *out = (data_split){0};
    choose_classes(set, choice, wanted);
    choose_strangers(set, choice, validation, unseen);
    pick_part(&set->train, wanted, classes, pixels, choice->train, seed, STREAM_PICK_TRAIN,
              &out->train);
    pick_part(&set->test, wanted, classes, pixels, choice->test, seed, STREAM_PICK_TEST,
              &out->test);
    if (strangers > 0) {
        pick_part(&set->unseen, unseen, strangers, pixels, choice->test, seed, STREAM_PICK_UNSEEN,
                  &out->unseen);
        pick_part(&set->unseen, validation, strangers, pixels, choice->test, seed,
                  STREAM_PICK_UNSEEN, &out->validation);
    }
    standardise_split(out);
    free(wanted);
}
