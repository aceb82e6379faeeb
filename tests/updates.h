/* updates.h: an update with all its arrays, in several settings and on every path of the head. */
#ifndef MARGIN_TESTS_UPDATES_H
#define MARGIN_TESTS_UPDATES_H

#include "margin_update.h"

#include "mocka.h"
#include "problem.h"

/* The paths: tiles with rows in place and not, dots of few rows and of few classes, planes. */
static const size_t shapes[][3] = {
    {37, 48, 700}, {33, 40, 300}, {5, 64, 1200}, {40, 300, 9}, {50, 3, 1700}};

/* ---- an update with its arrays ---- */

typedef struct training {
    problem p;
    margin_update update;
    guard moment1, moment2, bias_moment1, bias_moment2;
} training;

enum { VARIANTS = 7, STEPS = 3, PAD = 3 };

/* The settings: variant by variant another option. */
static inline margin_update settings(size_t variant)
{
    margin_update u;
    const int adamw = variant >= 4;
    assert_status(margin_update_init(&u, adamw ? MARGIN_UPDATE_ADAMW : MARGIN_UPDATE_SGD),
                  MARGIN_OK);
    u.learning_rate = adamw ? 0.01 : 0.05;
    if (variant != 0 && !adamw) u.momentum = 0.9;
    if (variant != 1 && !adamw) u.weight_decay = 5e-4;
    u.nesterov = variant == 2;
    u.renormalise = variant == 3 || variant == 5;
    if (variant == 6) u.beta1 = 0.0;
    return u;
}

static inline guard zeros(size_t count)
{
    guard g = guard_make(count, 1);
    memset(g.data, 0, g.bytes);
    return g;
}

static inline training training_of(size_t s, size_t variant, int bias)
{
    const size_t *n = shapes[s % LENGTH_OF(shapes)];
    training t = {.p = problem_make(n[0], n[1], n[2], s, (unsigned)s % PROBLEM_LAYOUTS, 1),
                  .update = settings(variant)};
    margin_update *u = &t.update;
    u->classes = n[2];
    u->dim = n[1];
    u->weights = t.p.weights.at;
    u->weights_stride = t.p.call.weights_stride;
    u->moments_stride = n[1] + PAD;
    t.moment1 = zeros(n[2] * u->moments_stride - PAD);
    t.moment2 = zeros(n[2] * u->moments_stride - PAD);
    t.bias_moment1 = zeros(n[2]);
    t.bias_moment2 = zeros(n[2]);
    u->moment1 = t.moment1.at;
    u->moment2 = t.moment2.at;
    if (!bias) return t;
    problem_use_bias(&t.p);
    u->renormalise = 0;
    u->bias = t.p.bias.at;
    u->bias_moment1 = t.bias_moment1.at;
    u->bias_moment2 = t.bias_moment2.at;
    return t;
}

static inline void training_free(training *t)
{
    guard *const all[] = {&t->moment1, &t->moment2, &t->bias_moment1, &t->bias_moment2};
    for (size_t k = 0; k < LENGTH_OF(all); k++)
        assert_true(guard_free(all[k]));
    assert_true(problem_free(&t->p));
}

#endif
