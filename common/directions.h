/* directions.h: vectors as directions: unit vectors in double, their cosines and angles. Must not
 * know what a direction stands for. A zero vector has no direction and stays zero: it stands at a
 * right angle to everything. */
#ifndef MARGIN_COMMON_DIRECTIONS_H
#define MARGIN_COMMON_DIRECTIONS_H

#include <stddef.h>

/* out[count, dim]: the rows at length 1. */
void directions_of(const float *rows, size_t count, size_t dim, double *out);
/* In place; returns 0 for a zero vector, else 1. */
int direction_normalise(double *vector, size_t dim);

/* Between unit vectors, accurate at every angle, radians. */
double direction_angle(const double *a, const double *b, size_t dim);

/* The square of |a - sign b|, where sign is 1 or -1. */
double direction_gap(const double *a, const double *b, double sign, size_t dim);

/* out[a_count, b_count]: the cosines of all pairs of a[a_count, dim] and b[b_count, dim],
 * or the inner products of vectors that are no directions. Each is
 * summed in the same order wherever it stands: neither block sizes nor threads change a bit. */
void direction_cosines(const double *a, size_t a_count, const double *b, size_t b_count, size_t dim,
                       double *out);

#endif
