/* engine_mpi.c: the ranks of MPI run the heads together. Every rank trains the same network; of
 * each head it has a range of the rows and a range of the classes, and hands the gradients of these
 * to all others. So the numbers are those of one process. */
#include <stdio.h>
#include <stdlib.h>

#include "engine.h"
#include "margin_mpi.h"
#include "options.h"
#include "separation_options.h"

static int rank, ranks;
static margin_mpi *mpi; /* made by the first head, whose instruction set it keeps */

void engine_begin(int *argc, char ***argv)
{
    int level;
    MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &level);
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &ranks);
}

void engine_end(void)
{
    margin_mpi_destroy(mpi);
    MPI_Finalize();
}

/* One training at a time: all ranks make the same calls in the same order. */
int engine_threads(int wanted)
{
    (void)wanted;
    return 1;
}

int engine_rank(void)
{
    return rank;
}

int engine_ranks(void)
{
    return ranks;
}

/* Ends all ranks. */
static void give_up(const char *why)
{
    fprintf(stderr, "%s: %s\n", SEPARATION_PROGRAM, why);
    MPI_Abort(MPI_COMM_WORLD, EXIT_FAILED);
}

/* Lets the handle have the configuration of a context. */
static void configure(margin_context *context)
{
    const margin_config *config = margin_context_config(context);
    char why[MARGIN_MPI_TEXT];
    if (mpi == NULL &&
        margin_mpi_create_explained(MPI_COMM_WORLD, config, 0.0, &mpi, why) != MARGIN_OK)
        give_up(why);
    if (margin_context_configure(margin_mpi_context(mpi), config) != MARGIN_OK)
        give_up(margin_context_fault(margin_mpi_context(mpi))->detail);
}

/* Hands this rank's range of an array, of `count` items of `width` floats, to all. */
static void share(float *array, size_t count, size_t width)
{
    int *counts = calloc(2 * (size_t)ranks, sizeof *counts), *places = counts + ranks;
    if (counts == NULL) give_up("out of memory");
    for (int r = 0; r < ranks; r++) {
        places[r] = (int)(count * (size_t)r / (size_t)ranks * width);
        counts[r] = (int)(count * (size_t)(r + 1) / (size_t)ranks * width) - places[r];
    }
    MPI_Allgatherv(MPI_IN_PLACE, 0, MPI_FLOAT, array, counts, places, MPI_FLOAT, MPI_COMM_WORLD);
    free(counts);
}

margin_status engine_head_run(margin_context *context, margin_head *head)
{
    const size_t n = (size_t)ranks, r = (size_t)rank;
    const size_t row = head->rows * r / n, class = head->classes * r / n;
    margin_head own = *head;
    configure(context);
    own.rows = head->rows * (r + 1) / n - row;
    own.classes = head->classes * (r + 1) / n - class;
    own.embeddings += row * head->dim;
    own.labels += row;
    own.weights += class * head->dim;
    own.grad_embeddings += row * head->dim;
    own.grad_weights += class * head->dim;
    if (own.bias != NULL) own.bias += class;
    if (own.grad_bias != NULL) own.grad_bias += class;
    const margin_status status = margin_mpi_head_run(mpi, &own);
    if (status == MARGIN_ERROR_PEER) give_up(margin_mpi_fault(mpi)->text);
    if (status != MARGIN_OK) return status;
    share(head->grad_embeddings, head->rows, head->dim);
    share(head->grad_weights, head->classes, head->dim);
    if (head->grad_bias != NULL) share(head->grad_bias, head->classes, 1);
    head->loss = own.loss;
    return MARGIN_OK;
}
