/* identification.c: see identification.h. */
#include "identification.h"

#include "threads.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

/* The rows of a set that take part. */
typedef struct rows_at_hand {
    size_t *row;
    size_t count, zero;
} rows_at_hand;

static rows_at_hand find_rows(const float *x, const int64_t *labels, size_t rows, size_t dim)
{
    rows_at_hand found = {.row = malloc((rows + 1) * sizeof *found.row)};
    for (size_t i = 0; found.row != NULL && i < rows; i++) {
        if (labels[i] < 0) continue;
        if (!score_has_direction(x + i * dim, dim))
            found.zero++;
        else
            found.row[found.count++] = i;
    }
    return found;
}

/* A probe's best scores: of its own identity, and of all others. 0: there are none. */
typedef struct probe {
    score own, other;
} probe;

static void raise(score *most, score s)
{
    if (s > *most) *most = s;
}

static void take_block(const identification_input *in, const rows_at_hand *probes,
                       const rows_at_hand *gallery, size_t first, size_t count, score_place *w,
                       probe *out)
{
    score_set(&w->left, in->probes, probes->row + first, count, in->dim);
    for (size_t at = 0; at < gallery->count; at += SCORE_BLOCK) {
        const size_t some = gallery->count - at < SCORE_BLOCK ? gallery->count - at : SCORE_BLOCK;
        score_set(&w->right, in->gallery, gallery->row + at, some, in->dim);
        score_block(&w->left, count, &w->right, some, in->dim, w->dots, w->scores);
        for (size_t i = 0; i < count; i++) {
            const int64_t label = in->probe_labels[probes->row[first + i]];
            for (size_t j = 0; j < some; j++) {
                const int same = in->gallery_labels[gallery->row[at + j]] == label;
                /* Above 0, which stands for no score. */
                raise(same ? &out[i].own : &out[i].other, w->scores[i * some + j] | 2);
            }
        }
    }
}

static int compare_all(const identification_input *in, const rows_at_hand *probes,
                       const rows_at_hand *gallery, probe *out)
{
    const int threads = thread_count(in->threads);
    score_place *const places = score_places_open(threads, in->dim);
    size_t done = 0;
    if (places == NULL) return ENOMEM;
#pragma omp parallel for schedule(static, 1) num_threads(threads)
    for (int t = 0; t < threads; t++) {
        for (size_t i = (size_t)t * SCORE_BLOCK; i < probes->count;
             i += (size_t)threads * SCORE_BLOCK) {
            const size_t count = probes->count - i < SCORE_BLOCK ? probes->count - i : SCORE_BLOCK;
            take_block(in, probes, gallery, i, count, &places[t], out + i);
            if (in->line == NULL) continue;
#pragma omp critical(identification_progress)
            progress_step(in->line, done += count, NULL);
        }
    }
    score_places_close(places, threads);
    return 0;
}

/* ---- rates ------------------------------------------------------------------------------------*/

/* Sets a point by the sorted best scores of probes without a mate, and the sorted scores of probes
 * that were found; the greatest are last. */
static void set_point(identification_point *p, const score *unmated, size_t unmated_count,
                      const score *found, size_t found_count, size_t mated)
{
    const double limit = p->limit;
    *p = (identification_point){limit, NAN, NAN, NAN, INFINITY, -INFINITY};
    if (limit * (double)unmated_count < 1.0 || mated == 0) return;
    size_t accepted = (size_t)(limit * (double)unmated_count);
    while ((double)accepted > limit * (double)unmated_count)
        accepted--;
    /* Equal scores are accepted together, or not at all. */
    while (accepted > 0 && accepted < unmated_count &&
           unmated[unmated_count - accepted] == unmated[unmated_count - accepted - 1])
        accepted--;
    const score barred = accepted < unmated_count ? unmated[unmated_count - accepted - 1] : 0;
    size_t kept = 0;
    while (kept < found_count && found[found_count - kept - 1] > barred)
        kept++;
    score least = kept > 0 ? found[found_count - kept] : 0;
    if (accepted > 0 && (kept == 0 || unmated[unmated_count - accepted] < least))
        least = unmated[unmated_count - accepted];
    p->fpir = (double)accepted / (double)unmated_count;
    p->tpir = (double)kept / (double)mated;
    if (accepted + kept > 0) p->above = score_cosine(least & ~(score)3);
    if (barred > 0) p->below = score_cosine(barred & ~(score)3);
    p->threshold = isfinite(p->above) && isfinite(p->below) ? p->below + 0.5 * (p->above - p->below)
                                                            : p->above;
    if (p->threshold <= p->below) p->threshold = p->above;
}

static int measure_points(const probe *all, size_t count, identification_point *points,
                          size_t point_count, identification *out)
{
    score *unmated = malloc((3 * count + 1) * sizeof *unmated);
    if (unmated == NULL) return ENOMEM;
    score *found = unmated + count, *room = found + count;
    size_t unmated_count = 0, found_count = 0;
    for (size_t i = 0; i < count; i++) {
        if (all[i].own == 0)
            unmated[unmated_count++] = all[i].other;
        else if (all[i].own > all[i].other)
            found[found_count++] = all[i].own;
        out->tied += all[i].own != 0 && all[i].own == all[i].other;
    }
    out->unmated = unmated_count;
    out->mated = count - unmated_count;
    out->found = found_count;
    score_sort(unmated, room, unmated_count);
    score_sort(found, room, found_count);
    for (size_t k = 0; k < point_count; k++)
        set_point(&points[k], unmated, unmated_count, found, found_count, out->mated);
    free(unmated);
    return 0;
}

static int ascending(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Counts the different labels of the gallery. */
static int count_identities(const identification_input *in, const rows_at_hand *gallery,
                            identification *out)
{
    int64_t *labels = malloc((gallery->count + 1) * sizeof *labels);
    if (labels == NULL) return ENOMEM;
    for (size_t i = 0; i < gallery->count; i++)
        labels[i] = in->gallery_labels[gallery->row[i]];
    qsort(labels, gallery->count, sizeof *labels, ascending);
    for (size_t i = 0; i < gallery->count; i++)
        out->identities += i == 0 || labels[i] != labels[i - 1];
    free(labels);
    return 0;
}

int identification_measure(const identification_input *in, identification_point *points,
                           size_t count, identification *out)
{
    rows_at_hand gallery = find_rows(in->gallery, in->gallery_labels, in->gallery_rows, in->dim);
    rows_at_hand probes = find_rows(in->probes, in->probe_labels, in->probe_rows, in->dim);
    probe *all = calloc(probes.count + 1, sizeof *all);
    *out = (identification){.gallery_zero = gallery.zero, .probe_zero = probes.zero};
    int status = gallery.row == NULL || probes.row == NULL || all == NULL ? ENOMEM : 0;
    if (status == 0) status = count_identities(in, &gallery, out);
    if (status == 0) status = compare_all(in, &probes, &gallery, all);
    if (status == 0) status = measure_points(all, probes.count, points, count, out);
    free(gallery.row);
    free(probes.row);
    free(all);
    return status;
}
