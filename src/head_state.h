/* head_state.h: one head call while it runs: its plan, its arrays in the workspace, its
 * phases.
 *
 *   rows      a row block is packed; the target pairs are measured        (head_rows.c)
 *   forward   shard by shard, block by block: cosines, peak, exponentials, sums, and what dX needs
 *                                                                         (head_forward.c)
 *   finish    shards are combined per row: loss, accuracy, dX             (head_rows.c)
 *   backward  block by block: dW                                          (head_backward.c)
 *
 * A phase is a function of one item; head.c owns the loops over items and the threads.
 *
 * Embeddings of few dimensions have one pass per row instead, and their own dW (head_small.c).
 *
 * Classes are cut into blocks and blocks into shards by the shapes alone, never by the number of
 * threads or the workspace, so neither can change a bit. A shard keeps, per row, a peak, the sum
 * of the others' exponentials under that peak, and its part of dX: what machines would exchange if
 * each held a shard.
 */
#ifndef MARGIN_SRC_HEAD_STATE_H
#define MARGIN_SRC_HEAD_STATE_H

#include <float.h>

#include "context.h"
#include "target.h"

enum {
    /* A multiple of 14 and 6, the rows of a register tile. A block of D = 512 is 504 KiB of L2;
     * less makes dX pass through the cache more often. */
    MARGIN_BLOCK_CLASSES = 252,
    MARGIN_SHARDS = 8, /* at most */
    /* Up to so many dimensions, a bias included, and from so many classes on, head_small.c is
     * faster: measured break-even, see docs/performance.md. At most 16 dimensions. */
    MARGIN_SMALL_DIM = 8,
    MARGIN_SMALL_CLASSES = 128,
    /* Up to so many rows, lanes without a row cost the products of tiles more than sums across
     * lanes: measured break-even. At most 16 rows. The call's rows, not the row block's: the
     * workspace must not change a bit. */
    MARGIN_FEW_ROWS = 8,
    /* The same, without the rows' lanes to be packed, for many rows and so few classes of at least
     * so many dimensions: measured break-even of AVX2; AVX-512 would gain up to 32 classes. */
    MARGIN_FEW_CLASSES = 12,
    MARGIN_FEW_CLASSES_DIM = 128,
    /* All weights are packed once and stay if they are no larger: for more, packing a block again
     * costs less than fetching it. */
    MARGIN_PACKED_BYTES = 4 << 20
};

/* What is known of a row. */
typedef struct head_row {
    int64_t label;    /* -1: does not count */
    double norm;      /* |x| */
    double scale;     /* the row's factor of the cosine, exact */
    double unpack;    /* raw inner products: x = unpack * packed row; else 1 */
    double weight;    /* d total loss / d row loss */
    double peak, sum; /* log sum exp of the others = scale peak + log(sum) */
    double miss;      /* 1 - p_target */
    double loss;
    double share; /* of the others' part of dW, in units of gradient_unit */
    margin_pair pair;
    margin_target target;
} head_row;

/* The sizes of a call. */
typedef struct head_plan {
    int small;     /* head_small.c: shards and panels are 1 */
    size_t stride; /* small: classes in a plane and in a row of exponentials */
    int few;       /* so few rows or classes that lanes of their products are dimensions */
    size_t dim;    /* D, plus 1 with a bias: the bias is one more dimension in which x is 1 */
    size_t panels; /* of 16 dimensions */
    size_t block;  /* classes in a block (the last may have fewer) */
    size_t blocks, shards;
    size_t all_rows;
    size_t rows; /* rows in a row block, a multiple of 16 */
    size_t threads;
    int keep_packed; /* weights are packed once for the whole call */
    int keep_tiles;  /* exponentials are kept from forward to backward, else computed again */
    int want_x, want_w;
    int scale_tiles; /* for dW, exponentials are multiplied by the rows' factors, not embeddings */
    int in_place;    /* dW is summed in the caller's array, whose rows are whole panels */
    size_t bytes;
} head_plan;

/* One thread's scratch. */
typedef struct head_scratch {
    float *weights;   /* a block of weights in columns [panels][block][16] */
    size_t bad_class; /* the first class seen with a NaN or Inf, SIZE_MAX: none */
    /* [rows / 16][block][16] for the backward phase, else [2][block][16]; small: [16][stride] */
    float *tiles;
    float *scaled_x; /* [panels][rows][16] */
    int scaled;      /* scaled_x is valid for `peaks` and this row block */
    float *peaks;    /* [rows] */
    float *factors;  /* [rows] */
    float *gradient; /* [block][panels 16] unless in place */
    float *line;     /* [panels 16] */
} head_scratch;

/* Some classes of a block: an item of the backward phase. No bit depends on how a block is cut. */
typedef struct head_piece {
    size_t block, first, count; /* first of all classes */
} head_piece;

typedef struct head_state {
    margin_context *context;
    const margin_kernels *kernels;
    margin_head *call;
    head_plan plan;
    int raw, keep_norm;
    double weight_unpack;   /* raw inner products: w = weight_unpack * packed row */
    double gradient_unit;   /* largest |weight * scale| of a row: the unit of dW's factors */
    size_t first_row, rows; /* the row block at hand */
    int last_block;         /* no row block follows */

    head_row *row;         /* [plan.rows] */
    int64_t *label;        /* [rows]: head_row.label, side by side */
    float *packed;         /* [blocks][panels][block][16] if kept */
    double *norms;         /* [C] of the weights */
    float *lanes;          /* [rows / 16][panels 16][16] */
    float *columns;        /* [panels][rows][16] */
    float *scale;          /* [rows]: head_row.scale in float32 */
    float *target_dot;     /* [rows]: the target's inner product as the tile has it */
    float *block_peak;     /* [blocks][rows] */
    double *shard_sum;     /* [shards][rows] */
    float *shard_peak;     /* [shards][rows] */
    float *shard_max;      /* [shards][rows]: largest inner product of another class */
    float *shard_x;        /* [shards][rows / 16][panels][16][16] */
    float *tiles;          /* [blocks][rows / 16][block][16] if kept */
    float *planes;         /* small: [dim][stride] weights */
    float *parts;          /* small: [rows / 16][dim][stride] of dW */
    float *sums;           /* small: [dim][stride] of dW */
    float *scaled;         /* small: [rows][16] */
    margin_pair *pairs;    /* small: [N] */
    size_t *first_of;      /* [C]: the class's first row, SIZE_MAX: none */
    size_t *next_of;       /* [N]: the next row of the same class */
    double *target_share;  /* [N]: of the target's part of dW, in units of gradient_unit; 0: none,
                              or a product has taken it */
    head_scratch *scratch; /* [threads] */
} head_state;

/* head_plan.c. The plan that fits `workspace`, else the smallest, with bytes > workspace; `dim` is
 * without the bias. */
head_plan margin_head_plan(size_t rows, size_t dim, size_t classes, size_t threads, int want_x,
                           int want_w, int bias, size_t workspace);
void margin_head_carve(head_state *s, char *memory);

/* head_pack.c. Norm of a vector whatever its size; NaN if an element is not finite. */
double margin_norm(const margin_kernels *kernels, const float *x, size_t n);
/* The power of two that brings a norm near 1; 1 for ordinary norms and 0. */
double margin_power_for(double norm);
/* Raw inner products: the power of two of an embedding, whose bias entry of 1 counts too. */
double margin_raw_power(const margin_head *call, double norm);
/* A vector at length 1; the zero vector stays. */
margin_unit margin_unit_of(const float *x, double norm);
/* Packs a block of weights to `columns`, their norms too; notes a class that is not finite. */
void margin_pack_weights(head_state *s, size_t block, float *columns, head_scratch *scratch);
/* A block's weights in columns: kept, or packed into scratch. */
const float *margin_block_weights(head_state *s, size_t block, head_scratch *scratch);
/* Adds the raw weights of these classes to what is fetched while a product runs; there may be
 * fewer.
 */
void margin_fetch_weights(const head_state *s, size_t first, size_t count, margin_ahead *ahead);
/* Row `i` of the row block into columns. */
void margin_pack_embedding(head_state *s, size_t i);

/* The phases. */
/* Some rows of the row block, at most 16 at a time: what one row waits for, others fill. */
void margin_head_prepare_rows(head_state *s, size_t first, size_t count);
void margin_head_list_rows(head_state *s);
/* The inner products of a block's classes with some panels of rows, into tiles. */
void margin_head_products(const head_state *s, const float *weights, size_t count, size_t panel,
                          size_t panels, float *tile, margin_ahead *ahead);
void margin_head_forward(head_state *s, size_t shard, size_t first_panel, size_t end_panel,
                         head_scratch *scratch);
void margin_head_finish_rows(head_state *s, size_t first, size_t count, head_scratch *scratch);
/* What stands for row i's target in a tile whose exponentials are multiplied by `factor`, so that
 * the product of dW takes it along with the others; its share is then 0. An entry of 0: not taken.
 */
float margin_head_target_entry(head_state *s, size_t i, float factor);
void margin_head_backward(head_state *s, const head_piece *piece, head_scratch *scratch);
/* dW of one class: adds what its rows' targets give; stores it. */
void margin_head_add_targets(head_state *s, size_t class_index, float *gradient);
void margin_head_store_class(head_state *s, size_t class_index, const float *gradient);

/* head_small.c. */
void margin_small_pack(head_state *s, size_t block, head_scratch *scratch);
void margin_small_rows(head_state *s, size_t panel, head_scratch *scratch);
void margin_small_block(head_state *s, size_t block, head_scratch *scratch);

/* Takes the targets out of a tile: -infinity in their place, the value to target_dot if `note`. */
void margin_head_mask_targets(head_state *s, size_t panel, size_t first, size_t count, float *tile,
                              int note);

/* Kept exponentials of a block: panels of rows lie `plan.block` 16 apart. */
static inline float *head_block_tiles(const head_state *s, size_t block)
{
    return s->tiles + block * s->plan.block * s->plan.rows;
}

/* From panel to panel of the rows' columns: an odd number of lines, so that the panels of a row do
 * not fall on the same sets of a cache. */
static inline size_t head_row_stride(const head_plan *p)
{
    return (p->rows + 1) * 16;
}

/* Rows of the row block's panel that are there. */
static inline size_t head_panel_rows(const head_state *s, size_t panel)
{
    const size_t left = s->rows > panel * 16 ? s->rows - panel * 16 : 0;
    return left < 16 ? left : 16;
}

static inline int head_is_few(size_t rows, size_t dim, size_t classes)
{
    return rows <= MARGIN_FEW_ROWS ||
           (classes <= MARGIN_FEW_CLASSES && dim >= MARGIN_FEW_CLASSES_DIM);
}

static inline size_t head_block_first(const head_plan *p, size_t block)
{
    return block * p->block;
}

static inline size_t head_block_count(const head_plan *p, size_t block, size_t classes)
{
    const size_t first = block * p->block;
    return classes - first < p->block ? classes - first : p->block;
}

#endif
