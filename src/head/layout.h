/* layout.h: how a call of the head is cut: `head_layout`, which decides bits and follows from the
 * shape alone, and `head_schedule`, which decides time and memory and follows from the workspace
 * and the threads too. */
#ifndef MARGIN_HEAD_LAYOUT_H
#define MARGIN_HEAD_LAYOUT_H

#include "tuning.h"

/* How a head is cut into shards, of which a call holds one: whole cells, perhaps none. */
typedef struct head_span {
    size_t classes; /* of the whole head */
    size_t shards, here;
    const size_t *cuts; /* [shards + 1]: the cell that each shard begins with */
} head_span;

/* What is asked for. */
typedef struct head_shape {
    size_t rows, dim, classes;
    const struct head_span *span; /* NULL: the call holds all classes */
    int bias, want_x, want_w, smooth;
    size_t top;           /* how many classes a prediction wants of each row, else 0 */
    int add;              /* gradients are added to what the caller's arrays hold */
    int consume;          /* dW goes to a consumer, not to where it stays */
    int widen_x, widen_w; /* the rows of X, of W, are widened one by one */
} head_shape;

/* Which kernels multiply. */
typedef enum head_path {
    HEAD_TILES, /* lanes are rows: the general case */
    HEAD_DOTS,  /* few rows or few classes: lanes are dimensions, summed across in the end */
    HEAD_PLANES /* few dimensions: lanes are classes */
} head_path;

typedef struct head_layout {
    head_path path;
    size_t rows, classes;
    size_t dim;          /* D, plus 1 with a bias: one more dimension, in which x is 1 */
    size_t panels;       /* of 16 dimensions */
    size_t block;        /* classes in a block (the last may have fewer) */
    size_t blocks;       /* of the call's classes */
    size_t shards;       /* of the whole head's classes; 1 on the planes path */
    size_t cells;        /* of the whole head's classes: those of a shard are 2, 4, 8 ... or one */
    size_t whole_blocks; /* of the whole head's classes */
    size_t first_cell, end_cell; /* that the call holds */
    size_t plane_stride;         /* planes path: classes in a plane and in a row of terms */
    int scale_tiles; /* for dW, terms are multiplied by the rows' factors, not embeddings */
} head_layout;

typedef struct head_schedule {
    size_t rows; /* in a row block: all, or a multiple of MARGIN_ROW_CHUNK (planes path: of 16) */
    size_t threads;
    int keep_packed; /* class weights are packed once for the whole call */
    int keep_tiles;  /* terms are kept from forward to backward, else computed again */
    int in_place;    /* dW is summed in the caller's array, whose rows are whole panels */
    size_t bytes;    /* of the workspace */
} head_schedule;

/* Returns the layout of a shape. */
head_layout margin_head_layout(const head_shape *shape);

/* Returns the schedule that fits `workspace`, else the smallest, with bytes > workspace. */
head_schedule margin_head_schedule(const head_shape *shape, const head_layout *layout,
                                   const margin_schedule *tuning, size_t threads, size_t workspace);

/* Returns the first class of a block. */
static inline size_t head_block_first(const head_layout *layout, size_t block)
{
    return block * layout->block;
}

/* Returns how many classes a block has. */
static inline size_t head_block_count(const head_layout *layout, size_t block)
{
    const size_t left = layout->classes - block * layout->block;
    return left < layout->block ? left : layout->block;
}

/* Returns the first block of cell `cell` of the whole head, counted in the call's blocks. */
static inline size_t head_cell_first(const head_layout *layout, size_t cell)
{
    const size_t blocks = layout->whole_blocks, cells = layout->cells;
    return cell * blocks / cells - layout->first_cell * blocks / cells;
}

/* Returns the first class of the call among those of the whole head. */
static inline size_t head_first_class(const head_layout *layout)
{
    return layout->first_cell * layout->whole_blocks / layout->cells * layout->block;
}

/* Some cells that are merged before others: 2^k of them from a multiple of 2^k on, all in one
 * shard. A head is summed in this tree however it is cut, so the cut changes no bit. */
typedef struct head_node {
    size_t first, cells;
} head_node;

/* The nodes of a call, at most: the shards, and on either side of the cut the halves of one. */
enum { HEAD_NODES = MARGIN_SHARDS + 2 * 32 };

/* Writes the largest nodes that cells `first` to `end` - 1 are made of, in rising order, to `nodes`
 * [HEAD_NODES]. Returns how many. */
size_t margin_head_nodes(const head_layout *layout, size_t first, size_t end, head_node *nodes);

#endif
