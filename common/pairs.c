/* pairs.c: see pairs.h. Pairs are taken a block of rows against another at a time, so that a
 * block's vectors stay in a cache. */
#include "pairs.h"

#include "threads.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { SAMPLE = 1 << 18, INTERVALS = 2 * SAMPLE + 2, CELL = 43, CELLS = 1 << (64 - CELL) };

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* ---- which rows -------------------------------------------------------------------------------*/

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Returns the pairs of equal labels. */
static size_t count_genuine(const pairs *p, int64_t *labels)
{
    size_t count = 0, run = 0;
    for (size_t i = 0; i < p->rows; i++)
        labels[i] = p->in->labels[p->row[i]];
    qsort(labels, p->rows, sizeof *labels, ascending);
    for (size_t i = 1; i < p->rows; i++) {
        run = labels[i] == labels[i - 1] ? run + 1 : 0;
        count += run;
    }
    return count;
}

int pairs_open(const verification_input *in, pairs *p)
{
    *p = (pairs){.in = in, .row = malloc((in->rows + 1) * sizeof *p->row)};
    int64_t *labels = malloc((in->rows + 1) * sizeof *labels);
    const int status = p->row == NULL || labels == NULL ? ENOMEM : 0;
    for (size_t i = 0; status == 0 && i < in->rows; i++) {
        if (in->labels[i] == -1) continue;
        if (!score_has_direction(in->embeddings + i * in->dim, in->dim))
            p->zero_rows++;
        else
            p->row[p->rows++] = i;
    }
    p->all = p->rows * (p->rows - (p->rows > 0)) / 2;
    if (status == 0) p->genuine = count_genuine(p, labels);
    free(labels);
    if (status != 0) pairs_close(p);
    return status;
}

void pairs_close(pairs *p)
{
    free(p->row);
    p->row = NULL;
}

/* ---- all scores, block by block ---------------------------------------------------------------*/

/* What is done with the scores of a block: those of rows from `row` on with rows from `column` on.
 */
typedef struct visit {
    pairs *p;
    void (*take)(struct visit *v, const score *scores, size_t row, size_t rows, size_t column,
                 size_t columns);
    score *scores; /* all, or those wanted */
    size_t taken;  /* of those wanted */
    const pair_intervals *q;
} visit;

static int is_genuine(const pairs *p, size_t i, size_t j)
{
    return p->in->labels[p->row[i]] == p->in->labels[p->row[j]];
}

/* The pairs of a block of rows with each other and with all later rows. */
static void visit_rows(visit *v, size_t row, score_place *work)
{
    const pairs *p = v->p;
    const size_t dim = p->in->dim, rows = smaller(SCORE_BLOCK, p->rows - row);
    score_set(&work->left, p->in->embeddings, p->row + row, rows, dim);
    for (size_t column = row; column < p->rows; column += SCORE_BLOCK) {
        const size_t columns = smaller(SCORE_BLOCK, p->rows - column);
        score_set(&work->right, p->in->embeddings, p->row + column, columns, dim);
        score_block(&work->left, rows, &work->right, columns, dim, work->dots, work->scores);
        v->take(v, work->scores, row, rows, column, columns);
    }
}

static void show(pairs *p, size_t rows)
{
    if (p->in->line == NULL) return;
#pragma omp critical(pairs_progress)
    progress_step(p->in->line, p->done += rows, NULL);
}

static int visit_all(visit *v)
{
    const int threads = thread_count(v->p->in->threads);
    score_place *const places = score_places_open(threads, v->p->in->dim);
    if (places == NULL) return ENOMEM;
        /* A block each by turns: earlier blocks have more pairs. */
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int t = 0; t < threads; t++) {
        for (size_t row = (size_t)t * SCORE_BLOCK; row < v->p->rows;
             row += (size_t)threads * SCORE_BLOCK) {
            visit_rows(v, row, &places[t]);
            show(v->p, smaller(SCORE_BLOCK, v->p->rows - row));
        }
    }
    score_places_close(places, threads);
    return 0;
}

/* Calls `take` for each pair of a block, each pair once. */
#define EACH_PAIR(i, j)                                                                            \
    for (size_t i = 0; i < rows; i++)                                                              \
        for (size_t j = row == column ? i + 1 : 0; j < columns; j++)

/* Pairs lie in the order of their first row, then of their second. */
static void write_scores(visit *v, const score *scores, size_t row, size_t rows, size_t column,
                         size_t columns)
{
    const pairs *p = v->p;
    EACH_PAIR(i, j)
    {
        const size_t a = row + i, b = column + j;
        const size_t at = a * (2 * p->rows - a - 1) / 2 + (b - a - 1);
        v->scores[at] = scores[i * columns + j] | (score)is_genuine(p, a, b);
    }
}

int pairs_scores(pairs *p, score *scores)
{
    visit v = {.p = p, .take = write_scores, .scores = scores};
    return visit_all(&v);
}

/* ---- intervals --------------------------------------------------------------------------------*/

/* splitmix64 (Steele, Lea, Flood, 2014). */
static uint64_t mixed(uint64_t k)
{
    uint64_t z = k * 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static score sample_score(const pairs *p, score_place *work, uint64_t k)
{
    const size_t a = mixed(2 * k + 1) % p->rows, next = 1 + mixed(2 * k + 2) % (p->rows - 1);
    const size_t b = (a + next) % p->rows;
    score_set(&work->left, p->in->embeddings, p->row + a, 1, p->in->dim);
    score_set(&work->right, p->in->embeddings, p->row + b, 1, p->in->dim);
    score_block(&work->left, 1, &work->right, 1, p->in->dim, work->dots, work->scores);
    return work->scores[0];
}

static void begin_interval(pair_intervals *q, score s)
{
    if (q->count == 0 || s > q->from[q->count - 1]) q->from[q->count++] = s;
}

/* Begins an interval at each score of the sample, and another one behind those that occur again. */
static void set_intervals(pair_intervals *q, const score *sorted, size_t count)
{
    begin_interval(q, 0);
    for (size_t k = 0; k < count; k++) {
        if (sorted[k] == score_most()) break;
        begin_interval(q, sorted[k]);
        if (k > 0 && sorted[k] == sorted[k - 1]) begin_interval(q, sorted[k] + 2);
    }
    begin_interval(q, score_most());
}

static void set_cells(pair_intervals *q)
{
    size_t k = 0;
    for (size_t c = 0; c < CELLS; c++) {
        while (k + 1 < q->count && q->from[k + 1] <= (score)c << CELL)
            k++;
        q->cell[c] = (uint32_t)k;
    }
    q->cell[CELLS] = (uint32_t)(q->count - 1);
}

int pair_interval_is_one(const pair_intervals *q, size_t k)
{
    return k + 1 == q->count || q->from[k + 1] == q->from[k] + 2;
}

int pairs_sample(const pairs *p, pair_intervals *q)
{
    score_place *place = score_places_open(1, p->in->dim);
    score *scores = malloc(2 * SAMPLE * sizeof *scores);
    *q = (pair_intervals){.from = malloc(INTERVALS * sizeof *q->from),
                          .tally = calloc(INTERVALS, sizeof *q->tally),
                          .wanted = calloc(INTERVALS, 1),
                          .cell = malloc((CELLS + 1) * sizeof *q->cell),
                          .cell_wanted = calloc(CELLS, 1)};
    const int whole =
        place != NULL && scores != NULL && q->from != NULL && q->tally != NULL && q->wanted != NULL;
    for (size_t k = 0; whole && k < SAMPLE; k++)
        scores[k] = sample_score(p, place, k);
    if (whole) {
        score_sort(scores, scores + SAMPLE, SAMPLE);
        set_intervals(q, scores, SAMPLE);
        set_cells(q);
    }
    free(scores);
    score_places_close(place, 1);
    if (!whole) pair_intervals_free(q);
    return whole ? 0 : ENOMEM;
}

void pair_intervals_free(pair_intervals *q)
{
    free(q->from);
    free(q->tally);
    free(q->wanted);
    free(q->cell);
    free(q->cell_wanted);
    *q = (pair_intervals){0};
}

/* Returns the interval of a score. */
static size_t interval_of(const pair_intervals *q, score s)
{
    size_t low = q->cell[s >> CELL], high = (size_t)q->cell[(s >> CELL) + 1] + 1;
    while (high - low > 1) {
        const size_t middle = low + (high - low) / 2;
        if (q->from[middle] <= s)
            low = middle;
        else
            high = middle;
    }
    return low;
}

static void count_scores(visit *v, const score *scores, size_t row, size_t rows, size_t column,
                         size_t columns)
{
    EACH_PAIR(i, j)
    {
        pair_tally *const tally = &v->q->tally[interval_of(v->q, scores[i * columns + j])];
        uint64_t *const counted =
            is_genuine(v->p, row + i, column + j) ? &tally->genuine : &tally->impostor;
#pragma omp atomic
        ++*counted;
    }
}

int pairs_count(pairs *p, pair_intervals *q)
{
    visit v = {.p = p, .take = count_scores, .q = q};
    return visit_all(&v);
}

static void keep_wanted(visit *v, const score *scores, size_t row, size_t rows, size_t column,
                        size_t columns)
{
    EACH_PAIR(i, j)
    {
        const score s = scores[i * columns + j];
        if (!v->q->cell_wanted[s >> CELL] || !v->q->wanted[interval_of(v->q, s)]) continue;
        size_t at;
#pragma omp atomic capture
        at = v->taken++;
        v->scores[at] = s | (score)is_genuine(v->p, row + i, column + j);
    }
}

int pairs_wanted(pairs *p, const pair_intervals *q, score *scores)
{
    for (size_t c = 0; c < CELLS; c++)
        for (size_t k = q->cell[c]; k <= q->cell[c + 1] && !q->cell_wanted[c]; k++)
            q->cell_wanted[c] = q->wanted[k];
    visit v = {.p = p, .take = keep_wanted, .scores = scores, .q = q};
    return visit_all(&v);
}
