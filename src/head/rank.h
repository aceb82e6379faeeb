/* rank.h: prediction: the classes with the largest inner products, in place of the stages behind
 * the products. It knows no labels and no losses. */
#ifndef MARGIN_HEAD_RANK_H
#define MARGIN_HEAD_RANK_H

#include "head/head.h"

/* The largest inner products of a shard with each row, for prediction, in falling order. */
typedef struct head_top {
    float *value;      /* [capacity][k] */
    int64_t *of_class; /* [capacity][k] */
} head_top;

/* Measures the embeddings of a strip and packs them. */
void margin_head_rank_start(const head_call *call, size_t strip, head_rows *rows,
                            const head_lines *lines);
/* Takes the classes of one shard through products for the rows of strips `first_strip` to
 * `end_strip` - 1, and writes their `top`. */
void margin_head_rank_tiles(const head_call *call, const head_rows *rows, head_classes *classes,
                            size_t shard, size_t first_strip, size_t end_strip, head_top *top,
                            head_scratch *scratch);
/* Does the same for row i on the planes path. */
void margin_head_rank_planes(const head_call *call, const head_rows *rows,
                             const head_classes *classes, size_t i, head_top *top,
                             head_scratch *scratch);
/* Combines the `tops` of all shards in class order, and writes what is wanted of row i. */
void margin_head_rank_finish(const head_call *call, const head_rows *rows, head_top *tops,
                             size_t i);

#endif
