/* test_smoothing.c: how exact label smoothing is: losses and rows of dX against the oracle, each to
 * the bound that docs/numerics.md states, and how near the bound any of them comes. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oracle_floats.h"
#include "problems.h"

enum { ROWS = 12 };

typedef struct worst {
    double loss, dx; /* errors as shares of their bounds */
} worst;

static double length_of(const double *a, size_t n)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++) {
        sum += a[k] * a[k];
    }
    return sqrt(sum);
}

static double float_length(const float *a, size_t n)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++) {
        sum += (double)a[k] * (double)a[k];
    }
    return sqrt(sum);
}

/* The scale of a row's logits, for softmax that of the largest. */
static double row_scale(const margin_config *config, const margin_head *h, size_t i)
{
    const double x = float_length(h->embeddings + i * h->dim, h->dim);
    double largest = 0;

    if (config->feature_norm == MARGIN_FEATURE_NORM_KEEP) {
        return x;
    }
    for (size_t j = 0; config->loss == MARGIN_SOFTMAX && j < h->classes; j++) {
        largest = fmax(largest, x * float_length(h->weights + j * h->dim, h->dim));
    }
    return config->loss == MARGIN_SOFTMAX ? config->scale * largest : config->scale;
}

static void judge_row(const margin_config *config, const margin_head *h, const oracle_output *want,
                      size_t i, worst *w)
{
    const float loss = (float)want->row_loss[i];
    const double ulp = (double)nextafterf(loss, INFINITY) - (double)loss;
    const double s = row_scale(config, h, i), x = float_length(h->embeddings + i * h->dim, h->dim);
    const double *exact = want->grad_embeddings + i * h->dim;
    const double pull = h->label_smoothing * s / (x * ROWS);
    double apart[512];

    for (size_t k = 0; k < h->dim; k++) {
        apart[k] = (double)h->grad_embeddings[i * h->dim + k] - exact[k];
    }
    const double loss_bound = 4 * ulp + 4.8e-7 * (1 + s);
    const double bound = (2e-6 + 4.8e-7 * s) * fmax(length_of(exact, h->dim), pull);
    w->loss = fmax(w->loss, fabs((double)h->row_loss[i] - want->row_loss[i]) / loss_bound);
    w->dx = fmax(w->dx, length_of(apart, h->dim) / bound);
}

static void judge(margin_config config, problem_spec spec, double e, worst *w)
{
    problem p = problem_make(spec);
    float row_loss[ROWS], *dx = calloc(ROWS * spec.dim, sizeof *dx);
    margin_context *context = NULL;
    oracle_output want;

    assert_non_null(dx);
    p.head.label_smoothing = e;
    p.head.row_loss = row_loss;
    p.head.grad_embeddings = dx;
    assert_int_equal(margin_create(&config, &context), MARGIN_OK);
    assert_int_equal(margin_head_run(context, &p.head), MARGIN_OK);
    assert_int_equal(oracle_head(&config, &p.head, &want), 0);
    for (size_t i = 0; i < ROWS; i++) {
        judge_row(&config, &p.head, &want, i, w);
    }
    margin_destroy(context);
    oracle_output_free(&want);
    problem_free(&p);
    free(dx);
}

/* Ordinary rows and converged ones, each path, shares of a tenth and of nine tenths. */
static void smoothing_is_exact(void **state)
{
    const size_t sizes[][2] = {{2, 2}, {2, 900}, {8, 10}, {8, 900}, {64, 10}, {64, 300}, {512, 33}};
    worst w = {0, 0};

    (void)state;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        for (size_t k = 0; k < 4 * (sizeof sizes / sizeof *sizes); k++) {
            const size_t *n = sizes[k / 4];
            const problem_spec spec = {7 * k, ROWS, n[0], n[1], k % 2 ? PROBLEM_CONVERGED : 0};
            margin_config config;
            margin_config_init(&config, (margin_loss)loss);
            config.isa = k % 3 == 0 ? MARGIN_ISA_SCALAR : MARGIN_ISA_AUTO;
            judge(config, spec, k / 2 % 2 ? 0.1 : 0.9, &w);
        }
    }
    printf("label smoothing: a loss takes %.2f of its bound, a row of dX %.2f\n", w.loss, w.dx);
    assert_true(w.loss <= 1);
    assert_true(w.dx <= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(smoothing_is_exact)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
