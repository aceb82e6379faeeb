/* order.c: random orders (see order.h). Must not know what is ordered. */
#include "order.h"

#include <string.h>

void order_start(size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
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

/* sorted[count]: the samples class by class, in their order; starts[classes + 1]: where each class
 * begins. */
static void sort_by_class(const size_t *order, size_t count, const int64_t *labels, size_t classes,
                          size_t *sorted, size_t *starts)
{
    memset(starts, 0, (classes + 1) * sizeof *starts);
    for (size_t i = 0; i < count; i++)
        starts[(size_t)labels[i] + 1]++;
    for (size_t j = 0; j < classes; j++)
        starts[j + 1] += starts[j];
    for (size_t i = 0; i < count; i++)
        sorted[starts[labels[order[i]]]++] = order[i];
    memmove(starts + 1, starts, classes * sizeof *starts);
    starts[0] = 0;
}

void order_groups(philox_stream *stream, size_t *order, size_t count, const int64_t *labels,
                  size_t classes, size_t each, size_t *scratch)
{
    size_t *const sorted = scratch, *const groups = scratch + count;
    size_t *const starts = scratch + 2 * count;
    size_t group_count = 0, placed = 0;
    sort_by_class(order, count, labels, classes, sorted, starts);
    for (size_t j = 0; j < classes; j++) {
        for (size_t first = starts[j]; first < starts[j + 1]; first += each)
            groups[group_count++] = first;
    }
    order_shuffle(stream, groups, group_count);
    for (size_t g = 0; g < group_count; g++) {
        const int64_t label = labels[sorted[groups[g]]];
        const size_t end = starts[label + 1];
        for (size_t i = groups[g]; i < groups[g] + each && i < end; i++)
            order[placed++] = sorted[i];
    }
}
