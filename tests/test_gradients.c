/* test_gradients.c: losses and gradients of both levels against plain_head.c, and plain_head.c's
 * gradients against its own finite differences: every loss of the table, every option. */
#include <stdio.h>

#include "mocka.h"
#include "plain_judge.h"
#include "problem.h"

enum { ROWS = 8, DIM = 6, CLASSES = 7 };

/* ---- every configuration ----------------------------------------------------------------------*/

typedef void (*config_test)(const margin_config *config);

static void with_gradient_modes(margin_config config, config_test test)
{
    for (int mode = 0; mode < MARGIN_GRADIENT_COUNT; mode++) {
        config.gradient = (margin_gradient)mode;
        test(&config);
    }
}

static void with_lambda_and_norm(margin_config config, config_test test)
{
    with_gradient_modes(config, test);
    config.lambda = 5.0;
    with_gradient_modes(config, test);
    config.feature_norm = MARGIN_FEATURE_NORM_KEEP;
    with_gradient_modes(config, test);
    config.lambda = 0.0;
    with_gradient_modes(config, test);
}

static void with_options(margin_config config, config_test test)
{
    const margin_loss_info *info = margin_loss_get(config.loss);
    for (int how = 0; how < (info->has_angle ? MARGIN_PAST_PI_COUNT : 1); how++) {
        if (info->has_angle) config.past_pi = (margin_past_pi)how;
        if (info->has_lambda) {
            with_lambda_and_norm(config, test);
        } else {
            with_gradient_modes(config, test);
        }
    }
}

static void for_each_config(config_test test)
{
    const double scales[] = {1.0, 8.0, 30.0};
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        for (size_t i = 0; i < LENGTH_OF(scales); i++) {
            margin_config config = config_of((margin_loss)k);
            config.scale = scales[i];
            with_options(config, test);
            config.m1 = margin_loss_get((margin_loss)k)->margin_index == 1 ? 4.0 : config.m1;
            with_options(config, test);
        }
    }
}

static const char *describe(const margin_config *c)
{
    static char text[200];
    snprintf(text, sizeof text, "%s scale %g m1 %g %s %s %s lambda %g",
             margin_loss_get(c->loss)->name, c->scale, c->m1, margin_past_pi_name(c->past_pi),
             margin_gradient_name(c->gradient), margin_feature_norm_name(c->feature_norm),
             c->lambda);
    return text;
}

/* ---- head level -------------------------------------------------------------------------------*/

typedef struct size_class {
    size_t rows, dim, classes;
} size_class;

/* What is in a call besides its arrays. */
enum { BIAS = 1, ROW_WEIGHT = 2, CLASS_WEIGHT = 4, SMOOTHING = 8 };

static void use(problem *p, int extras)
{
    if (extras & BIAS) problem_use_bias(p);
    if (extras & ROW_WEIGHT) problem_use_row_weight(p);
    if (extras & CLASS_WEIGHT) problem_use_class_weight(p);
    if (extras & SMOOTHING) p->call.label_smoothing = 0.3;
}

/* Runs a problem with rows that do not count, padded rows and arrays off their alignment. */
static void judge_head(const margin_config *config, size_class size, int extras, uint64_t seed)
{
    problem p = problem_make(size.rows, size.dim, size.classes, seed, 3, 1);
    use(&p, extras);
    assert_status(problem_run(&p, config), MARGIN_OK);
    assert_plain(describe(config), config, &p.call, config->scale);
    assert_true(problem_free(&p));
}

static void judge_config(const margin_config *config)
{
    const size_class small = {ROWS, DIM, CLASSES};
    const int bias = margin_loss_get(config->loss)->normalised ? 0 : BIAS;
    judge_head(config, small, 0, 11);
    judge_head(config, small, bias | ROW_WEIGHT, 12);
    judge_head(config, small, bias | CLASS_WEIGHT | SMOOTHING, 14);
    judge_head(config, small, ROW_WEIGHT | CLASS_WEIGHT | SMOOTHING, 15);
}

static void head_gradients(void **state)
{
    (void)state;
    for_each_config(judge_config);
}

static void head_gradients_of_each_isa(void **state)
{
    (void)state;
    for (unsigned k = MARGIN_ISA_SCALAR; k < MARGIN_ISA_COUNT; k++) {
        for (unsigned loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
            margin_config config = config_of((margin_loss)loss);
            if (!margin_isa_usable((margin_isa)k)) continue;
            config.isa = (margin_isa)k;
            config.scale = 16.0;
            judge_config(&config);
        }
    }
}

/* Returns the least workspace for a head of this size: rows go block by block. */
static size_t least_workspace(const margin_config *config, size_class size)
{
    margin_context *context;
    assert_status(margin_create(config, &context), MARGIN_OK);
    const size_t least = margin_head_workspace_minimum(context, size.rows, size.dim, size.classes);
    margin_destroy(context);
    return least;
}

/* Each way of the library: few dimensions, few rows, few classes, several blocks and shards, with
 * much workspace and with little. */
static void head_of_each_shape(void **state)
{
    const size_class sizes[] = {{1, 1, 1},     {5, 2, 3},      {20, 3, 150}, {4, 130, 300},
                                {40, 130, 10}, {300, 19, 290}, {70, 64, 33}, {9, 20, 2100}};
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(sizes); k++) {
        for (unsigned loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
            margin_config config = config_of((margin_loss)loss);
            const int bias = margin_loss_get(config.loss)->normalised ? 0 : BIAS;
            judge_head(&config, sizes[k], bias, 40 + k);
            judge_head(&config, sizes[k], bias | SMOOTHING, 80 + k);
            config.threads = 1;
            config.workspace_bytes = least_workspace(&config, sizes[k]);
            judge_head(&config, sizes[k], bias | ROW_WEIGHT, 60 + k);
            judge_head(&config, sizes[k], bias | ROW_WEIGHT | SMOOTHING, 90 + k);
        }
    }
}

/* Five-point difference of the objective. */
static double difference(plain_head *h, double *at)
{
    const double kept = *at, step = 1e-3 * fmax(fabs(kept), 0.1);
    double f[4];
    for (int k = 0; k < 4; k++) {
        const int steps[] = {-2, -1, 1, 2};
        *at = kept + steps[k] * step;
        plain_head_run(h);
        f[k] = h->objective;
    }
    *at = kept;
    return (f[0] - 8.0 * f[1] + 8.0 * f[2] - f[3]) / (12.0 * step);
}

static void assert_derivative(const char *what, plain_head *h, double *input, const double *output,
                              size_t count)
{
    double got[ROWS * DIM > CLASSES * DIM ? ROWS * DIM : CLASSES * DIM], largest = 0.0;
    plain_head_run(h);
    memcpy(got, output, count * sizeof *got); /* the next run overwrites it */
    for (size_t i = 0; i < count; i++)
        largest = fmax(largest, fabs(got[i]));
    for (size_t i = 0; i < count; i++) {
        const double want = difference(h, &input[i]);
        if (!(fabs(got[i] - want) <= 1e-6 * largest + 1e-9)) {
            fail_msg("%s, %s[%zu]: %.12g, difference quotient %.12g, largest %.3g",
                     describe(h->config), what, i, got[i], want, largest);
        }
    }
}

static void judge_plain(const margin_config *config)
{
    if (config->gradient == MARGIN_GRADIENT_DETACHED) return; /* not the derivative of its loss */
    problem p = problem_make(ROWS, DIM, CLASSES, 13, 0, 1);
    use(&p, ROW_WEIGHT | CLASS_WEIGHT | SMOOTHING);
    if (!margin_loss_get(config->loss)->normalised) problem_use_bias(&p);
    plain_head h = plain_of(config, &p.call);
    assert_derivative("dX", &h, h.x, h.dx, ROWS * DIM);
    assert_derivative("dW", &h, h.w, h.dw, CLASSES * DIM);
    if (h.bias) assert_derivative("db", &h, h.bias, h.db, CLASSES);
    plain_free(&h);
    assert_true(problem_free(&p));
}

/* With the margin detached, d psi / d c = 1 in place of psi's own slope (test_psi.c). */
static void plain_gradients(void **state)
{
    (void)state;
    for_each_config(judge_plain);
}

/* ---- rows level -------------------------------------------------------------------------------*/

static void judge_row(const margin_config *config, const rows_problem *p, size_t i)
{
    const size_t y = (size_t)p->call.labels[i];
    const float *got = p->call.grad_logits + i * p->call.grad_logits_stride;
    const double scale = p->call.row_scale == NULL ? config->scale : (double)p->call.row_scale[i];
    double cosines[CLASSES], slope[CLASSES], largest = 0.0;
    for (size_t j = 0; j < CLASSES; j++)
        cosines[j] = (double)p->call.logits[i * p->call.logits_stride + j];
    const double loss = plain_row(config, scale, cosines, CLASSES, y, acos(cosines[y]),
                                  p->call.label_smoothing, slope);
    assert_relative(describe(config), (double)p->row_loss.at[i], loss, loss_bound(scale));
    for (size_t j = 0; j < CLASSES; j++)
        largest = fmax(largest, fabs(slope[j]));
    for (size_t j = 0; j < CLASSES; j++) {
        const double weight = (double)p->row_weight.at[i] * (double)p->class_weight.at[y];
        assert_near(describe(config), (double)got[j], weight * slope[j],
                    weight * gradient_bound(scale) * largest);
    }
}

static void judge_rows_with(const margin_config *config, double label_smoothing)
{
    rows_problem p = rows_problem_make(ROWS, CLASSES, 21, 2, 1);
    p.call.row_weight = p.row_weight.at;
    p.call.class_weight = p.class_weight.at;
    p.call.label_smoothing = label_smoothing;
    if (config->feature_norm == MARGIN_FEATURE_NORM_KEEP) p.call.row_scale = p.row_scale.at;
    assert_status(rows_problem_run(&p, config), MARGIN_OK);
    for (size_t i = 0; i < ROWS; i++) {
        if (p.call.labels[i] >= 0) judge_row(config, &p, i);
    }
    assert_true(rows_problem_free(&p));
}

static void judge_rows(const margin_config *config)
{
    judge_rows_with(config, 0.0);
    judge_rows_with(config, 0.3);
}

static void rows_gradients(void **state)
{
    (void)state;
    for_each_config(judge_rows);
}

/* d psi / d c = 1: the target's gradient is minus the sum of the others'. */
static void rows_detached(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        margin_config config = config_of((margin_loss)k);
        config.gradient = MARGIN_GRADIENT_DETACHED;
        rows_problem p = rows_problem_make(ROWS, CLASSES, 22, 0, 0);
        assert_status(rows_problem_run(&p, &config), MARGIN_OK);
        for (size_t i = 0; i < ROWS; i++) {
            double sum = 0.0;
            for (size_t j = 0; j < CLASSES; j++)
                sum += (double)p.grad_logits.at[i * CLASSES + j];
            assert_near("sum of the gradients", sum, 0.0, 1e-6 * config.scale);
        }
        assert_true(rows_problem_free(&p));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_gradients),     cmocka_unit_test(head_gradients_of_each_isa),
        cmocka_unit_test(head_of_each_shape), cmocka_unit_test(plain_gradients),
        cmocka_unit_test(rows_gradients),     cmocka_unit_test(rows_detached),
    };
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
