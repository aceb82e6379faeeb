/* bootstrap.c: see bootstrap.h. The draws depend on their number alone, so results repeat. */
#include "bootstrap.h"

#include "pairs.h"
#include "quantile.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* A comparison and the units that it is of; a genuine one is of one unit. */
typedef struct weighed {
    score score; /* the last bit is 1 where it is genuine */
    uint32_t a, b;
} weighed;

static int descending(const void *a, const void *b)
{
    const score x = ((const weighed *)a)->score, y = ((const weighed *)b)->score;
    return (x < y) - (x > y);
}

/* splitmix64 (Steele, Lea, Flood, 2014). */
static uint64_t next_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9u;
    z = (z ^ z >> 27) * 0x94d049bb133111ebu;
    return z ^ z >> 31;
}

static void draw(uint32_t *times, size_t units, uint64_t *state)
{
    memset(times, 0, units * sizeof *times);
    for (size_t k = 0; k < units; k++)
        times[next_bits(state) % units]++;
}

static uint64_t weight_of(const weighed *w, const uint32_t *times)
{
    return w->a == w->b ? times[w->a] : (uint64_t)times[w->a] * times[w->b];
}

/* Walks one draw; returns 0 where it has no genuine or no impostor comparison. */
static int walk(const weighed *all, size_t count, const uint32_t *times, roc_walk *w,
                roc_result *result)
{
    uint64_t totals[2] = {0};
    for (size_t k = 0; k < count; k++)
        totals[all[k].score & 1] += weight_of(&all[k], times);
    w->genuine = totals[1];
    w->impostor = totals[0];
    if (totals[0] == 0 || totals[1] == 0) return 0;
    roc_start(w, result);
    for (size_t k = 0; k < count;) {
        const score s = all[k].score & ~(score)1;
        uint64_t tally[2] = {0};
        for (; k < count && (all[k].score & ~(score)1) == s; k++)
            tally[all[k].score & 1] += weight_of(&all[k], times);
        if (tally[0] + tally[1] > 0) roc_step(w, s, tally[1], tally[0], 0);
    }
    roc_end(w);
    return 1;
}

static interval interval_of(double *values, size_t count)
{
    sort_doubles(values, count);
    return (interval){quantile(values, count, 0.025), quantile(values, count, 0.975)};
}

/* The values of all draws, quantity by quantity: AUC, EER, then TAR at each point. */
typedef struct draws {
    double *values; /* [2 + points][draws] */
    size_t *have;   /* [2 + points] */
    size_t most;
} draws;

static void note(draws *d, size_t quantity, double value)
{
    if (!isnan(value)) d->values[quantity * d->most + d->have[quantity]++] = value;
}

static void set_intervals(draws *d, size_t points, bootstrap_result *out)
{
    out->auc = interval_of(d->values, d->have[0]);
    out->eer = interval_of(d->values + d->most, d->have[1]);
    for (size_t k = 0; k < points; k++)
        out->tar[k] = interval_of(d->values + (2 + k) * d->most, d->have[2 + k]);
}

/* Draws again and again from comparisons, which fall. */
static int resample(const verification_input *in, const weighed *all, size_t count, size_t units,
                    int times_drawn, bootstrap_result *out)
{
    const size_t quantities = 2 + in->point_count, most = (size_t)times_drawn;
    uint32_t *times = malloc((units + 1) * sizeof *times);
    roc_point *points = malloc((in->point_count + 1) * sizeof *points);
    draws d = {malloc(quantities * most * sizeof *d.values), calloc(quantities, sizeof *d.have),
               most};
    const int whole = times != NULL && points != NULL && d.values != NULL && d.have != NULL;
    uint64_t state = 1;
    out->draws = times_drawn;
    out->units = units;
    for (size_t r = 0; whole && r < most; r++) {
        roc_result result;
        roc_walk w = {.points = points, .count = in->point_count, .value = score_cosine};
        memcpy(points, in->points, in->point_count * sizeof *points);
        draw(times, units, &state);
        if (in->line != NULL) progress_step(in->line, r, NULL);
        if (!walk(all, count, times, &w, &result)) continue;
        note(&d, 0, result.auc);
        note(&d, 1, result.eer);
        for (size_t k = 0; k < in->point_count; k++)
            note(&d, 2 + k, points[k].tar);
    }
    if (whole) set_intervals(&d, in->point_count, out);
    free(times);
    free(points);
    free(d.values);
    free(d.have);
    return whole ? 0 : ENOMEM;
}

/* Adds to each score, which lie in the order of pairs, the identities of its rows. */
static void add_units(const pairs *p, const score *scores, weighed *all)
{
    size_t at = 0;
    for (size_t i = 0; i < p->rows; i++)
        for (size_t j = i + 1; j < p->rows; j++, at++)
            all[at] = (weighed){scores[at], (uint32_t)p->in->labels[p->row[i]],
                                (uint32_t)p->in->labels[p->row[j]]};
}

int bootstrap_identities(const verification_input *in, size_t identities, int times_drawn,
                         bootstrap_result *out)
{
    pairs p;
    verification_input silent = *in;
    silent.line = NULL;
    int status = pairs_open(&silent, &p);
    if (status != 0) return status;
    score *scores = NULL;
    weighed *all = NULL;
    if (p.all > VERIFICATION_SORTED / 2) status = E2BIG;
    if (status == 0) {
        scores = malloc((p.all + 1) * sizeof *scores);
        all = malloc((p.all + 1) * sizeof *all);
        status = scores == NULL || all == NULL ? ENOMEM : pairs_scores(&p, scores);
    }
    if (status == 0) {
        add_units(&p, scores, all);
        qsort(all, p.all, sizeof *all, descending);
        status = resample(in, all, p.all, identities, times_drawn, out);
    }
    free(scores);
    free(all);
    pairs_close(&p);
    return status;
}

int bootstrap_list(const verification_input *in, const comparison *list, size_t count,
                   int times_drawn, bootstrap_result *out)
{
    weighed *all = malloc((count + 1) * sizeof *all);
    if (all == NULL) return ENOMEM;
    for (size_t k = 0; k < count; k++)
        all[k] = (weighed){list[k].score | (score)(list[k].genuine != 0), (uint32_t)k, (uint32_t)k};
    qsort(all, count, sizeof *all, descending);
    const int status = resample(in, all, count, count, times_drawn, out);
    free(all);
    return status;
}
