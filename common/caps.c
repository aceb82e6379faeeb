/* caps.c: caps of a sphere and distances between many points on it (see caps.h). Must not know what
 * the points stand for. */
#include "caps.h"

#include <math.h>

/* The continued fraction of the incomplete beta function, evaluated by Lentz's method from the
 * front. Source: Abramowitz and Stegun, 26.5.8. */
static double beta_fraction(double a, double b, double x)
{
    const double tiny = 1e-300;
    double c = 1.0, d = 1.0 - (a + b) * x / (a + 1.0);
    d = 1.0 / (fabs(d) < tiny ? tiny : d);
    double value = d;
    for (int m = 1; m < 5000; m++) {
        double change = 1.0;
        for (int odd = 0; odd < 2; odd++) {
            const double n = a + 2.0 * m;
            const double term = odd ? -(a + m) * (a + b + m) * x / (n * (n + 1.0))
                                    : m * (b - m) * x / ((n - 1.0) * n);
            d = 1.0 + term * d;
            c = 1.0 + term / c;
            d = 1.0 / (fabs(d) < tiny ? tiny : d);
            c = fabs(c) < tiny ? tiny : c;
            change *= d * c;
        }
        value *= change;
        if (fabs(change - 1.0) < 1e-15) break;
    }
    return value;
}

/* The regularised incomplete beta function at x = 1 - y; both are given, to keep their digits. */
static double incomplete_beta(double a, double b, double x, double y)
{
    if (!(x > 0.0)) return 0.0;
    if (!(y > 0.0)) return 1.0;
    const double front = exp(a * log(x) + b * log(y) + lgamma(a + b) - lgamma(a) - lgamma(b));
    if (x < (a + 1.0) / (a + b + 2.0)) return front * beta_fraction(a, b, x) / a;
    return 1.0 - front * beta_fraction(b, a, y) / b;
}

double cap_share(size_t dim, double angle)
{
    const double sine = sin(angle), cosine = cos(angle);
    const double half =
        0.5 * incomplete_beta(0.5 * ((double)dim - 1.0), 0.5, sine * sine, cosine * cosine);
    return cosine >= 0.0 ? half : 1.0 - half;
}

double cap_angle(size_t dim, double share)
{
    double low = 0.0, high = M_PI;
    for (int i = 0; i < 200; i++) {
        const double middle = 0.5 * (low + high);
        if (middle == low || middle == high) break;
        if (cap_share(dim, middle) < share)
            low = middle;
        else
            high = middle;
    }
    return 0.5 * (low + high);
}

static double none_within(size_t dim, double count, double angle)
{
    return exp(count * log1p(-fmin(cap_share(dim, angle), 1.0)));
}

double cap_nearest(size_t dim, double count)
{
    /* Before `first` the integrand is 1, from `last` on it is 0, to double precision. */
    enum { STEPS = 2000 };
    const double first = cap_angle(dim, 1e-17 / count);
    const double last = cap_angle(dim, fmin(1.0, 40.0 / count));
    const double step = (last - first) / STEPS;
    double sum = 0.0;
    for (int i = 0; i <= STEPS; i++) { /* Simpson's rule */
        const double weight = i == 0 || i == STEPS ? 1.0 : i % 2 == 1 ? 4.0 : 2.0;
        sum += weight * none_within(dim, count, first + step * i);
    }
    return first + sum * step / 3.0;
}

double sphere_nearest(size_t dim, double n)
{
    return cap_nearest(dim, n - 1.0);
}

double sphere_closest(size_t dim, double n)
{
    return cap_nearest(dim, 0.5 * n * (n - 1.0));
}

double sphere_closest_asymptotic(size_t dim, double n)
{
    const double below = (double)dim - 1.0;
    const double log_rate =
        lgamma(0.5 * (double)dim) - log(2.0 * sqrt(M_PI) * below) - lgamma(0.5 * below);
    return exp(-2.0 / below * log(n) + lgamma(1.0 + 1.0 / below) - log_rate / below);
}

double packing_most(size_t dim, double count)
{
    if (count <= (double)dim + 1.0) return acos(-1.0 / (count - 1.0)); /* the regular simplex */
    if (dim == 2) return 2.0 * M_PI / count;
    if (count <= 2.0 * (double)dim) return 0.5 * M_PI; /* the axes, both ways */
    return fmin(0.5 * M_PI, 2.0 * cap_angle(dim, 1.0 / count));
}

double packing_least(size_t dim, double count)
{
    if (count <= 2.0 * (double)dim || dim == 2) return packing_most(dim, count);
    return cap_angle(dim, 1.0 / count);
}
