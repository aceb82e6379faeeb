/* test_gradients.c: losses and gradients of both levels against plain loops in double and their
 * finite differences: every loss of the table, every option. */
#include <stdio.h>

#include "mocka.h"
#include "naive.h"
#include "problem.h"

enum { ROWS = 8, DIM = 6, CLASSES = 7 };

/* The project's bounds: of the loss, relative; of a gradient, relative to its largest entry. */
static double loss_bound(double scale)
{
    return 2e-6 + 2e-7 * scale;
}

static double gradient_bound(double scale)
{
    return 1e-5 + 4e-7 * scale;
}

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

typedef struct wide_copy {
    double x[ROWS * DIM], w[CLASSES * DIM], bias[CLASSES], frozen[ROWS];
    naive_head head;
} wide_copy;

static void widen(double *to, const float *from, size_t rows, size_t columns, size_t stride)
{
    for (size_t i = 0; i < rows * columns; i++) {
        to[i] = (double)from[i / columns * stride + i % columns];
    }
}

static void copy_of(wide_copy *c, const margin_config *config, const problem *p)
{
    widen(c->x, p->call.embeddings, ROWS, DIM, p->call.embeddings_stride);
    widen(c->w, p->call.weights, CLASSES, DIM, p->call.weights_stride);
    widen(c->bias, p->bias.at, 1, CLASSES, CLASSES);
    c->head = (naive_head){.config = config,
                           .rows = ROWS,
                           .dim = DIM,
                           .classes = CLASSES,
                           .x = c->x,
                           .w = c->w,
                           .bias = p->call.bias == NULL ? NULL : c->bias,
                           .labels = p->call.labels,
                           .row_weight = p->call.row_weight};
    if (config->gradient == MARGIN_GRADIENT_DETACHED) naive_head_freeze(&c->head, c->frozen);
}

/* Five-point difference: its own error is far below the bounds. */
static double difference(const naive_head *h, double *at)
{
    const double kept = *at, step = 1e-3 * fmax(fabs(kept), 0.1);
    double f[4];
    for (int k = 0; k < 4; k++) {
        const int steps[] = {-2, -1, 1, 2};
        *at = kept + steps[k] * step;
        f[k] = naive_head_loss(h);
    }
    *at = kept;
    return (f[0] - 8.0 * f[1] + 8.0 * f[2] - f[3]) / (12.0 * step);
}

static void judge_gradient(const char *what, const margin_config *config, const naive_head *h,
                           double *input, size_t rows, size_t columns, const float *got,
                           size_t stride)
{
    double want[ROWS * DIM > CLASSES * DIM ? ROWS * DIM : CLASSES * DIM], largest = 0.0;
    for (size_t i = 0; i < rows * columns; i++) {
        want[i] = difference(h, &input[i]);
        largest = fmax(largest, fabs(want[i]));
    }
    for (size_t i = 0; i < rows * columns; i++) {
        const double entry = (double)got[i / columns * stride + i % columns];
        const double bound = gradient_bound(config->scale) * largest + 1e-7;
        if (!(fabs(entry - want[i]) <= bound)) {
            fail_msg("%s, %s[%zu]: %.9g, difference quotient %.9g, largest %.3g", describe(config),
                     what, i, entry, want[i], largest);
        }
    }
}

static void judge_head(const margin_config *config, int bias, int weighted, uint64_t seed)
{
    problem p = problem_make(ROWS, DIM, CLASSES, seed, 3, 1);
    if (bias) problem_use_bias(&p);
    if (weighted) problem_use_row_weight(&p);
    assert_status(problem_run(&p, config), MARGIN_OK);

    wide_copy c;
    copy_of(&c, config, &p);
    double sum = 0.0;
    for (size_t i = 0; i < ROWS; i++) {
        if (p.call.labels[i] < 0) continue;
        const naive_row row = naive_head_row(&c.head, i);
        sum += row.loss;
        assert_near(describe(config), p.row_loss.at[i], row.loss,
                    loss_bound(config->scale) * row.loss);
        assert_near("theta", p.row_angle.at[i], row.theta, 3e-7);
        assert_int_equal(((uint8_t *)p.row_correct.data)[i], row.correct);
    }
    assert_near("mean", p.call.loss, sum / (double)p.call.counted, loss_bound(config->scale) * sum);
    judge_gradient("dX", config, &c.head, c.x, ROWS, DIM, p.call.grad_embeddings,
                   p.call.grad_embeddings_stride);
    judge_gradient("dW", config, &c.head, c.w, CLASSES, DIM, p.call.grad_weights,
                   p.call.grad_weights_stride);
    if (bias) judge_gradient("db", config, &c.head, c.bias, 1, CLASSES, p.grad_bias.at, CLASSES);
    assert_true(problem_free(&p));
}

static void judge_config(const margin_config *config)
{
    const int raw = !margin_loss_get(config->loss)->normalised;
    judge_head(config, 0, 0, 11);
    judge_head(config, raw, 1, 12);
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

/* ---- rows level -------------------------------------------------------------------------------*/

static double rows_loss(const margin_config *c, const double *cosines, size_t y, double scale)
{
    const int raw = !margin_loss_get(c->loss)->normalised;
    double logits[CLASSES], psi = NAN;
    for (size_t j = 0; j < CLASSES; j++)
        logits[j] = scale * cosines[j];
    margin_psi(c, acos(cosines[y]), &psi, NULL);
    return naive_row_loss(logits, CLASSES, y, raw ? logits[y] : scale * psi);
}

static double rows_difference(const margin_config *c, double *cosines, size_t y, double scale,
                              size_t j)
{
    const double kept = cosines[j], step = 1e-4;
    double f[4];
    for (int k = 0; k < 4; k++) {
        const int steps[] = {-2, -1, 1, 2};
        cosines[j] = kept + steps[k] * step;
        f[k] = rows_loss(c, cosines, y, scale);
    }
    cosines[j] = kept;
    return (f[0] - 8.0 * f[1] + 8.0 * f[2] - f[3]) / (12.0 * step);
}

static void judge_row(const margin_config *config, const rows_problem *p, size_t i)
{
    const size_t y = (size_t)p->call.labels[i];
    const float *got = p->call.grad_logits + i * p->call.grad_logits_stride;
    const double scale = p->call.row_scale == NULL ? config->scale : (double)p->call.row_scale[i];
    double cosines[CLASSES], largest = 0.0, want[CLASSES];
    widen(cosines, p->call.logits + i * p->call.logits_stride, 1, CLASSES, CLASSES);
    const double loss = rows_loss(config, cosines, y, scale);
    assert_near(describe(config), p->row_loss.at[i], loss, loss_bound(scale) * loss);
    for (size_t j = 0; j < CLASSES; j++) {
        want[j] = (double)p->row_weight.at[i] * rows_difference(config, cosines, y, scale, j);
        largest = fmax(largest, fabs(want[j]));
    }
    for (size_t j = 0; j < CLASSES; j++) {
        if (j == y && config->gradient == MARGIN_GRADIENT_DETACHED) continue;
        assert_near(describe(config), got[j], want[j], gradient_bound(scale) * largest + 1e-7);
    }
}

static void judge_rows(const margin_config *config)
{
    rows_problem p = rows_problem_make(ROWS, CLASSES, 21, 2, 1);
    p.call.row_weight = p.row_weight.at;
    if (config->feature_norm == MARGIN_FEATURE_NORM_KEEP) p.call.row_scale = p.row_scale.at;
    assert_status(rows_problem_run(&p, config), MARGIN_OK);
    for (size_t i = 0; i < ROWS; i++) {
        if (p.call.labels[i] >= 0) judge_row(config, &p, i);
    }
    assert_true(rows_problem_free(&p));
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
        cmocka_unit_test(head_gradients),
        cmocka_unit_test(head_gradients_of_each_isa),
        cmocka_unit_test(rows_gradients),
        cmocka_unit_test(rows_detached),
    };
    return cmocka_run_group_tests_name("gradients", tests, NULL, NULL);
}
