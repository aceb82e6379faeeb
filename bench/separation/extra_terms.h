/* extra_terms.h: the two terms that ArcFace's paper adds to Norm-Softmax for comparison, with their
 * gradients by raw embeddings and class weights. Must not know losses or training.
 * Source: Deng et al., ArcFace, eq. 5 (Intra-Loss) and eq. 6 (Inter-Loss). */
#ifndef SEPARATION_EXTRA_TERMS_H
#define SEPARATION_EXTRA_TERMS_H

#include <stddef.h>
#include <stdint.h>

/* Weights of the terms; the paper has 1. Means over the batch:
 *   Intra:  theta_y / pi
 *   Inter: -1 / (pi (C - 1)) sum over j != y of the angle between W_y and W_j */
typedef struct extra_terms {
    double intra, inter;
} extra_terms;

typedef struct extra_batch {
    size_t rows, dim, classes;
    const float *embeddings; /* [rows, dim], raw */
    const float *weights;    /* [classes, dim], raw */
    const int64_t *labels;   /* [rows], in [0, classes) */
    double *scratch;         /* [extra_terms_scratch] */
} extra_batch;

size_t extra_terms_scratch(size_t rows, size_t classes, size_t dim);

/* Adds the gradients to grad_embeddings [rows, dim] and grad_weights [classes, dim]; returns the
 * terms' sum. Where two vectors point the same or the opposite way the angle has no derivative, and
 * nothing is added. */
double extra_terms_add(const extra_terms *terms, const extra_batch *batch, float *grad_embeddings,
                       float *grad_weights);

#endif
