/* dmath.h: elementary functions in double whose bits do not depend on the C library, the compiler
 * or the machine: only +, -, *, /, sqrt and floor, which IEEE 754 fixes. For the N target pairs and
 * row sums; the C classes go through kernels/exp.inc.h. Errors are below 4 ulp of double, far under
 * the half ulp of the float32 results made from them (tests/test_dmath.c). Thread-safe, no state.
 */
#ifndef MARGIN_DMATH_H
#define MARGIN_DMATH_H

#define DM_PI 3.14159265358979323846

/* Returns e^x; 0 below -745, +infinity above 709.78. Here and in dm_sincos a NaN gives NaN. */
double dm_exp(double x);
/* Returns the natural logarithm of x > 0, which is no subnormal number. */
double dm_log(double x);
/* Returns log(1 + x), x > -1. */
double dm_log1p(double x);
/* Writes the sine and cosine of x radians, |x| < 1e5. */
void dm_sincos(double x, double *sine, double *cosine);
/* Returns the angle of the point (x, y), y >= 0, in [0, pi]; pi / 2 for the origin. */
double dm_atan2(double y, double x);

#endif
