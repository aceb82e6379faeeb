/* planes_path.h: the planes path: forward and backward for embeddings of few dimensions, between
 * the same prepare, combine and gradient as on the other paths. */
#ifndef MARGIN_HEAD_PLANES_PATH_H
#define MARGIN_HEAD_PLANES_PATH_H

#include "head/head.h"

/* The planes path: the negatives' part of dW. */
typedef struct head_plane_sums {
    float *scaled_x; /* [capacity][16]: packed embeddings times their rows' factors */
    float *parts;    /* [capacity / 16][dim][plane_stride] */
    float *sums;     /* [dim][plane_stride]: of all row blocks so far */
} head_plane_sums;

/* Returns `count` classes as the kernels of planes take them: in whole pairs of vectors. */
static inline size_t head_padded_classes(size_t count)
{
    return margin_divide_up(count, 32) * 32;
}

/* Packs a block of class weights into planes, and writes their norms. */
void margin_head_planes_pack(const head_call *call, size_t block, head_classes *classes,
                             head_scratch *scratch);

/* Takes all classes for row i of the row block: writes its `stats`, and its terms to `terms`
 * [plane_stride]. */
void margin_head_planes_forward(const head_call *call, const head_rows *rows,
                                const head_classes *classes, size_t i, head_stats *stats,
                                float *terms, head_scratch *scratch);

/* Writes what a strip, `count` from `first` on, adds to dW to its part: one chain. */
void margin_head_planes_part(const head_call *call, const head_rows *rows,
                             const head_result *results, head_targets *targets, size_t first,
                             size_t count, head_plane_sums *sums, head_scratch *scratch);

/* Adds the parts of a block of classes in the rows' order; the last row block finishes dW. */
void margin_head_planes_backward(const head_call *call, const head_rows *rows,
                                 const head_classes *classes, const head_targets *targets,
                                 size_t block, head_plane_sums *sums, head_scratch *scratch);

#endif
