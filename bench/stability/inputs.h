/* inputs.h: float32 embeddings and weights at a wanted angle. It must not know losses. */
#ifndef MARGIN_STABILITY_INPUTS_H
#define MARGIN_STABILITY_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "cases.h"
#include "margin.h"

enum { INPUT_ROWS = 8, INPUT_DIM = 32, INPUT_CLASSES = 24 };

typedef struct inputs {
    float embeddings[INPUT_ROWS * INPUT_DIM];
    float weights[INPUT_CLASSES * INPUT_DIM];
    int64_t labels[INPUT_ROWS];
    size_t rows;
} inputs;

/* Class weights drawn from `seed`, and `rows` embeddings, row i at angles[i] from class i, with
 * |x| = |w| 2^power (power varied by up to 3 per row where `vary`), so near 0 and pi the angle
 * is as wanted to a relative 1e-7 in spite of float32. */
void make_inputs(inputs *in, uint64_t seed, const sweep_angle *angles, size_t rows, int power,
                 int vary);

/* The head that these inputs are. */
margin_head head_of(const inputs *in);

#endif
