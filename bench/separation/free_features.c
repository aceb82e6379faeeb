/* free_features.c: features without a network (see crowd.h). Must not know networks or data
 * sets. */
#include "crowd.h"

#include <math.h>
#include <stdlib.h>

#include "calls.h"
#include "memory.h"
#include "philox.h"

enum { EACH = 24, STEPS = 700 };

static const double free_scale = 4096.0;
/* Radians of a step at full gradient; samples that are content stand still. */
static const double stride = 1e-3;

typedef struct crowd {
    size_t rows, classes;
    double *angles; /* [rows] */
    int64_t *labels;
    float *embeddings, *gradients, *weights; /* [rows, 2], [rows, 2], [classes, 2] */
} crowd;

static void set_point(float *at, double angle)
{
    at[0] = (float)cos(angle);
    at[1] = (float)sin(angle);
}

static void crowd_open(crowd *c, size_t classes, uint64_t seed)
{
    const double spacing = 2.0 * M_PI / (double)classes;
    *c = (crowd){.rows = classes * EACH, .classes = classes};
    c->angles = zeroed(c->rows, sizeof *c->angles);
    c->labels = zeroed(c->rows, sizeof *c->labels);
    c->embeddings = zeroed(2 * c->rows, sizeof *c->embeddings);
    c->gradients = zeroed(2 * c->rows, sizeof *c->gradients);
    c->weights = zeroed(2 * classes, sizeof *c->weights);
    for (size_t j = 0; j < classes; j++)
        set_point(c->weights + 2 * j, spacing * (double)j);
    for (size_t i = 0; i < c->rows; i++) {
        philox_stream stream;
        philox_start(&stream, seed, STREAM_FREE, i);
        c->labels[i] = (int64_t)(i / EACH);
        /* One in each part of the zone, so that some start near its ends. */
        const double place = ((double)(i % EACH) + philox_uniform(&stream)) / EACH;
        c->angles[i] = spacing * ((double)(i / EACH) + place - 0.5);
    }
}

/* One step of every sample along the circle. */
static margin_status move(margin_context *context, crowd *c)
{
    for (size_t i = 0; i < c->rows; i++)
        set_point(c->embeddings + 2 * i, c->angles[i]);
    margin_head head = head_of_arrays(c->rows, 2, c->classes, c->embeddings, c->weights, c->labels);
    head.grad_embeddings = c->gradients;
    const margin_status status = margin_head_run(context, &head);
    for (size_t i = 0; status == MARGIN_OK && i < c->rows; i++) {
        /* The mean's gradient along the circle, as a share of the scale. */
        const double slope = (double)c->rows / free_scale *
                             (cos(c->angles[i]) * (double)c->gradients[2 * i + 1] -
                              sin(c->angles[i]) * (double)c->gradients[2 * i]);
        c->angles[i] -= stride * fmax(-1.0, fmin(1.0, 4.0 * slope));
    }
    return status;
}

/* Between the outermost samples of neighbours, the mean over all. */
static double mean_gap(const crowd *c)
{
    const double spacing = 2.0 * M_PI / (double)c->classes;
    double sum = 0.0;
    for (size_t j = 0; j < c->classes; j++) {
        double low = INFINITY, high = -INFINITY;
        for (size_t i = j * EACH; i < (j + 1) * EACH; i++) {
            low = fmin(low, c->angles[i] - spacing * (double)j);
            high = fmax(high, c->angles[i] - spacing * (double)j);
        }
        sum += spacing - high + low; /* each end once, with the next class's other end */
    }
    return sum / (double)c->classes;
}

double free_gap(const margin_config *loss, size_t classes, uint64_t seed)
{
    margin_config config = *loss;
    margin_context *context = NULL;
    crowd c;
    config.scale = free_scale;
    int ready = margin_create(&config, &context) == MARGIN_OK;
    crowd_open(&c, classes, seed);
    for (size_t step = 0; ready && step < STEPS; step++)
        ready = move(context, &c) == MARGIN_OK;
    const double gap = ready ? mean_gap(&c) : NAN;
    margin_destroy(context);
    free(c.angles);
    free(c.labels);
    free(c.embeddings);
    free(c.gradients);
    free(c.weights);
    return gap;
}
