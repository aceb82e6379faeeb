/* mpi_wait.h: waiting for other ranks, and noticing that one is silent. */
#ifndef MARGIN_MPI_WAIT_H
#define MARGIN_MPI_WAIT_H

#include "mpi_state.h"

/* Waits until the `count` requests are done; `code` is what the MPI function that made them
 * returned, `what` names the exchange in messages. Returns MARGIN_ERROR_PEER where that takes
 * longer than the timeout, or MPI fails; the handle is then lost. */
margin_status margin_mpi_wait(margin_mpi *m, int code, MPI_Request *requests, int count,
                              const char *what);

#endif
