/* student.c: intervals and tests by Student's t (see student.h). Must not know what the numbers are
 * of. */
#include "student.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"
#include "quantile.h"

/* With u = atan(t / sqrt(n)) the integral of the density is a finite sum of powers of cos u, for
 * odd n with u besides; what is left of 1 has an error of some 1e-16. */
double student_tail(double t, size_t freedom)
{
    const double n = (double)freedom, u = atan(fabs(t) / sqrt(n));
    const double c = cos(u), s = sin(u);
    double term = freedom % 2 ? c : 1.0, sum = freedom > 1 ? term : 0.0;
    for (size_t k = freedom % 2 ? 3 : 2; k < freedom; k += 2) {
        term *= c * c * (double)(k - 1) / (double)k;
        sum += term;
    }
    return fmax(0.0, freedom % 2 ? 1.0 - 2.0 / M_PI * (u + s * sum) : 1.0 - s * sum);
}

/* The t that is exceeded, on both sides together, with probability 0.05. */
static double student_quantile(size_t freedom)
{
    double low = 1.0, high = 16.0; /* it falls from 12.7 to 1.96 */
    for (int halving = 0; halving < 52; halving++) {
        const double middle = 0.5 * (low + high);
        if (student_tail(middle, freedom) > 0.05) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return 0.5 * (low + high);
}

interval interval_of(const double *values, size_t count)
{
    interval out = {count, NAN, NAN, NAN, NAN};
    double sum = 0.0, square = 0.0;
    size_t equal = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
        equal += !(values[i] < values[0] || values[i] > values[0]);
    }
    /* A rounded mean of equal values would spread round them. */
    out.mean = equal == count && count > 0 ? values[0] : sum / (double)count;
    for (size_t i = 0; i < count; i++)
        square += (values[i] - out.mean) * (values[i] - out.mean);
    if (count > 1) {
        out.error = sqrt(square / (double)(count - 1) / (double)count);
        const double reach = student_quantile(count - 1) * out.error;
        out.low = out.mean - reach;
        out.high = out.mean + reach;
    }
    return out;
}

double student_test(interval found, double bound, size_t count)
{
    if (found.count < 2 || isnan(found.mean)) return NAN;
    if (!(found.error > 0.0)) return 0.0;
    const double t = (found.mean - bound) / found.error;
    return student_tail(t * sqrt((double)count / (double)found.count), count - 1);
}

void holm_adjust(const double *p, size_t count, double *adjusted)
{
    double *const sorted = zeroed(count, sizeof *sorted);
    size_t known = 0;
    for (size_t i = 0; i < count; i++)
        if (!isnan(p[i])) sorted[known++] = p[i];
    sort_doubles(sorted, known);
    /* The k-th smallest is multiplied by how many are not smaller; none falls below one before. */
    double least = 0.0;
    for (size_t k = 0; k < known; k++) {
        least = fmax(least, fmin(1.0, (double)(known - k) * sorted[k]));
        for (size_t i = 0; i < count; i++)
            if (!(p[i] < sorted[k] || p[i] > sorted[k]) && (k == 0 || sorted[k] > sorted[k - 1]))
                adjusted[i] = least;
    }
    for (size_t i = 0; i < count; i++)
        if (isnan(p[i])) adjusted[i] = NAN;
    free(sorted);
}
