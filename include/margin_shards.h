/* margin_shards.h: the stages of the head, for classes that several processes hold.
 *
 * A head of very many classes is cut into shards: each process holds the class weights of some
 * classes side by side, and all work on the same rows. What they must tell each other is small, and
 * libmargin links no engine for it: whoever calls these functions carries the values, by MPI
 * (margin_mpi.h), by the process group of a framework, or by files. The result has the same bits as
 * margin_head_run with all classes in one process, however the head is cut: classes are summed cell
 * by cell, and cells in a tree that the shape alone decides.
 *
 * A step, in every process:
 *
 *   before    all have the rows X [N, D] and labels of all, and for each row the class weight of
 *             its label (`targets`), whoever holds it
 *   measure   only losses on raw inner products: margin_shard_measure, and the largest of all
 *   forward   margin_shard_forward: the process's classes, to `stats`
 *             exchange: everyone gets the stats of all shards, in class order
 *   combine   margin_shard_combine: losses, the same everywhere
 *   gradient  exchange: for the rows whose dX a process is to write, it gets the parts of all
 *             shards, in class order (margin_shard_part); margin_shard_gradient
 *   backward  margin_shard_backward: dW of the process's classes
 *
 * A head of one cell (margin_shard_cells is 1: few classes, or few dimensions) is not cut: the
 * process that holds it calls margin_head_run.
 *
 * The stages of a step belong to one context, in this order, and nothing else may be called with it
 * between them; gradient and backward may be left out, or come the other way round. Arrays given to
 * forward must stay as they are until the last stage. A forward that is refused ends the step
 * before it; a later stage that is refused has done nothing, and may be called again.
 */
#ifndef MARGIN_SHARDS_H
#define MARGIN_SHARDS_H

#include "margin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* How a head may be cut. `dim` is D, plus 1 where there is a bias. All of it follows from the shape
 * of the whole head, so every process finds the same. Thread-safe; 0 for an impossible shape. */

/* Returns the number of cells. Shards are whole cells: a head can be cut where a cell begins. */
MARGIN_API size_t margin_shard_cells(size_t rows, size_t dim, size_t classes);
/* Returns the first class of cell `cell`, and C for the cell behind the last. */
MARGIN_API size_t margin_shard_cut(size_t rows, size_t dim, size_t classes, size_t cell);
/* Returns how many nodes the cells from first_cell to end_cell - 1 are summed in, which is how many
 * statistics and parts each row has there: 8 for all cells, and about twice the logarithm of their
 * number for some. */
MARGIN_API size_t margin_shard_nodes(size_t rows, size_t dim, size_t classes, size_t first_cell,
                                     size_t end_cell);
/* Returns the floats of a row's part: D rounded up to a multiple of 16. */
MARGIN_API size_t margin_shard_width(size_t dim);

/* A shard's place in the head. Begin with `margin_shard shard = MARGIN_SHARD_INIT;`. */
typedef struct margin_shard {
    size_t size;              /* sizeof(margin_shard), set by MARGIN_SHARD_INIT */
    size_t classes;           /* C of the whole head; margin_head.classes are those held here */
    size_t shards;            /* how many there are */
    size_t here;              /* which of them this is, from 0 */
    const size_t *cuts;       /* [shards + 1]: the cell that each shard begins with, never falling:
                                 0 first, the number of cells last; equal ones are empty shards */
    const float *targets;     /* [N, D]: for each row the class weight of its label; what stands at
                                 rows that do not count is not read */
    size_t targets_stride;    /* >= D; 0: D */
    const float *target_bias; /* [N] or NULL: the bias of its label, where there is a bias */
    double measure;           /* the largest of all shards' margin_shard_measure; not read by losses
                                 that normalise */
    int want_embeddings;      /* 1: dX is wanted, so there are parts */
} margin_shard;

#ifdef __cplusplus
static inline margin_shard margin_shard_initial(void)
{
    margin_shard shard = {};
    shard.size = sizeof shard;
    return shard;
}
#define MARGIN_SHARD_INIT margin_shard_initial()
#else
// clang-format off
#define MARGIN_SHARD_INIT {.size = sizeof(margin_shard)}
// clang-format on
#endif

/* What the classes of a node say of a row: plain values, to be carried as bytes between processes
 * of one kind of machine. */
typedef struct margin_shard_stats {
    double sum;   /* of the negatives' terms exp(scale (inner product - peak)) */
    float peak;   /* which they are under */
    float most;   /* the largest inner product with a negative */
    float target; /* the inner product with the target, where the shard holds it; else NaN */
    float unused; /* 0 */
} margin_shard_stats;

/* Writes to *measure how large the class weights (and biases) of a head's shard are, which losses
 * on raw inner products need of all shards; 0 for losses that normalise, and for an empty shard.
 * It reads dim, classes, weights, weights_stride, weights_type and bias of *head.
 * Errors: MARGIN_ERROR_NULL, _SIZE, _SHAPE, _CONFIG, _MEMORY. */
MARGIN_API margin_status margin_shard_measure(margin_context *context, const margin_head *head,
                                              double *measure);

/* Begins a step: checks the call, and takes the shard's classes through the products. *head is as
 * for margin_head_run, with these differences. `classes`, `weights`, `bias`, `grad_weights` and
 * `grad_bias` are of the classes held here, which may be none. Rows, labels, row_weight, row_margin
 * and row_scale are those of all N rows; labels, class_weight and class_margin count the classes of
 * the whole head. grad_embeddings is not used; label smoothing and class_index are not yet possible
 * with shards. All rows must fit the workspace together.
 *
 * Writes `stats` [nodes of this shard][N].
 *
 * Errors: those of margin_head_run; MARGIN_ERROR_CONFIG also where the head has one cell, or a cut
 * is not one. */
MARGIN_API margin_status margin_shard_forward(margin_context *context, margin_head *head,
                                              const margin_shard *shard, margin_shard_stats *stats);

/* Writes the parts of node `node` of this shard for `count` rows from `first` on: the sums of terms
 * times class weights, [count][margin_shard_width]. Only after a forward that wants dX; it may be
 * called from several threads at once. Errors: MARGIN_ERROR_NULL, _ORDER, _SHAPE. */
MARGIN_API margin_status margin_shard_part(margin_context *context, size_t node, size_t first,
                                           size_t count, float *part);

/* Combines the statistics of all shards, [all nodes][N] in class order: sets the results of the
 * *head that was given to forward (loss, mean_loss, counted, tied) and writes the rows' outputs
 * that it asks for (row_loss, row_angle, row_correct, row_others). They are the same in every
 * process. Errors: MARGIN_ERROR_NULL, _ORDER. */
MARGIN_API margin_status margin_shard_combine(margin_context *context,
                                              const margin_shard_stats *stats);

/* Writes dX of `count` rows from `first` on to grad_embeddings [count, D], whose rows are `stride`
 * elements apart (0: D); or adds it, where head.accumulate says so. `parts` are those of all shards
 * for these rows, [all nodes][count][margin_shard_width] in class order; they are used up.
 * Errors: MARGIN_ERROR_NULL, _ORDER, _SHAPE. */
MARGIN_API margin_status margin_shard_gradient(margin_context *context, size_t first, size_t count,
                                               float *parts, float *grad_embeddings, size_t stride);

/* Writes dW (and db) of the classes held here, where the *head given to forward asks for it; once
 * in a step. Errors: MARGIN_ERROR_NULL, _ORDER. */
MARGIN_API margin_status margin_shard_backward(margin_context *context);

#ifdef __cplusplus
}
#endif
#endif
