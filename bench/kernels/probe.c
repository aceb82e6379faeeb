/* probe.c: see tune.h. Must not know which schedules are tried. */
#include "tune.h"

#include <stdlib.h>
#include <time.h>

#include "calls.h"
#include "context.h"
#include "hash.h"
#include "memory.h"
#include "noise.h"
#include "kernels/trial.h"

/* A new array of nearly normal numbers. */
static float *numbers(noise *n, size_t count, double spread)
{
    float *x = zeroed(count, sizeof *x);
    noise_fill(n, x, count, spread);
    return x;
}

static void make_inputs(probe *p)
{
    noise n = {1};
    const probe_shape *s = &p->shape;
    const size_t logits = s->dim == 0 ? s->rows * s->classes : 0;
    p->embeddings = numbers(&n, s->rows * s->dim, 1.0);
    p->weights = numbers(&n, s->classes * s->dim, 1.0);
    p->logits = numbers(&n, logits, 0.1);
    p->grad_embeddings = numbers(&n, s->rows * s->dim, 0.0);
    p->grad_weights = numbers(&n, s->classes * s->dim, 0.0);
    p->grad_logits = numbers(&n, logits, 0.0);
    p->labels = zeroed(s->rows, sizeof *p->labels);
    for (size_t i = 0; i < s->rows; i++)
        p->labels[i] = (int64_t)noise_index(&n, s->classes);
}

void probe_open(probe *p, const probe_shape *shape, margin_isa isa, int threads)
{
    margin_config config;
    *p = (probe){.shape = *shape};
    margin_config_init(&config, MARGIN_ARCFACE);
    config.isa = isa;
    config.threads = threads;
    if (margin_create(&config, &p->context) != MARGIN_OK) out_of_memory();
    make_inputs(p);
}

void probe_close(probe *p)
{
    margin_destroy(p->context);
    free(p->embeddings);
    free(p->weights);
    free(p->logits);
    free(p->grad_embeddings);
    free(p->grad_weights);
    free(p->grad_logits);
    free(p->labels);
}

static margin_status call(probe *p)
{
    const probe_shape *s = &p->shape;
    if (s->dim == 0) {
        margin_rows rows = {.size = sizeof(margin_rows),
                            .rows = s->rows,
                            .classes = s->classes,
                            .logits = p->logits,
                            .labels = p->labels,
                            .grad_logits = p->grad_logits};
        const margin_status status = margin_rows_run(p->context, &rows);
        p->loss = rows.loss;
        return status;
    }
    margin_head head =
        head_of_arrays(s->rows, s->dim, s->classes, p->embeddings, p->weights, p->labels);
    head.grad_embeddings = p->grad_embeddings;
    head.grad_weights = p->grad_weights;
    const margin_status status = margin_head_run(p->context, &head);
    p->loss = head.loss;
    return status;
}

double probe_time(probe *p, const margin_schedule *schedule, size_t calls, double nap)
{
    const struct timespec pause = {0, (long)(1e9 * nap)};
    double seconds = 0.0;
    p->context->schedule = *schedule;
    for (size_t i = 0; i < calls; i++) {
        if (nap > 0.0) nanosleep(&pause, NULL);
        const double start = trial_now();
        if (call(p) != MARGIN_OK) return -1.0;
        seconds += trial_now() - start;
    }
    return 1e9 * seconds / (double)calls;
}

uint64_t probe_bits(const probe *p)
{
    const probe_shape *s = &p->shape;
    uint64_t hash = hash_on(hash_start, &p->loss, sizeof p->loss);
    if (s->dim == 0) return hash_on(hash, p->grad_logits, s->rows * s->classes * sizeof(float));
    hash = hash_on(hash, p->grad_embeddings, s->rows * s->dim * sizeof(float));
    return hash_on(hash, p->grad_weights, s->classes * s->dim * sizeof(float));
}

double probe_reckon(const margin_schedule *s, const probe_shape *shape)
{
    if (shape->dim == 0) return margin_rows_ns(s, shape->rows, shape->classes);
    return margin_head_ns(s, shape->rows, shape->dim, shape->classes, 3);
}
