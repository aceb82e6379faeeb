/* mpi_wait.c: waiting for other ranks, and noticing that one is silent. It knows MPI's requests,
 * and nothing of what they carry. */
#include "mpi_wait.h"

#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

enum { TAG_HERE = 2 };

margin_status margin_mpi_fail(margin_mpi *m, margin_status status, int rank, const char *format,
                              ...)
{
    va_list arguments;
    m->error = (margin_mpi_error){.status = status, .rank = rank};
    va_start(arguments, format);
    vsnprintf(m->error.text, sizeof m->error.text, format, arguments);
    va_end(arguments);
    return status;
}

/* Lets others have the core: the longer the wait so far, the longer. */
static void rest(double waited)
{
    const struct timespec some = {0, waited < 0.05 ? 20000 : 500000};
    if (waited < 0.002) {
        sched_yield();
    } else {
        nanosleep(&some, NULL);
    }
}

/* Reports that MPI fails, by `code`, in one of `count` requests. */
static margin_status broken(margin_mpi *m, int code, int count, const char *what)
{
    char text[MPI_MAX_ERROR_STRING] = "";
    int length;
    for (int i = 0; i < count && code == MPI_ERR_IN_STATUS; i++) {
        const int own = m->statuses[i].MPI_ERROR;
        if (own != MPI_SUCCESS && own != MPI_ERR_PENDING) code = own;
    }
    MPI_Error_string(code, text, &length);
    text[strcspn(text, "\n")] = '\0';
    m->lost = 1;
    return margin_mpi_fail(m, MARGIN_ERROR_PEER, -1, "%s: MPI fails: %.180s", what, text);
}

/* Tells every rank that this one is here, and hears who else is, for half a timeout: as far as
 * ranks that wait for the same exchange may have begun to. Returns how many are not heard of; their
 * requests in m->watch stay. */
static int count_silent(margin_mpi *m)
{
    const double end = MPI_Wtime() + 0.5 * m->timeout;
    int silent = 0;
    for (int r = 0; r < m->ranks; r++) {
        m->watch[r] = m->watch[m->ranks + r] = MPI_REQUEST_NULL;
        if (r == m->rank) continue;
        MPI_Irecv(NULL, 0, MPI_CHAR, r, TAG_HERE, m->comm, &m->watch[r]);
        MPI_Isend(NULL, 0, MPI_CHAR, r, TAG_HERE, m->comm, &m->watch[m->ranks + r]);
    }
    do {
        silent = 0;
        for (int r = 0; r < m->ranks; r++) {
            int done = 1;
            if (MPI_Test(&m->watch[r], &done, MPI_STATUS_IGNORE) != MPI_SUCCESS || !done) silent++;
        }
        rest(1.0);
    } while (silent > 0 && MPI_Wtime() < end);
    return silent;
}

/* Names who is silent. */
static margin_status name_silent(margin_mpi *m, const char *what)
{
    char list[MARGIN_MPI_TEXT / 2] = "";
    size_t used = 0;
    int named = 0, first = -1;
    const int silent = count_silent(m);
    m->lost = 1;
    if (silent == 0)
        return margin_mpi_fail(m, MARGIN_ERROR_PEER, -1,
                               "%s: not done within %g s, though every rank answers", what,
                               m->timeout);
    for (int r = 0; r < m->ranks && used + 16 < sizeof list; r++) {
        if (m->watch[r] == MPI_REQUEST_NULL) continue;
        if (named++ == 0) first = r;
        used += (size_t)snprintf(list + used, sizeof list - used, " %d", r);
    }
    return margin_mpi_fail(m, MARGIN_ERROR_PEER, first, "rank%s%s%s: no answer for %g s (%s)",
                           silent > 1 ? "s" : "", list, named < silent ? " and more" : "",
                           m->timeout, what);
}

margin_status margin_mpi_wait(margin_mpi *m, int code, MPI_Request *requests, int count,
                              const char *what)
{
    const double begin = MPI_Wtime();
    double waited = 0.0;
    int done = 0;
    if (code == MPI_SUCCESS) code = MPI_Testall(count, requests, &done, m->statuses);
    while (code == MPI_SUCCESS && !done) {
        if (waited > m->timeout) return name_silent(m, what);
        rest(waited);
        code = MPI_Testall(count, requests, &done, m->statuses);
        waited = MPI_Wtime() - begin;
    }
    m->costs.waiting += waited;
    return code == MPI_SUCCESS ? MARGIN_OK : broken(m, code, count, what);
}
