/* quantile.c: see quantile.h. */
#include "quantile.h"

#include <math.h>
#include <stdlib.h>

int compare_doubles(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

void sort_doubles(double *values, size_t count)
{
    qsort(values, count, sizeof *values, compare_doubles);
}

double quantile(const double *sorted, size_t count, double share)
{
    if (count == 0) return NAN;
    const double place = share * (double)(count - 1);
    const size_t below = (size_t)place;
    if (below + 1 >= count) return sorted[count - 1];
    const double part = place - (double)below, step = sorted[below + 1] - sorted[below];
    /* From the nearer end, so that both ends are met exactly. */
    return part < 0.5 ? sorted[below] + step * part : sorted[below + 1] - step * (1.0 - part);
}
