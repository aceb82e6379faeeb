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

/* Returns SGD of the class weights. Of bfloat16 ones there are no others in float32, so that
 * changes smaller than half a unit of w are lost. */
static margin_update update_of(const weights *w, double learning_rate)
{
    margin_update u;
    margin_update_init(&u, MARGIN_UPDATE_SGD);
    u.learning_rate = learning_rate;
    u.classes = w->classes;
    u.dim = w->dim;
    if (w->type == MARGIN_TYPE_FLOAT32) {
        u.weights = w->at;
    } else {
        u.rounded = w->at;
        u.rounded_type = w->type;
    }
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
    step t = {.w = w, .head = MARGIN_HEAD_INIT};
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
    t.update = update_of(w, s->learning_rate);
    if (s->stored) t.grad_weights = zeroed(w->classes * w->dim, sizeof(float));
    t.head.grad_weights = t.grad_weights;
    return t;
}

step_seconds step_take(step *t)
{
    const double began = seconds_now();
    if (t->grad_weights == NULL &&
        margin_update_attach(t->context, &t->update, &t->head) != MARGIN_OK)
        refused(t);
    if (margin_head_run(t->context, &t->head) != MARGIN_OK) refused(t);
    const double between = seconds_now();
    if (t->grad_weights != NULL &&
        margin_update_run(t->context, &t->update, t->grad_weights, 0, NULL) != MARGIN_OK)
        refused(t);
    return (step_seconds){.head = between - began, .update = seconds_now() - between};
}

void step_free(step *t)
{
    margin_destroy(t->context);
    free(t->grad_weights);
}
