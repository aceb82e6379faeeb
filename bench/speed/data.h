/* data.h: the inputs and outputs of all cases, shared so that every candidate sees one memory.
 *
 * Must not know what a case does with them. */
#ifndef SPEED_DATA_H
#define SPEED_DATA_H

#include <stdint.h>

#include "plan.h"

/* What belongs to one shape. Owned by speed_data. */
typedef struct speed_problem {
    const speed_shape *shape;
    const float *weights; /* W [C, D], shared by all shapes of this D */
    float *embeddings;    /* X [N, D] */
    int64_t *labels;      /* y [N] */
    float *target;        /* [N]: the cosine with the own class that X was made for */
    float *cosines;       /* [N, C] for the rows level; NULL until asked for */
} speed_problem;

/* Scratch that all cases write to, each large enough for the largest shape. */
typedef struct speed_outputs {
    float *row_loss;        /* [N] */
    float *grad_embeddings; /* [N, D] */
    float *grad_weights;    /* [C, D] */
    float *grad_logits;     /* [N, C]: rows level; the stored logits of the peers */
    float *unit_embeddings; /* [N, D]: peers */
    float *unit_weights;    /* [C, D]: peers */
} speed_outputs;

/* Where peers keep what the library does not store. */
typedef struct speed_scratch {
    void *memory;
    size_t bytes;
} speed_scratch;

#define SPEED_MAX_DIMS 8

typedef struct speed_data {
    uint64_t seed;
    size_t dims;
    size_t dim[SPEED_MAX_DIMS];
    size_t dim_classes[SPEED_MAX_DIMS];
    float *weights[SPEED_MAX_DIMS];
    speed_problem *problems; /* one per shape, in the order of the shapes */
    size_t count;
    speed_outputs outputs;
    speed_scratch scratch[3]; /* grad_logits and the units */
} speed_data;

/* Memory for these shapes; pages are touched when a problem is first asked for. */
void speed_data_open(speed_data *data, const speed_shape *shapes, size_t count, uint64_t seed);
void speed_data_close(speed_data *data);

/* The problem of shapes[index], made on first use. */
const speed_problem *speed_data_problem(speed_data *data, size_t index, int with_cosines);

/* Gives the scratch's pages back, so that the next run takes those that it needs anew. */
void speed_data_release_scratch(const speed_data *data);

/* Bytes that a shape takes at most: inputs, outputs and the products they are judged by. */
double speed_shape_bytes(const speed_shape *shape);

/* 64-byte aligned (2 MiB aligned and on huge pages where large); release with free. */
void *speed_allocate(size_t bytes);

#endif
