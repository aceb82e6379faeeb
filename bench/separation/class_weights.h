/* class_weights.h: the classification head's parameters, one vector a class. Must not know losses
 * or training. */
#ifndef SEPARATION_CLASS_WEIGHTS_H
#define SEPARATION_CLASS_WEIGHTS_H

#include "data.h"

typedef struct class_weights {
    size_t classes, dim;
    float *weights; /* [classes, dim] */
    float *bias;    /* [classes], or NULL for a loss that has none */
} class_weights;

/* All zero. */
void class_weights_create(class_weights *out, size_t classes, size_t dim, int with_bias);
void class_weights_free(class_weights *head);

/* dim = 2: evenly on a circle in the given order of the classes, turned by an angle that the seed
 * draws. */
void class_weights_place(class_weights *head, const size_t *order, double length, uint64_t seed);
/* Any dim: directions drawn by the seed, uniform on the sphere. */
void class_weights_scatter(class_weights *head, double length, uint64_t seed);

/* order[data->classes]: an order of the classes round a circle in which neighbours are alike: a
 * short round trip through the classes' mean inputs (nearest neighbour, then 2-opt); the same for
 * the same data. */
void tour_classes(const dataset *data, size_t *order);

#endif
