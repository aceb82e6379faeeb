/* tour.h: an order of the classes round a circle in which neighbours are alike. Must not know
 * networks or losses. */
#ifndef SEPARATION_TOUR_H
#define SEPARATION_TOUR_H

#include "dataset.h"

/* order[data->classes]: a short round trip through the classes' mean inputs (nearest neighbour,
 * then 2-opt); the same for the same data. */
void tour_classes(const dataset *data, size_t *order);

#endif
