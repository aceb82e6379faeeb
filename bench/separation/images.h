/* images.h: labelled images from a folder of four IDX files named as MNIST's, plain or gzipped:
 * train-images-idx3-ubyte, train-labels-idx1-ubyte, t10k-images-idx3-ubyte, t10k-labels-idx1-ubyte.
 * Must not know networks or losses. */
#ifndef SEPARATION_IMAGES_H
#define SEPARATION_IMAGES_H

#include "dataset.h"
#include "idx.h"

typedef struct image_part {
    idx_array images; /* [count, height, width] */
    idx_array labels; /* [count] */
} image_part;

typedef struct image_set {
    image_part train, test;
    size_t classes; /* 1 + the largest training label */
    size_t pixels;  /* of an image */
} image_set;

/* 0; or -1 with one line in `error` that names the file and the fault. Free with image_set_free. */
int image_set_load(const char *folder, image_set *out, char *error, size_t error_size);
void image_set_free(image_set *set);

/* Up to `train` and `test` images of each class, picked by the seed, class by class; pixels
 * shifted and scaled to mean 0 and deviation 1 over the training images. */
void image_set_pick(const image_set *set, size_t train, size_t test, uint64_t seed,
                    data_split *out);

#endif
