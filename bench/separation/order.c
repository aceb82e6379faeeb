/* order.c: random orders (see order.h). Must not know what is ordered. */
#include "order.h"

void order_start(size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        order[i] = i;
    }
}

void order_shuffle(philox_stream *stream, size_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        const size_t j = philox_below(stream, i);
        const size_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}
