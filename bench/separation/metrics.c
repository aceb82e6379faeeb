/* metrics.c: angle statistics of embeddings and class weights (see metrics.h). Must not know
 * losses or training. */
#include "metrics.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "angles.h"
#include "calls.h"
#include "directions.h"
#include "memory.h"
#include "nearest.h"
#include "quantile.h"

/* Unit vectors in double. */
typedef struct directions {
    double *embeddings, *weights;
    double *whole;         /* [dim], scratch */
    double *theta, *other; /* [count] angles */
} directions;

static double mean_of(double sum, size_t count)
{
    return count > 0 ? sum / (double)count : NAN;
}

/* Sorts the angles. */
static angle_summary summarise(double *values, size_t count)
{
    angle_summary out = {0};
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        const size_t bin = (size_t)(values[i] * (ANGLE_BINS / M_PI));
        out.bins[bin < ANGLE_BINS ? bin : ANGLE_BINS - 1]++;
        sum += values[i];
    }
    sort_doubles(values, count);
    out.mean = mean_of(sum, count);
    out.p05 = quantile(values, count, 0.05);
    out.p50 = quantile(values, count, 0.50);
    out.p95 = quantile(values, count, 0.95);
    return out;
}

#define NO_ANGLES                                                                                  \
    {                                                                                              \
        .mean = NAN, .p05 = NAN, .p50 = NAN, .p95 = NAN                                            \
    }

const separation_stats separation_none = {
    .accuracy = NAN,
    .w_ec = NAN,
    .w_inter = NAN,
    .intra = NAN,
    .inter = NAN,
    .fisher = NAN,
    .theta = NO_ANGLES,
    .other = NO_ANGLES,
    .gap_min = NAN,
    .gap_median = NAN,
    .overlap_share = NAN,
};

/* theta[count]: of each sample to its class's weight. */
static void find_theta(const separation_input *in, const directions *unit)
{
    for (size_t i = 0; i < in->count; i++)
        unit->theta[i] = direction_angle(unit->embeddings + i * in->dim,
                                         unit->weights + (size_t)in->labels[i] * in->dim, in->dim);
}

static void find_other(const separation_input *in, const directions *unit)
{
    const nearest_input nearest = {in->count,     in->classes, in->dim,    unit->embeddings,
                                   unit->weights, in->labels,  in->threads};
    if (nearest_angles(&nearest, unit->other) != 0) out_of_memory();
}

static double accuracy_by_angle(const separation_input *in, const directions *unit)
{
    size_t right = 0;
    for (size_t i = 0; i < in->count; i++)
        right += (size_t)(unit->theta[i] < unit->other[i]);
    return mean_of((double)right, in->count);
}

/* Asks the library which samples' own logits are the largest. NaN: there are no logits. */
static double accuracy_by_product(const separation_input *in)
{
    margin_config config;
    margin_context *context = NULL;
    size_t right = 0;
    uint8_t *const correct = zeroed(in->count, sizeof *correct);
    margin_head head =
        head_of_arrays(in->count, in->dim, in->classes, in->embeddings, in->weights, in->labels);
    head.bias = in->bias;
    head.row_correct = correct;
    margin_config_init(&config, MARGIN_SOFTMAX);
    config.threads = in->threads;
    margin_status status = margin_create(&config, &context);
    if (status == MARGIN_OK) status = margin_head_run(context, &head);
    for (size_t i = 0; i < in->count; i++)
        right += correct[i];
    margin_destroy(context);
    free(correct);
    return status == MARGIN_OK ? mean_of((double)right, in->count) : NAN;
}

static double versine(const double *a, const double *b, size_t dim)
{
    double square = 0.0;
    for (size_t k = 0; k < dim; k++)
        square += (a[k] - b[k]) * (a[k] - b[k]);
    return 0.5 * square;
}

static double fisher_score(const separation_input *in, const directions *unit,
                           const double *centres)
{
    double within = 0.0, between = 0.0, *const whole = unit->whole;
    for (size_t i = 0; i < in->count * in->dim; i++)
        whole[i % in->dim] += unit->embeddings[i];
    direction_normalise(whole, in->dim);
    for (size_t i = 0; i < in->count; i++) {
        const double *const centre = centres + (size_t)in->labels[i] * in->dim;
        within += versine(unit->embeddings + i * in->dim, centre, in->dim);
        between += versine(centre, whole, in->dim);
    }
    return between > 0.0 ? within / between : NAN;
}

/* ---- the circle ----------------------------------------------------------------------------- */

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

static double overlap_share(const separation_input *in, const arc *arcs)
{
    size_t overlapping = 0;
    for (size_t i = 0; i < in->count; i++) {
        const double angle = polar(in->embeddings + 2 * i);
        int found = 0;
        for (size_t j = 0; j < in->classes && !found; j++) {
            const double deviation = wrap(angle - arcs[j].centre);
            found = j != (size_t)in->labels[i] && deviation >= arcs[j].low &&
                    deviation <= arcs[j].high; /* false for a class without samples */
        }
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

/* kept[classes]: the arcs; or NULL. */
static void measure_circle(const separation_input *in, const double *centres, arc *kept,
                           separation_stats *out)
{
    arc *const arcs = zeroed(in->classes, sizeof *arcs);
    double *const gaps = zeroed(in->classes, sizeof *gaps);
    double *const deviations = zeroed(in->count, sizeof *deviations);
    size_t filled = 0;
    for (size_t j = 0; j < in->classes; j++)
        find_arc(in, j, centres + 2 * j, deviations, &arcs[j]);
    if (kept != NULL) memcpy(kept, arcs, in->classes * sizeof *arcs);
    out->overlap_share = overlap_share(in, arcs);
    for (size_t j = 0; j < in->classes; j++)
        if (!isnan(arcs[j].low)) arcs[filled++] = arcs[j];
    measure_gaps(arcs, filled, gaps, out);
    free(arcs);
    free(gaps);
    free(deviations);
}

/* ---- all of it ------------------------------------------------------------------------------ */

/* Room for all unit vectors, one more for the Fisher score, and the angles. Free `embeddings`. */
static directions directions_open(const separation_input *in)
{
    const size_t vectors = in->count + in->classes + 1;
    double *const memory = zeroed(vectors * in->dim + 2 * in->count, sizeof *memory);
    const directions unit = {
        .embeddings = memory,
        .weights = memory + in->count * in->dim,
        .whole = memory + (vectors - 1) * in->dim,
        .theta = memory + vectors * in->dim,
        .other = memory + vectors * in->dim + in->count,
    };
    directions_of(in->embeddings, in->count, in->dim, unit.embeddings);
    if (in->weights != NULL) {
        directions_of(in->weights, in->classes, in->dim, unit.weights);
        find_theta(in, &unit);
    }
    return unit;
}

angle_summary separation_theta(const separation_input *in)
{
    const directions unit = directions_open(in);
    const angle_summary theta =
        in->weights != NULL ? summarise(unit.theta, in->count) : separation_none.theta;
    free(unit.embeddings);
    return theta;
}

/* What takes class weights. */
static void measure_weights(const separation_input *in, const directions *unit,
                            separation_stats *out)
{
    find_other(in, unit);
    out->accuracy = in->normalised ? accuracy_by_angle(in, unit) : accuracy_by_product(in);
    out->theta = summarise(unit->theta, in->count); /* sorted from here on */
    if (in->classes > 1) out->other = summarise(unit->other, in->count);
}

void separation_measure(const separation_input *in, separation_stats *out, double *centres,
                        arc *arcs)
{
    const angles_input all = {.rows = in->count,
                              .dim = in->dim,
                              .classes = in->classes,
                              .embeddings = in->embeddings,
                              .labels = in->labels,
                              .weights = in->weights,
                              .threads = in->threads};
    angles four;
    *out = separation_none;
    if (angles_measure(&all, &four, centres) != 0) out_of_memory();
    out->w_ec = four.w_ec;
    out->w_inter = four.w_inter;
    out->intra = four.intra;
    out->inter = four.inter;
    const directions unit = directions_open(in);
    if (in->weights != NULL) measure_weights(in, &unit, out);
    out->fisher = fisher_score(in, &unit, centres);
    free(unit.embeddings);
    if (in->dim == 2) measure_circle(in, centres, arcs, out);
}
