/* layers.h: forward and backward of each kind of layer. Must not know how layers are stacked. */
#ifndef SEPARATION_LAYERS_H
#define SEPARATION_LAYERS_H

#include "network.h"

/* What the kinds need: numbers of parameters, of running statistics, and of scratch elements. */
size_t layer_parameter_count(layer_kind kind, size_t inputs, size_t outputs);
size_t layer_running_count(layer_kind kind, size_t inputs);
size_t layer_scratch_count(layer_kind kind, size_t inputs, size_t outputs);

/* input[rows, inputs] to part->output. */
void layer_forward(layer *part, const real *input, size_t rows, int training);

/* From the gradient by the output to the gradient by the parameters (overwritten) and, unless it is
 * NULL, by the input. */
void layer_backward(layer *part, const real *input, const real *output_gradients, size_t rows,
                    real *input_gradients);

#endif
