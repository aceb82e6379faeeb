/* trainer.c: stochastic gradient descent under a loss of libmargin (see trainer.h). Must not know
 * where the data come from, nor what is measured afterwards. */
#include "trainer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "engine.h"
#include "memory.h"
#include "philox.h"

/* ---- one step ------------------------------------------------------------------------------ */

/* Gives the context the margin and lambda of this step; the first one makes it. */
static margin_status follow_schedule(trainer *t, size_t step)
{
    const double share = schedule_margin(&t->config.how, t->steps, step);
    margin_config now = t->config.aim.loss;
    now.m1 = 1.0 + share * (now.m1 - 1.0);
    now.m2 *= share;
    now.m3 *= share;
    if (t->config.how.scale_first > 0.0 && margin_loss_get(now.loss)->normalised)
        now.scale = t->config.how.scale_first + share * (now.scale - t->config.how.scale_first);
    if (margin_loss_get(now.loss)->has_lambda)
        now.lambda = schedule_lambda(&t->config.how, t->steps, step);
    return t->context == NULL ? margin_create(&now, &t->context)
                              : margin_context_configure(t->context, &now);
}

static double square_sum(const float *values, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += (double)values[i] * (double)values[i];
    return sum;
}

typedef struct descent {
    float rate, momentum, decay, factor;
} descent;

/* decays: 1 where weight decay acts, NULL: everywhere. */
static void descend(descent how, const uint8_t *decays, const float *gradients, size_t count,
                    float *velocities, float *parameters)
{
    for (size_t i = 0; i < count; i++) {
        const float decay = decays == NULL || decays[i] ? how.decay : 0.0f;
        const float gradient = how.factor * gradients[i] + decay * parameters[i];
        velocities[i] = how.momentum * velocities[i] + gradient;
        parameters[i] -= how.rate * velocities[i];
    }
}

static void update(trainer *t, size_t step)
{
    const class_weights *const head = t->head;
    const double clip = t->config.how.clip;
    double square = square_sum(t->net->gradients, t->net->parameter_count);
    square += square_sum(t->weight_gradients, head->classes * head->dim);
    square += head->bias != NULL ? square_sum(t->bias_gradients, head->classes) : 0.0;
    const double length = sqrt(square);
    const size_t weights = t->head->classes * t->head->dim;
    float *const weight_velocities = t->velocities + t->net->parameter_count;
    descent how = {
        .rate = (float)schedule_rate(&t->config.how, t->steps, step),
        .momentum = (float)t->config.how.momentum,
        .decay = (float)t->config.how.decay,
        /* What shortens the step's gradient to the longest allowed. */
        .factor = (float)(clip > 0.0 && length > clip ? clip / length : 1.0),
    };
    descend(how, t->net->decays, t->net->gradients, t->net->parameter_count, t->velocities,
            t->net->parameters);
    descend(how, NULL, t->weight_gradients, weights, weight_velocities, t->head->weights);
    if (t->head->bias != NULL) {
        how.decay = 0.0f;
        descend(how, NULL, t->bias_gradients, t->head->classes, weight_velocities + weights,
                t->head->bias);
    }
}

/* Writes the rows of `from`, one for each sampled class, to their places in `to`, zero elsewhere.
 */
static void spread(const trainer *t, size_t count, size_t columns, const float *from, float *to)
{
    memset(to, 0, t->head->classes * columns * sizeof *to);
    for (size_t k = 0; k < count; k++)
        memcpy(to + (size_t)t->sampled[k] * columns, from + k * columns, columns * sizeof *to);
}

/* Runs the head over the classes that this step samples: the others' gradients are zero. */
static margin_status run_sampled(trainer *t, size_t step, margin_head *head)
{
    const size_t dim = head->dim;
    margin_sample sample = MARGIN_SAMPLE_INIT;
    sample.labels = t->labels;
    sample.rows = head->rows;
    sample.classes = sample.count = sample.capacity = head->classes;
    sample.rate = t->config.aim.sample_rate;
    sample.seed = t->config.seed;
    sample.step = step;
    sample.class_index = t->sampled;
    margin_status status = margin_sample_run(t->context, &sample);
    if (status != MARGIN_OK) return status;
    float *const bias_gradients = t->sampled_gradients + sample.found * dim;
    head->classes = sample.found;
    head->class_index = t->sampled;
    head->grad_weights = t->sampled_gradients;
    head->grad_bias = head->bias != NULL ? bias_gradients : NULL;
    status = margin_head_run(t->context, head);
    if (status != MARGIN_OK) return status;
    spread(t, sample.found, dim, t->sampled_gradients, t->weight_gradients);
    if (head->bias != NULL) spread(t, sample.found, 1, bias_gradients, t->bias_gradients);
    return MARGIN_OK;
}

/* The loss of libmargin and its gradients, and the extra terms added to both. */
static margin_status margin_gradients(trainer *t, size_t step, const float *embeddings, size_t rows,
                                      double *loss)
{
    margin_status status = follow_schedule(t, step);
    if (status != MARGIN_OK) return status;
    margin_head head = head_of_arrays(rows, t->head->dim, t->head->classes, embeddings,
                                      t->head->weights, t->labels);
    head.bias = t->head->bias;
    head.grad_embeddings = t->embedding_gradients;
    head.grad_weights = t->weight_gradients;
    head.grad_bias = t->head->bias != NULL ? t->bias_gradients : NULL;
    status = t->config.aim.sample_rate > 0.0 ? run_sampled(t, step, &head)
                                             : engine_head_run(t->context, &head);
    if (status == MARGIN_OK) {
        const extra_batch batch = {
            .rows = rows,
            .dim = t->head->dim,
            .classes = t->head->classes,
            .embeddings = embeddings,
            .weights = t->head->weights,
            .labels = t->labels,
            .scratch = t->scratch,
        };
        *loss = head.loss + extra_terms_add(&t->config.aim.extra, &batch, t->embedding_gradients,
                                            t->weight_gradients);
    }
    return status;
}

/* The batch's mean loss in *loss. */
static margin_status take_step(trainer *t, size_t step, size_t first, size_t rows, double *loss)
{
    const size_t dim = t->data->dim;
    for (size_t i = 0; i < rows; i++) {
        const size_t from = t->order[first + i];
        memcpy(t->inputs + i * dim, t->data->inputs + from * dim, dim * sizeof *t->inputs);
        t->labels[i] = t->data->labels[from];
    }
    const float *const embeddings = network_forward(t->net, t->inputs, rows, 1);
    margin_status status = MARGIN_OK;
    if (t->config.aim.triplet > 0.0) {
        *loss = triplet_loss(embeddings, t->labels, rows, t->net->outputs, t->config.aim.triplet,
                             t->scratch, t->embedding_gradients);
        status = isfinite(*loss) ? MARGIN_OK : MARGIN_ERROR_NONFINITE;
    } else {
        status = margin_gradients(t, step, embeddings, rows, loss);
    }
    if (status == MARGIN_OK) {
        network_backward(t->net, t->inputs, t->embedding_gradients, rows);
        update(t, step);
    }
    return status;
}

/* ---- the whole training -------------------------------------------------------------------- */

margin_status trainer_epoch(trainer *t)
{
    const size_t batch = t->config.how.batch;
    double sum = 0.0;
    philox_stream stream; /* the order depends on the epoch's number alone, not on those before */
    philox_start(&stream, t->config.seed, STREAM_ORDER, t->epoch);
    order_start(t->order, t->data->count);
    order_shuffle(&stream, t->order, t->data->count);
    if (t->config.aim.triplet > 0.0)
        order_groups(&stream, t->order, t->data->count, t->data->labels, t->data->classes,
                     t->config.aim.triplet_each, (size_t *)t->scratch);
    for (size_t i = 0; i < t->batches; i++) {
        const size_t left = t->data->count - i * batch;
        double mean = 0.0;
        const margin_status status =
            take_step(t, t->epoch * t->batches + i, i * batch, left < batch ? left : batch, &mean);
        if (status != MARGIN_OK) return status;
        sum += mean;
    }
    t->loss = sum / (double)t->batches;
    t->epoch++;
    return MARGIN_OK;
}

static size_t larger(size_t a, size_t b)
{
    return a > b ? a : b;
}

void trainer_open(trainer *out, const training *config, const dataset *data, network *net,
                  class_weights *head)
{
    const size_t batch = config->how.batch, weights = head->classes * head->dim;
    *out = (trainer){.config = *config, .data = data, .net = net, .head = head};
    /* A last batch of a single row has no variance to normalise by: it joins no epoch. */
    out->batches = data->count / batch + (data->count % batch > 1);
    out->steps = config->how.epochs * out->batches;
    out->velocity_count = net->parameter_count + weights + head->classes;
    out->velocities = zeroed(out->velocity_count, sizeof *out->velocities);
    out->inputs = zeroed(batch * data->dim, sizeof *out->inputs);
    out->labels = zeroed(batch, sizeof *out->labels);
    out->embedding_gradients = zeroed(batch * net->outputs, sizeof *out->embedding_gradients);
    out->weight_gradients = zeroed(weights, sizeof *out->weight_gradients);
    out->bias_gradients = zeroed(head->classes, sizeof *out->bias_gradients);
    out->sampled = zeroed(head->classes, sizeof *out->sampled);
    out->sampled_gradients = zeroed(weights + head->classes, sizeof *out->sampled_gradients);
    /* As many doubles as extra terms, triplets and grouping need at most; the square of the batch
     * for triplets alone. */
    const size_t extra = extra_terms_scratch(batch, head->classes, head->dim);
    const size_t groups = 2 * data->count + head->classes + 2;
    const size_t pairs = config->aim.triplet > 0.0 ? triplet_scratch(batch, head->dim) : 0;
    const size_t scratch = larger(groups, larger(extra, pairs));
    out->scratch = zeroed(scratch, sizeof *out->scratch);
    out->order = zeroed(data->count, sizeof *out->order);
}

void trainer_close(trainer *t)
{
    margin_destroy(t->context);
    free(t->velocities);
    free(t->inputs);
    free(t->labels);
    free(t->embedding_gradients);
    free(t->weight_gradients);
    free(t->bias_gradients);
    free(t->sampled);
    free(t->sampled_gradients);
    free(t->scratch);
    free(t->order);
    *t = (trainer){0};
}

void trainer_embed(network *net, const dataset *data, float *embeddings)
{
    for (size_t first = 0; first < data->count; first += net->batch) {
        const size_t left = data->count - first;
        const size_t rows = left < net->batch ? left : net->batch;
        const float *const out = network_forward(net, data->inputs + first * data->dim, rows, 0);
        memcpy(embeddings + first * net->outputs, out, rows * net->outputs * sizeof *out);
    }
}

/* ---- class weights --------------------------------------------------------------------------- */

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
                /* What the trip loses in length when its part first .. last is turned round. */
                const size_t before = order[first - 1], after = order[(last + 1) % count];
                const size_t begin = order[first], end = order[last];
                const double gain =
                    distances[before * count + begin] + distances[end * count + after] -
                    distances[before * count + end] - distances[begin * count + after];
                if (gain > least) {
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
