/* circle.h: arcs of classes on the circle and the gaps between them. Must not know losses or
 * training. */
#ifndef SEPARATION_CIRCLE_H
#define SEPARATION_CIRCLE_H

#include "metrics.h"

/* What a class takes of the circle: centre + low .. centre + high, radians; NaN ends for a class
 * without samples. */
typedef struct arc {
    double centre, low, high;
} arc;

/* arcs[classes]. 0, or ENOMEM. */
int circle_arcs(const separation_input *in, const double *centres, arc *arcs);

/* Fill the circle's part of *out from samples and unit centres [classes, 2]. 0, or ENOMEM. */
int circle_measure(const separation_input *in, const double *centres, separation_stats *out);

#endif
