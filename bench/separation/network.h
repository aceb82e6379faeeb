/* network.h: a small feed-forward network: dense layers, batch normalisation and PReLU, forward
 * and backward. One thread; every sum in a fixed order. Must not know data sets, losses or
 * optimisers. */
#ifndef SEPARATION_NETWORK_H
#define SEPARATION_NETWORK_H

#include <stddef.h>
#include <stdint.h>

#include "product.h"

typedef enum layer_kind { LAYER_DENSE, LAYER_BATCH_NORM, LAYER_PRELU } layer_kind;

typedef struct layer_shape {
    layer_kind kind;
    size_t outputs; /* dense only; the other kinds keep their inputs' number */
} layer_shape;

typedef struct layer {
    layer_kind kind;
    size_t inputs, outputs;
    size_t parameter_count;
    real *parameters; /* dense: weights [inputs, outputs], bias [outputs]; batch normalisation:
                         gain, shift; PReLU: slope; views into the network's arrays */
    real *gradients;
    real *running;    /* batch normalisation: mean, variance */
    real *batch_norm; /* batch normalisation: the batch's mean, 1 / deviation */
    double *moments;  /* likewise: where mean and variance are summed */
    real *output;     /* [batch, outputs] */
    real *scratch;    /* dense: the transposed weights */
} layer;

typedef struct network {
    size_t layer_count, inputs, outputs;
    size_t batch; /* the most rows of a pass */
    layer *layers;
    size_t parameter_count;
    real *parameters; /* every layer's, one after another */
    real *gradients;
    uint8_t *decays; /* 1 for the parameters that weight decay acts on: dense weights */
    real *deltas[2]; /* [batch, widest]: gradients on their way back */
} network;

/* Initial weights: normal with variance 2 / inputs (He), slopes 1/4. */
void network_create(network *out, size_t inputs, const layer_shape *shapes, size_t count,
                    size_t batch, uint64_t seed);
void network_free(network *net);
/* A layer's running statistics, which training changes besides the parameters; *count may be 0. */
real *network_running(network *net, size_t layer_index, size_t *count);

/* inputs[rows, net->inputs], rows <= net->batch; returns the last layer's output [rows, outputs],
 * owned by the network. training = 1: batch normalisation uses the batch's moments (and moves its
 * running ones towards them); 0: the running ones. */
const real *network_forward(network *net, const real *inputs, size_t rows, int training);

/* After a forward pass with training = 1 on the same inputs: from the gradient of the loss by the
 * outputs to the gradient by every parameter, which overwrites net->gradients. */
void network_backward(network *net, const real *inputs, const real *output_gradients, size_t rows);

#endif
