/* verification.c: see verification.h. Must not know where the embeddings came from. */
#include "verification.h"

#include "pairs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

const roc_point *verification_at(const verification *v, int decade)
{
    return &v->roc[decade * VERIFICATION_STEPS];
}

/* The limits of the decades and those of the caller are two lists that fall: two walks, side by
 * side, of which the second also has the cost and the corners. */
typedef struct two_walks {
    roc_walk own, further;
    roc_result unused;
} two_walks;

static void start(const verification_input *in, uint64_t genuine, uint64_t impostor,
                  double (*value)(score s), verification *out, two_walks *w)
{
    for (int k = 0; k < VERIFICATION_POINTS; k++)
        out->roc[k].limit = pow(10.0, -(double)k / VERIFICATION_STEPS);
    *w = (two_walks){.own = {.genuine = genuine,
                             .impostor = impostor,
                             .points = out->roc,
                             .count = VERIFICATION_POINTS,
                             .value = value},
                     .further = {.genuine = genuine,
                                 .impostor = impostor,
                                 .points = in->points,
                                 .count = in->point_count,
                                 .cost = in->cost,
                                 .value = value,
                                 .corner = in->corner,
                                 .user = in->user}};
    roc_start(&w->own, &out->all);
    roc_start(&w->further, &w->unused);
}

static size_t step(two_walks *w, score s, uint64_t genuine, uint64_t impostor, int merged)
{
    if (genuine + impostor == 0) return 0;
    return roc_step(&w->own, s, genuine, impostor, merged) +
           roc_step(&w->further, s, genuine, impostor, merged);
}

static void end(two_walks *w)
{
    roc_end(&w->own);
    roc_end(&w->further);
}

/* Walks sorted scores, whose last bit says that the pair is genuine, from the greatest on. */
static void walk_sorted(two_walks *w, const score *sorted, size_t count, verification *out)
{
    while (count > 0) {
        const score s = sorted[count - 1] & ~(score)1;
        uint64_t tally[2] = {0};
        for (; count > 0 && (sorted[count - 1] & ~(score)1) == s; count--)
            tally[sorted[count - 1] & 1]++;
        if (s == score_most() && out != NULL) out->repeated = tally[1];
        step(w, s, tally[1], tally[0], 0);
    }
}

/* ---- pairs that can be sorted -----------------------------------------------------------------*/

static int measure_sorted(const verification_input *in, pairs *p, verification *out)
{
    two_walks w;
    score *scores = malloc(2 * p->all * sizeof *scores);
    if (scores == NULL) return ENOMEM;
    const int status = pairs_scores(p, scores);
    if (status == 0) {
        score_sort(scores, scores + p->all, p->all);
        start(in, p->genuine, p->all - p->genuine, score_cosine, out, &w);
        walk_sorted(&w, scores, p->all, out);
        end(&w);
    }
    free(scores);
    return status;
}

/* ---- pairs that are too many ------------------------------------------------------------------*/

static int is_empty(const pair_tally *t)
{
    return t->genuine + t->impostor == 0;
}

/* Walks intervals without looking into them, and wants those in which a result is decided, with the
 * scores next to it above and below. */
static void want_deciding(const verification_input *in, const pairs *p, pair_intervals *q,
                          verification *out)
{
    two_walks w;
    size_t above = q->count;
    int next = 0;
    start(in, p->genuine, p->all - p->genuine, score_cosine, out, &w);
    w.further.corner = NULL;
    for (size_t k = q->count; k-- > 0;) {
        if (is_empty(&q->tally[k])) continue;
        const int decides = step(&w, q->from[k], q->tally[k].genuine, q->tally[k].impostor, 1) > 0;
        if (decides && above < q->count) q->wanted[above] = 1;
        q->wanted[k] = decides || next;
        next = decides;
        above = k;
    }
    for (size_t k = 0; k < q->count; k++)
        if (pair_interval_is_one(q, k)) q->wanted[k] = 0;
}

static void walk_intervals(two_walks *w, const pair_intervals *q, const score *sorted, size_t count)
{
    for (size_t k = q->count; k-- > 0;) {
        const pair_tally *t = &q->tally[k];
        const size_t here = q->wanted[k] ? (size_t)(t->genuine + t->impostor) : 0;
        if (q->wanted[k])
            walk_sorted(w, sorted + count - here, here, NULL);
        else
            step(w, q->from[k], t->genuine, t->impostor, !pair_interval_is_one(q, k));
        count -= here;
    }
}

static size_t count_wanted(const pair_intervals *q)
{
    size_t count = 0;
    for (size_t k = 0; k < q->count; k++)
        if (q->wanted[k]) count += (size_t)(q->tally[k].genuine + q->tally[k].impostor);
    return count;
}

static int measure_intervals(const verification_input *in, pairs *p, verification *out)
{
    pair_intervals q;
    int status = pairs_sample(p, &q);
    if (status == 0) status = pairs_count(p, &q);
    if (status != 0) return status;
    want_deciding(in, p, &q, out);
    const size_t count = count_wanted(&q);
    score *scores = malloc((2 * count + 1) * sizeof *scores);
    if (scores == NULL) status = ENOMEM;
    if (status == 0) status = pairs_wanted(p, &q, scores);
    if (status == 0) {
        two_walks w;
        score_sort(scores, scores + count, count);
        start(in, p->genuine, p->all - p->genuine, score_cosine, out, &w);
        walk_intervals(&w, &q, scores, count);
        out->repeated = q.tally[q.count - 1].genuine;
        end(&w);
    }
    free(scores);
    pair_intervals_free(&q);
    return status;
}

/* ---- what a caller sees -----------------------------------------------------------------------*/

static size_t sorted_most(const verification_input *in)
{
    return in->sorted > 0 ? in->sorted : VERIFICATION_SORTED;
}

static void clear(const verification_input *in, verification *out)
{
    two_walks w;
    memset(out, 0, sizeof *out);
    start(in, 0, 0, score_cosine, out, &w);
}

size_t verification_work(const verification_input *in)
{
    const double all = 0.5 * (double)in->rows * ((double)in->rows - 1.0);
    return all > (double)sorted_most(in) ? 2 * in->rows : in->rows;
}

int verification_measure(const verification_input *in, verification *out)
{
    pairs p;
    clear(in, out);
    int status = pairs_open(in, &p);
    if (status != 0) return status;
    out->zero_rows = p.zero_rows;
    out->all.genuine = p.genuine;
    out->all.impostor = p.all - p.genuine;
    if (p.genuine > 0 && p.all > p.genuine)
        status =
            p.all <= sorted_most(in) ? measure_sorted(in, &p, out) : measure_intervals(in, &p, out);
    pairs_close(&p);
    return status;
}

int verification_of_list(const verification_input *in, const comparison *list, size_t count,
                         double (*value)(score s), verification *out)
{
    two_walks w;
    uint64_t genuine = 0;
    clear(in, out);
    score *scores = malloc((2 * count + 1) * sizeof *scores);
    if (scores == NULL) return ENOMEM;
    for (size_t k = 0; k < count; k++) {
        scores[k] = list[k].score | (score)(list[k].genuine != 0);
        genuine += list[k].genuine != 0;
    }
    out->all.genuine = genuine;
    out->all.impostor = count - genuine;
    if (genuine > 0 && genuine < count) {
        score_sort(scores, scores + count, count);
        start(in, genuine, count - genuine, value, out, &w);
        walk_sorted(&w, scores, count, value == score_cosine ? out : NULL);
        end(&w);
    }
    free(scores);
    return 0;
}
