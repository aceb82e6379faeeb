/* problem.h: rows to train on: each lies some 56 degrees from the class weight of its label, as
 * random as all others, so that the loss has something to say of every row. */
#ifndef SCALE_PROBLEM_H
#define SCALE_PROBLEM_H

#include "weights.h"

typedef struct problem {
    size_t rows, dim;
    float *embeddings; /* [N, D] */
    int64_t *labels;   /* [N], over all classes */
    float *row_loss, *row_others;
    float *grad_embeddings; /* [N, D] */
} problem;

problem problem_make(const settings *s, const weights *w);
void problem_free(problem *p);

#endif
