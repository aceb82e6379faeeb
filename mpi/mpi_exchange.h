/* mpi_exchange.h: how items come from the ranks that have them to those that need them. */
#ifndef MARGIN_MPI_EXCHANGE_H
#define MARGIN_MPI_EXCHANGE_H

#include "mpi_plan.h"

/* Items in a rank's memory: of `bytes` each, `stride` bytes from one to the next. */
typedef struct mpi_items {
    void *at;
    size_t bytes, stride;
} mpi_items;

/* Brings all items to all ranks, in order: rank r has those that `of` divides to it, `mine` on this
 * rank, and `all` is of all; `mine` is NULL, on all ranks, where they already stand there. Adds the
 * bytes received to *received. */
margin_status margin_mpi_gather(margin_mpi *m, const size_t *of, const mpi_items *mine,
                                const mpi_items *all, uint64_t *received, const char *what);

/* Moves items from the ranks that have them, by `from`, to those that want them, by `to`: both
 * divide the same items. `source` and `target` are this rank's. */
margin_status margin_mpi_move(margin_mpi *m, const size_t *from, const size_t *to,
                              const mpi_items *source, const mpi_items *target, uint64_t *received,
                              const char *what);

/* Begins to bring the parts of dX of round `round` to the ranks of their rows: takes those of all
 * ranks' rows from the context into a->sent, and receives those of this rank's rows in a->parts.
 * Adds the bytes that will come to *received. Returns what MPI said. */
int margin_mpi_start_parts(margin_mpi *m, const mpi_plan *plan, const mpi_arrays *a, size_t round,
                           MPI_Request *request);

/* Writes the first of rank `rank`'s rows of a round, counted in all rows, and returns how many they
 * are. */
size_t margin_mpi_round_rows(const mpi_plan *plan, int rank, size_t round, size_t *first);

#endif
