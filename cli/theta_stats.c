/* theta_stats.c: what the target angles of a batch look like. Must not know their
 * source. */
#include "theta_stats.h"

#include <stdlib.h>

static const double pi = 3.14159265358979323846;

static int ascending(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double quantile(const double *sorted, size_t n, double q)
{
    const double position = q * (double)(n - 1);
    const size_t below = (size_t)position;
    if (below + 1 >= n) return sorted[n - 1];
    const double share = position - (double)below, step = sorted[below + 1] - sorted[below];
    /* From the nearer end, so that both ends are met exactly. */
    return share < 0.5 ? sorted[below] + step * share : sorted[below + 1] - step * (1.0 - share);
}

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
        qsort(theta, counted, sizeof *theta, ascending);
        out->mean = sum / (double)counted * (180.0 / pi);
        out->p05 = quantile(theta, counted, 0.05);
        out->p50 = quantile(theta, counted, 0.50);
        out->p95 = quantile(theta, counted, 0.95);
        out->past_pi = (double)past / (double)counted;
    }
    free(theta);
    return counted > 0;
}
