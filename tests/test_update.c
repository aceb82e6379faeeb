/* test_update.c: the ready consumers. Updates by gradients on their way are those by stored ones,
 * to the bit; both are what the formulas in margin_update.h say, in double; W may be a mapped file.
 */
#include "noise.h"
#include "updates.h"

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
    {offsetof(margin_update, learning_rate), 1e300, MARGIN_UPDATE_SGD},
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
    const int64_t other[] = {0, 1};
    call = good, call.class_index = other;
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

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(fused_is_stored),      cmocka_unit_test(on_every_instruction_set),
        cmocka_unit_test(the_formulas),         cmocka_unit_test(late_steps),
        cmocka_unit_test(settings_are_checked), cmocka_unit_test(other_heads_are_refused),
    };
    return cmocka_run_group_tests_name("update", tests, NULL, NULL);
}
