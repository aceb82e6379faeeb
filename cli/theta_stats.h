/* theta_stats.h: what the target angles of a batch look like. Must not know their
 * source. */
#ifndef MARGIN_CLI_THETA_STATS_H
#define MARGIN_CLI_THETA_STATS_H

#include <stddef.h>
#include <stdint.h>

typedef struct theta_stats {
    double mean, p05, p50, p95; /* degrees; percentiles interpolated linearly */
    double past_pi;             /* share of the counted rows with m1 theta + m2 > pi */
} theta_stats;

/* Of the rows whose label is not -1; `angles` in radians. 1 ok; 0 and *out untouched when no row
 * counts; -1 when out of memory. */
int theta_stats_of(const float *angles, const int64_t *labels, size_t rows, double m1, double m2,
                   theta_stats *out);

#endif
