/* data.h: labelled samples as the network sees them, and the two sources they come from: images in
 * a folder, and synthetic identities on a hypersphere. Must not know networks, losses or metrics.
 */
#ifndef SEPARATION_DATA_H
#define SEPARATION_DATA_H

#include <stddef.h>
#include <stdint.h>

typedef struct dataset {
    size_t count, dim, classes;
    float *inputs;   /* [count, dim] */
    int64_t *labels; /* [count], in [0, classes) */
} dataset;

typedef struct data_split {
    dataset train, test;
    dataset unseen; /* samples of classes that training never sees, with labels of their own; may be
                       empty */
    dataset validation; /* likewise, of still other classes: to choose settings by */
} data_split;

/* All zero. */
void dataset_create(dataset *out, size_t count, size_t dim, size_t classes);
void dataset_free(dataset *data);
void data_split_free(data_split *split);

/* ---- idx.c: the IDX format of MNIST and its kin: an array of bytes, or of whole numbers of four
 * bytes, behind a short header, plain or gzipped. It must not know what they mean ---- */

enum { IDX_MOST_DIMENSIONS = 3 };

typedef struct idx_array {
    size_t ndim;
    size_t shape[IDX_MOST_DIMENSIONS];
    size_t size; /* bytes */
    uint8_t *data;
} idx_array;

/* Read an IDX file of unsigned bytes that has `ndim` dimensions. 0; or -1 with one line in `error`
 * that names the file and the fault, and *out empty. Free with idx_free. */
int idx_read(const char *path, size_t ndim, idx_array *out, char *error, size_t error_size);
/* Likewise a file of signed numbers of four bytes; idx_int reads one of them. */
int idx_read_ints(const char *path, size_t ndim, idx_array *out, char *error, size_t error_size);
int32_t idx_int(const idx_array *array, size_t index);
void idx_free(idx_array *array);

/* ---- images.c: a folder of four IDX files named as MNIST's, plain or gzipped:
 * train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte,
 * t10k-labels-idx1-ubyte; and two more, of classes that training does not see, where they are
 * there: unseen-images-idx3-ubyte, unseen-labels-idx1-ubyte. For more than 256 classes labels are
 * in NAME-labels-idx2-int, as QMNIST has them: the class is the first number of a row. ---- */

typedef struct image_part {
    idx_array images; /* [count, height, width] */
    size_t count;
    uint32_t *labels; /* [count] */
} image_part;

typedef struct image_set {
    image_part train, test, unseen;
    size_t classes, unseen_classes; /* 1 + the largest label */
    size_t pixels;                  /* of an image */
} image_set;

/* 0; or -1 with one line in `error` that names the file and the fault. Free with image_set_free. */
int image_set_load(const char *folder, image_set *out, char *error, size_t error_size);
void image_set_free(image_set *set);

/* What is used of a set. */
typedef struct image_choice {
    size_t train, test; /* images of each class at most (`test` of an unseen one) */
    size_t classes;     /* so many of those that are trained, picked by the seed; 0: all */
    size_t validation;  /* so many of the unseen ones, evenly spread by their numbers, which are
                           the same for every seed: fewer than there are */
    uint64_t seed;
} image_choice;

/* Images picked by the seed, class by class; pixels shifted and scaled to mean 0 and deviation 1
 * over the training images. Classes are numbered anew, in their order. */
void image_set_pick(const image_set *set, const image_choice *choice, data_split *out);

/* ---- identities: centres uniform, samples von Mises-Fisher around them, then a fixed random
 * nonlinear map into the input space, which folds the clouds so that a network is needed to undo it
 */

typedef struct sphere_config {
    size_t identities;
    size_t unseen;        /* further identities that training never sees, of `test` samples each */
    size_t validation;    /* likewise, and apart from these */
    size_t latent_dim;    /* the hypersphere's dimension, >= 2 */
    size_t input_dim;     /* what the network sees */
    size_t train, test;   /* samples of each identity */
    double imbalance;     /* >= 1: the first identity has `train` samples, the last one this many
                             times fewer, in equal ratios between; at least one each */
    double flipped;       /* share of the training samples labelled as another identity */
    double outliers;      /* share of them that are nobody's: uniform on the hypersphere */
    double concentration; /* of the samples around their centre */
    double bend;          /* strength of the map: input = sin(bend <a, x> + phase), a ~ N(0, I) */
    uint64_t map;         /* the seed of the map; 0: the seed below draws it, too */
    uint64_t seed;        /* of centres and samples */
} sphere_config;

/* The settings of the toy figure: 8 identities of 1,500 samples, balanced, without noise. */
void sphere_config_init(sphere_config *config);
/* A hundred identities and as many unseen, nearer to each other: something to be verified. */
void sphere_config_faces(sphere_config *config);
/* Training samples of an identity. */
size_t sphere_train_count(const sphere_config *config, size_t identity);

/* Samples stand identity by identity. */
void sphere_data_make(const sphere_config *config, data_split *out);

#endif
