/* class_weights.c: the classification head's parameters (see class_weights.h). Must not know
 * losses or training. */
#include "trainer.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"
#include "philox.h"

void class_weights_create(class_weights *out, size_t classes, size_t dim, int with_bias)
{
    *out = (class_weights){.classes = classes, .dim = dim};
    out->weights = zeroed(classes, dim * sizeof *out->weights);
    out->bias = with_bias ? zeroed(classes, sizeof *out->bias) : NULL;
}

void class_weights_free(class_weights *head)
{
    free(head->weights);
    free(head->bias);
    *head = (class_weights){0};
}

void class_weights_place(class_weights *head, const size_t *order, double length, uint64_t seed)
{
    philox_stream stream;
    philox_start(&stream, seed, STREAM_CLASS, 0);
    const double turn = philox_uniform(&stream);
    for (size_t i = 0; i < head->classes; i++) {
        const double angle = 2.0 * M_PI * (turn + (double)i / (double)head->classes);
        float *const weight = head->weights + 2 * order[i];
        weight[0] = (float)(length * cos(angle));
        weight[1] = (float)(length * sin(angle));
    }
}

void class_weights_scatter(class_weights *head, double length, uint64_t seed)
{
    const size_t dim = head->dim;
    for (size_t j = 0; j < head->classes; j++) {
        philox_stream stream;
        double square = 0.0;
        philox_start(&stream, seed, STREAM_CLASS, j);
        for (size_t k = 0; k < dim; k++) {
            const double value = philox_normal(&stream);
            head->weights[j * dim + k] = (float)value;
            square += value * value;
        }
        for (size_t k = 0; k < dim; k++)
            head->weights[j * dim + k] *= (float)(length / sqrt(square));
    }
}

/* ---- a round trip through the classes -------------------------------------------------------- */

static void find_means(const dataset *data, double *means, size_t *counts)
{
    for (size_t i = 0; i < data->count; i++) {
        const size_t class = (size_t)data->labels[i];
        counts[class]++;
        for (size_t k = 0; k < data->dim; k++)
            means[class * data->dim + k] += (double)data->inputs[i * data->dim + k];
    }
    for (size_t j = 0; j < data->classes; j++) {
        for (size_t k = 0; counts[j] > 0 && k < data->dim; k++)
            means[j * data->dim + k] /= (double)counts[j];
    }
}

static void find_distances(const dataset *data, const double *means, double *distances)
{
    for (size_t i = 0; i < data->classes; i++) {
        for (size_t j = 0; j < data->classes; j++) {
            double square = 0.0;
            for (size_t k = 0; k < data->dim; k++) {
                const double apart = means[i * data->dim + k] - means[j * data->dim + k];
                square += apart * apart;
            }
            distances[i * data->classes + j] = sqrt(square);
        }
    }
}

static void swap(size_t *a, size_t *b)
{
    const size_t kept = *a;
    *a = *b;
    *b = kept;
}

/* From class 0 always to the nearest one not yet visited. */
static void visit_nearest(const double *distances, size_t count, size_t *order)
{
    for (size_t i = 0; i < count; i++)
        order[i] = i;
    for (size_t i = 1; i < count; i++) {
        const double *const from = distances + order[i - 1] * count;
        size_t nearest = i;
        for (size_t j = i + 1; j < count; j++)
            nearest = from[order[j]] < from[order[nearest]] ? j : nearest;
        swap(&order[i], &order[nearest]);
    }
}

/* What the trip loses in length when its part first .. last is turned round. */
static double gain(const double *distances, size_t count, const size_t *order, size_t first,
                   size_t last)
{
    const size_t before = order[first - 1], after = order[(last + 1) % count];
    return distances[before * count + order[first]] + distances[order[last] * count + after] -
           distances[before * count + order[last]] - distances[order[first] * count + after];
}

/* Turn parts round as long as that shortens the trip, and by more than rounding: else it might
 * never end. */
static void shorten(const double *distances, size_t count, size_t *order)
{
    double longest = 0.0;
    for (size_t i = 0; i < count * count; i++)
        longest = fmax(longest, distances[i]);
    const double least = 1e-9 * longest;
    int shorter = 1;
    while (shorter) {
        shorter = 0;
        for (size_t first = 1; first + 1 < count; first++) {
            for (size_t last = first + 1; last < count; last++) {
                if (gain(distances, count, order, first, last) > least) {
                    for (size_t i = first, j = last; i < j; i++, j--)
                        swap(&order[i], &order[j]);
                    shorter = 1;
                }
            }
        }
    }
}

void tour_classes(const dataset *data, size_t *order)
{
    double *const means = zeroed(data->classes * (data->dim + data->classes), sizeof *means);
    double *const distances = means + data->classes * data->dim;
    size_t *const counts = zeroed(data->classes, sizeof *counts);
    find_means(data, means, counts);
    find_distances(data, means, distances);
    visit_nearest(distances, data->classes, order);
    shorten(distances, data->classes, order);
    free(means);
    free(counts);
}
