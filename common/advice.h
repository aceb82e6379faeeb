/* advice.h: which scale and margin suit a loss for a number of classes. Must not know a loss by
 * name: what a margin does is asked of the library. */
#ifndef MARGIN_COMMON_ADVICE_H
#define MARGIN_COMMON_ADVICE_H

#include "margin.h"

/* The posterior that an embedding at its class weight should be able to reach. */
#define ADVICE_POSTERIOR 0.999

typedef struct advice {
    margin_config config; /* the advice: loss, scale and margins */
    int shrunk;           /* 1: the margins are below the loss's defaults */
    double margin_most;   /* with a larger margin not even a class weight is right; NaN: no limit,
                             or a loss without one margin */
    double scale_centre;  /* with a smaller s a centre does not reach ADVICE_POSTERIOR; NaN: with no
                             s that the library takes; then config.scale is NaN, too */
    double scale_slope;   /* AdaCos's scale with this margin: posterior 1/2 at 45 degrees; NaN: the
                             margin leaves no positive logit there */
} advice;

/* What the papers and geometry say of a number of classes (bounds.h, caps.h), angles in radians. */
enum { ADVICE_POSTERIORS = 3, ADVICE_SCALES = 4 };
typedef struct advice_bounds {
    double posterior[ADVICE_POSTERIORS],
        cosface_scale[ADVICE_POSTERIORS];                      /* the least s for each */
    double scale[ADVICE_SCALES], normface_loss[ADVICE_SCALES]; /* the least loss with each s */
    double adacos_scale;
    double nearest_least, nearest_most; /* what every two directions can keep: at least, at most */
    double nearest_random, closest_random; /* of random directions: the nearest, the closest pair */
    double posterior_aimed_at;             /* ADVICE_POSTERIOR */
} advice_bounds;

advice_bounds advice_bounds_of(size_t dim, size_t classes);

/* For C = classes >= 2 classes in `dim` >= 2 dimensions.
 *
 * Margin: the default, or as much of it as leaves a class no less room than the gap that the margin
 * keeps: where the nearest other class is at angle t, a sample up to t / 4 off must still be right,
 * so that half of the angle between two classes is theirs and half is gap.
 * Scale: the larger of scale_centre and scale_slope, rounded up. */
advice advice_of(margin_loss loss, size_t dim, size_t classes);

/* The angle t: what every two of the classes can keep for sure. */
double advice_nearest(size_t dim, size_t classes);

#endif
