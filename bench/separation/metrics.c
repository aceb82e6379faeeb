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

#define NO_GAPS                                                                                    \
    {                                                                                              \
        NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN, NAN                                      \
    }
_Static_assert(ARC_SHARES == 11, "NO_GAPS has as many");

const separation_stats separation_none = {
    .accuracy = NAN,
    .thirds = {NAN, NAN, NAN},
    .gap_min_of = NO_GAPS,
    .gap_median_of = NO_GAPS,
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

/* right[count]: whose own class is strictly the nearest. */
static void right_by_angle(const separation_input *in, const directions *unit, uint8_t *right)
{
    for (size_t i = 0; i < in->count; i++)
        right[i] = unit->theta[i] < unit->other[i];
}

/* Asks the library which samples' own logits are the largest; returns 0 where there are none. */
static int right_by_product(const separation_input *in, uint8_t *right)
{
    margin_config config;
    margin_context *context = NULL;
    margin_head head =
        head_of_arrays(in->count, in->dim, in->classes, in->embeddings, in->weights, in->labels);
    head.bias = in->bias;
    head.row_correct = right;
    margin_config_init(&config, MARGIN_SOFTMAX);
    config.threads = in->threads;
    margin_status status = margin_create(&config, &context);
    if (status == MARGIN_OK) status = margin_head_run(context, &head);
    margin_destroy(context);
    return status == MARGIN_OK;
}

/* Classes with more samples than this one, or as many and a smaller number. */
static size_t place_by_size(const separation_input *in, size_t class)
{
    size_t before = 0;
    for (size_t j = 0; j < in->classes; j++)
        before +=
            in->sizes[j] > in->sizes[class] || (in->sizes[j] == in->sizes[class] && j < class);
    return before;
}

static int all_alike(const separation_input *in)
{
    for (size_t j = 1; in->sizes != NULL && j < in->classes; j++)
        if (in->sizes[j] != in->sizes[0]) return 0;
    return 1;
}

static void share_out(const separation_input *in, const uint8_t *right, separation_stats *out)
{
    size_t *const third_of = zeroed(in->classes, sizeof *third_of);
    double found[3] = {0.0}, count[3] = {0.0};
    for (size_t j = 0; j < in->classes && !all_alike(in); j++)
        third_of[j] = 3 * place_by_size(in, j) / in->classes;
    for (size_t i = 0; i < in->count; i++) {
        found[third_of[in->labels[i]]] += right[i];
        count[third_of[in->labels[i]]]++;
    }
    out->accuracy = mean_of(found[0] + found[1] + found[2], in->count);
    for (size_t k = 0; k < 3 && !all_alike(in); k++)
        out->thirds[k] = mean_of(found[k], (size_t)count[k]);
    free(third_of);
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

/* arcs[ARC_SHARES][in->classes]: this class's at each share; NaN ends for a class without samples.
 */
static void find_arcs(const separation_input *in, size_t class, const double *centre,
                      double *deviations, arc *arcs)
{
    const double direction = atan2(centre[1], centre[0]);
    size_t count = 0;
    for (size_t i = 0; i < in->count; i++) {
        if ((size_t)in->labels[i] == class)
            deviations[count++] = wrap(polar(in->embeddings + 2 * i) - direction);
    }
    sort_doubles(deviations, count);
    for (size_t k = 0; k < ARC_SHARES; k++)
        arcs[k * in->classes + class] = (arc){
            direction, quantile(deviations, count, (double)(ARC_MOST - ARC_LEAST - k) / 200.0),
            quantile(deviations, count, (double)(100 + ARC_LEAST + k) / 200.0)};
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

/* From each arc's end to the next arc's begin, round the circle; sorts `arcs` by centre. Gives the
 * least gap and the median one. */
static void measure_gaps(arc *arcs, size_t count, double *gaps, double *least, double *median)
{
    qsort(arcs, count, sizeof *arcs, by_centre);
    for (size_t i = 0; i < count; i++) {
        const arc *const next = &arcs[(i + 1) % count];
        const double turn = i + 1 < count ? 0.0 : 2.0 * M_PI;
        gaps[i] = (next->centre + turn + next->low) - (arcs[i].centre + arcs[i].high);
    }
    sort_doubles(gaps, count);
    *least = count > 1 ? gaps[0] : NAN;
    *median = count > 1 ? quantile(gaps, count, 0.5) : NAN;
}

/* kept[classes]: the arcs of the usual share; or NULL. */
static void measure_circle(const separation_input *in, const double *centres, arc *kept,
                           separation_stats *out)
{
    const size_t classes = in->classes, usual = ARC_USUAL - ARC_LEAST;
    arc *const arcs = zeroed(ARC_SHARES * classes, sizeof *arcs);
    double *const gaps = zeroed(classes, sizeof *gaps);
    double *const deviations = zeroed(in->count, sizeof *deviations);
    for (size_t j = 0; j < classes; j++)
        find_arcs(in, j, centres + 2 * j, deviations, arcs);
    if (kept != NULL) memcpy(kept, arcs + usual * classes, classes * sizeof *arcs);
    out->overlap_share = overlap_share(in, arcs + usual * classes);
    for (size_t k = 0; k < ARC_SHARES; k++) {
        arc *const of_share = arcs + k * classes;
        size_t filled = 0;
        for (size_t j = 0; j < classes; j++)
            if (!isnan(of_share[j].low)) of_share[filled++] = of_share[j];
        measure_gaps(of_share, filled, gaps, &out->gap_min_of[k], &out->gap_median_of[k]);
    }
    out->gap_min = out->gap_min_of[usual];
    out->gap_median = out->gap_median_of[usual];
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
    uint8_t *const right = zeroed(in->count, sizeof *right);
    int told = 1;
    find_other(in, unit);
    if (in->normalised) {
        right_by_angle(in, unit, right);
    } else {
        told = right_by_product(in, right);
    }
    if (told) share_out(in, right, out);
    free(right);
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
