/* bounds.c: bounds on scale and margin from the papers (see bounds.h). Must not know any loss of
 * the library. */
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

/* The others on a circle, two by two from the nearest pair on, until they do not matter. */
static double log_others_on_circle(double classes, double scale)
{
    const double step = 2.0 * M_PI / classes, nearest = cos(step);
    double sum = 0.0;
    for (double k = 1.0; 2.0 * k <= classes; k++) {
        const double pair = 2.0 * k == classes ? 1.0 : 2.0;
        const double term =
            pair * exp(-2.0 * scale * sin(0.5 * step * (k + 1.0)) * sin(0.5 * step * (k - 1.0)));
        sum += term;
        if (term < 1e-17 * sum) break;
    }
    return log(sum) + scale * nearest;
}

/* Mean of exp(s cos) over the sphere outside the cap of `nearest`, by Simpson's rule on a grid that
 * is dense where the scale is felt. */
static double log_others_spread(size_t dim, double classes, double scale, double nearest)
{
    enum { STEPS = 4000 };
    double sum = 0.0, whole = 0.0;
    for (int i = 1; i < STEPS; i++) { /* at both ends the weight is 0 */
        const double share = (double)i / STEPS;
        const double angle = nearest + (M_PI - nearest) * share * share;
        const double weight = (i % 2 == 1 ? 4.0 : 2.0) * share;
        const double density = weight * exp(((double)dim - 2.0) * log(sin(angle)));
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
