/* train.c: a training loop with libmargin: noisy points around 20 directions of the sphere, a
 * linear map to embeddings of 8 dimensions, and ArcFace as the head. Each epoch raises the margin
 * (a warm-up), takes 20 steps of SGD with momentum, and prints the mean loss and the accuracy on
 * points that were not trained on. Exits with 1 if a call fails. */
#include <margin.h>

#include <stdio.h>
#include <string.h>

enum { INPUT = 32, DIM = 8, CLASSES = 20, BATCH = 64, STEPS = 20, EPOCHS = 8 };

/* A trained array: values, gradient, velocity. */
typedef struct parameter {
    float value[DIM * INPUT], gradient[DIM * INPUT], velocity[DIM * INPUT];
    size_t count;
} parameter;

static float centres[CLASSES][INPUT];
static float points[BATCH][INPUT], embeddings[BATCH][DIM], grad_embeddings[BATCH][DIM];
static int64_t labels[BATCH], nearest[BATCH];
static parameter map = {.count = DIM * INPUT}, weights = {.count = CLASSES * DIM};

/* Returns the next of a sequence of numbers, roughly normal: a sum of four uniform ones. */
static float noise(void)
{
    static uint32_t state = 1;
    float sum = 0;
    for (int i = 0; i < 4; i++) {
        state = state * 1664525u + 1013904223u;
        sum += (float)(state >> 8) / 8388608.0f - 1.0f;
    }
    return sum;
}

/* Draws a batch: points, their labels, and what the map makes of them. */
static void draw_batch(void)
{
    for (int n = 0; n < BATCH; n++) {
        labels[n] = n % CLASSES;
        for (int i = 0; i < INPUT; i++)
            points[n][i] = centres[labels[n]][i] + 1.0f * noise();
        for (int d = 0; d < DIM; d++) {
            embeddings[n][d] = 0;
            for (int i = 0; i < INPUT; i++)
                embeddings[n][d] += map.value[d * INPUT + i] * points[n][i];
        }
    }
}

/* Takes the gradient of the embeddings back to the map. */
static void map_backward(void)
{
    memset(map.gradient, 0, sizeof map.gradient);
    for (int n = 0; n < BATCH; n++)
        for (int d = 0; d < DIM; d++)
            for (int i = 0; i < INPUT; i++)
                map.gradient[d * INPUT + i] += grad_embeddings[n][d] * points[n][i];
}

/* One step of SGD with momentum. */
static void update(parameter *p, float rate)
{
    for (size_t i = 0; i < p->count; i++) {
        p->velocity[i] = 0.9f * p->velocity[i] + p->gradient[i];
        p->value[i] -= rate * p->velocity[i];
    }
}

/* Trains on STEPS batches; adds up their losses. */
static margin_status train(margin_context *context, double *loss)
{
    *loss = 0;
    for (int step = 0; step < STEPS; step++) {
        margin_head head = MARGIN_HEAD_INIT;
        draw_batch();
        head.rows = BATCH;
        head.dim = DIM;
        head.classes = CLASSES;
        head.embeddings = embeddings[0];
        head.weights = weights.value;
        head.labels = labels;
        head.grad_embeddings = grad_embeddings[0];
        head.grad_weights = weights.gradient;
        const margin_status status = margin_head_run(context, &head);
        if (status != MARGIN_OK) return status;
        map_backward();
        update(&map, 0.01f);
        update(&weights, 0.01f);
        *loss += head.loss / STEPS;
    }
    return MARGIN_OK;
}

/* Sets *accuracy to the share of new points whose nearest class is their own. */
static margin_status judge(margin_context *context, double *accuracy)
{
    int correct = 0;
    for (int batch = 0; batch < 10; batch++) {
        margin_predict predict = MARGIN_PREDICT_INIT;
        draw_batch();
        predict.rows = BATCH;
        predict.dim = DIM;
        predict.classes = CLASSES;
        predict.embeddings = embeddings[0];
        predict.weights = weights.value;
        predict.k = 1;
        predict.top_classes = nearest;
        const margin_status status = margin_head_predict(context, &predict);
        if (status != MARGIN_OK) return status;
        for (int n = 0; n < BATCH; n++)
            correct += nearest[n] == labels[n];
    }
    *accuracy = correct / (10.0 * BATCH);
    return MARGIN_OK;
}

static margin_status epoch(margin_context *context, margin_config *config, int number)
{
    double loss, accuracy;
    config->m2 = number < 4 ? 0.1 * number : 0.4; /* the warm-up */
    margin_status status = margin_context_configure(context, config);
    if (status == MARGIN_OK) status = train(context, &loss);
    if (status == MARGIN_OK) status = judge(context, &accuracy);
    if (status == MARGIN_OK)
        printf("epoch %d: margin %.1f, loss %.3f, accuracy %.3f\n", number, config->m2, loss,
               accuracy);
    return status;
}

int main(void)
{
    margin_config config;
    margin_context *context;
    const char *why;
    for (int i = 0; i < CLASSES * INPUT; i++)
        centres[i / INPUT][i % INPUT] = noise();
    for (size_t i = 0; i < map.count; i++)
        map.value[i] = 0.1f * noise();
    for (size_t i = 0; i < weights.count; i++)
        weights.value[i] = 0.1f * noise();
    margin_config_init(&config, MARGIN_ARCFACE);
    config.scale = 16;
    if (margin_create_explained(&config, &context, &why) != MARGIN_OK) {
        fprintf(stderr, "train: %s\n", why);
        return 1;
    }
    margin_status status = MARGIN_OK;
    for (int number = 0; number < EPOCHS && status == MARGIN_OK; number++)
        status = epoch(context, &config, number);
    if (status != MARGIN_OK) fprintf(stderr, "train: %s\n", margin_context_fault(context)->detail);
    margin_destroy(context);
    return status != MARGIN_OK;
}
