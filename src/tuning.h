/* tuning.h: every constant that was chosen by measuring, in two parts: what decides bits, which is
 * the same everywhere, and what decides time only, which each instruction set may have its own way.
 * The limits of the numerics (when an angle is measured from a difference, and the like) are no
 * matter of speed; they stand in target.c beside their reasons. */
#ifndef MARGIN_TUNING_H
#define MARGIN_TUNING_H

#include <stddef.h>

/* ---- layout: another value gives other bits, on every instruction set and thread count alike ----
 *
 * bench_speed measured these (its cases over N, D and C, on either side of each break-even);
 * golden.txt holds them. */
enum margin_layout_constants {
    /* The logical vector: elements of a register, rows of a tile, dimensions of a panel. It is the
     * vocabulary's, and fixed: many lines say 16. */
    MARGIN_LANES = 16,
    /* Elements of one summation chain of a cosine. A chain's rounding error grows with its length;
     * partial sums of 64 keep a cosine near 1 at D = 512 within 1e-7 (a single chain: 4e-7). */
    MARGIN_DIM_CHUNK = 64,
    /* Rows of one summation chain of dW: a row block is a multiple of it, so that the workspace's
     * size cannot change a bit. */
    MARGIN_ROW_CHUNK = 128,
    /* Classes of a block: a multiple of 14 and 6, the rows of a register tile. A block of D = 512
     * is 504 KiB of L2; less makes dX pass through the cache more often. */
    MARGIN_BLOCK_CLASSES = 252,
    /* Shards of the classes, at most, and blocks of a shard, at least, where there are several: a
     * row's parts are added up in the end, which fewer classes would not pay for. */
    MARGIN_SHARDS = 8,
    MARGIN_SHARD_BLOCKS = 4,
    /* Blocks of a cell, at most: what a shard of more classes is cut into, by halves, so that sums
     * over 10^7 classes are no longer chains than those over 3 10^4, and a head can be cut between
     * any two cells. Merging two cells' sums costs 1 / (3 * 252 * 16) of what makes them. */
    MARGIN_CELL_BLOCKS = 16,
    /* The planes path: up to so many dimensions, a bias included (at most 16), and from so many
     * classes on. Class weights of its blocks take so many floats, which stay in L1. */
    MARGIN_PLANES_DIM = 8,
    MARGIN_PLANES_CLASSES = 128,
    MARGIN_PLANES_BLOCK = 2048,
    /* The dots path: up to so many rows of a call (at most 16), where lanes without a row would
     * cost the products of tiles more than sums across lanes do; or up to so many classes of at
     * least so many dimensions, where packing the rows' lanes would. (AVX2 breaks even at 12
     * classes, AVX-512 at 32.) */
    MARGIN_DOTS_ROWS = 8,
    MARGIN_DOTS_CLASSES = 12,
    MARGIN_DOTS_DIM = 128,
    /* The rows level: classes under one peak, and in one float32 sum: 8 KiB, which stay in L1. */
    MARGIN_CHUNK = 2048,
};

/* Rows that the rows level takes side by side, at most. It sizes arrays; it decides time only. */
enum { MARGIN_GROUP = MARGIN_LANES };

/* ---- schedule: time only; `bench_kernels --tune` measures these on the machine at hand ---- */
typedef struct margin_schedule {
    /* A thread is woken for so many nanoseconds of work, at least: one that sleeps takes up to
     * 100 us to wake. */
    double wake_ns;
    /* What a call takes one core, roughly, in nanoseconds: for a multiply-add of a product, a term
     * of the head, a row, a dimension of a row and of a class; at the rows level for a row and a
     * logit. Together with wake_ns they choose the number of threads. */
    double multiply_ns, term_ns, row_ns, row_dim_ns, class_dim_ns, level_row_ns, level_logit_ns;
    /* Class weights are packed once and kept if they take no more bytes: for more, packing a block
     * again costs less than fetching it. */
    size_t packed_bytes;
    /* Classes by which a block of dW is cut for several threads: whole register tiles. */
    size_t piece_classes;
    /* The planes path: strips of 16 rows at a time for each thread. */
    size_t planes_strips;
    /* The rows level: a gradient of so many bytes is not expected to be read from a cache again;
     * and logits that a group of rows may leave in L2. */
    size_t streamed_bytes, group_logits;
} margin_schedule;

/* Returns the nanoseconds that a call of the head takes one core, roughly; `products` are its
 * matrix products, 1 to 3. */
static inline double margin_head_ns(const margin_schedule *s, size_t rows, size_t dim,
                                    size_t classes, int products)
{
    const double n = (double)rows, d = (double)dim, c = (double)classes;
    return n * c * (s->multiply_ns * d * products + s->term_ns) +
           n * (s->row_ns + s->row_dim_ns * d) + s->class_dim_ns * d * c;
}

/* Returns the same of a call of the rows level. */
static inline double margin_rows_ns(const margin_schedule *s, size_t rows, size_t classes)
{
    return (double)rows * (s->level_row_ns + s->level_logit_ns * (double)classes);
}

#endif
