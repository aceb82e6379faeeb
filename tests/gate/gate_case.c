/* gate_case.c: one call of the library, for a tool that counts its instructions, and for the bytes
 * of workspace that it took. The table below is what the gate watches.
 *
 * usage: gate_case --list | gate_case CASE ISA THREADS
 * Must not know what is counted, nor any limit. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "margin.h"

enum level { HEAD, ADDED /* gradients are added to what is there */, FORWARD, PREDICT, ROWS };

/* Every path of the heads: D of 2, up to 16 and above, few classes and many, one row and many;
 * sizes that are no multiples of a tile. The large ones are for their workspace only. */
static const struct gate_case {
    const char *name;
    enum level level;
    margin_loss loss;
    size_t rows, dim, classes;
    int counted; /* 0: too large to count instructions */
} cases[] = {
    {"head_arcface", HEAD, MARGIN_ARCFACE, 48, 128, 1000, 1},
    {"head_normsoftmax", HEAD, MARGIN_NORMSOFTMAX, 48, 128, 1000, 1},
    {"head_softmax", HEAD, MARGIN_SOFTMAX, 48, 128, 1000, 1},
    {"head_odd_sizes", HEAD, MARGIN_ARCFACE, 37, 67, 1003, 1},
    {"head_wide", HEAD, MARGIN_ARCFACE, 32, 512, 300, 1},
    {"head_plane", HEAD, MARGIN_ARCFACE, 128, 2, 1000, 1},
    {"head_small_dim", HEAD, MARGIN_ARCFACE, 128, 8, 1000, 1},
    {"head_few_classes", HEAD, MARGIN_ARCFACE, 512, 64, 8, 1},
    {"head_one_row", HEAD, MARGIN_ARCFACE, 1, 128, 4000, 1},
    {"forward_arcface", FORWARD, MARGIN_ARCFACE, 48, 128, 1000, 1},
    {"added_arcface", ADDED, MARGIN_ARCFACE, 48, 128, 1000, 1},
    {"predict_nearest", PREDICT, MARGIN_ARCFACE, 48, 128, 1000, 1},
    {"predict_one_row", PREDICT, MARGIN_ARCFACE, 1, 128, 4000, 1},
    {"rows_arcface", ROWS, MARGIN_ARCFACE, 64, 0, 4000, 1},
    {"rows_softmax", ROWS, MARGIN_SOFTMAX, 64, 0, 4000, 1},
    {"head_face", HEAD, MARGIN_ARCFACE, 128, 512, 10000, 0},
    {"head_large_batch", HEAD, MARGIN_ARCFACE, 512, 128, 10000, 0},
    {"forward_face", FORWARD, MARGIN_ARCFACE, 128, 512, 10000, 0},
};

typedef struct arrays {
    float *x, *w, *logits, *grad_x, *grad_w, *row_loss;
    int64_t *labels, *nearest;
} arrays;

static float *floats(size_t count, uint32_t *state)
{
    float *values = malloc((count + 1) * sizeof *values);
    for (size_t i = 0; i < count && values; i++) {
        *state = *state * 1664525u + 1013904223u;
        values[i] = (float)(*state >> 8) * 0x1p-24f - 0.5f;
    }
    return values;
}

static int make_arrays(const struct gate_case *c, arrays *a)
{
    uint32_t state = 1;
    a->x = floats(c->rows * c->dim, &state);
    a->w = floats(c->classes * c->dim, &state);
    a->logits = floats(c->level == ROWS ? c->rows * c->classes : 0, &state);
    a->grad_x = floats(c->level == ROWS ? c->rows * c->classes : c->rows * c->dim, &state);
    a->grad_w = floats(c->classes * c->dim, &state);
    a->row_loss = floats(c->rows, &state);
    a->labels = malloc(c->rows * sizeof *a->labels);
    a->nearest = malloc(c->rows * sizeof *a->nearest);
    if (!a->x || !a->w || !a->logits || !a->grad_x || !a->grad_w || !a->row_loss || !a->labels ||
        !a->nearest) {
        return -1;
    }
    for (size_t i = 0; i < c->rows; i++) {
        a->labels[i] = (int64_t)(i * 7919 % c->classes);
    }
    return 0;
}

static void free_arrays(arrays *a)
{
    free(a->x);
    free(a->w);
    free(a->logits);
    free(a->grad_x);
    free(a->grad_w);
    free(a->row_loss);
    free(a->labels);
    free(a->nearest);
}

typedef struct call {
    enum level level;
    margin_head head;
    margin_predict predict;
    margin_rows rows;
} call;

/* What is counted: gate.py names it to the counter. */
margin_status gate_measured(margin_context *context, call *c);
__attribute__((noinline)) margin_status gate_measured(margin_context *context, call *c)
{
    if (c->level == ROWS) return margin_rows_run(context, &c->rows);
    if (c->level == PREDICT) return margin_head_predict(context, &c->predict);
    return margin_head_run(context, &c->head);
}

static margin_status run(const struct gate_case *c, margin_context *context, const arrays *a)
{
    const int backward = c->level == HEAD || c->level == ADDED;
    call one = {
        .level = c->level,
        .head = {.size = sizeof(margin_head),
                 .rows = c->rows,
                 .dim = c->dim,
                 .classes = c->classes,
                 .embeddings = a->x,
                 .weights = a->w,
                 .labels = a->labels,
                 .row_loss = a->row_loss,
                 .grad_embeddings = backward ? a->grad_x : NULL,
                 .grad_weights = backward ? a->grad_w : NULL,
                 .accumulate = c->level == ADDED},
        .predict = {.size = sizeof(margin_predict),
                    .rows = c->rows,
                    .dim = c->dim,
                    .classes = c->classes,
                    .embeddings = a->x,
                    .weights = a->w,
                    .k = 1,
                    .top_classes = a->nearest,
                    .top_values = a->row_loss},
        .rows = {.size = sizeof(margin_rows),
                 .rows = c->rows,
                 .classes = c->classes,
                 .logits = a->logits,
                 .labels = a->labels,
                 .row_loss = a->row_loss,
                 .grad_logits = a->grad_x},
    };
    return gate_measured(context, &one);
}

static int fail(const char *what)
{
    fprintf(stderr, "gate_case: %s\n", what);
    return 1;
}

static int run_case(const struct gate_case *c, const char *isa, int threads)
{
    margin_config config;
    margin_context *context = NULL;
    arrays a;
    margin_config_init(&config, c->loss);
    config.threads = threads;
    if (!margin_isa_find(isa, &config.isa)) {
        return fail("unknown instruction set");
    }
    margin_status status = make_arrays(c, &a) ? MARGIN_ERROR_MEMORY : MARGIN_OK;
    if (status == MARGIN_OK) {
        status = margin_create(&config, &context);
    }
    if (status == MARGIN_OK) {
        status = run(c, context, &a);
    }
    if (status == MARGIN_OK) {
        printf("%zu\n", c->level == ROWS ? 0 : margin_context_workspace_used(context));
    }
    margin_destroy(context);
    free_arrays(&a);
    return status == MARGIN_OK ? 0 : fail(margin_status_text(status));
}

int main(int argc, char **argv)
{
    const size_t count = sizeof cases / sizeof *cases;
    for (size_t i = 0; i < count && argc == 2 && strcmp(argv[1], "--list") == 0; i++) {
        printf("%s %d\n", cases[i].name, cases[i].counted);
    }
    for (size_t i = 0; i < count && argc == 4; i++) {
        if (strcmp(argv[1], cases[i].name) == 0) {
            return run_case(&cases[i], argv[2], atoi(argv[3]));
        }
    }
    return argc == 2 ? 0 : fail("usage: gate_case --list | gate_case CASE ISA THREADS");
}
