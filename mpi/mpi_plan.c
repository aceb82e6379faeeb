/* mpi_plan.c: who has and who computes what in a call. It follows from the claims alone, so every
 * rank makes the same plan. */
#include "mpi_plan.h"

#include <limits.h>
#include <string.h>

#include "mpi_agree.h"

static void place(const margin_mpi *m, mpi_plan *p)
{
    size_t **const arrays[] = {&p->rows_of,     &p->classes_of, &p->cells_of,
                               &p->computed_of, &p->nodes_of,   &p->home_of};
    for (size_t i = 0; i < sizeof arrays / sizeof *arrays; i++)
        *arrays[i] = m->places + i * ((size_t)m->ranks + 1);
}

/* Adds up what all ranks have. Returns 0 where it is more than MPI counts, or nothing. */
static int add_up(const margin_mpi *m, mpi_plan *p)
{
    p->rows_of[0] = p->classes_of[0] = 0;
    for (int r = 0; r < m->ranks; r++) {
        const mpi_claim *claim = &m->claims[r];
        if (claim->rows > INT_MAX - p->rows_of[r] || claim->classes > INT_MAX) return 0;
        p->rows_of[r + 1] = p->rows_of[r] + (size_t)claim->rows;
        p->classes_of[r + 1] = p->classes_of[r] + (size_t)claim->classes;
    }
    p->rows = p->rows_of[m->ranks];
    p->classes = p->classes_of[m->ranks];
    return p->rows > 0 && p->classes > 0;
}

/* Returns the cell whose beginning is nearest to class `class`. `from` is one not behind it. */
static size_t nearest_cell(const mpi_plan *p, size_t dim, size_t class, size_t from)
{
    size_t before = from, end = p->cells;
    while (end - before > 1) {
        const size_t middle = before + (end - before) / 2;
        if (margin_shard_cut(p->rows, dim, p->classes, middle) <= class) {
            before = middle;
        } else {
            end = middle;
        }
    }
    if (before == p->cells) return before;
    const size_t low = margin_shard_cut(p->rows, dim, p->classes, before);
    const size_t high = margin_shard_cut(p->rows, dim, p->classes, before + 1);
    return class - low <= high - class ? before : before + 1;
}

/* Returns the rank with most of all classes. */
static int largest_rank(const margin_mpi *m, const mpi_plan *p)
{
    int largest = 0;
    for (int r = 1; r < m->ranks; r++) {
        if (mpi_count(p->classes_of, r) > mpi_count(p->classes_of, largest)) largest = r;
    }
    return largest;
}

/* Gives each rank whole cells. */
static void divide(const margin_mpi *m, mpi_plan *p, size_t dim)
{
    p->cells_of[0] = p->computed_of[0] = p->nodes_of[0] = 0;
    for (int r = 1; r <= m->ranks; r++) {
        p->cells_of[r] = p->home >= 0 ? (r > p->home ? p->cells : 0)
                                      : nearest_cell(p, dim, p->classes_of[r], p->cells_of[r - 1]);
        p->computed_of[r] = margin_shard_cut(p->rows, dim, p->classes, p->cells_of[r]);
        p->nodes_of[r] =
            p->nodes_of[r - 1] +
            margin_shard_nodes(p->rows, dim, p->classes, p->cells_of[r - 1], p->cells_of[r]);
    }
    p->nodes = p->nodes_of[m->ranks];
    for (int r = 0; r <= m->ranks; r++)
        p->home_of[r] = r > p->home ? p->rows : 0;
}

/* Decides how many rows' parts are exchanged together, and how often. */
static void plan_rounds(const margin_mpi *m, mpi_plan *p)
{
    size_t most = 0, nodes = p->nodes;
    for (int r = 0; r < m->ranks; r++) {
        const size_t sent = mpi_count(p->nodes_of, r) * (size_t)m->ranks;
        if (sent > nodes) nodes = sent;
        if (mpi_count(p->rows_of, r) > most) most = mpi_count(p->rows_of, r);
    }
    const size_t row = nodes * p->width * sizeof(float);
    p->together = m->exchanged / row / 16 * 16;
    if (p->together == 0) p->together = 16;
    if (p->together > most) p->together = most;
    p->rounds = margin_mpi_agreed(m, FIELD_GRAD_EMBEDDINGS) == 0.0
                    ? 0
                    : (most + p->together - 1) / p->together;
}

margin_status margin_mpi_plan(margin_mpi *m, mpi_plan *p)
{
    memset(p, 0, sizeof *p);
    place(m, p);
    if (!add_up(m, p))
        return margin_mpi_fail(m, MARGIN_ERROR_SHAPE, -1,
                               "rows and classes of all ranks must be at least 1, and at most %d",
                               INT_MAX);
    p->dim = (size_t)margin_mpi_agreed(m, FIELD_DIM);
    const size_t dim = p->dim + (margin_mpi_agreed(m, FIELD_BIAS) != 0.0);
    p->width = margin_shard_width(p->dim);
    p->cells = margin_shard_cells(p->rows, dim, p->classes);
    p->home = p->cells == 1 ? largest_rank(m, p) : -1;
    divide(m, p, dim);
    p->moves = p->classes_of[m->rank] != p->computed_of[m->rank] ||
               p->classes_of[m->rank + 1] != p->computed_of[m->rank + 1];
    plan_rounds(m, p);
    return MARGIN_OK;
}

int margin_mpi_owner(const margin_mpi *m, const size_t *of, size_t item)
{
    int low = 0, high = m->ranks;
    while (high - low > 1) {
        const int middle = low + (high - low) / 2;
        if (of[middle] <= item) {
            low = middle;
        } else {
            high = middle;
        }
    }
    return low;
}

/* Hands out `count` items of `bytes` from *used on, in whole cache lines. */
static void *take(char *memory, size_t *used, size_t count, size_t bytes)
{
    void *const at = memory != NULL ? memory + *used : NULL;
    *used += (count * bytes / 64 + 1) * 64;
    return at;
}

static void carve_rows(const mpi_plan *p, char *memory, size_t *used, mpi_arrays *a)
{
    const size_t n = p->rows, line = n * sizeof(float);
    a->x = take(memory, used, p->dim, line);
    a->sides = take(memory, used, n, sizeof *a->sides);
    a->labels = take(memory, used, n, sizeof *a->labels);
    a->row_weight = take(memory, used, 1, line);
    a->row_margin = take(memory, used, 1, line);
    a->row_scale = take(memory, used, 1, line);
    a->row_loss = take(memory, used, 1, line);
    a->row_angle = take(memory, used, 1, line);
    a->row_others = take(memory, used, 1, line);
    a->row_correct = take(memory, used, n, 1);
    a->answers = take(memory, used, p->home >= 0 ? n : 0, sizeof *a->answers);
    a->grad_embeddings = take(memory, used, p->home >= 0 ? p->dim : 0, line);
}

static void carve_classes(const margin_mpi *m, const mpi_plan *p, char *memory, size_t *used,
                          mpi_arrays *a)
{
    const size_t moved = p->moves ? mpi_count(p->computed_of, m->rank) * sizeof(float) : 0;
    const size_t wanted = margin_mpi_agreed(m, FIELD_GRAD_WEIGHTS) != 0.0 ? moved : 0;
    a->weights = take(memory, used, p->dim, moved);
    a->bias = take(memory, used, 1, moved);
    a->grad_weights = take(memory, used, p->dim, wanted);
    a->grad_bias = take(memory, used, 1, wanted);
}

static void carve_shards(const margin_mpi *m, const mpi_plan *p, char *memory, size_t *used,
                         mpi_arrays *a)
{
    const size_t n = p->home >= 0 ? 0 : p->rows, line = n * sizeof(float);
    const size_t row = p->rounds > 0 && n > 0 ? p->together * p->width * sizeof(float) : 0;
    a->gathered = take(memory, used, p->dim + 1, line);
    a->targets = take(memory, used, p->dim, line);
    a->target_bias = take(memory, used, 1, line);
    a->stats = take(memory, used, p->nodes * n, sizeof *a->stats);
    for (int i = 0; i < 2; i++) {
        a->sent[i] = take(memory, used, mpi_count(p->nodes_of, m->rank) * (size_t)m->ranks, row);
        a->parts[i] = take(memory, used, p->nodes, row);
    }
}

size_t margin_mpi_carve(const margin_mpi *m, const mpi_plan *p, char *memory, mpi_arrays *a)
{
    size_t used = 0;
    carve_rows(p, memory, &used, a);
    carve_classes(m, p, memory, &used, a);
    carve_shards(m, p, memory, &used, a);
    return used;
}
