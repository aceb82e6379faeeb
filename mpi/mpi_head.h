/* mpi_head.h: one call of the head over all ranks. */
#ifndef MARGIN_MPI_HEAD_H
#define MARGIN_MPI_HEAD_H

#include "mpi_agree.h"
#include "mpi_plan.h"

/* A call on its way. */
typedef struct mpi_call {
    margin_mpi *m;
    margin_head *given; /* as the caller made it; its strides are in `own` */
    margin_head own;    /* this rank's rows and classes */
    margin_head head;   /* all rows, and the classes that this rank computes */
    margin_shard shard;
    mpi_plan plan;
    mpi_arrays arrays;
} mpi_call;

/* Says what this rank has and asks for, and hears of all ranks. Sets c->own. */
margin_status margin_mpi_open(mpi_call *c);

/* Runs the call from the plan on. */
margin_status margin_mpi_run_call(mpi_call *c);

/* Returns what this rank's context found wrong in c->head, as a fault of the rank that has the row
 * or class. */
mpi_fault margin_mpi_context_fault(const mpi_call *c);

#endif
