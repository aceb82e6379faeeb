/* class_weights.c: the classification head's parameters (see class_weights.h). Must not know
 * losses or training. */
#include "class_weights.h"

#include <math.h>
#include <stdlib.h>

#include "memory.h"
#include "philox.h"
#include "streams.h"

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
