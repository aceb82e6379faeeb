/* test_update.c: the ready consumers. Updates by gradients on their way are those by stored ones,
 * to the bit; both are what the formulas in margin_update.h say, in double; W may be a mapped file.
 */
#include "margin_update.h"

#include "mocka.h"
#include "noise.h"
#include "problem.h"
#include "storage.h"

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
static margin_update settings(size_t variant)
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

static guard zeros(size_t count)
{
    guard g = guard_make(count, 1);
    memset(g.data, 0, g.bytes);
    return g;
}

static training training_of(size_t s, size_t variant, int bias)
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

static void training_free(training *t)
{
    guard *const all[] = {&t->moment1, &t->moment2, &t->bias_moment1, &t->bias_moment2};
    for (size_t k = 0; k < LENGTH_OF(all); k++)
        assert_true(guard_free(all[k]));
    assert_true(problem_free(&t->p));
}

static void assert_same_arrays(const training *a, const training *b)
{
    const guard *const x[] = {&a->p.weights,    &a->p.bias,       &a->moment1,          &a->moment2,
                              &a->bias_moment1, &a->bias_moment2, &a->p.grad_embeddings};
    const guard *const y[] = {&b->p.weights,    &b->p.bias,       &b->moment1,          &b->moment2,
                              &b->bias_moment1, &b->bias_moment2, &b->p.grad_embeddings};
    for (size_t k = 0; k < LENGTH_OF(x); k++)
        assert_memory_equal(x[k]->data, y[k]->data, x[k]->bytes);
    assert_true(a->p.call.loss == b->p.call.loss);
}

/* ---- on their way is stored ---- */

static void step_fused(training *t, margin_context *context)
{
    margin_head call = t->p.call;
    call.grad_weights = call.grad_bias = NULL;
    assert_status(margin_update_attach(context, &t->update, &call), MARGIN_OK);
    assert_status(margin_head_run(context, &call), MARGIN_OK);
    t->p.call.loss = call.loss;
    t->update.step++;
}

static void step_stored(training *t, margin_context *context)
{
    const margin_head *call = &t->p.call;
    assert_status(margin_head_run(context, &t->p.call), MARGIN_OK);
    assert_status(margin_update_run(context, &t->update, call->grad_weights,
                                    call->grad_weights_stride, call->grad_bias),
                  MARGIN_OK);
    t->update.step++;
}

static void compare(const margin_config *config, size_t s, size_t variant, int threads)
{
    const int bias = config->loss == MARGIN_SOFTMAX && s % 2 == 0;
    training fused = training_of(s, variant, bias), stored = training_of(s, variant, bias);
    training before = training_of(s, variant, bias);
    margin_context *one, *many;
    margin_config other = *config;
    other.threads = threads;
    assert_status(problem_context(config, &one), MARGIN_OK);
    assert_status(problem_context(&other, &many), MARGIN_OK);
    for (int step = 0; step < STEPS; step++) {
        step_fused(&fused, many);
        step_stored(&stored, step % 2 == 0 ? one : many);
        assert_same_arrays(&fused, &stored);
    }
    assert_memory_not_equal(fused.p.weights.data, before.p.weights.data, before.p.weights.bytes);
    margin_destroy(one);
    margin_destroy(many);
    training_free(&before);
    training_free(&fused);
    training_free(&stored);
}

static void fused_is_stored(void **state)
{
    (void)state;
    for (size_t s = 0; s < LENGTH_OF(shapes) * MARGIN_LOSS_COUNT; s++) {
        margin_config config = config_of((margin_loss)(s / LENGTH_OF(shapes)));
        config.threads = 1;
        compare(&config, s, s % VARIANTS, 1 + (int)(s % 2));
    }
    for (size_t s = 0; s < LENGTH_OF(shapes) * VARIANTS; s++) {
        margin_config config = config_of(s % 3 == 0 ? MARGIN_SOFTMAX : MARGIN_ARCFACE);
        config.threads = 1;
        compare(&config, s, s / LENGTH_OF(shapes), 2);
    }
}

static void on_every_instruction_set(void **state)
{
    (void)state;
    for (size_t s = 0; s < LENGTH_OF(shapes) * MARGIN_ISA_COUNT; s++) {
        margin_config config = config_of(MARGIN_ARCFACE);
        config.isa = (margin_isa)(s / LENGTH_OF(shapes));
        config.threads = 1;
        if (margin_isa_usable(config.isa)) compare(&config, s, 1 + s % (VARIANTS - 1), 2);
    }
}

/* ---- the formulas, in double ---- */

typedef struct element {
    double w, m, v;
} element;

static void plain_step(const margin_update *u, double g, element *e)
{
    if (u->rule == MARGIN_UPDATE_SGD) {
        const double slope = g + u->weight_decay * e->w;
        e->m = u->momentum * e->m + slope;
        e->w -= u->learning_rate * (u->nesterov ? slope + u->momentum * e->m : e->m);
        return;
    }
    e->m = u->beta1 * e->m + (1.0 - u->beta1) * g;
    e->v = u->beta2 * e->v + (1.0 - u->beta2) * g * g;
    const double m = e->m / (1.0 - pow(u->beta1, (double)u->step)),
                 v = e->v / (1.0 - pow(u->beta2, (double)u->step));
    e->w -= u->learning_rate * u->weight_decay * e->w;
    e->w -= u->learning_rate * m / (sqrt(v) + u->epsilon);
}

static void plain_renormalise(element *row, size_t dim)
{
    double sum = 0.0;
    for (size_t d = 0; d < dim; d++)
        sum += row[d].w * row[d].w;
    for (size_t d = 0; d < dim && sum > 0.0; d++)
        row[d].w /= sqrt(sum);
}

enum { ROWS = 9, DIM = 21, LONG = 6 };

/* Takes LONG steps of a variant by gradients of this size, both ways. */
static void follow(margin_context *context, size_t variant, double size)
{
    float w[ROWS * DIM], m[ROWS * DIM] = {0}, v[ROWS * DIM] = {0}, g[ROWS * DIM];
    element want[ROWS * DIM] = {{0}};
    noise n = {variant};
    margin_update u = settings(variant);
    u.classes = ROWS, u.dim = DIM;
    u.weights = w, u.moment1 = m, u.moment2 = v;
    noise_fill(&n, w, ROWS * DIM, 1.0);
    for (size_t i = 0; i < DIM; i++)
        w[i] = 0.0f; /* a row that stays 0 */
    for (size_t i = 0; i < ROWS * DIM; i++)
        want[i].w = (double)w[i];
    for (u.step = 1; u.step <= LONG; u.step++) {
        noise_fill(&n, g, ROWS * DIM, size);
        for (size_t i = 0; i < DIM; i++)
            g[i] = 0.0f;
        assert_status(margin_update_run(context, &u, g, 0, NULL), MARGIN_OK);
        for (size_t i = 0; i < ROWS * DIM; i++)
            plain_step(&u, (double)g[i], &want[i]);
        for (size_t j = 0; u.renormalise && j < ROWS; j++)
            plain_renormalise(want + j * DIM, DIM);
    }
    for (size_t i = 0; i < ROWS * DIM; i++) {
        const double unit = 1.0 + fabs(want[i].w);
        assert_near("w", (double)w[i], want[i].w, 1e-6 * (unit + (variant < 4 ? size : 0.0)));
    }
}

static void the_formulas(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    (void)state;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        follow(context, variant, 1.0);
        follow(context, variant, 1e-9); /* below epsilon */
        follow(context, variant, 30.0);
    }
    margin_destroy(context);
}

/* The correction of late steps: 1 - beta^t keeps its digits, and ends at 1. */
static void late_steps(void **state)
{
    static const int64_t steps[] = {1000, 123457, INT64_C(4000000000)};
    const margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    (void)state;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    for (size_t k = 0; k < LENGTH_OF(steps); k++) {
        float w = 0.5f, m = 0.25f, v = 0.125f;
        const float g = 0.75f;
        margin_update u = settings(4);
        element want = {(double)w, (double)m, (double)v};
        u.step = steps[k];
        u.classes = u.dim = 1;
        u.weights = &w, u.moment1 = &m, u.moment2 = &v;
        assert_status(margin_update_run(context, &u, &g, 0, NULL), MARGIN_OK);
        plain_step(&u, (double)g, &want);
        assert_near("w", (double)w, want.w, 1e-7);
    }
    margin_destroy(context);
}

/* ---- what is refused ---- */

/* The fields of numbers, each with a value out of its range. */
static const struct {
    size_t at;
    double value;
    margin_update_rule rule;
} wrong_numbers[] = {
    {offsetof(margin_update, learning_rate), NAN, MARGIN_UPDATE_SGD},
    {offsetof(margin_update, learning_rate), -1.0, MARGIN_UPDATE_ADAMW},
    {offsetof(margin_update, weight_decay), INFINITY, MARGIN_UPDATE_SGD},
    {offsetof(margin_update, momentum), 1.0, MARGIN_UPDATE_SGD},
    {offsetof(margin_update, beta1), 1.0, MARGIN_UPDATE_ADAMW},
    {offsetof(margin_update, beta2), -0.1, MARGIN_UPDATE_ADAMW},
    {offsetof(margin_update, epsilon), 0.0, MARGIN_UPDATE_ADAMW},
};

static float w[4] = {1, 2, 3, 4}, m[4], v[4];
static const float g[4] = {1, 1, 1, 1};

static margin_update small_update(margin_update_rule rule)
{
    margin_update u;
    assert_status(margin_update_init(&u, rule), MARGIN_OK);
    u.classes = u.dim = 2, u.weights = w, u.moment1 = m, u.moment2 = v;
    return u;
}

static margin_context *context_of(margin_loss loss)
{
    const margin_config config = config_of(loss);
    margin_context *context;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    return context;
}

/* Checks that a run with this update says `status`, and why. */
static void refuse(margin_context *context, const margin_update *u, margin_status status)
{
    assert_status(margin_update_run(context, u, g, 0, u->bias == NULL ? NULL : g), status);
    assert_int_equal(margin_context_fault(context)->status, status);
}

static void settings_are_checked(void **state)
{
    margin_context *context = context_of(MARGIN_ARCFACE);
    const margin_update good = small_update(MARGIN_UPDATE_ADAMW);
    margin_update u;
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(wrong_numbers); k++) {
        u = small_update(wrong_numbers[k].rule);
        memcpy((char *)&u + wrong_numbers[k].at, &wrong_numbers[k].value, sizeof(double));
        refuse(context, &u, MARGIN_ERROR_CONFIG);
    }
    u = good, u.step = 0, refuse(context, &u, MARGIN_ERROR_CONFIG);
    u = good, u.rule = MARGIN_UPDATE_COUNT, refuse(context, &u, MARGIN_ERROR_CONFIG);
    u = good, u.rule = MARGIN_UPDATE_SGD, u.nesterov = 1, refuse(context, &u, MARGIN_ERROR_CONFIG);
    u = good, u.moment2 = NULL, refuse(context, &u, MARGIN_ERROR_NULL);
    u = good, u.weights = NULL, refuse(context, &u, MARGIN_ERROR_NULL);
    u = good, u.bias = w, u.bias_moment1 = m, refuse(context, &u, MARGIN_ERROR_NULL);
    u = good, u.moments_stride = 1, refuse(context, &u, MARGIN_ERROR_SHAPE);
    u = good, u.classes = 0, refuse(context, &u, MARGIN_ERROR_SHAPE);
    u = good, u.size = 8, refuse(context, &u, MARGIN_ERROR_SIZE);
    u = good, u.rounded = w, refuse(context, &u, MARGIN_ERROR_CONFIG); /* in no 16-bit type */
    u.rounded_type = MARGIN_TYPE_FLOAT16, u.rounded_stride = 1;
    refuse(context, &u, MARGIN_ERROR_SHAPE);
    u.rounded_stride = 0, u.renormalise = 1, u.weights = NULL;
    refuse(context, &u, MARGIN_ERROR_CONFIG);
    assert_status(margin_update_run(context, &good, NULL, 0, NULL), MARGIN_ERROR_NULL);
    assert_status(margin_update_run(context, &good, g, 0, g), MARGIN_ERROR_NULL);
    assert_status(margin_update_run(context, &good, g, 1, NULL), MARGIN_ERROR_SHAPE);
    assert_status(margin_update_run(context, NULL, g, 0, NULL), MARGIN_ERROR_NULL);
    assert_status(margin_update_run(NULL, &good, g, 0, NULL), MARGIN_ERROR_NULL);
    assert_status(margin_update_init(&u, MARGIN_UPDATE_COUNT), MARGIN_ERROR_CONFIG);
    assert_status(margin_update_init_sized(&u, 8, MARGIN_UPDATE_SGD), MARGIN_ERROR_SIZE);
    assert_status(margin_update_init(NULL, MARGIN_UPDATE_SGD), MARGIN_ERROR_NULL);
    assert_true(w[0] == 1.0f);
    assert_status(margin_update_run(context, &good, g, 0, NULL), MARGIN_OK);
    assert_true(w[0] < 1.0f);
    margin_destroy(context);
}

static void other_heads_are_refused(void **state)
{
    margin_context *context = context_of(MARGIN_SOFTMAX);
    training t = training_of(1, 1, 1);
    margin_update *u = &t.update;
    margin_head good = t.p.call, call;
    (void)state;
    assert_status(margin_update_attach(context, u, &good), MARGIN_ERROR_CONFIG);
    good.grad_weights = good.grad_bias = NULL;
    call = good, call.classes--;
    assert_status(margin_update_attach(context, u, &call), MARGIN_ERROR_SHAPE);
    call = good, call.weights = good.embeddings;
    assert_status(margin_update_attach(context, u, &call), MARGIN_ERROR_CONFIG);
    call = good, call.weights_stride = 0;
    assert_status(margin_update_attach(context, u, &call), MARGIN_ERROR_CONFIG);
    call = good, call.bias = NULL;
    assert_status(margin_update_attach(context, u, &call), MARGIN_ERROR_CONFIG);
    call = good, call.weights_type = MARGIN_TYPE_BFLOAT16;
    assert_status(margin_update_attach(context, u, &call), MARGIN_ERROR_CONFIG);
    call = good, call.class_index = good.labels;
    assert_status(margin_update_attach(context, u, &call), MARGIN_ERROR_CONFIG);
    call = good, call.size = offsetof(margin_head, consume);
    assert_status(margin_update_attach(context, u, &call), MARGIN_ERROR_SIZE);
    assert_null(call.consume);
    assert_status(margin_update_attach(context, u, NULL), MARGIN_ERROR_NULL);
    assert_status(margin_update_attach(NULL, u, &good), MARGIN_ERROR_NULL);
    u->renormalise = 1;
    assert_status(margin_update_attach(context, u, &good), MARGIN_ERROR_CONFIG);
    u->renormalise = 0;
    assert_status(margin_update_attach(context, u, &good), MARGIN_OK);
    margin_destroy(context);
    training_free(&t);
}

/* ---- some classes; class weights in 16 bits ---- */

/* Runs STEPS steps of a head on its way. */
static void steps(training *t, margin_head *head)
{
    margin_context *context;
    const margin_config config =
        config_of(t->p.call.bias != NULL ? MARGIN_SOFTMAX : MARGIN_ARCFACE);
    assert_status(problem_context(&config, &context), MARGIN_OK);
    for (int64_t step = 1; step <= STEPS; step++) {
        t->update.step = step;
        assert_status(margin_update_attach(context, &t->update, head), MARGIN_OK);
        assert_status(margin_head_run(context, head), MARGIN_OK);
    }
    margin_destroy(context);
}

static margin_head streamed(const training *t)
{
    margin_head head = t->p.call;
    head.grad_weights = head.grad_bias = NULL;
    return head;
}

/* An update of every second class is that of a copy of these rows, and the others stay. */
static void some_classes_are_updated(void **state)
{
    (void)state;
    for (size_t variant = 0; variant < VARIANTS; variant++) {
        training t = training_of(0, variant, variant % 3 == 1),
                 some = training_of(0, variant, variant % 3 == 1);
        const size_t classes = t.update.classes / 2, dim = t.update.dim,
                     stride = t.update.weights_stride;
        int64_t *index = test_calloc(classes, sizeof *index), *labels = t.p.labels.data,
                *listed = some.p.labels.data;
        for (size_t i = 0; i < t.p.call.rows; i++) {
            if (labels[i] >= 0) labels[i] = labels[i] / 2 % (int64_t)classes;
            listed[i] = labels[i] < 0 ? -1 : 2 * labels[i] + 1;
        }
        for (size_t k = 0; k < classes; k++) {
            index[k] = (int64_t)(2 * k + 1);
            memcpy(t.p.weights.at + k * stride, some.p.weights.at + (2 * k + 1) * stride,
                   dim * sizeof(float));
            t.p.bias.at[k] = some.p.bias.at[2 * k + 1];
        }
        t.p.call.classes = t.update.classes = some.p.call.classes = some.update.classes = classes;
        some.p.call.class_index = some.update.class_index = index;
        margin_head copy = streamed(&t), head = streamed(&some);
        const float first = some.p.weights.at[0];
        steps(&t, &copy);
        steps(&some, &head);
        assert_memory_equal(&first, some.p.weights.at, sizeof first);
        for (size_t k = 0; k < classes; k++) {
            const size_t row = (size_t)index[k], pitch = t.update.moments_stride;
            assert_memory_equal(t.p.weights.at + k * stride, some.p.weights.at + row * stride,
                                dim * sizeof(float));
            assert_memory_equal(t.moment1.at + k * pitch, some.moment1.at + row * pitch,
                                dim * sizeof(float));
            assert_memory_equal(t.p.bias.at + k, some.p.bias.at + row, sizeof(float));
        }
        test_free(index);
        training_free(&t);
        training_free(&some);
    }
}

/* One step on W in 16 bits, done piece by piece: stored gradients, an update of float32 weights,
 * and their rounding. Without a master the weights are those that were rounded. */
static void step_by_hand(margin_context *context, training *t, uint16_t *half, margin_type type,
                         int master, int64_t step)
{
    margin_update *u = &t->update;
    const size_t n = u->classes * u->weights_stride - (u->weights_stride - u->dim);
    margin_head head = t->p.call;
    head.weights = (const float *)(const void *)half;
    head.weights_type = type;
    assert_status(margin_head_run(context, &head), MARGIN_OK);
    if (!master) margin_storage_of(type, &margin_packing_scalar).widen(half, n, u->weights);
    u->step = step;
    assert_status(margin_update_run(context, u, head.grad_weights, head.grad_weights_stride, NULL),
                  MARGIN_OK);
    margin_narrow(type, u->weights, n, half);
}

/* W in 16 bits, with master weights and without. */
static void halves_are_updated(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    (void)state;
    assert_status(problem_context(&config, &context), MARGIN_OK);
    for (size_t k = 0; k < 12; k++) {
        const margin_type type = k % 2 == 0 ? MARGIN_TYPE_BFLOAT16 : MARGIN_TYPE_FLOAT16;
        const int master = k % 3 != 0;
        training t = training_of(k, 2 * (k % 3), 0), hand = training_of(k, 2 * (k % 3), 0);
        margin_update *u = &t.update;
        const size_t n = u->classes * u->weights_stride, pad = u->weights_stride - u->dim;
        uint16_t *half = test_calloc(n, sizeof *half), *other = test_calloc(n, sizeof *half);
        margin_narrow(type, t.p.weights.at, n - pad, half);
        memcpy(other, half, n * sizeof *half);
        u->rounded = half;
        u->rounded_type = type;
        u->rounded_stride = u->weights_stride;
        if (!master) u->weights = NULL;
        margin_head head = streamed(&t);
        head.weights = (const float *)(const void *)half;
        head.weights_type = type;
        steps(&t, &head);
        for (int64_t step = 1; step <= STEPS; step++)
            step_by_hand(context, &hand, other, type, master, step);
        assert_true(half[0] != 0);
        for (size_t j = 0; j < u->classes; j++)
            assert_memory_equal(half + j * u->weights_stride, other + j * u->weights_stride,
                                u->dim * sizeof *half);
        test_free(half);
        test_free(other);
        training_free(&t);
        training_free(&hand);
    }
    margin_destroy(context);
}

/* Of all 16-bit numbers and what lies between two of them: the nearest, ties to even, no infinity.
 */
static void rounding_to_16_bits(void **state)
{
    (void)state;
    for (int kind = 0; kind < 2; kind++) {
        const margin_type type = kind == 0 ? MARGIN_TYPE_BFLOAT16 : MARGIN_TYPE_FLOAT16;
        const uint16_t most = kind == 0 ? 0x7f7f : 0x7bff;
        void (*widen)(const void *, size_t, float *) =
            margin_storage_of(type, &margin_packing_scalar).widen;
        for (uint16_t bits = 0; bits < most; bits++) {
            const uint16_t pair[2] = {bits, (uint16_t)(bits + 1)};
            float wide[2];
            widen(pair, 2, wide);
            const float middle = (float)(((double)wide[0] + (double)wide[1]) / 2.0);
            const float x[4] = {wide[0], nextafterf(middle, 0.0f), middle,
                                -nextafterf(middle, INFINITY)};
            uint16_t got[4];
            margin_narrow(type, x, 4, got);
            assert_int_equal(got[0], bits);
            if (x[1] > wide[0]) assert_int_equal(got[1], bits);
            assert_int_equal(got[2], bits % 2 == 0 ? bits : bits + 1);
            assert_int_equal(got[3], 0x8000 | (bits + 1));
        }
        const float large[2] = {3.4e38f, -3.4e38f};
        uint16_t got[2];
        margin_narrow(type, large, 2, got);
        assert_int_equal(got[0], most);
        assert_int_equal(got[1], 0x8000 | most);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fused_is_stored),
        cmocka_unit_test(on_every_instruction_set),
        cmocka_unit_test(the_formulas),
        cmocka_unit_test(late_steps),
        cmocka_unit_test(settings_are_checked),
        cmocka_unit_test(other_heads_are_refused),
        cmocka_unit_test(some_classes_are_updated),
        cmocka_unit_test(halves_are_updated),
        cmocka_unit_test(rounding_to_16_bits),
    };
    return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
