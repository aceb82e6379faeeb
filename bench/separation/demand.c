/* demand.c: what a margin asks for on a circle (see demand.h). Must not know how anything is
 * trained. */
#include "demand.h"

#include <math.h>

static double spacing_of(size_t classes)
{
    return 2.0 * M_PI / (double)classes;
}

/* A sample `a` from its own class and the spacing less `a` from the other meets the condition where
 * m a = spacing - a, cos a - m = cos(spacing - a), a + m = spacing - a; the gap is the spacing less
 * 2 a. */
double demand_gap(const margin_config *loss, size_t classes)
{
    const double spacing = spacing_of(classes);
    double gap = NAN;
    switch (loss->loss) {
    case MARGIN_NORMSOFTMAX:
        gap = 0.0;
        break;
    case MARGIN_SPHEREFACE:
        gap = spacing * (loss->m1 - 1.0) / (loss->m1 + 1.0);
        break;
    case MARGIN_COSFACE:
        gap = 2.0 * asin(loss->m3 / (2.0 * sin(0.5 * spacing)));
        break;
    case MARGIN_ARCFACE:
        gap = loss->m2;
        break;
    default:
        break;
    }
    return gap <= spacing ? gap : NAN;
}

/* Without what rounding leaves, so that 2 is 2: equal settings are one training. */
static double clean(double margin)
{
    return round(1e12 * margin) / 1e12;
}

double demand_margin(margin_loss loss, double gap, size_t classes)
{
    const double spacing = spacing_of(classes);
    if (!(gap >= 0.0 && gap < spacing)) return NAN;
    switch (loss) {
    case MARGIN_SPHEREFACE:
        return clean((spacing + gap) / (spacing - gap));
    case MARGIN_COSFACE:
        return clean(2.0 * sin(0.5 * spacing) * sin(0.5 * gap));
    case MARGIN_ARCFACE:
        return gap;
    default:
        return NAN;
    }
}
