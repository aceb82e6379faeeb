/* statistics.h: medians and what can be said about them without assuming a distribution.
 *
 * Must not know what the numbers are. */
#ifndef SPEED_STATISTICS_H
#define SPEED_STATISTICS_H

#include <stddef.h>

typedef struct speed_interval {
    double median, low, high;
} speed_interval;

/* These sort `values`; count >= 1. */
double speed_median(double *values, size_t count);
/* The median, and the narrowest pair of order statistics that holds the true one with at least 95 %
 * (the widest there is where that cannot be had: below six values). */
speed_interval speed_median_interval(double *values, size_t count);
/* The probability with which that pair holds it. */
double speed_interval_coverage(size_t count);

#endif
