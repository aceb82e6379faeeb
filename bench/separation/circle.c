/* circle.c: arcs and gaps on the circle (see circle.h). Must not know losses or training. */
#include "circle.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>

#include "quantile.h"

/* The ends of an arc, as shares of the class's samples. */
static const double arc_low = 0.01, arc_high = 0.99;

/* To (-pi, pi]. */
static double wrap(double angle)
{
    return angle - 2.0 * M_PI * ceil((angle - M_PI) / (2.0 * M_PI));
}

static double polar(const float *vector)
{
    return atan2((double)vector[1], (double)vector[0]);
}

static int by_centre(const void *a, const void *b)
{
    return compare_doubles(&((const arc *)a)->centre, &((const arc *)b)->centre);
}

/* NaN ends for a class without samples. */
static void find_arc(const separation_input *in, size_t class, const double *centre,
                     double *deviations, arc *out)
{
    size_t count = 0;
    out->centre = atan2(centre[1], centre[0]);
    for (size_t i = 0; i < in->count; i++) {
        if ((size_t)in->labels[i] == class)
            deviations[count++] = wrap(polar(in->embeddings + 2 * i) - out->centre);
    }
    sort_doubles(deviations, count);
    out->low = quantile(deviations, count, arc_low);
    out->high = quantile(deviations, count, arc_high);
}

static int inside(const arc *a, double angle)
{
    const double deviation = wrap(angle - a->centre);
    return deviation >= a->low && deviation <= a->high; /* false for a class without samples */
}

static double overlap_share(const separation_input *in, const arc *arcs)
{
    size_t overlapping = 0;
    for (size_t i = 0; i < in->count; i++) {
        const double angle = polar(in->embeddings + 2 * i);
        int found = 0;
        for (size_t j = 0; j < in->classes && !found; j++)
            found = j != (size_t)in->labels[i] && inside(&arcs[j], angle);
        overlapping += (size_t)found;
    }
    return in->count > 0 ? (double)overlapping / (double)in->count : NAN;
}

/* From each arc's end to the next arc's begin, round the circle; sorts `arcs` by centre. */
static void measure_gaps(arc *arcs, size_t count, double *gaps, separation_stats *out)
{
    qsort(arcs, count, sizeof *arcs, by_centre);
    for (size_t i = 0; i < count; i++) {
        const arc *const next = &arcs[(i + 1) % count];
        const double turn = i + 1 < count ? 0.0 : 2.0 * M_PI;
        gaps[i] = (next->centre + turn + next->low) - (arcs[i].centre + arcs[i].high);
    }
    sort_doubles(gaps, count);
    out->gap_min = count > 1 ? gaps[0] : NAN;
    out->gap_median = count > 1 ? quantile(gaps, count, 0.5) : NAN;
}

int circle_arcs(const separation_input *in, const double *centres, arc *arcs)
{
    double *deviations = calloc(in->count + 1, sizeof *deviations);
    if (deviations == NULL) return ENOMEM;
    for (size_t j = 0; j < in->classes; j++)
        find_arc(in, j, centres + 2 * j, deviations, &arcs[j]);
    free(deviations);
    return 0;
}

int circle_measure(const separation_input *in, const double *centres, separation_stats *out)
{
    arc *arcs = calloc(in->classes + 1, sizeof *arcs);
    double *gaps = calloc(in->classes + 1, sizeof *gaps);
    const int ready = arcs != NULL && gaps != NULL && circle_arcs(in, centres, arcs) == 0;
    if (ready) {
        size_t filled = 0;
        out->overlap_share = overlap_share(in, arcs);
        for (size_t j = 0; j < in->classes; j++) {
            if (!isnan(arcs[j].low)) arcs[filled++] = arcs[j];
        }
        measure_gaps(arcs, filled, gaps, out);
    }
    free(arcs);
    free(gaps);
    return ready ? 0 : ENOMEM;
}
