/* calls.h: a head's arrays in one line. Must not know what they hold. */
#ifndef MARGIN_COMMON_CALLS_H
#define MARGIN_COMMON_CALLS_H

#include "margin.h"

/* X [rows, dim], W [classes, dim] and y [rows], dense, without outputs. */
static inline margin_head head_of_arrays(size_t rows, size_t dim, size_t classes,
                                         const float *embeddings, const float *weights,
                                         const int64_t *labels)
{
    return (margin_head){.size = sizeof(margin_head),
                         .rows = rows,
                         .dim = dim,
                         .classes = classes,
                         .embeddings = embeddings,
                         .weights = weights,
                         .labels = labels};
}

#endif
