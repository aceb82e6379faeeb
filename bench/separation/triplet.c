/* triplet.c: the angular triplet loss (see triplet.h). Must not know training. */
#include "triplet.h"

#include <math.h>
#include <string.h>

#include "angle_gradient.h"

size_t triplet_scratch(size_t rows, size_t dim)
{
    return rows * (dim + 1) + 2 * rows * rows;
}

/* angles[rows, rows]; 0 if some angle is not a number. */
static int find_angles(unit_vectors x, size_t rows, double *angles)
{
    int finite = 1;
    for (size_t i = 0; i < rows; i++) {
        for (size_t j = i; j < rows; j++) {
            const double angle = add_angle(x, i, x, j, 1.0, NULL, NULL);
            angles[i * rows + j] = angles[j * rows + i] = angle;
            finite = finite && isfinite(angle);
        }
    }
    return finite;
}

/* How often each pair's angle counts, positive pairs up and negative pairs down, over the violating
 * triplets of one anchor; returns their number. */
static size_t count_violations(const int64_t *labels, size_t rows, size_t anchor, double margin,
                               const double *angles, double *counts, double *sum)
{
    size_t violating = 0;
    for (size_t p = 0; p < rows; p++) {
        if (p == anchor || labels[p] != labels[anchor]) continue;
        for (size_t n = 0; n < rows; n++) {
            const double excess = angles[p] + margin - angles[n];
            if (labels[n] != labels[anchor] && excess > 0.0) {
                counts[p] += 1.0;
                counts[n] -= 1.0;
                *sum += excess;
                violating++;
            }
        }
    }
    return violating;
}

double triplet_loss(const float *embeddings, const int64_t *labels, size_t rows, size_t dim,
                    double margin, double *scratch, float *grad_embeddings)
{
    double sum = 0.0;
    size_t violating = 0;
    const unit_vectors x = make_units(embeddings, rows, dim, &scratch);
    double *const angles = scratch, *const counts = scratch + rows * rows;
    memset(grad_embeddings, 0, rows * dim * sizeof *grad_embeddings);
    memset(counts, 0, rows * rows * sizeof *counts);
    if (!find_angles(x, rows, angles)) return NAN;
    for (size_t i = 0; i < rows; i++)
        violating +=
            count_violations(labels, rows, i, margin, angles + i * rows, counts + i * rows, &sum);
    if (violating == 0) return 0.0;
    for (size_t i = 0; i < rows * rows; i++) {
        if (counts[i] != 0.0)
            add_angle(x, i / rows, x, i % rows, counts[i] / (double)violating, grad_embeddings,
                      grad_embeddings);
    }
    return sum / (double)violating;
}
