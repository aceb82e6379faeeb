/* peer_naive.c: the head as one writes it down the first time: loops over rows, classes and
 * dimensions, logits stored, one thread, no vectors asked for.
 *
 * Must not know the library's kernels. */
#include "peers.h"

#include <math.h>
#include <string.h>

static void normalise(const float *v, size_t dim, int normalised, float *unit)
{
    float square = 0;
    for (size_t d = 0; d < dim; d++)
        square += v[d] * v[d];
    const float length = normalised ? sqrtf(square) : 1;
    for (size_t d = 0; d < dim; d++)
        unit[d] = v[d] / length;
}

static float dot(const float *a, const float *b, size_t dim)
{
    float sum = 0;
    for (size_t d = 0; d < dim; d++)
        sum += a[d] * b[d];
    return sum;
}

/* Turns a row of cosines into the derivatives of its loss by them; returns the loss. */
static float row_softmax(const margin_config *config, int normalised, float *row, size_t classes,
                         size_t label, float share)
{
    const float scale = (float)config->scale;
    const double slope = speed_peer_target(config, normalised, &row[label]);
    float top = row[0], sum = 0;
    for (size_t j = 1; j < classes; j++)
        top = fmaxf(top, row[j]);
    const float target = scale * (row[label] - top);
    for (size_t j = 0; j < classes; j++) {
        row[j] = expf(scale * (row[j] - top));
        sum += row[j];
    }
    for (size_t j = 0; j < classes; j++)
        row[j] *= share * scale / sum;
    row[label] = (row[label] - share * scale) * (float)slope;
    return logf(sum) - target;
}

/* grad holds the derivative by the unit vector: project and scale it to the raw one. */
static void through_norm(const float *v, const float *unit, size_t dim, int normalised, float *grad)
{
    if (!normalised) return;
    const float length = sqrtf(dot(v, v, dim)), along = dot(grad, unit, dim);
    for (size_t d = 0; d < dim; d++)
        grad[d] = (grad[d] - along * unit[d]) / length;
}

static void forward(const speed_problem *p, const margin_config *config, int normalised,
                    const speed_outputs *o)
{
    const size_t n = p->shape->rows, dim = p->shape->dim, classes = p->shape->classes;
    for (size_t i = 0; i < n; i++)
        normalise(p->embeddings + i * dim, dim, normalised, o->unit_embeddings + i * dim);
    for (size_t j = 0; j < classes; j++)
        normalise(p->weights + j * dim, dim, normalised, o->unit_weights + j * dim);
    for (size_t i = 0; i < n; i++) {
        float *row = o->grad_logits + i * classes;
        for (size_t j = 0; j < classes; j++)
            row[j] = dot(o->unit_embeddings + i * dim, o->unit_weights + j * dim, dim);
        o->row_loss[i] =
            row_softmax(config, normalised, row, classes, (size_t)p->labels[i], 1 / (float)n);
    }
}

int speed_naive_run(const speed_problem *p, const margin_config *config, const speed_outputs *o)
{
    const size_t n = p->shape->rows, dim = p->shape->dim, classes = p->shape->classes;
    const int normalised = margin_loss_get(config->loss)->normalised;
    forward(p, config, normalised, o);
    memset(o->grad_embeddings, 0, n * dim * sizeof(float));
    memset(o->grad_weights, 0, classes * dim * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < classes; j++) {
            const float g = o->grad_logits[i * classes + j];
            for (size_t d = 0; d < dim; d++) {
                o->grad_embeddings[i * dim + d] += g * o->unit_weights[j * dim + d];
                o->grad_weights[j * dim + d] += g * o->unit_embeddings[i * dim + d];
            }
        }
    }
    for (size_t i = 0; i < n; i++)
        through_norm(p->embeddings + i * dim, o->unit_embeddings + i * dim, dim, normalised,
                     o->grad_embeddings + i * dim);
    for (size_t j = 0; j < classes; j++)
        through_norm(p->weights + j * dim, o->unit_weights + j * dim, dim, normalised,
                     o->grad_weights + j * dim);
    return 0;
}
