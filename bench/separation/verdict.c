/* verdict.c: intervals and verdicts (see claims.h). Must not know what is claimed. */
#include <math.h>

#include "claims.h"

double student_quantile(size_t freedom)
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
    interval out = {count, NAN, NAN, NAN};
    double sum = 0.0, square = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    out.mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        square += (values[i] - out.mean) * (values[i] - out.mean);
    if (count > 1) {
        const double error = sqrt(square / (double)(count - 1) / (double)count);
        out.low = out.mean - student_quantile(count - 1) * error;
        out.high = out.mean + student_quantile(count - 1) * error;
    }
    return out;
}

verdict verdict_of(interval measured, double least, double most)
{
    if (!(measured.count > 1) || isnan(measured.mean)) return VERDICT_UNDECIDED;
    if (measured.low > least && measured.high < most) return VERDICT_HOLDS;
    return measured.high <= least || measured.low >= most ? VERDICT_DOES_NOT : VERDICT_UNDECIDED;
}

const char *verdict_name(verdict value)
{
    static const char *const names[] = {"holds", "does not", "undecided"};
    return names[value];
}
