/* margin_mpi.c: the life of a handle, and the call as its user sees it. */
#include "margin_mpi.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "mpi_head.h"
#include "mpi_wait.h"

enum { PLACES = 6, COUNTS = 4 }; /* arrays of a plan, and of MPI's counts */

/* A buffer for the parts of dX takes about so many bytes; there are four. */
#define EXCHANGED ((size_t)8 << 20)

/* ---- creation ---- */

static void release(margin_mpi *m)
{
    if (m == NULL) return;
    margin_destroy(m->context);
    free(m->claims);
    free(m->words);
    free(m->places);
    free(m->requests);
    free(m->watch);
    free(m->statuses);
    free(m->counts);
    free(m->memory);
    free(m);
}

static int is_timeout(double seconds)
{
    return seconds > 0.0 && isfinite(seconds);
}

/* Returns a handle without context, or NULL. A timeout that is none is the default. */
static margin_mpi *allocate(MPI_Comm comm, double timeout)
{
    margin_mpi *m = calloc(1, sizeof *m);
    if (m == NULL) return NULL;
    *m = (margin_mpi){.comm = comm,
                      .timeout = is_timeout(timeout) ? timeout : MARGIN_MPI_TIMEOUT,
                      .exchanged = EXCHANGED};
    MPI_Comm_rank(comm, &m->rank);
    MPI_Comm_size(comm, &m->ranks);
    const size_t ranks = (size_t)m->ranks;
    m->claims = calloc(ranks, sizeof *m->claims);
    m->words = calloc(ranks, sizeof *m->words);
    m->places = calloc((ranks + 1) * PLACES, sizeof *m->places);
    m->requests = calloc(2 * ranks, sizeof *m->requests);
    m->watch = calloc(2 * ranks, sizeof *m->watch);
    m->statuses = calloc(2 * ranks, sizeof *m->statuses);
    m->counts = calloc(COUNTS * ranks, sizeof *m->counts);
    if (m->claims == NULL || m->words == NULL || m->places == NULL || m->requests == NULL ||
        m->watch == NULL || m->statuses == NULL || m->counts == NULL) {
        release(m);
        return NULL;
    }
    return m;
}

static margin_status refuse(margin_status status, const char *text, char *why)
{
    if (why != NULL) snprintf(why, MARGIN_MPI_TEXT, "%s", text);
    return status;
}

/* Duplicates the communicator, so that nothing here meets other messages. */
static margin_status duplicate(margin_mpi *m)
{
    const MPI_Comm given = m->comm;
    MPI_Request request;
    const int code = MPI_Comm_idup(given, &m->comm, &request);
    const margin_status status = margin_mpi_wait(m, code, &request, 1, "MPI_Comm_idup");
    if (status == MARGIN_OK) MPI_Comm_set_errhandler(m->comm, MPI_ERRORS_RETURN);
    return status;
}

/* Makes the context, and hears whether all ranks could, and were given a timeout. */
static margin_status make_context(margin_mpi *m, const margin_config *config, double timeout)
{
    const char *detail;
    mpi_word word;
    memset(&word, 0, sizeof word);
    const margin_status status = margin_create_explained(config, &m->context, &detail);
    if (status != MARGIN_OK) {
        word.fault = margin_mpi_own_fault(m, status, detail);
    } else if (timeout != 0.0 && !is_timeout(timeout)) {
        word.fault = margin_mpi_own_fault(m, MARGIN_ERROR_CONFIG,
                                          "a timeout is a finite number of seconds > 0, or 0");
    }
    return margin_mpi_agree(m, &word, "creation");
}

static int mpi_is_there(void)
{
    int begun = 0, ended = 0;
    MPI_Initialized(&begun);
    if (begun) MPI_Finalized(&ended);
    return begun && !ended;
}

margin_status margin_mpi_create_explained(MPI_Comm comm, const margin_config *config,
                                          double timeout, margin_mpi **out,
                                          char why[MARGIN_MPI_TEXT])
{
    if (out == NULL) return refuse(MARGIN_ERROR_NULL, "`out` is NULL", why);
    *out = NULL;
    if (!mpi_is_there()) return refuse(MARGIN_ERROR_PEER, "MPI is not initialised", why);
    if (comm == MPI_COMM_NULL)
        return refuse(MARGIN_ERROR_NULL, "`comm` is MPI_COMM_NULL: this rank is not in it", why);
    margin_mpi *m = allocate(comm, timeout);
    if (m == NULL) return refuse(MARGIN_ERROR_MEMORY, "out of memory", why);
    margin_status status = duplicate(m);
    if (status == MARGIN_OK) status = make_context(m, config, timeout);
    if (status == MARGIN_OK) {
        *out = m;
        return refuse(status, margin_status_text(status), why);
    }
    refuse(status, m->error.text, why);
    margin_mpi_destroy(m);
    return status;
}

margin_status margin_mpi_create(MPI_Comm comm, const margin_config *config, margin_mpi **out)
{
    return margin_mpi_create_explained(comm, config, 0.0, out, NULL);
}

void margin_mpi_destroy(margin_mpi *m)
{
    if (m == NULL) return;
    if (m->lost) {
        margin_destroy(m->context);
        m->context = NULL;
        return;
    }
    MPI_Comm_free(&m->comm);
    release(m);
}

/* ---- the rest ---- */

margin_status margin_mpi_set_timeout(margin_mpi *m, double seconds)
{
    if (m == NULL) return MARGIN_ERROR_NULL;
    if (m->lost) return m->error.status;
    if (!is_timeout(seconds))
        return margin_mpi_fail(m, MARGIN_ERROR_CONFIG, m->rank,
                               "rank %d: a timeout is a finite number of seconds > 0", m->rank);
    m->timeout = seconds;
    return MARGIN_OK;
}

margin_status margin_mpi_head_run(margin_mpi *m, margin_head *head)
{
    if (m == NULL) return MARGIN_ERROR_NULL;
    if (m->lost) return m->error.status;
    const double begin = MPI_Wtime();
    mpi_call call = {.m = m, .given = head};
    m->costs = (margin_mpi_costs){.memory = m->bytes};
    margin_status status = margin_mpi_open(&call);
    if (status == MARGIN_OK) status = margin_mpi_plan(m, &call.plan);
    if (status == MARGIN_OK) status = margin_mpi_run_call(&call);
    m->costs.seconds = MPI_Wtime() - begin;
    return status;
}

margin_status margin_mpi_even_classes(size_t rows, size_t dim, size_t classes, int ranks, int rank,
                                      size_t *first, size_t *count)
{
    if (first == NULL || count == NULL) return MARGIN_ERROR_NULL;
    const size_t cells = margin_shard_cells(rows, dim, classes);
    if (cells == 0 || ranks < 1 || rank < 0 || rank >= ranks) return MARGIN_ERROR_SHAPE;
    const size_t n = (size_t)ranks, r = (size_t)rank;
    const size_t from = cells / n * r + cells % n * r / n;
    const size_t to = cells / n * (r + 1) + cells % n * (r + 1) / n;
    *first = margin_shard_cut(rows, dim, classes, from);
    *count = margin_shard_cut(rows, dim, classes, to) - *first;
    return MARGIN_OK;
}

const margin_mpi_error *margin_mpi_fault(const margin_mpi *m)
{
    static const margin_mpi_error none = {
        .status = MARGIN_ERROR_NULL, .rank = -1, .text = "the handle is NULL"};
    return m != NULL ? &m->error : &none;
}

const margin_mpi_costs *margin_mpi_last_costs(const margin_mpi *m)
{
    static const margin_mpi_costs none;
    return m != NULL ? &m->costs : &none;
}

margin_context *margin_mpi_context(margin_mpi *m)
{
    return m != NULL ? m->context : NULL;
}
