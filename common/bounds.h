/* bounds.h: what the papers say scale and margin must be for a number of classes. Must not know any
 * loss of the library.
 *
 * "Centre": an embedding that lies on its own class's weight, with all classes spread as evenly as
 * can be; C classes, s scale. */
#ifndef MARGIN_COMMON_BOUNDS_H
#define MARGIN_COMMON_BOUNDS_H

#include <stddef.h>

/* The least s with which the posterior at a centre can reach `posterior`.
 * Source: Wang et al., CosFace, 2018 (equality only where C <= D + 1). */
double bound_cosface_scale(double classes, double posterior);
/* The same bound as NormFace states it: the least loss that s allows, in nat.
 * Source: Wang et al., NormFace, 2017 (there s is a squared norm). */
double bound_normface_loss(double classes, double scale);
/* AdaCos's fixed scale: posterior 1/2 at 45 degrees, other classes at 90.
 * Source: Zhang et al., AdaCos, 2019. */
double bound_adacos_scale(double classes);
/* The largest margin of CosFace: 1 less the largest cosine between two weights, where `dim` is 2 or
 * C <= D + 1; beyond that the paper gives no number: NaN (caps.h bounds it on both sides).
 * Source: CosFace. */
double bound_cosface_margin(size_t dim, double classes);

/* ln sum over the other classes of exp(s cosine), at a centre: exact for C <= D + 1 and for D = 2;
 * else the others are taken as spread evenly over the sphere, none nearer than packing_least. */
double bound_log_others(size_t dim, double classes, double scale);

#endif
