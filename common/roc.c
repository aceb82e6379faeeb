/* roc.c: see roc.h. */
#include "roc.h"

#include <math.h>

__extension__ typedef unsigned __int128 wide;

void roc_start(roc_walk *w, roc_result *result)
{
    *result = (roc_result){.genuine = w->genuine,
                           .impostor = w->impostor,
                           .auc = NAN,
                           .eer = NAN,
                           .eer_threshold = NAN,
                           .eer_below = -INFINITY};
    w->result = result;
    w->settled = 0;
    w->genuine_in = w->impostor_in = 0;
    w->area = w->half_area = 0.0;
    w->crossed = 0;
    for (size_t k = 0; k < w->count; k++) {
        const double limit = w->points[k].limit;
        w->points[k] = (roc_point){limit, NAN, NAN, NAN, INFINITY, -INFINITY};
    }
    if (w->cost != NULL) w->cost->least = HUGE_VAL;
}

/* Returns FAR >= 1 - TAR of what is accepted so far, as whole numbers. */
static int is_past_eer(const roc_walk *w)
{
    return (wide)w->impostor_in * w->genuine >= (wide)(w->genuine - w->genuine_in) * w->impostor;
}

static double far_of(const roc_walk *w)
{
    return (double)w->impostor_in / (double)w->impostor;
}

static double tar_of(const roc_walk *w)
{
    return (double)w->genuine_in / (double)w->genuine;
}

/* The step from `before` to this score is a straight line; EER is where that meets FAR = 1 - TAR.
 */
static size_t cross(const roc_walk *before, roc_walk *w, score s)
{
    roc_result *r = w->result;
    if (w->crossed == 1) {
        r->eer_below = w->value(s);
        w->crossed = 2;
    }
    if (w->crossed != 0 || !is_past_eer(w)) return 0;
    const double above = 1.0 - tar_of(before) - far_of(before);
    const double below = 1.0 - tar_of(w) - far_of(w);
    const double part = above > below ? above / (above - below) : 1.0;
    r->eer = far_of(before) + (far_of(w) - far_of(before)) * part;
    r->eer_threshold = w->value(s);
    w->crossed = 1;
    return 1;
}

/* Sets a point to what has been accepted; `s`, which is NULL at the end, no longer is. */
static void settle(const roc_walk *w, roc_point *point, const score *s)
{
    if (point->limit * (double)w->impostor < 1.0) return;
    point->far = far_of(w);
    point->tar = tar_of(w);
    const int some = w->genuine_in + w->impostor_in > 0;
    point->above = some ? w->value(w->last) : INFINITY;
    point->below = s != NULL ? w->value(*s) : -INFINITY;
    point->threshold =
        some && s != NULL ? point->below + 0.5 * (point->above - point->below) : point->above;
    if (point->threshold <= point->below) point->threshold = point->above;
}

/* The points whose limit the next score exceeds accept no more than came before it. */
static size_t settle_points(const roc_walk *before, roc_walk *w, score s)
{
    size_t settled = 0;
    while (w->settled < w->count) {
        roc_point *point = &w->points[w->count - 1 - w->settled];
        if (!(far_of(w) > point->limit)) break;
        settle(before, point, &s);
        w->settled++;
        settled++;
    }
    return settled;
}

static void weigh(roc_walk *w, double threshold)
{
    roc_cost *c = w->cost;
    if (c == NULL || c->prior == 0.0) return;
    const double miss = c->prior * c->miss, accept = (1.0 - c->prior) * c->accept;
    const double cost = (miss * (1.0 - tar_of(w)) + accept * far_of(w)) / fmin(miss, accept);
    if (!(cost < c->least)) return;
    c->least = cost;
    c->threshold = threshold;
}

size_t roc_step(roc_walk *w, score s, uint64_t genuine, uint64_t impostor, int merged)
{
    const roc_walk before = *w;
    if (before.genuine_in + before.impostor_in == 0) weigh(w, INFINITY);
    w->genuine_in += genuine;
    w->impostor_in += impostor;
    w->area += (double)impostor * ((double)before.genuine_in + 0.5 * (double)genuine);
    if (merged) w->half_area += 0.5 * (double)impostor * (double)genuine;
    const size_t decided = cross(&before, w, s) + settle_points(&before, w, s);
    w->last = s;
    weigh(w, w->value(s));
    if (w->corner != NULL) w->corner(w->user, w->value(s), far_of(w), tar_of(w));
    return decided;
}

void roc_end(roc_walk *w)
{
    const double all = (double)w->genuine * (double)w->impostor;
    for (; w->settled < w->count; w->settled++)
        settle(w, &w->points[w->count - 1 - w->settled], NULL);
    w->result->auc = w->area / all;
    w->result->auc_error = w->half_area / all;
}
