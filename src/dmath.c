/* dmath.c: elementary functions in double, by plain series after an argument reduction: there are
 * only N calls, so clarity wins over speed. It knows nothing of losses. */
#include "dmath.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* pi / 2 and ln 2 in parts: the first has so many trailing zeros that a small multiple is exact. */
static const double half_pi_1 = 0x1.921fb544p+0, half_pi_2 = 0x1.0b4611a6p-34;
static const double half_pi_3 = 0x1.3198a2e037073p-69;
static const double ln2_1 = 0x1.62e42fep-1, ln2_2 = 0x1.f473de6af278fp-30;

/* Returns x 2^n by the exponent's bits, in two steps so that subnormal results round once. */
static double times_2n(double x, int n)
{
    const int first = n / 2, second = n - first;
    const uint64_t bits[2] = {(uint64_t)(first + 1023) << 52, (uint64_t)(second + 1023) << 52};
    double power[2];
    memcpy(power, bits, sizeof power);
    return x * power[0] * power[1];
}

/* Returns the sum of c[k] x^k over k < n, which is odd. Even and odd powers are a chain each, as a
 * single chain would take twice the time. */
static double polynomial(const double *c, int n, double x)
{
    const double square = x * x;
    double even = c[n - 1], odd = 0.0;
    for (int k = n - 2; k > 0; k -= 2) {
        odd = c[k] + odd * square;
        even = c[k - 1] + even * square;
    }
    return even + x * odd;
}

double dm_exp(double x)
{
    static const double c[] = {
        1.0 / 2,          1.0 / 6,           1.0 / 24,          1.0 / 120,      1.0 / 720,
        1.0 / 5040,       1.0 / 40320,       1.0 / 362880,      1.0 / 3628800., 1.0 / 39916800.,
        1.0 / 479001600., 1.0 / 6227020800., 1.0 / 87178291200.}; /* 1 / k!, k = 2 to 14 */
    if (x == 0.0) return 1.0;
    if (!(x <= 709.78)) return x > 709.78 ? INFINITY : x; /* a NaN fits no int */
    if (x < -745.0) return 0.0;
    const double n = floor(x * (1.0 / (ln2_1 + ln2_2)) + 0.5);
    const double r = (x - n * ln2_1) - n * ln2_2;
    return times_2n(1.0 + (r + r * r * polynomial(c, 13, r)), (int)n);
}

/* Returns 2 artanh(s) for |s| < 0.18. */
static double two_artanh(double s)
{
    static const double c[] = {1.0 / 3,  1.0 / 5,  1.0 / 7,  1.0 / 9,  1.0 / 11, 1.0 / 13,
                               1.0 / 15, 1.0 / 17, 1.0 / 19, 1.0 / 21, 1.0 / 23};
    const double t = s * s;
    return 2.0 * s + 2.0 * s * (t * polynomial(c, 11, t));
}

double dm_log(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    int n = (int)(bits >> 52 & 0x7ff) - 1023;
    bits = (bits & 0xfffffffffffffu) | (uint64_t)1023 << 52;
    double f;
    memcpy(&f, &bits, sizeof f);
    if (f > 0x1.6a09e667f3bcdp+0) {
        f *= 0.5;
        n++;
    }
    return n * ln2_1 + (n * ln2_2 + two_artanh((f - 1.0) / (f + 1.0)));
}

double dm_log1p(double x)
{
    if (x > -0.29 && x < 0.41) return two_artanh(x / (2.0 + x));
    return dm_log(1.0 + x);
}

void dm_sincos(double x, double *sine, double *cosine)
{
    /* (-1)^k / (2 k + 1)! and (-1)^k / (2 k)!, k = 1 to 9 */
    static const double odd[] = {-1.0 / 6,
                                 1.0 / 120,
                                 -1.0 / 5040,
                                 1.0 / 362880,
                                 -1.0 / 39916800,
                                 1.0 / 6227020800.,
                                 -1.0 / 1307674368000.,
                                 1.0 / 355687428096000.,
                                 -1.0 / 121645100408832000.};
    static const double even[] = {-1.0 / 2,
                                  1.0 / 24,
                                  -1.0 / 720,
                                  1.0 / 40320,
                                  -1.0 / 3628800,
                                  1.0 / 479001600,
                                  -1.0 / 87178291200.,
                                  1.0 / 20922789888000.,
                                  -1.0 / 6402373705728000.};
    const double n = floor(x / (half_pi_1 + half_pi_2) + 0.5);
    const double r = ((x - n * half_pi_1) - n * half_pi_2) - n * half_pi_3;
    const double t = r * r;
    const double s = r + r * (t * polynomial(odd, 9, t)), c = 1.0 + t * polynomial(even, 9, t);
    switch (isnan(n) ? 0 : (long)n & 3) {
    case 0:
        *sine = s, *cosine = c;
        break;
    case 1:
        *sine = c, *cosine = -s;
        break;
    case 2:
        *sine = -s, *cosine = -c;
        break;
    default:
        *sine = -c, *cosine = s;
        break;
    }
}

/* Returns the arctangent of a, 0 <= a <= 1. */
static double arctan(double a)
{
    const double tan_pi_8 = 0.41421356237309503;
    const double base = a > tan_pi_8 ? DM_PI / 4.0 : 0.0;
    const double b = a > tan_pi_8 ? (a - 1.0) / (a + 1.0) : a;
    static const double c[] = {-1.0 / 3,  1.0 / 5,  -1.0 / 7,  1.0 / 9,  -1.0 / 11, 1.0 / 13,
                               -1.0 / 15, 1.0 / 17, -1.0 / 19, 1.0 / 21, -1.0 / 23, 1.0 / 25,
                               -1.0 / 27, 1.0 / 29, -1.0 / 31, 1.0 / 33, -1.0 / 35, 1.0 / 37,
                               -1.0 / 39, 1.0 / 41, -1.0 / 43, 1.0 / 45, -1.0 / 47};
    const double t = b * b;
    return base + (b + b * (t * polynomial(c, 23, t)));
}

double dm_atan2(double y, double x)
{
    const double width = fabs(x);
    if (y == 0.0 && width == 0.0) return DM_PI / 2.0;
    const double acute = y <= width ? arctan(y / width) : DM_PI / 2.0 - arctan(width / y);
    return x < 0.0 ? DM_PI - acute : acute;
}
