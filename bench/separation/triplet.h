/* triplet.h: the angular triplet loss that ArcFace's paper compares with: an embedding shall be
 * nearer to one of its own class than to one of another, by a margin of angle. Must not know
 * training.
 * Source: Deng et al., ArcFace, section 3.2: arccos(x_pos x) + m <= arccos(x_neg x). Which triplets
 * count is left open there; here all of the batch, and the mean is over those that violate it. */
#ifndef SEPARATION_TRIPLET_H
#define SEPARATION_TRIPLET_H

#include <stddef.h>
#include <stdint.h>

/* Doubles. */
size_t triplet_scratch(size_t rows, size_t dim);

/* embeddings[rows, dim], raw. Returns the mean and sets grad_embeddings [rows, dim] to its
 * gradient; NaN if an embedding is not finite. */
double triplet_loss(const float *embeddings, const int64_t *labels, size_t rows, size_t dim,
                    double margin, double *scratch, float *grad_embeddings);

#endif
