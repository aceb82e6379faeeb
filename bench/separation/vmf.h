/* vmf.h: exact sampling of directions: uniform on the sphere, and von Mises-Fisher, whose density
 * is proportional to exp(concentration <mean, x>). Any dimension >= 2. Must not know what the
 * directions stand for.
 * Source: Ulrich, "Computer generation of distributions on the m-sphere", 1984; Wood, "Simulation
 * of the von Mises Fisher distribution", 1994. */
#ifndef SEPARATION_VMF_H
#define SEPARATION_VMF_H

#include "philox.h"

/* out[dim]: a unit vector. */
void sphere_uniform(philox_stream *stream, size_t dim, double *out);

/* out[dim]: a unit vector around the unit vector mean[dim]; concentration finite and >= 0 (0 is
 * uniform). `out` and `mean` must not overlap. */
void vmf_sample(philox_stream *stream, const double *mean, size_t dim, double concentration,
                double *out);

#endif
