/* philox.c: Philox4x32-10 (see philox.h). Must not know what the numbers are used for. */
#include "philox.h"

#include <math.h>
#include <string.h>

#include "draws.h"

/* Returns two words as one number. */
static uint64_t joined(const uint32_t words[2])
{
    return (uint64_t)words[1] << 32 | words[0];
}

void philox4x32_10(const uint32_t counter[4], const uint32_t key[2], uint32_t out[4])
{
    const margin_random block = margin_random_at(joined(key), joined(counter), joined(counter + 2));
    memcpy(out, block.word, sizeof block.word);
}

void philox_start(philox_stream *stream, uint64_t seed, uint32_t purpose, uint64_t index)
{
    *stream = (philox_stream){
        .key = {(uint32_t)seed, (uint32_t)(seed >> 32)},
        .counter = {0, (uint32_t)index, (uint32_t)(index >> 32), purpose},
        .taken = 4,
    };
}

uint32_t philox_word(philox_stream *stream)
{
    if (stream->taken == 4) {
        philox4x32_10(stream->counter, stream->key, stream->block);
        stream->counter[0]++;
        stream->taken = 0;
    }
    return stream->block[stream->taken++];
}

static uint64_t two_words(philox_stream *stream)
{
    const uint64_t high = philox_word(stream);
    return high << 32 | philox_word(stream);
}

double philox_uniform(philox_stream *stream)
{
    /* 52 bits and a half: with 53 the largest value would round to 1. */
    return ((double)(two_words(stream) >> 12) + 0.5) * 0x1p-52;
}

size_t philox_below(philox_stream *stream, size_t bound)
{
    const uint64_t count = bound;
    const uint64_t excess = (UINT64_MAX % count + 1) % count; /* 2^64 mod count */
    uint64_t bits = two_words(stream);
    while (bits > UINT64_MAX - excess)
        bits = two_words(stream);
    return (size_t)(bits % count);
}

double philox_normal(philox_stream *stream)
{
    if (stream->has_spare) {
        stream->has_spare = 0;
        return stream->spare;
    }
    const double radius = sqrt(-2.0 * log(philox_uniform(stream)));
    const double angle = 2.0 * M_PI * philox_uniform(stream);
    stream->spare = radius * sin(angle);
    stream->has_spare = 1;
    return radius * cos(angle);
}

/* ---- orders ---------------------------------------------------------------------------------- */

void order_start(size_t *order, size_t count)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
}

void order_shuffle(philox_stream *stream, size_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        const size_t j = philox_below(stream, i);
        const size_t kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

/* sorted[count]: the samples class by class, in their order; starts[classes + 1]: where each class
 * begins. */
static void sort_by_class(const size_t *order, size_t count, const int64_t *labels, size_t classes,
                          size_t *sorted, size_t *starts)
{
    memset(starts, 0, (classes + 1) * sizeof *starts);
    for (size_t i = 0; i < count; i++)
        starts[(size_t)labels[i] + 1]++;
    for (size_t j = 0; j < classes; j++)
        starts[j + 1] += starts[j];
    for (size_t i = 0; i < count; i++)
        sorted[starts[labels[order[i]]]++] = order[i];
    memmove(starts + 1, starts, classes * sizeof *starts);
    starts[0] = 0;
}

void order_groups(philox_stream *stream, size_t *order, size_t count, const int64_t *labels,
                  size_t classes, size_t each, size_t *scratch)
{
    size_t *const sorted = scratch, *const groups = scratch + count;
    size_t *const starts = scratch + 2 * count;
    size_t group_count = 0, placed = 0;
    sort_by_class(order, count, labels, classes, sorted, starts);
    for (size_t j = 0; j < classes; j++) {
        for (size_t first = starts[j]; first < starts[j + 1]; first += each)
            groups[group_count++] = first;
    }
    order_shuffle(stream, groups, group_count);
    for (size_t g = 0; g < group_count; g++) {
        const int64_t label = labels[sorted[groups[g]]];
        const size_t end = starts[label + 1];
        for (size_t i = groups[g]; i < groups[g] + each && i < end; i++)
            order[placed++] = sorted[i];
    }
}

/* ---- directions: von Mises and Fisher's by rejection -------------------------------------------
 *
 * The proposal needs z ~ Beta((d - 1)/2, (d - 1)/2). That is (1 + u)/2 for one coordinate u of a
 * uniform direction, so one uniform direction serves both as the proposal and, by its other
 * coordinates, as the tangent: they are independent of u. No gamma variates are needed. */

static double dot(const double *a, const double *b, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

static void multiply(double *a, size_t count, double factor)
{
    for (size_t i = 0; i < count; i++)
        a[i] *= factor;
}

void sphere_uniform(philox_stream *stream, size_t dim, double *out)
{
    double square = 0.0;
    while (!(square > 0.0)) { /* practically always once */
        for (size_t i = 0; i < dim; i++)
            out[i] = philox_normal(stream);
        square = dot(out, out, dim);
    }
    multiply(out, dim, 1.0 / sqrt(square));
}

/* Draw the cosine to the mean; returns 1 - cosine, which keeps its digits at high concentration,
 * and leaves in `direction` the uniform direction that proposed it. */
static double draw_versine(philox_stream *stream, size_t dim, double concentration,
                           double *direction)
{
    const double below = (double)dim - 1.0;
    const double twice = 2.0 * concentration;
    /* Wood's b without the difference that cancels; 1 - x0 = 2b/(1 + b), 1 - x0^2 = 4b/(1 + b)^2 */
    const double b = below / (twice + sqrt(twice * twice + below * below));
    const double edge = 2.0 * b / (1.0 + b);
    for (;;) {
        sphere_uniform(stream, dim, direction);
        const double z = 0.5 * (1.0 + direction[0]);
        const double versine = 2.0 * b * z / (1.0 - (1.0 - b) * z);
        const double cosine = 1.0 - versine;
        const double ratio = (versine + cosine * edge) * (1.0 + b) * (1.0 + b) / (4.0 * b);
        const double log_density = concentration * (edge - versine) + below * log(ratio);
        if (log_density >= log(philox_uniform(stream))) return versine;
    }
}

/* Reflect so that the first axis goes to `mean`; a reflection keeps the tangent's law. */
static void turn_first_axis_to(const double *mean, size_t dim, double *vector)
{
    const double first = mean[0] - 1.0;
    const double square = first * first + dot(mean + 1, mean + 1, dim - 1);
    if (square > 0.0) {
        const double along = first * vector[0] + dot(mean + 1, vector + 1, dim - 1);
        const double factor = -2.0 * along / square;
        vector[0] += factor * first;
        for (size_t i = 1; i < dim; i++)
            vector[i] += factor * mean[i];
    }
}

void vmf_sample(philox_stream *stream, const double *mean, size_t dim, double concentration,
                double *out)
{
    const double versine = draw_versine(stream, dim, concentration, out);
    const double sine = sqrt(versine * (2.0 - versine));
    const double tangent = sqrt(dot(out + 1, out + 1, dim - 1));
    out[0] = 1.0 - versine;
    if (tangent > 0.0) multiply(out + 1, dim - 1, sine / tangent);
    turn_first_axis_to(mean, dim, out);
}
