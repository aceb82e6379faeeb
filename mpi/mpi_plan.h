/* mpi_plan.h: who has and who computes what in a call, and where in a rank's memory it lies. */
#ifndef MARGIN_MPI_PLAN_H
#define MARGIN_MPI_PLAN_H

#include "margin_shards.h"
#include "mpi_state.h"

/* What goes with a row, in one piece. */
typedef struct mpi_side {
    int64_t label;
    float weight, margin, scale, unused;
} mpi_side;

/* What comes back of a row. */
typedef struct mpi_answer {
    float loss, angle, others;
    uint32_t correct;
} mpi_answer;

/* The arrays of a call. Those that it has no use for are not NULL, but have no room. */
typedef struct mpi_arrays {
    float *x;        /* [N][D] of all ranks */
    mpi_side *sides; /* [N]; the next four are what they hold, one after another */
    int64_t *labels; /* [N] */
    float *row_weight, *row_margin, *row_scale;
    float *gathered; /* [N][D + 1 with a bias]: class weights in the order of their ranks */
    float *targets, *target_bias; /* [N][D], [N] in the order of rows */
    float *weights, *bias;        /* of the classes computed here, where these are not the own */
    float *grad_weights, *grad_bias;
    margin_shard_stats *stats;                /* [nodes][N] */
    mpi_answer *answers;                      /* [N] */
    float *row_loss, *row_angle, *row_others; /* [N] */
    uint8_t *row_correct;
    float *sent[2], *parts[2]; /* of two rounds: [ranks][own nodes][rows][width] and
                                  [nodes][rows][width] */
    float *grad_embeddings;    /* one cell: [N][D] */
} mpi_arrays;

/* Makes the plan of a call from the claims of all ranks, to *plan. Sets the error and returns its
 * status where there are no rows or classes, or too many. */
margin_status margin_mpi_plan(margin_mpi *m, mpi_plan *plan);

/* Lets *arrays point into memory for a call, and returns how many bytes they take. `memory` may be
 * NULL. */
size_t margin_mpi_carve(const margin_mpi *m, const mpi_plan *plan, char *memory,
                        mpi_arrays *arrays);

/* Returns the rank that has item `item` of what `of` divides. */
int margin_mpi_owner(const margin_mpi *m, const size_t *of, size_t item);

/* Returns how many items rank `rank` has. */
static inline size_t mpi_count(const size_t *of, int rank)
{
    return of[rank + 1] - of[rank];
}

#endif
