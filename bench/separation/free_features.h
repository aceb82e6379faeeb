/* free_features.h: what a loss asks of features when no network stands in between: every sample is
 * a point on the circle that moves down the loss's gradient until it is content. Must not know
 * networks or data sets. */
#ifndef SEPARATION_FREE_FEATURES_H
#define SEPARATION_FREE_FEATURES_H

#include <stddef.h>
#include <stdint.h>

#include "margin.h"

/* Class weights stand evenly on the circle and stay; samples start anywhere in their class's zone,
 * drawn by the seed. Returns the mean gap between neighbouring classes in the end, from the
 * outermost sample of one to that of the other (radians); NaN if the loss refuses. The loss's scale
 * is raised, so that the softmax's soft edge adds no more than a fraction of a degree. */
double free_gap(const margin_config *loss, size_t classes, uint64_t seed);

#endif
