/* mpi_head.h: one call of the head over all ranks. */
#ifndef MARGIN_MPI_HEAD_H
#define MARGIN_MPI_HEAD_H

#include "mpi_agree.h"
#include "mpi_exchange.h"

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

/* Makes room for the arrays, and compares what all ranks were given of the whole head. */
margin_status margin_mpi_reserve(mpi_call *c);

/* Lets c->head have all rows. */
void margin_mpi_set_rows(mpi_call *c);

/* Brings all rows to all ranks; of one cell, to the rank that computes it. */
margin_status margin_mpi_gather_rows(mpi_call *c);

/* Lets c->head have the classes that this rank computes: its own where they are. */
margin_status margin_mpi_gather_classes(mpi_call *c);

/* Brings gradients back to those who have the classes. */
margin_status margin_mpi_return_classes(mpi_call *c);

/* Runs the whole head on the rank that has most of its classes. */
margin_status margin_mpi_run_home(mpi_call *c);

/* Runs the call from the plan on. */
margin_status margin_mpi_run_call(mpi_call *c);

/* Returns what this rank's context found wrong in c->head, as a fault of the rank that has the row
 * or class. */
mpi_fault margin_mpi_context_fault(const mpi_call *c);

/* Returns whether the call asks of all ranks for what `field` says. */
static inline int mpi_asked(const mpi_call *c, mpi_field field)
{
    return margin_mpi_agreed(c->m, field) != 0.0;
}

/* Returns rows of `count` floats at `at`, `stride` floats from one to the next. */
static inline mpi_items mpi_floats(const float *at, size_t count, size_t stride)
{
    return (mpi_items){(void *)at, count * sizeof(float), stride * sizeof(float)};
}

/* Returns the results of a head as a word to other ranks. */
static inline mpi_word mpi_results_of(const margin_head *head)
{
    return (mpi_word){.fault = {.status = MARGIN_OK},
                      .loss = head->loss,
                      .mean_loss = head->mean_loss,
                      .counted = head->counted,
                      .tied = head->tied};
}

/* Writes results to the caller's call. */
static inline void mpi_give_results(const mpi_call *c, const mpi_word *from)
{
    c->given->loss = from->loss;
    c->given->mean_loss = from->mean_loss;
    c->given->counted = (size_t)from->counted;
    c->given->tied = (size_t)from->tied;
}

#endif
