/* metrics.c: angle statistics of embeddings and class weights (see metrics.h). Must not know
 * losses or training. */
#include "metrics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "angles.h"
#include "circle.h"
#include "directions.h"
#include "quantile.h"

/* Unit vectors in double. */
typedef struct directions {
    double *embeddings, *weights;
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

static angle_summary no_angles(void)
{
    return (angle_summary){.mean = NAN, .p05 = NAN, .p50 = NAN, .p95 = NAN};
}

/* The angles of each sample to its class's weight and to the nearest other one (pi if there is
 * none). */
static void sample_angles(const separation_input *in, const directions *unit)
{
    for (size_t i = 0; i < in->count; i++) {
        const double *const x = unit->embeddings + i * in->dim;
        unit->other[i] = M_PI;
        for (size_t j = 0; j < in->classes; j++) {
            const double angle = direction_angle(x, unit->weights + j * in->dim, in->dim);
            if (j == (size_t)in->labels[i]) {
                unit->theta[i] = angle;
            } else {
                unit->other[i] = fmin(unit->other[i], angle);
            }
        }
    }
}

/* A raw class's logit. */
static double product(const separation_input *in, size_t row, size_t class)
{
    double sum = in->bias == NULL ? 0.0 : (double)in->bias[class];
    for (size_t k = 0; k < in->dim; k++)
        sum += (double)in->embeddings[row * in->dim + k] * (double)in->weights[class * in->dim + k];
    return sum;
}

static int nearest_by_product(const separation_input *in, size_t row)
{
    const size_t label = (size_t)in->labels[row];
    const double own = product(in, row, label);
    int nearest = 1;
    for (size_t j = 0; j < in->classes; j++)
        nearest = nearest && (j == label || product(in, row, j) < own);
    return nearest;
}

static double accuracy(const separation_input *in, const directions *unit)
{
    size_t right = 0;
    for (size_t i = 0; i < in->count; i++)
        right +=
            (size_t)(in->normalised ? unit->theta[i] < unit->other[i] : nearest_by_product(in, i));
    return mean_of((double)right, in->count);
}

static double versine(const double *a, const double *b, size_t dim)
{
    double square = 0.0;
    for (size_t k = 0; k < dim; k++)
        square += (a[k] - b[k]) * (a[k] - b[k]);
    return 0.5 * square;
}

/* whole[dim]: scratch. */
static double fisher_score(const separation_input *in, const directions *unit,
                           const double *centres, double *whole)
{
    double within = 0.0, between = 0.0;
    memset(whole, 0, in->dim * sizeof *whole);
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

static void measure_weights(const separation_input *in, const directions *unit,
                            separation_stats *out)
{
    directions_of(in->weights, in->classes, in->dim, unit->weights);
    sample_angles(in, unit);
    out->accuracy = accuracy(in, unit); /* before the angles are sorted */
    out->theta = summarise(unit->theta, in->count);
    out->other = in->classes > 1 ? summarise(unit->other, in->count) : no_angles();
}

static int measure_four(const separation_input *in, separation_stats *out, double *centres)
{
    const angles_input all = {
        .rows = in->count,
        .dim = in->dim,
        .classes = in->classes,
        .embeddings = in->embeddings,
        .labels = in->labels,
        .weights = in->weights,
        .threads = 1,
    };
    angles four;
    const int error = angles_measure(&all, &four, centres);
    out->w_ec = four.w_ec;
    out->w_inter = four.w_inter;
    out->intra = four.intra;
    out->inter = four.inter;
    return error;
}

int separation_measure(const separation_input *in, separation_stats *out, double *centres)
{
    const size_t vectors = in->count + in->classes + 1;
    double *memory = calloc(vectors * in->dim + 2 * in->count, sizeof *memory);
    *out = (separation_stats){.accuracy = NAN, .theta = no_angles(), .other = no_angles()};
    out->gap_min = out->gap_median = out->overlap_share = NAN;
    if (memory == NULL || measure_four(in, out, centres) != 0) {
        free(memory);
        return ENOMEM;
    }
    const directions unit = {
        .embeddings = memory,
        .weights = memory + in->count * in->dim,
        .theta = memory + vectors * in->dim,
        .other = memory + vectors * in->dim + in->count,
    };
    directions_of(in->embeddings, in->count, in->dim, unit.embeddings);
    if (in->weights != NULL) measure_weights(in, &unit, out);
    out->fisher = fisher_score(in, &unit, centres, memory + (vectors - 1) * in->dim);
    free(memory);
    return in->dim == 2 ? circle_measure(in, centres, out) : 0;
}
