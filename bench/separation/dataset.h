/* dataset.h: labelled samples as the network sees them, and the two sources they come from.
 * Must not know networks, losses or metrics. */
#ifndef SEPARATION_DATASET_H
#define SEPARATION_DATASET_H

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
} data_split;

/* All zero. */
void dataset_create(dataset *out, size_t count, size_t dim, size_t classes);
void dataset_free(dataset *data);
void data_split_free(data_split *split);

#endif
