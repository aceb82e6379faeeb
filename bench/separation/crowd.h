/* crowd.h: how near the nearest of many random directions is, by drawing them. The cosines are
 * those of the library's head, so this is also a test of its speed. Must not know the theory
 * (caps.h) or a figure. */
#ifndef SEPARATION_CROWD_H
#define SEPARATION_CROWD_H

#include <stddef.h>
#include <stdint.h>

#include "margin.h"

/* What was found about crowds of n directions in D dimensions; radians. */
typedef struct crowd_row {
    size_t n, dim;
    size_t sets;                   /* independent crowds */
    size_t looked;                 /* directions whose nearest neighbour was found, in all */
    double nearest, nearest_error; /* mean over them, and its standard error: over the sets, or
                                      over the directions where there is one set */
    double closest, closest_error; /* mean over the sets of the closest pair; NaN where only some
                                      directions of the crowd were looked at; error: NaN for one
                                      set */
} crowd_row;

typedef struct crowd_speed {
    double seconds; /* in the library's head */
    double cosines;
    double operations; /* multiplications and additions of these cosines */
} crowd_speed;

typedef struct crowd_plan {
    uint64_t seed;
    margin_isa isa;
    int threads;  /* 0: as OpenMP decides; never changes a number but the speed */
    size_t most;  /* the largest crowd, at most 1000000 */
    size_t whole; /* the largest that is looked at whole, 100, 1000 or 10000 */
    /* Called after each piece of work with the share that is done; may be NULL. */
    void (*step)(void *user, double share);
    void *user;
} crowd_plan;

enum { CROWD_MOST_ROWS = 15 };

/* rows[CROWD_MOST_ROWS]: n = 100, 1000, ... plan->most in 128, 256 and 512 dimensions. Crowds of
 * more than plan->whole are looked at from 256 further directions, which see what a member sees.
 * The directions in fewer dimensions are the first coordinates of those in 512, and a crowd looked
 * at so is a part of the next larger one. Returns the number of rows. */
size_t crowd_measure(const crowd_plan *plan, crowd_row *rows, crowd_speed *speed);

/* ---- free_features.c: what a loss asks of features when no network stands in between: every
 * sample is a point on the circle that moves down the loss's gradient until it is content. It must
 * not know networks or data sets ---- */

/* Class weights stand evenly on the circle and stay; samples start anywhere in their class's zone,
 * drawn by the seed. Returns the mean gap between neighbouring classes in the end, from the
 * outermost sample of one to that of the other (radians); NaN if the loss refuses. The loss's scale
 * is raised, so that the softmax's soft edge adds no more than a fraction of a degree. */
double free_gap(const margin_config *loss, size_t classes, uint64_t seed);

#endif
