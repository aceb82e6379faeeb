/* metrics.c: angle statistics of embeddings and class weights (see metrics.h). Must not know
 * losses or training. */
#define _GNU_SOURCE
#include "metrics.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "circle.h"

/* Unit vectors in double. */
typedef struct directions {
    double *embeddings, *weights, *angles;
} directions;

static double length(const double *vector, size_t dim)
{
    double square = 0.0;
    for (size_t i = 0; i < dim; i++) {
        square += vector[i] * vector[i];
    }
    return sqrt(square);
}

static void normalise(double *vector, size_t dim)
{
    const double norm = length(vector, dim);
    for (size_t i = 0; norm > 0.0 && i < dim; i++) {
        vector[i] /= norm;
    }
}

static void normalise_rows(const float *rows, size_t count, size_t dim, double *out)
{
    for (size_t i = 0; i < count * dim; i++) {
        out[i] = (double)rows[i];
    }
    for (size_t i = 0; i < count; i++) {
        normalise(out + i * dim, dim);
    }
}

/* Between unit vectors, accurate at every angle; a zero vector gives pi/2. */
static double angle_between(const double *a, const double *b, size_t dim)
{
    double apart = 0.0, along = 0.0;
    for (size_t i = 0; i < dim; i++) {
        apart += (a[i] - b[i]) * (a[i] - b[i]);
        along += (a[i] + b[i]) * (a[i] + b[i]);
    }
    return 2.0 * atan2(sqrt(apart), sqrt(along));
}

static void find_centres(const separation_input *in, const double *embeddings, double *centres)
{
    memset(centres, 0, in->classes * in->dim * sizeof *centres);
    for (size_t i = 0; i < in->count; i++) {
        double *const centre = centres + (size_t)in->labels[i] * in->dim;
        for (size_t k = 0; k < in->dim; k++) {
            centre[k] += embeddings[i * in->dim + k];
        }
    }
    for (size_t j = 0; j < in->classes; j++) {
        normalise(centres + j * in->dim, in->dim);
    }
}

static int present(const double *vector, size_t dim)
{
    return length(vector, dim) > 0.0;
}

static double mean_of(double sum, size_t count)
{
    return count > 0 ? sum / (double)count : NAN;
}

/* Mean over the vectors of the angle to the nearest other one. */
static double mean_nearest(const double *vectors, size_t count, size_t dim)
{
    double sum = 0.0;
    size_t counted = 0;
    for (size_t i = 0; i < count; i++) {
        double nearest = INFINITY;
        for (size_t j = 0; j < count; j++) {
            if (i != j && present(vectors + j * dim, dim)) {
                nearest = fmin(nearest, angle_between(vectors + i * dim, vectors + j * dim, dim));
            }
        }
        if (present(vectors + i * dim, dim) && isfinite(nearest)) {
            sum += nearest;
            counted++;
        }
    }
    return mean_of(sum, counted);
}

static double mean_paired(const double *a, const double *b, size_t count, size_t dim)
{
    double sum = 0.0;
    size_t counted = 0;
    for (size_t i = 0; i < count; i++) {
        if (present(b + i * dim, dim)) {
            sum += angle_between(a + i * dim, b + i * dim, dim);
            counted++;
        }
    }
    return mean_of(sum, counted);
}

/* angles[count]: of each sample to its class's row of `targets`; returns their mean. */
static double target_angles(const separation_input *in, const double *embeddings,
                            const double *targets, double *angles)
{
    double sum = 0.0;
    for (size_t i = 0; i < in->count; i++) {
        const double *const target = targets + (size_t)in->labels[i] * in->dim;
        angles[i] = angle_between(embeddings + i * in->dim, target, in->dim);
        sum += angles[i];
    }
    return mean_of(sum, in->count);
}

static int by_value(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

double sorted_quantile(const double *sorted, size_t count, double share)
{
    if (count == 0) {
        return NAN;
    }
    const double place = share * (double)(count - 1);
    const size_t below = (size_t)place;
    const size_t above = below + 1 < count ? below + 1 : below;
    return sorted[below] + (place - (double)below) * (sorted[above] - sorted[below]);
}

/* How near a class is: its cosine up to the embedding's length, or its logit. */
static double nearness(const separation_input *in, const directions *unit, size_t row, size_t class)
{
    const float *const x = in->embeddings + row * in->dim;
    const float *const w = in->weights + class * in->dim;
    double sum = in->normalised || in->bias == NULL ? 0.0 : (double)in->bias[class];
    for (size_t k = 0; k < in->dim; k++) {
        const double weight = in->normalised ? unit->weights[class * in->dim + k] : (double)w[k];
        sum += (double)x[k] * weight;
    }
    return sum;
}

static double accuracy(const separation_input *in, const directions *unit)
{
    size_t right = 0;
    for (size_t i = 0; i < in->count; i++) {
        const size_t label = (size_t)in->labels[i];
        const double own = nearness(in, unit, i, label);
        int nearest = 1;
        for (size_t j = 0; j < in->classes; j++) {
            nearest = nearest && (j == label || nearness(in, unit, i, j) < own);
        }
        right += (size_t)nearest;
    }
    return mean_of((double)right, in->count);
}

static void measure_angles(const separation_input *in, const directions *unit,
                           const double *centres, separation_stats *out)
{
    out->accuracy = accuracy(in, unit);
    out->w_ec = mean_paired(unit->weights, centres, in->classes, in->dim);
    out->w_inter = mean_nearest(unit->weights, in->classes, in->dim);
    out->inter = mean_nearest(centres, in->classes, in->dim);
    out->intra = target_angles(in, unit->embeddings, centres, unit->angles);
    out->theta.mean = target_angles(in, unit->embeddings, unit->weights, unit->angles);
    qsort(unit->angles, in->count, sizeof *unit->angles, by_value);
    out->theta.p05 = sorted_quantile(unit->angles, in->count, 0.05);
    out->theta.p50 = sorted_quantile(unit->angles, in->count, 0.50);
    out->theta.p95 = sorted_quantile(unit->angles, in->count, 0.95);
}

int separation_measure(const separation_input *in, separation_stats *out, double *centres)
{
    double *memory = calloc((in->count + in->classes) * in->dim + in->count, sizeof *memory);
    if (memory == NULL) {
        return ENOMEM;
    }
    const directions unit = {
        .embeddings = memory,
        .weights = memory + in->count * in->dim,
        .angles = memory + (in->count + in->classes) * in->dim,
    };
    normalise_rows(in->embeddings, in->count, in->dim, unit.embeddings);
    normalise_rows(in->weights, in->classes, in->dim, unit.weights);
    find_centres(in, unit.embeddings, centres);
    measure_angles(in, &unit, centres, out);
    free(memory);
    out->gap_min = out->gap_median = out->overlap_share = NAN;
    return in->dim == 2 ? circle_measure(in, centres, out) : 0;
}
