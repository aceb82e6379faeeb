/* bounds.c: bounds on scale and margin from the papers (see bounds.h). Must not know any loss of
 * the library. */
#define _GNU_SOURCE
#include "bounds.h"

#include "caps.h"

#include <math.h>

double bound_cosface_scale(double classes, double posterior)
{
    return (classes - 1.0) / classes * log((classes - 1.0) * posterior / (1.0 - posterior));
}

double bound_normface_loss(double classes, double scale)
{
    return log1p((classes - 1.0) * exp(-classes * scale / (classes - 1.0)));
}

double bound_adacos_scale(double classes)
{
    return sqrt(2.0) * log(classes - 1.0);
}

double bound_cosface_margin(size_t dim, double classes)
{
    if (classes > (double)dim + 1.0 && dim != 2) return NAN;
    return 1.0 - cos(packing_most(dim, classes));
}

/* The others on a circle, from the nearest pair round to the opposite side. */
static double log_others_on_circle(double classes, double scale)
{
    const double step = 2.0 * M_PI / classes, nearest = cos(step);
    double sum = 0.0;
    for (double k = 1.0; k < classes; k++)
        sum += exp(scale * (cos(step * k) - nearest));
    return log(sum) + scale * nearest;
}

/* Mean of exp(s cos) over the sphere outside the cap of `nearest`, by Simpson's rule. The density
 * sin^(D - 2) is taken relative to its greatest value. */
static double log_others_spread(size_t dim, double classes, double scale, double nearest)
{
    enum { STEPS = 4000 };
    const double step = (M_PI - nearest) / STEPS, power = (double)dim - 2.0;
    double sum = 0.0, whole = 0.0;
    for (int i = 0; i < STEPS; i++) { /* at pi the density is 0 */
        const double angle = nearest + step * i;
        const double weight = i == 0 ? 1.0 : i % 2 == 1 ? 4.0 : 2.0;
        const double density = weight * exp(power * log(sin(angle)));
        sum += density * exp(scale * (cos(angle) - cos(nearest)));
        whole += density;
    }
    return log(classes - 1.0) + scale * cos(nearest) + log(sum / whole);
}

double bound_log_others(size_t dim, double classes, double scale)
{
    if (classes <= (double)dim + 1.0) return log(classes - 1.0) - scale / (classes - 1.0);
    if (dim == 2) return log_others_on_circle(classes, scale);
    return log_others_spread(dim, classes, scale, packing_least(dim, classes));
}
