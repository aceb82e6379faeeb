/* order.h: random orders of the numbers 0 .. count - 1. Must not know what is ordered. */
#ifndef SEPARATION_ORDER_H
#define SEPARATION_ORDER_H

#include "philox.h"

void order_start(size_t *order, size_t count);
/* Every order is equally likely (Fisher and Yates). */
void order_shuffle(philox_stream *stream, size_t *order, size_t count);

#endif
