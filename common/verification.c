/* verification.c: TAR at FAR, ROC, EER and AUC over all pairs (see verification.h). Must not know
 * where the embeddings came from.
 *
 * Pairs are counted by score, so all that is kept of them is two numbers for each score. */
#include "verification.h"

#include "directions.h"
#include "threads.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

enum { BLOCK = 64, PER_UNIT = 1 << 21, LEVELS = 2 * PER_UNIT + 1 };

typedef struct tally {
    uint64_t genuine, impostor;
} tally;

/* ---- counting ---------------------------------------------------------------------------------*/

/* What one thread works in: two blocks of directions and the cosines between them. */
typedef struct workplace {
    double *left, *right;
    double cosines[BLOCK * BLOCK];
} workplace;

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

static size_t level_of(double cosine)
{
    const double within = cosine < -1.0 ? -1.0 : cosine > 1.0 ? 1.0 : cosine;
    return (size_t)((within + 1.0) * PER_UNIT + 0.5);
}

static double score_of(size_t level)
{
    return (double)level / PER_UNIT - 1.0;
}

static void count_block(const verification_input *in, const double *cosines, size_t row,
                        size_t rows, size_t column, size_t columns, tally *levels)
{
    for (size_t i = 0; i < rows; i++) {
        const int64_t label = in->labels[row + i];
        for (size_t j = row == column ? i + 1 : 0; label != -1 && j < columns; j++) {
            const int64_t other = in->labels[column + j];
            if (other == -1) continue;
            tally *const level = &levels[level_of(cosines[i * columns + j])];
            uint64_t *const counted = label == other ? &level->genuine : &level->impostor;
#pragma omp atomic
            ++*counted;
        }
    }
}

/* The pairs of a block of rows with each other and with all later rows. */
static void count_rows(const verification_input *in, size_t row, workplace *work, tally *levels)
{
    const size_t dim = in->dim, rows = smaller(BLOCK, in->rows - row);
    directions_of(in->embeddings + row * dim, rows, dim, work->left);
    for (size_t column = row; column < in->rows; column += BLOCK) {
        const size_t columns = smaller(BLOCK, in->rows - column);
        directions_of(in->embeddings + column * dim, columns, dim, work->right);
        direction_cosines(work->left, rows, work->right, columns, dim, work->cosines);
        count_block(in, work->cosines, row, rows, column, columns, levels);
    }
}

static workplace *workplaces_open(int count, size_t dim)
{
    workplace *places = calloc((size_t)count, sizeof *places);
    double *memory = malloc((size_t)count * 2 * BLOCK * dim * sizeof *memory);
    if (places == NULL || memory == NULL) {
        free(places);
        free(memory);
        return NULL;
    }
    for (int i = 0; i < count; i++) {
        places[i].left = memory + (size_t)i * 2 * BLOCK * dim;
        places[i].right = places[i].left + BLOCK * dim;
    }
    return places;
}

static void workplaces_close(workplace *places)
{
    free(places[0].left);
    free(places);
}

static void show(const verification_input *in, size_t rows, size_t *done)
{
    if (in->line == NULL) return;
#pragma omp critical(verification_progress)
    progress_step(in->line, *done += rows, NULL);
}

static int count_pairs(const verification_input *in, tally *levels)
{
    const int threads = thread_count(in->threads);
    workplace *const places = workplaces_open(threads, in->dim);
    size_t done = 0;
    if (places == NULL) return ENOMEM;
        /* A block each by turns: earlier blocks have more pairs. */
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int t = 0; t < threads; t++) {
        for (size_t row = (size_t)t * BLOCK; row < in->rows; row += (size_t)threads * BLOCK) {
            count_rows(in, row, &places[t], levels);
            show(in, smaller(BLOCK, in->rows - row), &done);
        }
    }
    workplaces_close(places);
    return 0;
}

/* ---- what the counts say ----------------------------------------------------------------------*/

/* Where the ROC has come to, from the strictest threshold on. */
typedef struct roc_walk {
    uint64_t genuine, impostor; /* accepted so far */
    double area;                /* genuine times impostor, below the curve */
    double far, tar;
    int next_point; /* the strictest of out->roc not yet passed */
} roc_walk;

/* The step from the last threshold to this level is a straight line; EER is where that meets
 * FAR = 1 - TAR. */
static void cross(const roc_walk *before, const roc_walk *after, size_t level, verification *out)
{
    const double above = 1.0 - before->tar - before->far;
    const double below = 1.0 - after->tar - after->far;
    if (!(above > 0.0) || below > 0.0) return;
    out->eer = before->far + (after->far - before->far) * above / (above - below);
    out->eer_threshold = score_of(level);
}

/* The points whose limit this level exceeds may accept no more than came before it. */
static void settle_points(const roc_walk *before, roc_walk *after, size_t level, verification *out)
{
    while (after->next_point > 0 && after->far > out->roc[after->next_point].limit) {
        verification_point *const point = &out->roc[after->next_point--];
        if (point->limit * (double)out->impostor < 1.0) continue;
        point->far = before->far;
        point->tar = before->tar;
        point->threshold = score_of(level + 1);
    }
}

static void walk_levels(const tally *levels, verification *out)
{
    roc_walk w = {.next_point = VERIFICATION_POINTS - 1};
    for (size_t level = LEVELS; level-- > 0;) {
        const tally *const here = &levels[level];
        if (here->genuine == 0 && here->impostor == 0) continue;
        roc_walk after = w;
        after.genuine += here->genuine;
        after.impostor += here->impostor;
        after.area += (double)here->impostor * ((double)w.genuine + 0.5 * (double)here->genuine);
        after.far = (double)after.impostor / (double)out->impostor;
        after.tar = (double)after.genuine / (double)out->genuine;
        cross(&w, &after, level, out);
        settle_points(&w, &after, level, out);
        w = after;
    }
    out->roc[0] = (verification_point){1.0, w.far, w.tar, score_of(0)}; /* every pair accepted */
    out->auc = w.area / ((double)out->genuine * (double)out->impostor);
}

static void clear(verification *out)
{
    *out = (verification){.auc = NAN, .eer = NAN, .eer_threshold = NAN};
    for (int k = 0; k < VERIFICATION_POINTS; k++)
        out->roc[k] =
            (verification_point){pow(10.0, -(double)k / VERIFICATION_STEPS), NAN, NAN, NAN};
}

int verification_measure(const verification_input *in, verification *out)
{
    clear(out);
    tally *const levels = calloc(LEVELS, sizeof *levels);
    const int status = levels == NULL ? ENOMEM : count_pairs(in, levels);
    for (size_t level = 0; status == 0 && level < LEVELS; level++) {
        out->genuine += levels[level].genuine;
        out->impostor += levels[level].impostor;
    }
    if (status == 0 && out->genuine > 0 && out->impostor > 0) walk_levels(levels, out);
    free(levels);
    return status;
}

const verification_point *verification_at(const verification *v, int decade)
{
    return &v->roc[decade * VERIFICATION_STEPS];
}
