/* layers.h: what each kind of layer is. Must not know how layers are stacked. */
#ifndef SEPARATION_LAYERS_H
#define SEPARATION_LAYERS_H

#include "network.h"

typedef struct layer_rules {
    /* input[rows, inputs] to part->output. */
    void (*forward)(layer *part, const real *input, size_t rows, int training);
    /* From the gradient by the output to the gradient by the parameters (overwritten) and, unless
     * it is NULL, by the input. */
    void (*backward)(layer *part, const real *input, const real *output_gradients, size_t rows,
                     real *input_gradients);
    /* Parameters and running statistics an input; a dense layer, which has none of these, has a
     * weight for each input and output, and a bias for each output. */
    size_t parameters, running;
} layer_rules;

extern const layer_rules layer_kinds[]; /* by layer_kind */

#endif
