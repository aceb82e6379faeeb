/* angle_losses.h: what ArcFace's paper compares with, made of the angles between raw vectors and
 * their gradients: two terms that are added to Norm-Softmax, and the angular triplet loss. Must not
 * know the library's losses or training. Source: Deng et al., ArcFace, eq. 5 (Intra-Loss), eq. 6
 * (Inter-Loss), section 3.2 (triplets). */
#ifndef SEPARATION_ANGLE_LOSSES_H
#define SEPARATION_ANGLE_LOSSES_H

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

/* Doubles. */
size_t triplet_scratch(size_t rows, size_t dim);

/* An embedding shall be nearer to one of its own class than to one of another, by a margin of
 * angle: arccos(x_pos x) + m <= arccos(x_neg x). Which triplets count is left open by the paper;
 * here all of the batch, and the mean is over those that violate it. embeddings[rows, dim], raw.
 * Returns the mean and sets grad_embeddings [rows, dim] to its gradient; NaN if an embedding is not
 * finite. */
double triplet_loss(const float *embeddings, const int64_t *labels, size_t rows, size_t dim,
                    double margin, double *scratch, float *grad_embeddings);

#endif
