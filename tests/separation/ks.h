/* ks.h: the Kolmogorov-Smirnov distance of a sample from a distribution, for the tests of samplers.
 */
#ifndef SEPARATION_TESTS_KS_H
#define SEPARATION_TESTS_KS_H

#include <stddef.h>
#include <stdlib.h>

static inline int ks_by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* sqrt(count) times the largest distance between the sample's steps and `share`, the distribution
 * function; sorts the values. Above 1.95 with probability 0.001, above 2.23 with 0.0001. */
static inline double ks_statistic(double *values, size_t count,
                                  double (*share)(double value, const void *user), const void *user)
{
    double worst = 0.0, root = 1.0;
    qsort(values, count, sizeof *values, ks_by_value);
    for (size_t i = 0; i < count; i++) {
        const double at = share(values[i], user);
        const double above = (double)(i + 1) / (double)count - at;
        const double below = at - (double)i / (double)count;
        worst = above > worst ? above : worst;
        worst = below > worst ? below : worst;
    }
    for (int i = 0; i < 60; i++) { /* Newton: no <math.h> needed here */
        root = 0.5 * (root + (double)count / root);
    }
    return root * worst;
}

#endif
