/* step.c: see step.h. */
#include "step.h"

#include <stdlib.h>

#include "clock.h"
#include "memory.h"
#include "options.h"

/* Ends the program with what the library says of a call that it refused. */
static void refused(const step *t)
{
    const margin_fault *fault = margin_context_fault(t->context);
    if (fault->status == MARGIN_ERROR_WORKSPACE)
        die(PROGRAM, "--workspace: this shape needs %zu bytes", fault->bytes);
    die(PROGRAM, "%s: %s", margin_argument_name(fault->argument), fault->detail);
}

/* Updates bfloat16 class weights: w - r g in float32, rounded to nearest. Changes that are smaller
 * than half a unit of w are lost, which is why optimizers keep float32 ones. */
static void update_bfloat16(void *user, size_t first, size_t count, const float *gradients,
                            size_t stride, const float *bias_gradients)
{
    const step *t = user;
    const float rate = (float)t->learning_rate;
    (void)bias_gradients;
    for (size_t j = 0; j < count; j++) {
        uint16_t *row = (uint16_t *)t->w->at + (first + j) * t->w->dim;
        for (size_t d = 0; d < t->w->dim; d++)
            row[d] = to_bfloat16(from_bfloat16(row[d]) - rate * gradients[j * stride + d]);
    }
}

static margin_update update_of(const step *t)
{
    margin_update u;
    margin_update_init(&u, MARGIN_UPDATE_SGD);
    u.learning_rate = t->learning_rate;
    u.classes = t->w->classes;
    u.dim = t->w->dim;
    u.weights = t->w->at;
    return u;
}

static void make_context(step *t, const settings *s)
{
    margin_config config;
    const char *why;
    margin_config_init(&config, s->loss);
    config.threads = s->threads;
    config.workspace_bytes = s->workspace;
    if (margin_create_explained(&config, &t->context, &why) != MARGIN_OK) die(PROGRAM, "%s", why);
}

step step_make(const settings *s, const problem *p, weights *w)
{
    step t = {.w = w, .head = MARGIN_HEAD_INIT, .learning_rate = s->learning_rate};
    make_context(&t, s);
    t.head.rows = p->rows;
    t.head.dim = p->dim;
    t.head.classes = w->classes;
    t.head.embeddings = p->embeddings;
    t.head.weights = w->at;
    t.head.weights_type = w->type;
    t.head.labels = p->labels;
    t.head.row_loss = p->row_loss;
    t.head.row_others = p->row_others;
    t.head.grad_embeddings = p->grad_embeddings;
    t.update = update_of(&t);
    if (s->stored) t.grad_weights = zeroed(w->classes * w->dim, sizeof(float));
    t.head.grad_weights = t.grad_weights;
    return t;
}

/* Lets the head hand its gradients to the update. */
static void attach(step *t)
{
    if (t->w->type == MARGIN_TYPE_FLOAT32) {
        if (margin_update_attach(t->context, &t->update, &t->head) != MARGIN_OK) refused(t);
        return;
    }
    t->head.consume = update_bfloat16;
    t->head.consume_user = t;
}

static void update_stored(step *t)
{
    if (t->w->type == MARGIN_TYPE_BFLOAT16) {
        update_bfloat16(t, 0, t->w->classes, t->grad_weights, t->w->dim, NULL);
    } else if (margin_update_run(t->context, &t->update, t->grad_weights, 0, NULL) != MARGIN_OK) {
        refused(t);
    }
}

step_seconds step_take(step *t)
{
    const double began = seconds_now();
    if (t->grad_weights == NULL) attach(t);
    if (margin_head_run(t->context, &t->head) != MARGIN_OK) refused(t);
    const double between = seconds_now();
    if (t->grad_weights != NULL) update_stored(t);
    return (step_seconds){.head = between - began, .update = seconds_now() - between};
}

void step_free(step *t)
{
    margin_destroy(t->context);
    free(t->grad_weights);
}
