/* caps.h: how much of a sphere lies near a point, and how far apart many points on it are. Must not
 * know what the points stand for.
 *
 * The sphere is that of unit vectors in `dim` >= 2 dimensions; angles in radians. */
#ifndef MARGIN_COMMON_CAPS_H
#define MARGIN_COMMON_CAPS_H

#include <stddef.h>

/* The share of the sphere within `angle` of a point, to a relative error near 1e-12; and the angle
 * whose cap holds `share`. */
double cap_share(size_t dim, double angle);
double cap_angle(size_t dim, double share);

/* Expected least of `count` >= 1 independent angles to uniform directions: the integral of
 * (1 - cap_share)^count. */
double cap_nearest(size_t dim, double count);

/* Of n uniform directions: expected angle from one to its nearest neighbour (exact), and expected
 * angle of the closest pair (exact but for taking the n (n - 1) / 2 pairs as independent). */
double sphere_nearest(size_t dim, double n);
double sphere_closest(size_t dim, double n);
/* The closest pair as n grows without bound: caps taken as flat, which is far off in many
 * dimensions. Source: Brauchart et al., "Random point sets on the sphere", 2015; the appendix of
 * ArcFace, version 3. */
double sphere_closest_asymptotic(size_t dim, double n);

/* The largest angle that every two of `count` >= 2 directions can keep: bounds from above and from
 * below, equal where the answer is known (count <= 2 dim, or dim = 2). Above: Rankin, 1955, and
 * that the caps of half the angle do not overlap. Below: as long as caps of the whole angle leave
 * something uncovered another direction fits. */
double packing_most(size_t dim, double count);
double packing_least(size_t dim, double count);

#endif
