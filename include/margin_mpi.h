/* margin_mpi.h: the head of margin.h over the ranks of an MPI communicator.
 *
 * Each rank has some rows (its part of the batch) and some classes (its part of W); the loss is of
 * all rows and all classes. Rows and classes lie in the order of the ranks: the first class of a
 * rank is the number of classes on the ranks before it. Any rank may have none of either. Labels
 * are numbers of classes of the whole head.
 *
 * The result has the bits of margin_head_run on one process with all rows and classes, for any
 * number of ranks, any division and any number of threads (on every SIMD instruction set; scalar
 * and SIMD are not mixed).
 *
 * Nothing waits without end: all exchanges are non-blocking and watched. A rank that does not
 * answer within the timeout, however it hangs, makes the call fail on all others, at most one and a
 * half timeouts after they began to wait; the error names it. What a rank reports wrong, or what
 * ranks disagree in, is the same error, with the same text, on every rank.
 *
 * Calls are collective: every rank of the communicator makes the same ones in the same order, from
 * one thread at a time (MPI_THREAD_FUNNELED suffices; the library's helpers never enter MPI). All
 * ranks run the same build of this library on machines of one kind.
 */
#ifndef MARGIN_MPI_H
#define MARGIN_MPI_H

#include <mpi.h>

#include "margin.h"

#ifdef __cplusplus
extern "C" {
#endif

/* An opaque handle: a duplicate of the communicator, a context, and memory for exchanges. */
typedef struct margin_mpi margin_mpi;

/* The bytes of a text on an error, its end included; the seconds of the timeout at first. */
enum { MARGIN_MPI_TEXT = 256, MARGIN_MPI_TIMEOUT = 600 };

/* What was wrong in the last failed call. */
typedef struct margin_mpi_error {
    margin_status status;
    int rank;                   /* whose argument it is, or which was silent; -1: none alone */
    margin_argument argument;   /* this and the next three as in margin_fault: */
    size_t row;                 /* a row or a class of that rank */
    int64_t value;              /* a label at fault */
    size_t bytes;               /* MARGIN_ERROR_WORKSPACE: what that rank needs */
    char text[MARGIN_MPI_TEXT]; /* one line: "rank 2: labels, row 5: ..." */
} margin_mpi_error;

/* What the last call took, on this rank. Bytes are those received from other ranks. */
typedef struct margin_mpi_costs {
    double seconds;   /* in all */
    double waiting;   /* of them in exchanges, waiting for others included */
    double packing;   /* of them in taking parts of dX and waiting for those of others */
    uint64_t rows;    /* embeddings, labels and factors of rows; of one cell also what comes back */
    uint64_t targets; /* class weights of the rows' labels */
    uint64_t moved;   /* class weights at the edges of ranges, and their gradients */
    uint64_t stats;   /* of rows, from all shards */
    uint64_t parts;   /* of dX */
    size_t memory;    /* bytes held for all this, besides the context's workspace */
} margin_mpi_costs;

/* Creates a handle on every rank of `comm`, with a context of *config on each, or on none: *out is
 * NULL on failure. `threads` and `workspace_bytes` may differ between ranks. MPI must have been
 * initialised. Release with margin_mpi_destroy.
 * Errors: those of margin_create, of any rank; MARGIN_ERROR_NULL (also MPI_COMM_NULL);
 * MARGIN_ERROR_PEER (no answer within MARGIN_MPI_TIMEOUT, or MPI is not initialised). */
MARGIN_API margin_status margin_mpi_create(MPI_Comm comm, const margin_config *config,
                                           margin_mpi **out);
/* The same, with the timeout in seconds (0: MARGIN_MPI_TIMEOUT; others that are no timeout are
 * MARGIN_ERROR_CONFIG), and one line on what was refused in `why`, which may be NULL. */
MARGIN_API margin_status margin_mpi_create_explained(MPI_Comm comm, const margin_config *config,
                                                     double timeout, margin_mpi **out,
                                                     char why[MARGIN_MPI_TEXT]);
/* Releases a handle; NULL is allowed. Collective, but for a handle that has lost a rank: its
 * memory and communicator may still be in use by MPI, and are left. */
MARGIN_API void margin_mpi_destroy(margin_mpi *mpi);

/* Sets after how many seconds of silence a rank is taken as lost: > 0, and more than ranks are
 * apart when they come to a call. Errors: MARGIN_ERROR_NULL, _CONFIG. */
MARGIN_API margin_status margin_mpi_set_timeout(margin_mpi *mpi, double seconds);

/* Runs the head of margin_head_run over all ranks. In *head of each rank are
 *
 *   its own rows: `rows` (may be 0), embeddings, labels, row_weight, row_margin, row_scale, and of
 *     the outputs row_loss, row_angle, row_correct, row_others, grad_embeddings;
 *   its own classes: `classes` (may be 0), weights, bias, grad_weights, grad_bias;
 *   of the whole head, the same on all ranks: dim, class_weight, class_margin [all classes],
 *     label_smoothing, accumulate, the types;
 *   results, which are of all rows and the same on all ranks: loss, mean_loss, counted, tied.
 *
 * Arrays of no rows or no classes may be NULL. What is given or asked for is the same on all ranks
 * that have rows, or classes; but each rank asks for outputs of rows (row_loss and the like) as it
 * likes. ignore_label is each rank's own.
 *
 * A head is computed in cells (margin_shards.h). Where a rank's range does not begin with a cell,
 * the classes between are computed by the rank before or after it: their class weights move there,
 * and their gradients back, and both ranks hold a copy of the classes that they compute.
 * margin_mpi_even_classes gives ranges for which nothing moves. A head of one cell (few classes, or
 * few dimensions) is computed by the rank that has most of its classes.
 *
 * Consumers of dW (consume) go with ranges for which nothing moves; each has its own rank's
 * classes, counted from 0. Label smoothing goes with heads of one cell only, class_index with none.
 * All rows must fit each rank's workspace together, and all rows and class weights of their labels
 * are held on each rank.
 *
 * Errors: those of margin_head_run on any rank; MARGIN_ERROR_CONFIG and _SHAPE also where ranks
 * disagree; MARGIN_ERROR_PEER where a rank is silent or MPI fails. They are the same on every rank
 * that can still be reached, and margin_mpi_fault says what was wrong where. Outputs are then
 * untouched, except after MARGIN_ERROR_PEER. After that error the handle refuses every call with
 * it, and MPI_Finalize may wait for the lost rank: end with MPI_Abort. */
MARGIN_API margin_status margin_mpi_head_run(margin_mpi *mpi, margin_head *head);

/* Writes which classes of a head rank `rank` of `ranks` should have, so that all have about as many
 * and none move: from *first on, *count of them (0 where there are fewer cells than ranks).
 * `rows` are those of all ranks, `dim` is D, plus 1 where there is a bias. Thread-safe.
 * Errors: MARGIN_ERROR_NULL, _SHAPE. */
MARGIN_API margin_status margin_mpi_even_classes(size_t rows, size_t dim, size_t classes, int ranks,
                                                 int rank, size_t *first, size_t *count);

/* Without a handle (NULL) these return a fault that says so, zeros, and NULL.
 *
 * Returns what the last failed call found; status MARGIN_OK if none failed. */
MARGIN_API const margin_mpi_error *margin_mpi_fault(const margin_mpi *mpi);
/* Returns what the last call took. */
MARGIN_API const margin_mpi_costs *margin_mpi_last_costs(const margin_mpi *mpi);
/* Returns the rank's context, for margin_context_configure between calls: on all ranks alike, which
 * the next call checks. The handle owns it. */
MARGIN_API margin_context *margin_mpi_context(margin_mpi *mpi);

#ifdef __cplusplus
}
#endif
#endif
