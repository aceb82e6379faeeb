/* statistics.h: two numbers of repetitions, each with an interval of 95 %: the median, which is
 * what a person meets on this machine, and the quiet number, which is what the machine can do.
 *
 * Must not know what the numbers are. */
#ifndef SPEED_STATISTICS_H
#define SPEED_STATISTICS_H

#include <stddef.h>

typedef struct speed_interval {
    double middle, low, high;
} speed_interval;

/* These sort `values`; count >= 1. */
double speed_median(double *values, size_t count);
/* The median, and the narrowest pair of order statistics that holds the true one with at least 95 %
 * (the widest there is where that cannot be had: below six values). */
speed_interval speed_median_interval(double *values, size_t count);
/* The probability with which that pair holds it. */
double speed_interval_coverage(size_t count);

/* ---- the quiet number: the mean of the best third of the repetitions, rounded up. Other work on
 * the machine only ever adds time, and in bursts; where a third of the repetitions met none, this
 * is the quiet machine's number. ---- */

enum { SPEED_QUIET_LEAST = 6 }; /* repetitions, for an interval */

/* Repetitions of one case; what is missing is NaN. */
typedef struct speed_series {
    const double *over;
    const double *under;   /* NULL; or the other case's of the same rounds: the ratio is wanted */
    const double *process; /* NULL; or the number, from 0, of the process that made each */
    size_t count;
} speed_series;

/* NaN of none. */
double speed_quiet(const double *values, size_t count);
/* The quiet number of `over`, or its ratio to that of `under`, with an interval: its spread among
 * samples drawn with replacement (where there are several processes, of processes first), the bias
 * of these taken off, times Student's quantile for half as many degrees of freedom as there are
 * repetitions. Simulated: it holds the true one in 89 to 99 of 100 cases. The same numbers give the
 * same interval. Below SPEED_QUIET_LEAST repetitions it reaches from the least to the greatest. */
speed_interval speed_quiet_interval(const speed_series *series);

#endif
