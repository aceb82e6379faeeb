/* calls.c: a program of somebody else: head, rows and predict on one small batch. It prints every
 * result, floats with all their bits, and exits with 1 where a call fails or writes behind its
 * struct. Whoever computes the same in another way (calls.cpp, a struct of an earlier version)
 * prints the same lines. */
#include <margin.h>

#include <stdio.h>
#include <string.h>

enum { ROWS = 6, DIM = 20, CLASSES = 9, TOP = 3, GUARD = 64 };

static float x[ROWS * DIM], w[CLASSES * DIM], dx[ROWS * DIM], dw[CLASSES * DIM];
static float cosines[ROWS * CLASSES], slopes[ROWS * CLASSES], values[ROWS * TOP];
static int64_t labels[ROWS], classes[ROWS * TOP];

/* Fills `count` floats with values of [-1, 1) that are the same on every machine. */
static void fill(float *array, size_t count, uint32_t state)
{
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        array[i] = (float)(state >> 8) / 8388608.0f - 1.0f;
    }
}

static void print_floats(const char *name, const float *array, size_t count)
{
    printf("%s", name);
    for (size_t i = 0; i < count; i++)
        printf(" %a", (double)array[i]);
    printf("\n");
}

/* Returns 1 if the call succeeded and the bytes behind its struct are as they were. */
static int is_good(const char *call, margin_status status, const unsigned char *guard)
{
    int untouched = 1;
    for (int i = 0; i < GUARD; i++)
        untouched &= guard[i] == 0xa5;
    if (status != MARGIN_OK) fprintf(stderr, "calls: %s: %s\n", call, margin_status_text(status));
    if (!untouched) fprintf(stderr, "calls: %s: memory behind the struct was written\n", call);
    return status == MARGIN_OK && untouched;
}

static int run_head(margin_context *context)
{
    struct {
        margin_head call;
        unsigned char guard[GUARD];
    } at = {MARGIN_HEAD_INIT, {0}};
    memset(at.guard, 0xa5, GUARD);
    at.call.rows = ROWS;
    at.call.dim = DIM;
    at.call.classes = CLASSES;
    at.call.embeddings = x;
    at.call.weights = w;
    at.call.labels = labels;
    at.call.grad_embeddings = dx;
    at.call.grad_weights = dw;
    if (!is_good("margin_head_run", margin_head_run(context, &at.call), at.guard)) return 0;
    printf("head %a %a %zu %zu\n", at.call.loss, at.call.mean_loss, at.call.counted, at.call.tied);
    print_floats("dx", dx, ROWS * DIM);
    print_floats("dw", dw, CLASSES * DIM);
    return 1;
}

static int run_rows(margin_context *context)
{
    struct {
        margin_rows call;
        unsigned char guard[GUARD];
    } at = {MARGIN_ROWS_INIT, {0}};
    memset(at.guard, 0xa5, GUARD);
    at.call.rows = ROWS;
    at.call.classes = CLASSES;
    at.call.logits = cosines;
    at.call.labels = labels;
    at.call.grad_logits = slopes;
    if (!is_good("margin_rows_run", margin_rows_run(context, &at.call), at.guard)) return 0;
    printf("rows %a %a %zu\n", at.call.loss, at.call.mean_loss, at.call.counted);
    print_floats("slopes", slopes, ROWS * CLASSES);
    return 1;
}

static int run_predict(margin_context *context)
{
    struct {
        margin_predict call;
        unsigned char guard[GUARD];
    } at = {MARGIN_PREDICT_INIT, {0}};
    memset(at.guard, 0xa5, GUARD);
    at.call.rows = ROWS;
    at.call.dim = DIM;
    at.call.classes = CLASSES;
    at.call.embeddings = x;
    at.call.weights = w;
    at.call.k = TOP;
    at.call.top_classes = classes;
    at.call.top_values = values;
    if (!is_good("margin_head_predict", margin_head_predict(context, &at.call), at.guard)) return 0;
    print_floats("values", values, ROWS * TOP);
    for (int i = 0; i < ROWS * TOP; i++)
        printf("%lld\n", (long long)classes[i]);
    return 1;
}

int main(void)
{
    struct {
        margin_config call;
        unsigned char guard[GUARD];
    } config;
    margin_context *context;
    fill(x, ROWS * DIM, 1);
    fill(w, CLASSES * DIM, 2);
    fill(cosines, ROWS * CLASSES, 3);
    for (int i = 0; i < ROWS; i++)
        labels[i] = i == 4 ? -1 : i;
    memset(&config, 0xa5, sizeof config);
    margin_status status = margin_config_init(&config.call, MARGIN_ARCFACE);
    config.call.scale = 16;
    config.call.threads = 2;
    if (!is_good("margin_config_init", status, config.guard)) return 1;
    if (!is_good("margin_create", margin_create(&config.call, &context), config.guard)) return 1;
    const int good = run_head(context) && run_rows(context) && run_predict(context);
    margin_destroy(context);
    return !good;
}
