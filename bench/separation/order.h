/* order.h: random orders of the numbers 0 .. count - 1. Must not know what is ordered. */
#ifndef SEPARATION_ORDER_H
#define SEPARATION_ORDER_H

#include <stdint.h>

#include "philox.h"

void order_start(size_t *order, size_t count);
/* Every order is equally likely (Fisher and Yates). */
void order_shuffle(philox_stream *stream, size_t *order, size_t count);

/* Rearrange an order so that samples of one class stand together in groups of `each` (a class's
 * last group may be smaller), the groups at random. scratch[2 count + classes + 2]. */
void order_groups(philox_stream *stream, size_t *order, size_t count, const int64_t *labels,
                  size_t classes, size_t each, size_t *scratch);

#endif
