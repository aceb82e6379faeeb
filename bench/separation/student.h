/* student.h: means over seeds with intervals and tests by Student's t, and Holm's correction for
 * many of them. Must not know what the numbers are of. */
#ifndef SEPARATION_STUDENT_H
#define SEPARATION_STUDENT_H

#include <stddef.h>

/* A mean over seeds and its 95 % interval. Equal values have the mean itself at both ends. */
typedef struct interval {
    size_t count;
    double mean, low, high; /* NaN ends if count < 2 */
    double error;           /* of the mean; NaN likewise */
} interval;

interval interval_of(const double *values, size_t count);

/* The probability that |t| is larger than this by chance, both sides together; freedom >= 1. */
double student_tail(double t, size_t freedom);

/* Tests the mean against `bound`: how probable one so far away is if the true one is the bound,
 * with `count` >= 2 values that spread as these do. With as many as these have it is below 0.05
 * where the interval leaves the bound out. Equal values leave nothing to chance: 0. NaN of fewer
 * than two values. */
double student_test(interval found, double bound, size_t count);

/* adjusted[count]: Holm's p of each; of NaN NaN, which does not count. */
void holm_adjust(const double *p, size_t count, double *adjusted);

#endif
