/* theta_stats.c: what the target angles of a batch look like. Must not know their
 * source. */
#include "theta_stats.h"

#include <stdlib.h>

#include "quantile.h"

static const double pi = 3.14159265358979323846;

int theta_stats_of(const float *angles, const int64_t *labels, size_t rows, double m1, double m2,
                   theta_stats *out)
{
    double *theta = malloc(rows * sizeof *theta), sum = 0.0;
    if (theta == NULL) return -1;
    size_t counted = 0, past = 0;
    for (size_t i = 0; i < rows; i++) {
        if (labels[i] == -1) continue;
        /* pi itself, rounded to float32, lies beyond pi. */
        const double angle = angles[i] < pi ? angles[i] : pi;
        past += m1 * angle + m2 > pi;
        sum += angle;
        theta[counted++] = angle * (180.0 / pi);
    }
    if (counted > 0) {
        sort_doubles(theta, counted);
        out->mean = sum / (double)counted * (180.0 / pi);
        out->p05 = quantile(theta, counted, 0.05);
        out->p50 = quantile(theta, counted, 0.50);
        out->p95 = quantile(theta, counted, 0.95);
        out->past_pi = (double)past / (double)counted;
    }
    free(theta);
    return counted > 0;
}
