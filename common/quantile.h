/* quantile.h: sorted numbers and their quantiles. Must not know what the numbers are. */
#ifndef MARGIN_COMMON_QUANTILE_H
#define MARGIN_COMMON_QUANTILE_H

#include <stddef.h>

/* Negative, zero or positive, as qsort wants it of two doubles. */
int compare_doubles(const void *a, const void *b);

/* Ascending; no NaN among them. */
void sort_doubles(double *values, size_t count);

/* The value below which a share of 0 to 1 of the sorted values lies, linear between them (numpy's
 * default); the least and the greatest exactly. NaN of none. */
double quantile(const double *sorted, size_t count, double share);

#endif
