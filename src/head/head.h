/* head.h: the values that the stages of the head pass to each other, and the stages themselves.
 *
 *   prepare   a row block's target pairs are measured, its rows packed      -> head_rows
 *   forward   shard by shard, block by block: inner products, terms, sums   -> head_stats, _tiles
 *   combine   the shards of a row to its log-sum-exp, loss and factors      -> head_result
 *   gradient  a row's result and the parts of its shards                    -> a row of dX
 *   backward  a block's terms, and the rows whose targets are in it         -> rows of dW
 *
 * A stage takes const values, names what it writes, and does one item for one thread; run.c owns
 * the loops. Embeddings of few dimensions have their own forward and backward (planes_forward.c,
 * planes_backward.c) between the same prepare, combine and gradient.
 *
 * Classes are cut into blocks and blocks into shards by the shape alone, never by the number of
 * threads or the workspace, so neither can change a bit.
 */
#ifndef MARGIN_HEAD_HEAD_H
#define MARGIN_HEAD_HEAD_H

#include "boundary.h"
#include "head/layout.h"
#include "margin_shards.h"
#include "storage.h"
#include "target.h"

struct head_geometry;
struct head_call;
struct head_rows;

/* Writes the inner products of a block's `count` class weights with `strips` strips of rows, from
 * strip `strip` on, into tiles, which are layout.block 16 apart. */
typedef void (*head_products)(const struct head_call *call, const struct head_rows *rows,
                              const float *weights, size_t count, size_t strip, size_t strips,
                              float *tile, margin_ahead *ahead);

/* Label smoothing: what all rows and all classes of a call have in common. */
enum { HEAD_SMOOTHING_PARTS = 8 };
typedef struct head_smoothing {
    double share;       /* e; 0: none, and no array is there */
    double *class_sums; /* [parts][dim]: the first is the sum of all class weights as logits see
                           them (on the sphere at length 1; with a bias, its sum is the last) */
    double *row_sums;   /* [parts][dim]: of weight times what makes logits of x; NULL: no dW */
    float *even;        /* [dim]: added to every class's sum of dW; NULL: no dW */
} head_smoothing;

/* What a call is given and what follows from it as a whole: const for every stage. */
typedef struct head_call {
    const margin_head *io; /* the caller's arrays, strides resolved */
    head_layout layout;
    margin_kernels kernels;
    const margin_setting *setting;
    const struct head_geometry *geometry;
    head_products products;          /* of layout.path; NULL on the planes path */
    const margin_storage *storage;   /* of the class weights */
    const margin_storage *x_storage; /* of the embeddings */
    const margin_shard *shard;       /* NULL: the call holds all classes */
    size_t first_class;              /* of the whole head's, that the call holds */
    /* Raw inner products: w = class_measure * packed class weight, a power of two; else 1. */
    double class_measure;
    /* The largest |weight * scale| of a row: the unit of dW's factors, which are at most 1. */
    double gradient_measure;
    const margin_predict *predict; /* what is wanted of a prediction, which has no labels */
    size_t top;                    /* its k, else 0 */
    margin_labels labels;
    margin_given_margins margins;
    margin_weighting weighting;
    head_smoothing smoothing;
    margin_consume consume; /* takes finished rows of dW; NULL: the caller's dW is where they are
                               written */
    void *consume_user;
} head_call;

/* What is known of a row before the classes. */
typedef struct head_row {
    int64_t label; /* the caller's; -1: does not count, and nothing else is set */
    double bias;   /* of its class, 0 without biases */
    double norm;   /* |x| */
    double s;      /* of the configuration or the row; not used with the norm kept */
    double scale;  /* the row's factor of its packed inner products, exact */
    double unpack; /* raw inner products: x = unpack * packed row; else 1 */
    double weight; /* d total loss / d row loss */
    margin_pair pair;
    margin_target target;
} head_row;

/* A row block: const once prepared. */
typedef struct head_rows {
    size_t first, count;     /* of all rows */
    size_t capacity;         /* rows that the arrays hold, a multiple of 16 */
    size_t x_stride;         /* from panel to panel of x_panels */
    int last;                /* no row block follows */
    head_row *row;           /* [capacity] */
    int64_t *place;          /* [capacity]: where the row's class lies among the classes of the
                                call; -1: the row does not count */
    margin_term_rows *terms; /* [capacity / 16]: what the kernels know of the rows */
    float *x_panels;         /* [panels][capacity + 1][16]: packed embeddings */
    float *x_lanes; /* [capacity / 16][panels 16][16]: the same, transposed; tiles path only */
} head_rows;

/* The class weights: const once packed. */
typedef struct head_classes {
    double *norms; /* [C] */
    float *panels; /* [blocks][panels][block][16]; NULL: each block is packed when it is needed */
    float *planes; /* [dim][plane_stride]; planes path only */
} head_classes;

/* What a node of the classes knows of each row of the row block: what machines exchange of the
 * nodes that each holds. The sums are of negatives only: the target never enters them. */
typedef struct head_stats {
    float *peak;   /* [capacity]: terms are exp(scale (inner product - peak)) */
    float *most;   /* [capacity]: the largest inner product */
    double *sum;   /* [capacity]: of the terms */
    float *x_part; /* [capacity / 16][panels][16][16]: of terms times class weights; NULL: no dX */
    /* [capacity]: the target's inner product, written by the node that has the target: one array
     * for all nodes of a call. */
    float *target_dot;
} head_stats;

/* The parts of one row of all shards: vectors in panels, `distance` floats from part to part and
 * `stride` from panel to panel. */
typedef struct head_parts {
    const float *at;
    size_t distance, stride;
} head_parts;

/* The terms of the row block, for dW. */
typedef struct head_tiles {
    float *terms; /* [blocks][capacity / 16][block][16]; NULL: computed again */
    float *peak;  /* [blocks][capacity]: of the terms; NULL: no dW */
} head_tiles;

/* A row's outcome, all shards combined. */
typedef struct head_result {
    float peak, most; /* under which sum is; the negatives' largest inner product */
    double sum;       /* log-sum-exp of the negatives = scale peak + log(sum) */
    double others;    /* that log-sum-exp; -infinity where there are no negatives */
    double loss;      /* with label smoothing */
    double miss;      /* 1 - the target's probability */
    double share; /* of the negatives' part of dW, counted in gradient_measure: set by gradient */
} head_result;

/* What the targets of all rows add to dW, class by class. */
typedef struct head_targets {
    size_t *first_of;  /* [C]: the class's first row, SIZE_MAX: none; NULL: no dW */
    size_t *next_of;   /* [N]: the next row of the same class */
    double *share;     /* [N]: counted in gradient_measure; 0: none, or a product has taken it */
    margin_pair *pair; /* [N]; NULL: measured again */
} head_targets;

/* Where a row of X and a class weight are widened to, until the next one is: [dim] each, NULL where
 * the caller's are float32 and are read in place. */
typedef struct head_lines {
    float *x, *w;
} head_lines;

/* One thread's scratch. */
typedef struct head_scratch {
    size_t bad_class; /* the first class seen with a NaN or Inf, SIZE_MAX: none */
    head_lines lines;
    float *row_line; /* [panels 16]: a row of dX or dW on its way */
    float *x_line;   /* [panels 16]: a finished row of dX that is to be added; NULL: stored */
    /* The tiles and dots paths. */
    float *panels;     /* [panels][block][16]: class weights of the block at hand, unless kept */
    double *norms;     /* [block]: of these, where another thread writes head_classes.norms */
    float *tiles;      /* [2][block][16], or [capacity / 16][block][16] where backward needs them */
    float *gradient;   /* [block][panels 16]: dW of a block, unless it is summed in place; planes
                          path: [block][D], for a consumer. Behind it db [block], for a consumer */
    float *row_factor; /* [capacity]: of the terms of the block at hand, for dW */
    float *peak;       /* [capacity]: under which row_factor is */
    float *scaled_x;   /* [panels][capacity + 1][16]: x_panels times row_factor */
    int scaled;        /* scaled_x is valid for `peak` and this row block */
    head_stats *half;  /* [levels]: of the second half of a node of 2, 4, 8 ... cells */
    /* The planes path. The first and the last share their memory: one is of forward, one of
     * backward. */
    float *inner;         /* [block]: inner products of a row */
    float *terms;         /* [16][plane_stride] */
    float *finish_factor; /* [block] */
} head_scratch;

/* Some classes of a block: an item of backward. No bit depends on how a block is cut. */
typedef struct head_piece {
    size_t block, first, count; /* first of all classes */
} head_piece;

/* ---- operands.c: packing ---- */

/* Returns the norm of x, n elements of any size; NaN if one is not finite. */
double margin_norm(const margin_packing *packing, const float *x, size_t n);
/* Returns the power of two that brings `norm` near 1; 1 for ordinary norms and 0. */
double margin_power_for(double norm);
/* Returns what brings x, of this norm, to length 1; a zero vector stays. */
margin_unit margin_unit_of(const float *x, double norm);

/* Returns embedding `row` of all rows as float32: the caller's, or widened to lines->x. */
static inline const float *margin_head_embedding(const head_call *call, size_t row,
                                                 const head_lines *lines)
{
    const margin_head *io = call->io;
    return margin_storage_row(call->x_storage, io->embeddings, row * io->embeddings_stride, io->dim,
                              lines->x);
}

/* Returns the caller's number of class `j` of the call: its row of W, its bias. */
static inline size_t margin_head_number(const head_call *call, size_t j)
{
    return call->io->class_index == NULL ? j : (size_t)call->io->class_index[j];
}

/* Returns the bias of class `j`, of a call that has biases. */
static inline double margin_head_bias(const head_call *call, size_t j)
{
    return (double)call->io->bias[margin_head_number(call, j)];
}

/* Returns class weight `j` as float32: the caller's, or widened to lines->w. */
static inline const float *margin_head_class(const head_call *call, size_t j,
                                             const head_lines *lines)
{
    const margin_head *io = call->io;
    return margin_storage_row(call->storage, io->weights,
                              margin_head_number(call, j) * io->weights_stride, io->dim, lines->w);
}

/* Returns how many of `count` class weights from class `first` on lie side by side as float32, at
 * least 1. */
size_t margin_head_side_by_side(const head_call *call, size_t first, size_t count);

/* Returns where `label` lies among the `classes` rising numbers at class_index, -1: nowhere. NULL
 * are all numbers. */
int64_t margin_head_find(const int64_t *class_index, size_t classes, int64_t label);

/* Where a class lies that another shard holds: behind any block of the call's. */
#define HEAD_ELSEWHERE INT64_MAX

/* Returns where the class of a label that counts lies among the classes of the call. */
static inline int64_t margin_head_place(const head_call *call, int64_t label)
{
    const margin_head *io = call->io;
    if (io->class_index != NULL) return margin_head_find(io->class_index, io->classes, label);
    const size_t place = (size_t)label - call->first_class;
    return place < io->classes ? (int64_t)place : HEAD_ELSEWHERE;
}

/* Returns the class weight of row i's label, which counts, as float32: the caller's, or written to
 * lines->w. */
static inline const float *margin_head_target(const head_call *call, const head_rows *rows,
                                              size_t i, const head_lines *lines)
{
    const margin_shard *shard = call->shard;
    if (shard != NULL) return shard->targets + (rows->first + i) * shard->targets_stride;
    return margin_head_class(call, (size_t)rows->place[i], lines);
}

/* Returns s of row `row` of all rows. */
static inline double margin_head_s(const head_call *call, size_t row)
{
    return call->io->row_scale != NULL ? (double)call->io->row_scale[row]
                                       : call->setting->config->scale;
}

/* Packs embedding `i` of the row block. */
void margin_head_pack_embedding(const head_call *call, head_rows *rows, size_t i,
                                const head_lines *lines);
/* Packs a block of class weights to `panels`, and writes their norms to `norms` [block]. */
void margin_head_pack_block(const head_call *call, size_t block, double *norms, float *panels,
                            head_scratch *scratch);
/* Returns a block's class weights in panels: kept ones, or packed into the scratch, and then their
 * norms go to `norms` [block], or to the scratch where that is NULL. */
const float *margin_head_block(const head_call *call, const head_classes *classes, size_t block,
                               double *norms, head_scratch *scratch);
/* Makes up to `count` raw class weights from class `first` on the first of what is fetched while a
 * product runs. */
void margin_head_fetch_classes(const head_call *call, size_t first, size_t count,
                               margin_ahead *ahead);

/* ---- the stages ---- */

/* Measures the target pairs of `count` rows (at most 16: what one row waits for, others fill) from
 * row `first` of the row block on, and packs these rows. */
void margin_head_prepare(const head_call *call, size_t first, size_t count, head_rows *rows,
                         const head_lines *lines);

/* Takes the classes of one node through products, terms and dX, for the rows of strips
 * `first_strip` to `end_strip` - 1: writes their `stats`, and to `tiles` what backward needs. */
void margin_head_forward(const head_call *call, const head_rows *rows, head_classes *classes,
                         head_node node, size_t first_strip, size_t end_strip, head_stats *stats,
                         head_tiles *tiles, head_scratch *scratch);

/* The head_products of the tiles and of the dots path. */
void margin_head_tile_products(const head_call *call, const head_rows *rows, const float *weights,
                               size_t count, size_t strip, size_t strips, float *tile,
                               margin_ahead *ahead);
void margin_head_dot_products(const head_call *call, const head_rows *rows, const float *weights,
                              size_t count, size_t strip, size_t strips, float *tile,
                              margin_ahead *ahead);

/* Takes the targets of a strip's rows out of a tile of the `count` classes from `first` on:
 * -infinity in their place, the value to target_dot unless that is NULL. */
void margin_head_mask_targets(const head_rows *rows, size_t strip, size_t first, size_t count,
                              float *tile, float *target_dot);

/* Returns what brings a shard's sums of row i, which are under the shard's own peak, to `peak`. */
double margin_head_shard_factor(const head_rows *rows, const head_stats *shard, size_t i,
                                float peak);

/* What the sums of two nodes side by side are multiplied by to be under one peak. */
typedef struct head_merge {
    float first, second;
} head_merge;

/* Merges what two nodes side by side know of row i: `first` becomes that of both, but for x_part,
 * which becomes first.x_part times the one factor returned plus second.x_part times the other. */
head_merge margin_head_merge(const head_rows *rows, head_stats *first, const head_stats *second,
                             size_t i);

/* Combines the shards of `count` rows, at most 16, into their results. */
void margin_head_combine(const head_call *call, const head_rows *rows, const head_stats *stats,
                         size_t shards, size_t first, size_t count, head_result *results);

/* Adds up one of 2 HEAD_SMOOTHING_PARTS items of call->smoothing: the class weights of a part,
 * then, for dW, the embeddings of one. */
void margin_head_smoothing_part(const head_call *call, size_t item, const head_lines *lines);
/* Brings all parts together. */
void margin_head_smoothing_total(const head_call *call);

/* What label smoothing adds to a row. */
typedef struct head_smooth_row {
    const head_row *row;
    const float *x, *w;       /* w: only for the gradient */
    double factor;            /* times x: logits are its inner products */
    double dot;               /* of x and the sum of all class weights */
    double lead;              /* z - the mean of all logits: e times that is its loss */
    double share;             /* e times the row's weight */
    double others, per_class; /* C - 1, 1 / C */
} head_smooth_row;

/* Returns what is added to row i of the row block, which counts. */
head_smooth_row margin_head_smooth_row(const head_call *call, const head_rows *rows, size_t i,
                                       const head_lines *lines);
/* Adds to the losses of `count` rows what label smoothing asks for. */
void margin_head_smooth_losses(const head_call *call, const head_rows *rows, size_t first,
                               size_t count, const head_lines *lines, head_result *results);

/* Writes what the caller wants of `count` rows but for dX: loss, angle, correctness; and for dW,
 * their shares. */
void margin_head_outcome(const head_call *call, const head_rows *rows, const head_stats *stats,
                         size_t first, size_t count, head_result *results, head_targets *targets);

/* Writes dX of `count` rows, or adds it. */
void margin_head_gradient(const head_call *call, const head_rows *rows, const head_stats *stats,
                          size_t first, size_t count, const head_result *results,
                          head_scratch *scratch);
/* Does so for row i to `dx`, of its shards' `parts` wherever they are. */
void margin_head_gradient_row(const head_call *call, const head_rows *rows, const head_stats *stats,
                              const head_parts *parts, size_t i, const head_result *result,
                              float *dx, head_scratch *scratch);

/* Lists the rows of each class in rising order: first_of[class], then next_of[row]. */
void margin_head_list_targets(const head_call *call, head_targets *targets);

/* Adds one piece's part of this row block to dW; the last row block finishes it. */
void margin_head_backward(const head_call *call, const head_rows *rows, const head_classes *classes,
                          head_tiles *tiles, const head_result *results, head_targets *targets,
                          const head_piece *piece, head_scratch *scratch);

/* Returns what stands for row i's target among its terms, which a product multiplies by `factor`,
 * so that the product of dW takes it along with the negatives; its share is then 0. Returns 0 where
 * that would lose digits, and leaves the share. */
float margin_head_target_entry(const head_call *call, const head_rows *rows, size_t i, float factor,
                               head_targets *targets);

/* Adds to `out`, one class's row of dW, what its rows' targets give and no product has taken. */
void margin_head_add_targets(const head_call *call, const head_rows *rows,
                             const head_targets *targets, size_t class_index, float *out,
                             const head_lines *lines);

/* Returns what the kernels know of row i. */
static inline margin_term_row head_term_row(const head_rows *rows, size_t i)
{
    return margin_get_term_row(&rows->terms[i / 16], i % 16);
}

/* Returns the parts of row i where forward wrote them. */
static inline head_parts margin_head_parts(const head_call *call, const head_rows *rows,
                                           const head_stats *stats, size_t i)
{
    const size_t padded = call->layout.panels * 16;
    const float *at = stats->x_part + i / 16 * padded * 16 + i % 16 * 16;
    return (head_parts){at, padded * rows->capacity, 256};
}

/* Returns how many rows of the row block strip `strip` has. */
static inline size_t head_strip_rows(const head_rows *rows, size_t strip)
{
    return rows->count > strip * 16 ? margin_least(rows->count - strip * 16, 16) : 0;
}

/* Returns the kept terms of a block, whose strips are layout.block 16 apart. */
static inline float *head_block_terms(const head_call *call, const head_rows *rows,
                                      const head_tiles *tiles, size_t block)
{
    return tiles->terms + block * call->layout.block * rows->capacity;
}

#endif
