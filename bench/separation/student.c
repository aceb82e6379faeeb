/* student.c: intervals and tests by Student's t (see student.h). Must not know what the numbers are
 * of. */
#include "student.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"
#include "quantile.h"

/* The quantile 0.975 for this many degrees of freedom, >= 1. */
static double student_quantile(size_t freedom)
{
    static const double exact[] = {
        12.706204736, 4.302652730, 3.182446305, 2.776445105, 2.570581836, 2.446911851, 2.364624252,
        2.306004135,  2.262157163, 2.228138852, 2.200985160, 2.178812830, 2.160368656, 2.144786688,
        2.131449546,  2.119905299, 2.109815578, 2.100922040, 2.093024054, 2.085963447};
    const size_t known = sizeof exact / sizeof *exact;
    if (freedom <= known) return exact[freedom - 1];
    /* Cornish and Fisher's expansion about the normal quantile. */
    const double z = 1.959963984540054, n = (double)freedom;
    const double z3 = z * z * z, z5 = z3 * z * z, z7 = z5 * z * z;
    return z + (z3 + z) / (4.0 * n) + (5.0 * z5 + 16.0 * z3 + 3.0 * z) / (96.0 * n * n) +
           (3.0 * z7 + 19.0 * z5 + 17.0 * z3 - 15.0 * z) / (384.0 * n * n * n);
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
        out.low = out.mean - student_quantile(count - 1) * out.error;
        out.high = out.mean + student_quantile(count - 1) * out.error;
    }
    return out;
}

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
