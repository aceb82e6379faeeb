/* trainer.c: stochastic gradient descent under a loss of libmargin (see trainer.h). Must not know
 * where the data come from, nor what is measured afterwards. */
#define _GNU_SOURCE
#include "trainer.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "order.h"
#include "streams.h"

/* Scratch of a training; sizes in trainer_run. */
typedef struct workshop {
    const training *config;
    const dataset *data;
    network *net;
    class_weights *head;
    schedule plan;
    margin_context *context; /* for the margin in force */
    float *inputs;           /* [batch, inputs] */
    int64_t *labels;         /* [batch] */
    float *embedding_gradients;
    float *weight_gradients, *bias_gradients;
    float *velocities; /* network, class weights, bias */
    size_t *order;     /* of the samples in this epoch */
} workshop;

/* ---- one step ------------------------------------------------------------------------------ */

/* The context of the margin and lambda of this step; made anew only when they change. */
static margin_status set_margin(workshop *w, size_t step)
{
    const double share = schedule_margin(&w->plan, step);
    margin_config now = w->config->loss;
    now.m1 = 1.0 + share * (now.m1 - 1.0);
    now.m2 *= share;
    now.m3 *= share;
    if (margin_loss_get(now.loss)->has_lambda) {
        now.lambda = schedule_lambda(&w->plan, step);
    }
    if (w->context != NULL) {
        const margin_config *const last = margin_context_config(w->context);
        if (last->m1 == now.m1 && last->m2 == now.m2 && last->m3 == now.m3 &&
            last->lambda == now.lambda) {
            return MARGIN_OK;
        }
    }
    margin_destroy(w->context);
    return margin_create(&now, &w->context);
}

static void gather(workshop *w, size_t first, size_t rows)
{
    const size_t dim = w->data->dim;
    for (size_t i = 0; i < rows; i++) {
        const size_t from = w->order[first + i];
        memcpy(w->inputs + i * dim, w->data->inputs + from * dim, dim * sizeof *w->inputs);
        w->labels[i] = w->data->labels[from];
    }
}

static double square_sum(const float *values, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++) {
        sum += (double)values[i] * (double)values[i];
    }
    return sum;
}

/* The factor that shortens the step's gradient to the longest allowed. */
static double clip_factor(const workshop *w)
{
    if (w->config->clip <= 0.0) {
        return 1.0;
    }
    const class_weights *const head = w->head;
    double square = square_sum(w->net->gradients, w->net->parameter_count);
    square += square_sum(w->weight_gradients, head->classes * head->dim);
    square += head->bias != NULL ? square_sum(w->bias_gradients, head->classes) : 0.0;
    const double length = sqrt(square);
    return length > w->config->clip ? w->config->clip / length : 1.0;
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

static void update(workshop *w, size_t step)
{
    const size_t weights = w->head->classes * w->head->dim;
    float *const weight_velocities = w->velocities + w->net->parameter_count;
    descent how = {
        .rate = (float)schedule_rate(&w->plan, step),
        .momentum = (float)w->config->momentum,
        .decay = (float)w->config->decay,
        .factor = (float)clip_factor(w),
    };
    descend(how, w->net->decays, w->net->gradients, w->net->parameter_count, w->velocities,
            w->net->parameters);
    descend(how, NULL, w->weight_gradients, weights, weight_velocities, w->head->weights);
    if (w->head->bias != NULL) {
        how.decay = 0.0f;
        descend(how, NULL, w->bias_gradients, w->head->classes, weight_velocities + weights,
                w->head->bias);
    }
}

/* The batch's mean loss in *loss. */
static margin_status take_step(workshop *w, size_t step, size_t first, size_t rows, double *loss)
{
    margin_status status = set_margin(w, step);
    if (status != MARGIN_OK) {
        return status;
    }
    gather(w, first, rows);
    margin_head head = {
        .rows = rows,
        .dim = w->head->dim,
        .classes = w->head->classes,
        .embeddings = network_forward(w->net, w->inputs, rows, 1),
        .weights = w->head->weights,
        .bias = w->head->bias,
        .labels = w->labels,
        .grad_embeddings = w->embedding_gradients,
        .grad_weights = w->weight_gradients,
        .grad_bias = w->head->bias != NULL ? w->bias_gradients : NULL,
    };
    status = margin_head_run(w->context, &head);
    if (status == MARGIN_OK) {
        network_backward(w->net, w->inputs, w->embedding_gradients, rows);
        update(w, step);
        *loss = head.loss;
    }
    return status;
}

/* ---- the whole training -------------------------------------------------------------------- */

/* A last batch of a single row has no variance to normalise by: it joins no epoch. */
static size_t batches_of(const training *config, size_t count)
{
    const size_t rest = count % config->batch;
    return count / config->batch + (rest > 1 ? 1 : 0);
}

static margin_status train_epoch(workshop *w, size_t epoch, double *loss)
{
    const size_t batch = w->config->batch;
    const size_t batches = batches_of(w->config, w->data->count);
    philox_stream stream;
    philox_start(&stream, w->config->seed, STREAM_ORDER, epoch);
    order_shuffle(&stream, w->order, w->data->count);
    double sum = 0.0;
    for (size_t i = 0; i < batches; i++) {
        const size_t left = w->data->count - i * batch;
        double mean = 0.0;
        const margin_status status =
            take_step(w, epoch * batches + i, i * batch, left < batch ? left : batch, &mean);
        if (status != MARGIN_OK) {
            return status;
        }
        sum += mean;
    }
    *loss = sum / (double)batches;
    return MARGIN_OK;
}

static int workshop_open(workshop *w)
{
    const size_t batch = w->config->batch, weights = w->head->classes * w->head->dim;
    const size_t parameters = w->net->parameter_count + weights + w->head->classes;
    w->plan = w->config->plan;
    w->plan.steps = w->config->epochs * batches_of(w->config, w->data->count);
    w->plan.warmup_steps = (size_t)(w->config->warmup * (double)w->plan.steps);
    w->plan.anneal_steps = (size_t)(w->config->anneal * (double)w->plan.steps);
    w->inputs = calloc(batch * w->data->dim, sizeof *w->inputs);
    w->labels = calloc(batch, sizeof *w->labels);
    w->embedding_gradients = calloc(batch * w->net->outputs, sizeof *w->embedding_gradients);
    w->weight_gradients = calloc(weights, sizeof *w->weight_gradients);
    w->bias_gradients = calloc(w->head->classes, sizeof *w->bias_gradients);
    w->velocities = calloc(parameters, sizeof *w->velocities);
    w->order = calloc(w->data->count, sizeof *w->order);
    const int ready = w->inputs != NULL && w->labels != NULL && w->embedding_gradients != NULL &&
                      w->weight_gradients != NULL && w->bias_gradients != NULL &&
                      w->velocities != NULL && w->order != NULL;
    if (ready) {
        order_start(w->order, w->data->count);
    }
    return ready ? 0 : ENOMEM;
}

static void workshop_close(workshop *w)
{
    margin_destroy(w->context);
    free(w->inputs);
    free(w->labels);
    free(w->embedding_gradients);
    free(w->weight_gradients);
    free(w->bias_gradients);
    free(w->velocities);
    free(w->order);
}

int trainer_run(const training *config, const dataset *data, network *net, class_weights *head,
                training_result *result)
{
    workshop w = {.config = config, .data = data, .net = net, .head = head};
    *result = (training_result){.status = MARGIN_OK};
    const int error = workshop_open(&w);
    for (size_t i = 0; error == 0 && i < config->epochs; i++) {
        result->epoch = i + 1;
        result->status = train_epoch(&w, i, &result->loss);
        if (result->status != MARGIN_OK) {
            break;
        }
        if (config->epoch_done != NULL) {
            config->epoch_done(config->user);
        }
    }
    workshop_close(&w);
    return error;
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
