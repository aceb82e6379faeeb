/* test_differences.c: the library's gradients against differences of the library's own loss, in
 * double: no formula stands between the two. (Detached gradients are no derivatives; they are held
 * against the oracle.) */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "compare.h"
#include "configs.h"

enum { ROWS = 4, DIM = 4, CLASSES = 5 };

/* Inputs are multiples of 2^-12, so moving them by one or two steps is exact in float32. */
static const double grid = 0x1p-12, step = 0x1p-6;

typedef struct fixture {
    float x[ROWS * DIM], w[CLASSES * DIM], bias[CLASSES], row_weight[ROWS];
    int64_t labels[ROWS];
} fixture;

typedef struct gradients {
    float x[ROWS * DIM], w[CLASSES * DIM], bias[CLASSES];
} gradients;

static float on_grid(double value)
{
    return (float)(nearbyint(value / grid) * grid);
}

/* Rows at 20, 75, 110 and 172 degrees from their class: on all sides of every jump, off each. */
static fixture make_fixture(void)
{
    const double degrees[ROWS] = {20, 75, 110, 172};
    fixture f = {.w = {1.5f,  0.5f,  -1.0f,  0.25f, -0.5f, 1.25f, 0.75f, -1.5f, 1.0f,  -1.0f,
                       0.75f, 1.25f, -0.75f, -1.0f, -1.5f, 0.5f,  0.25f, 1.75f, -0.5f, 0.75f},
                 .bias = {0.25f, -0.5f, 0.125f, 0.0f, 0.75f},
                 .row_weight = {0.5f, 1.5f, -0.25f, 1.0f},
                 .labels = {1, 0, 3, 2}};

    for (size_t i = 0; i < ROWS; i++) {
        const float *w = f.w + DIM * (size_t)f.labels[i];
        const double c = cos(degrees[i] / 57.29577951308232);
        const double s = sin(degrees[i] / 57.29577951308232);
        const double t[DIM] = {-(double)w[1], (double)w[0], -(double)w[3], (double)w[2]};
        for (size_t k = 0; k < DIM; k++) {
            f.x[i * DIM + k] = on_grid(c * (double)w[k] + s * t[k]);
        }
    }
    return f;
}

static double run(margin_context *context, const margin_config *config, const fixture *f,
                  int weighted, gradients *grad)
{
    margin_head head = {.size = sizeof(margin_head),
                        .rows = ROWS,
                        .dim = DIM,
                        .classes = CLASSES,
                        .embeddings = f->x,
                        .weights = f->w,
                        .labels = f->labels};

    head.bias = config->loss == MARGIN_SOFTMAX ? f->bias : NULL;
    head.row_weight = weighted ? f->row_weight : NULL;
    if (grad) {
        memset(grad, 0, sizeof *grad);
        head.grad_embeddings = grad->x;
        head.grad_weights = grad->w;
        head.grad_bias = head.bias ? grad->bias : NULL;
    }
    assert_int_equal(margin_head_run(context, &head), MARGIN_OK);
    return head.loss;
}

typedef struct setting {
    margin_context *context;
    const margin_config *config;
    fixture *f;
    int weighted;
} setting;

static double moved(const setting *s, float *at, double by)
{
    const float centre = *at;

    *at = (float)((double)centre + by);
    const double loss = run(s->context, s->config, s->f, s->weighted, NULL);
    *at = centre;
    return loss;
}

/* Fourth order in the step; the library's losses carry a relative 1e-7 each. */
static int count_wrong(const setting *s, const char *what, float *at, const float *grad, size_t n)
{
    double largest = 1e-3;
    int wrong = 0;

    for (size_t k = 0; k < n; k++) {
        largest = fmax(largest, fabs((double)grad[k]));
    }
    for (size_t k = 0; k < n; k++) {
        const double one = moved(s, at + k, step) - moved(s, at + k, -step);
        const double two = moved(s, at + k, 2 * step) - moved(s, at + k, -2 * step);
        const double slope = (8 * one - two) / (12 * step);
        if (!(fabs(slope - (double)grad[k]) <= 3e-4 * largest)) {
            char text[200];
            fprintf(stderr, "%s %s: %s[%zu] %.9g, difference %.9g\n",
                    config_text(s->config, text, sizeof text), margin_isa_name(s->config->isa),
                    what, k, (double)grad[k], slope);
            wrong++;
        }
    }
    return wrong;
}

static int check(const margin_config *config, int weighted)
{
    fixture f = make_fixture();
    setting s = {NULL, config, &f, weighted};
    gradients grad;
    int wrong = 0;

    assert_int_equal(margin_create(config, &s.context), MARGIN_OK);
    run(s.context, config, &f, weighted, &grad);
    wrong += count_wrong(&s, "dX", f.x, grad.x, ROWS * DIM);
    wrong += count_wrong(&s, "dW", f.w, grad.w, CLASSES * DIM);
    if (config->loss == MARGIN_SOFTMAX) {
        wrong += count_wrong(&s, "db", f.bias, grad.bias, CLASSES);
    }
    margin_destroy(s.context);
    return wrong;
}

static void gradients_are_differences(void **state)
{
    margin_config configs[CONFIGS_MOST];
    const size_t count = every_config(4, configs);
    int wrong = 0;

    (void)state;
    for (size_t k = 0; k < count; k++) {
        for (int isa = MARGIN_ISA_SCALAR; isa < MARGIN_ISA_COUNT; isa++) {
            configs[k].isa = (margin_isa)isa;
            configs[k].threads = 1;
            if (configs[k].gradient == MARGIN_GRADIENT_EXACT &&
                margin_isa_usable((margin_isa)isa)) {
                wrong += check(&configs[k], (int)k / 2 % 2);
            }
        }
    }
    assert_int_equal(wrong, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(gradients_are_differences)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
