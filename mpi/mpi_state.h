/* mpi_state.h: what a margin_mpi handle holds. */
#ifndef MARGIN_MPI_STATE_H
#define MARGIN_MPI_STATE_H

#include "margin_mpi.h"

struct mpi_claim;
struct mpi_word;

/* How the rows and classes of all ranks lie. The arrays are [ranks + 1] and never fall: from what
 * is theirs of rank r to what is theirs of rank r + 1 is rank r's. */
typedef struct mpi_plan {
    size_t rows, dim, classes; /* of the whole head */
    size_t cells, nodes;
    size_t width;                 /* floats of a row's part */
    int home;                     /* a head of one cell: the rank that computes it; else -1 */
    int moves;                    /* the range that this rank computes is not the one that it has */
    size_t together;              /* rows of a rank whose parts are exchanged together */
    size_t rounds;                /* of such exchanges */
    size_t *rows_of, *classes_of; /* as the ranks have them */
    size_t *cells_of;             /* as they compute them, in cells, classes, nodes */
    size_t *computed_of, *nodes_of;
    size_t *home_of; /* rows, where one rank computes all */
} mpi_plan;

struct margin_mpi {
    MPI_Comm comm;
    int rank, ranks;
    margin_context *context;
    double timeout;
    int lost; /* an exchange was left unfinished */
    margin_mpi_error error;
    margin_mpi_costs costs;
    struct mpi_claim *claims; /* [ranks] */
    struct mpi_word *words;   /* [ranks] */
    size_t *places;           /* of the plan: its arrays, one after another */
    MPI_Request *requests;    /* [2 ranks], of moves */
    MPI_Request *watch;       /* [2 ranks], of the search for who is silent */
    MPI_Status *statuses;     /* [2 ranks], of those that are waited for */
    int *counts;              /* [4][ranks]: counts and displacements, sent and received */
    int in_turn;              /* the first exchange of parts waits for dW, to measure that */
    size_t exchanged;         /* about how many bytes a buffer of parts has */
    void *memory;             /* where the arrays of a call lie */
    size_t bytes;
};

/* Sets the error, whose text is made by `format` and what follows. Returns `status`. */
__attribute__((format(printf, 4, 5))) margin_status
margin_mpi_fail(margin_mpi *m, margin_status status, int rank, const char *format, ...);

#endif
