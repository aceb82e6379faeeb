/* mpi_exchange.c: how items come from the ranks that have them to those that need them. It knows
 * bytes and where they lie. */
#include "mpi_exchange.h"

#include <string.h>

#include "mpi_wait.h"

enum { TAG_MOVE = 1 };

/* Makes the type of an item; MPI_Type_free releases it. */
static int make_type(const mpi_items *items, MPI_Datatype *type)
{
    MPI_Datatype dense;
    int code = MPI_Type_contiguous((int)items->bytes, MPI_BYTE, &dense);
    if (code != MPI_SUCCESS) return code;
    code = MPI_Type_create_resized(dense, 0, (MPI_Aint)items->stride, type);
    MPI_Type_free(&dense);
    return code == MPI_SUCCESS ? MPI_Type_commit(type) : code;
}

margin_status margin_mpi_gather(margin_mpi *m, const size_t *of, const mpi_items *mine,
                                const mpi_items *all, uint64_t *received, const char *what)
{
    MPI_Datatype type = MPI_BYTE, type_of_all = MPI_BYTE;
    MPI_Request request;
    int *const counts = m->counts, *const places = m->counts + m->ranks;
    for (int r = 0; r < m->ranks; r++) {
        counts[r] = (int)mpi_count(of, r);
        places[r] = (int)of[r];
    }
    int code = make_type(all, &type_of_all);
    if (code == MPI_SUCCESS && mine != NULL) code = make_type(mine, &type);
    if (code == MPI_SUCCESS)
        code = MPI_Iallgatherv(mine != NULL ? mine->at : MPI_IN_PLACE,
                               mine != NULL ? counts[m->rank] : 0, type, all->at, counts, places,
                               type_of_all, m->comm, &request);
    const margin_status status = margin_mpi_wait(m, code, &request, 1, what);
    *received += (of[m->ranks] - mpi_count(of, m->rank)) * all->bytes;
    if (type != MPI_BYTE) MPI_Type_free(&type);
    if (type_of_all != MPI_BYTE) MPI_Type_free(&type_of_all);
    return status;
}

/* Some items that two divisions of them share. */
typedef struct overlap {
    size_t first, count;
} overlap;

static overlap overlap_of(const size_t *a, int rank_a, const size_t *b, int rank_b)
{
    const size_t first = a[rank_a] > b[rank_b] ? a[rank_a] : b[rank_b];
    const size_t end = a[rank_a + 1] < b[rank_b + 1] ? a[rank_a + 1] : b[rank_b + 1];
    return (overlap){first, end > first ? end - first : 0};
}

static char *item_at(const mpi_items *items, size_t index)
{
    return (char *)items->at + index * items->stride;
}

static void copy_items(const mpi_items *source, size_t from, const mpi_items *target, size_t to,
                       size_t count)
{
    if (count == 0 || item_at(source, from) == item_at(target, to)) return;
    for (size_t i = 0; i < count; i++)
        memcpy(item_at(target, to + i), item_at(source, from + i), source->bytes);
}

/* Begins all messages of a move. Returns what MPI said. */
static int start_moves(margin_mpi *m, const size_t *from, const size_t *to, const mpi_items *source,
                       const mpi_items *target, const MPI_Datatype types[2], uint64_t *received)
{
    int code = MPI_SUCCESS;
    for (int r = 0; r < m->ranks && code == MPI_SUCCESS; r++) {
        const overlap sent = overlap_of(from, m->rank, to, r),
                      got = overlap_of(from, r, to, m->rank);
        if (r == m->rank) {
            copy_items(source, sent.first - from[r], target, sent.first - to[r], sent.count);
            continue;
        }
        if (got.count > 0)
            code = MPI_Irecv(item_at(target, got.first - to[m->rank]), (int)got.count, types[1], r,
                             TAG_MOVE, m->comm, &m->requests[r]);
        if (sent.count > 0 && code == MPI_SUCCESS)
            code = MPI_Isend(item_at(source, sent.first - from[m->rank]), (int)sent.count, types[0],
                             r, TAG_MOVE, m->comm, &m->requests[m->ranks + r]);
        *received += got.count * target->bytes;
    }
    return code;
}

margin_status margin_mpi_move(margin_mpi *m, const size_t *from, const size_t *to,
                              const mpi_items *source, const mpi_items *target, uint64_t *received,
                              const char *what)
{
    MPI_Datatype types[2] = {MPI_BYTE, MPI_BYTE};
    for (int i = 0; i < 2 * m->ranks; i++)
        m->requests[i] = MPI_REQUEST_NULL;
    int code = make_type(source, &types[0]);
    if (code == MPI_SUCCESS) code = make_type(target, &types[1]);
    if (code == MPI_SUCCESS) code = start_moves(m, from, to, source, target, types, received);
    const margin_status status = margin_mpi_wait(m, code, m->requests, 2 * m->ranks, what);
    for (int i = 0; i < 2; i++) {
        if (types[i] != MPI_BYTE) MPI_Type_free(&types[i]);
    }
    return status;
}

size_t margin_mpi_round_rows(const mpi_plan *p, int rank, size_t round, size_t *first)
{
    *first = p->rows_of[rank] + round * p->together;
    if (*first >= p->rows_of[rank + 1]) return 0;
    const size_t left = p->rows_of[rank + 1] - *first;
    return left < p->together ? left : p->together;
}

/* Takes the parts of a round out of the context, rank by rank, node by node. */
static void take_parts(margin_mpi *m, const mpi_plan *p, size_t round, float *sent)
{
    for (int r = 0; r < m->ranks; r++) {
        size_t first;
        const size_t count = margin_mpi_round_rows(p, r, round, &first);
        for (size_t node = 0; node < mpi_count(p->nodes_of, m->rank) && count > 0; node++) {
            margin_shard_part(m->context, node, first, count, sent);
            sent += count * p->width;
        }
    }
}

int margin_mpi_start_parts(margin_mpi *m, const mpi_plan *p, const mpi_arrays *a, size_t round,
                           MPI_Request *request)
{
    const mpi_items line = {NULL, p->width * sizeof(float), p->width * sizeof(float)};
    int *const sent = m->counts, *const sent_at = sent + m->ranks, *const got = sent_at + m->ranks,
               *const got_at = got + m->ranks;
    size_t first, at = 0;
    const size_t mine = margin_mpi_round_rows(p, m->rank, round, &first);
    for (int r = 0; r < m->ranks; r++) {
        const size_t count = margin_mpi_round_rows(p, r, round, &first);
        sent[r] = (int)(mpi_count(p->nodes_of, m->rank) * count);
        sent_at[r] = (int)at;
        at += (size_t)sent[r];
        got[r] = (int)(mpi_count(p->nodes_of, r) * mine);
        got_at[r] = (int)(p->nodes_of[r] * mine);
        if (r != m->rank) m->costs.parts += (uint64_t)got[r] * line.bytes;
    }
    MPI_Datatype type;
    int code = make_type(&line, &type);
    if (code != MPI_SUCCESS) return code;
    take_parts(m, p, round, a->sent[round % 2]);
    code = MPI_Ialltoallv(a->sent[round % 2], sent, sent_at, type, a->parts[round % 2], got, got_at,
                          type, m->comm, request);
    MPI_Type_free(&type);
    return code;
}
