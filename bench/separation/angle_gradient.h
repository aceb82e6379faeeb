/* angle_gradient.h: the angle between two raw vectors and its gradient by both. Must not know what
 * the angle is of. */
#ifndef SEPARATION_ANGLE_GRADIENT_H
#define SEPARATION_ANGLE_GRADIENT_H

#include <stddef.h>

typedef struct unit_vectors {
    size_t dim;
    const double *units;   /* [count, dim] at length 1; a zero vector stays zero */
    const double *lengths; /* [count] of the raw vectors */
} unit_vectors;

/* Takes count (dim + 1) doubles from *scratch and moves it on. */
unit_vectors make_units(const float *raw, size_t count, size_t dim, double **scratch);

/* share times the angle between a's vector i and b's vector j; adds share times its gradients by
 * the raw vectors to rows i and j of grad_a and grad_b (either may be NULL). */
double add_angle(unit_vectors a, size_t i, unit_vectors b, size_t j, double share, float *grad_a,
                 float *grad_b);

#endif
