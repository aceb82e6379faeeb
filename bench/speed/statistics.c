/* statistics.c: medians by sorting, their intervals by the binomial distribution.
 *
 * Must not know what the numbers are. */
#include "statistics.h"

#include <math.h>
#include <stdlib.h>

#include "quantile.h"

double speed_median(double *values, size_t count)
{
    sort_doubles(values, count);
    return quantile(values, count, 0.5);
}

/* A value is below the true median with probability 1/2. The median lies outside the k-th from
 * either end when fewer than k + 1 values (k from 0) are on one side of it. */
static double coverage(size_t count, size_t k)
{
    double term = ldexp(1, -(int)count), sum = 0; /* binomial(count, i) / 2^count */
    for (size_t i = 0; i <= k; i++) {
        sum += term;
        term *= (double)(count - i) / (double)(i + 1);
    }
    return 1 - 2 * sum;
}

static size_t order_statistic(size_t count)
{
    size_t k = 0;
    while (2 * (k + 1) < count && coverage(count, k + 1) >= 0.95)
        k++;
    return k;
}

speed_interval speed_median_interval(double *values, size_t count)
{
    const double median = speed_median(values, count);
    const size_t k = order_statistic(count);
    return (speed_interval){median, values[k], values[count - 1 - k]};
}

double speed_interval_coverage(size_t count)
{
    return count < 2 ? 0 : coverage(count, order_statistic(count));
}
