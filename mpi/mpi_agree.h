/* mpi_agree.h: how ranks come to the same opinion of a call before anything is written: each says
 * what it has and what it found wrong, and all read the same of all. */
#ifndef MARGIN_MPI_AGREE_H
#define MARGIN_MPI_AGREE_H

#include "mpi_state.h"

/* What one rank found wrong. */
typedef struct mpi_fault {
    int status, argument; /* MARGIN_OK: nothing */
    int rank;             /* whose argument it is */
    uint64_t row, bytes;
    int64_t value;
    char detail[112];
} mpi_fault;

/* What must be the same on all ranks; on those with rows; on those with classes. Numbers of each
 * kind fit a double. */
typedef enum mpi_field {
    FIELD_VERSION,
    FIELD_LOSS,
    FIELD_SCALE,
    FIELD_M1,
    FIELD_M2,
    FIELD_M3,
    FIELD_LAMBDA,
    FIELD_PAST_PI,
    FIELD_GRADIENT,
    FIELD_FEATURE_NORM,
    FIELD_SCALAR,
    FIELD_PRODUCTS,
    FIELD_UNCHECKED,
    FIELD_DIM,
    FIELD_SMOOTHING,
    FIELD_ACCUMULATE,
    FIELD_CLASS_WEIGHT, /* whether it is given; likewise: */
    FIELD_CLASS_MARGIN,
    FIELD_ROW_WEIGHT,
    FIELD_ROW_MARGIN,
    FIELD_ROW_SCALE,
    FIELD_GRAD_EMBEDDINGS,
    FIELD_EMBEDDINGS_TYPE, /* no more whether, but which */
    FIELD_WEIGHTS_TYPE,
    FIELD_CONSUME,
    FIELD_BIAS,
    FIELD_GRAD_WEIGHTS,
    FIELD_GRAD_BIAS,
    FIELD_COUNT
} mpi_field;

/* What a rank says at the beginning of a call. */
typedef struct mpi_claim {
    mpi_fault fault;
    uint64_t rows, classes;
    double field[FIELD_COUNT];
} mpi_claim;

/* What a rank says in between, and its results where it alone has them. */
typedef struct mpi_word {
    mpi_fault fault;
    uint64_t digest; /* of values that must be the same on all ranks */
    double measure;
    double loss, mean_loss;
    uint64_t counted, tied;
} mpi_word;

/* Returns `status` as a fault of this rank, with `detail`, which NULL leaves to the status' text.
 */
mpi_fault margin_mpi_own_fault(const margin_mpi *m, margin_status status, const char *detail);

/* Exchanges the claims of all ranks, this one's being *mine, to m->claims. Returns the status of
 * the first fault, or MARGIN_ERROR_CONFIG or _SHAPE for the first field that ranks disagree in, and
 * sets the error: the same on all ranks. */
margin_status margin_mpi_claim(margin_mpi *m, const mpi_claim *mine);

/* Exchanges words likewise, to m->words; digests that differ are MARGIN_ERROR_CONFIG. */
margin_status margin_mpi_agree(margin_mpi *m, const mpi_word *mine, const char *what);

/* Returns the value of `field` on the first rank that has a say in it; 0 where none has. */
double margin_mpi_agreed(const margin_mpi *m, mpi_field field);

#endif
