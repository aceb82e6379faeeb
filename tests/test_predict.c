/* test_predict.c: margin_head_predict against a search in double, on every path, instruction set
 * and number of threads; ties, zero vectors, whole rankings, refusals. */
#include <float.h>

#include "mocka.h"
#include "problem.h"

static double dot(const float *a, const float *b, size_t n)
{
    double sum = 0.0;
    for (size_t d = 0; d < n; d++)
        sum += (double)a[d] * (double)b[d];
    return sum;
}

/* Returns what prediction shows of row i and class j. */
static double value_of(const margin_config *config, const margin_head *h, size_t i, size_t j)
{
    const float *x = h->embeddings + i * h->embeddings_stride,
                *w = h->weights + j * h->weights_stride;
    const double inner = dot(x, w, h->dim), bias = h->bias == NULL ? 0.0 : (double)h->bias[j];
    if (config->loss == MARGIN_SOFTMAX) return config->scale * (inner + bias);
    const double norms = sqrt(dot(x, x, h->dim) * dot(w, w, h->dim));
    return norms > 0.0 ? inner / norms : 0.0;
}

static margin_predict predict_of(const margin_head *h, size_t k, int64_t *classes, float *values)
{
    margin_predict p = MARGIN_PREDICT_INIT;
    p.rows = h->rows;
    p.dim = h->dim;
    p.classes = h->classes;
    p.embeddings = h->embeddings;
    p.embeddings_stride = h->embeddings_stride;
    p.weights = h->weights;
    p.weights_stride = h->weights_stride;
    p.bias = h->bias;
    p.k = k;
    p.top_classes = classes;
    p.top_values = values;
    return p;
}

static margin_status predict(const margin_config *config, const margin_predict *call)
{
    margin_context *context;
    margin_status status = problem_context(config, &context);
    if (status == MARGIN_OK) status = margin_head_predict(context, call);
    margin_destroy(context);
    return status;
}

/* Checks a row's ranking: values right and falling, no class twice, none left out that is better.
 */
static void judge_row(const margin_config *config, const margin_head *h, size_t i, size_t k,
                      const int64_t *classes, const float *values)
{
    const double size = config->loss == MARGIN_SOFTMAX ? fabs(values[0]) + config->scale * 20 : 1.0;
    char *seen = test_calloc(h->classes, 1);
    for (size_t n = 0; n < k; n++) {
        assert_true(classes[n] >= 0 && (size_t)classes[n] < h->classes);
        assert_false(seen[classes[n]]);
        seen[classes[n]] = 1;
        assert_near("value", (double)values[n], value_of(config, h, i, (size_t)classes[n]),
                    1e-6 * size);
        if (n == 0) continue;
        assert_true(values[n] <= values[n - 1]);
        if (values[n] == values[n - 1] && fabsf(values[n]) < 1.0f)
            assert_true(classes[n] > classes[n - 1]);
    }
    for (size_t j = 0; j < h->classes; j++)
        if (!seen[j]) assert_true(value_of(config, h, i, j) <= (double)values[k - 1] + 1e-6 * size);
    test_free(seen);
}

/* The tiles, dots and planes paths, one shard and several, all classes and few. */
static const size_t shapes[][4] = {{37, 40, 2100, 5}, {5, 64, 1200, 3},  {50, 3, 700, 4},
                                   {33, 17, 9, 9},    {130, 16, 300, 1}, {20, 100, 33, 33},
                                   {20, 24, 2100, 6}};

static void finds_the_nearest(void **state)
{
    (void)state;
    for (size_t s = 0; s < LENGTH_OF(shapes) * MARGIN_LOSS_COUNT; s++) {
        const size_t *shape = shapes[s / MARGIN_LOSS_COUNT], k = shape[3];
        problem p =
            problem_make(shape[0], shape[1], shape[2], s, (unsigned)(s % PROBLEM_LAYOUTS), 0);
        margin_config config = config_of((margin_loss)(s % MARGIN_LOSS_COUNT));
        if (config.loss == MARGIN_SOFTMAX && s % 4 != 0) problem_use_bias(&p);
        int64_t *classes[2];
        float *values[2];
        for (int isa = MARGIN_ISA_SCALAR; isa < MARGIN_ISA_COUNT; isa++) {
            if (!margin_isa_usable((margin_isa)isa)) continue;
            config.isa = (margin_isa)isa;
            for (int threads = 1; threads <= 2; threads++) {
                config.threads = threads;
                int64_t *c = classes[threads - 1] = test_malloc(shape[0] * k * sizeof *c);
                float *v = values[threads - 1] = test_malloc(shape[0] * k * sizeof *v);
                const margin_predict call = predict_of(&p.call, k, c, v);
                assert_status(predict(&config, &call), MARGIN_OK);
            }
            assert_memory_equal(classes[0], classes[1], shape[0] * k * sizeof *classes[0]);
            assert_memory_equal(values[0], values[1], shape[0] * k * sizeof *values[0]);
            for (size_t i = 0; i < shape[0]; i++)
                judge_row(&config, &p.call, i, k, classes[0] + i * k, values[0] + i * k);
            for (int t = 0; t < 2; t++) {
                test_free(classes[t]);
                test_free(values[t]);
            }
        }
        assert_true(problem_free(&p));
    }
}

/* A workspace that holds few rows at a time gives the same. */
static void any_workspace(void **state)
{
    enum { ROWS = 600, DIM = 48, CLASSES = 800, K = 2 };
    problem p = problem_make(ROWS, DIM, CLASSES, 3, 0, 0);
    margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    int64_t *classes[2];
    (void)state;
    for (int t = 0; t < 2; t++) {
        classes[t] = test_malloc(ROWS * K * sizeof(int64_t));
        const margin_predict call = predict_of(&p.call, K, classes[t], NULL);
        config.workspace_bytes = t == 0 ? 0 : 400000;
        assert_status(margin_create(&config, &context), MARGIN_OK);
        assert_status(margin_head_predict(context, &call), MARGIN_OK);
        assert_true(t == 0 || margin_context_workspace_used(context) <= 400000);
        margin_destroy(context);
    }
    assert_memory_equal(classes[0], classes[1], ROWS * K * sizeof(int64_t));
    test_free(classes[0]);
    test_free(classes[1]);
    assert_true(problem_free(&p));
}

/* What is nearest is what row_correct says. */
static void agrees_with_row_correct(void **state)
{
    (void)state;
    for (size_t s = 0; s < LENGTH_OF(shapes); s++) {
        problem p = problem_make(shapes[s][0], shapes[s][1], shapes[s][2], s, 0, 1);
        const margin_config config = config_of(MARGIN_COSFACE);
        int64_t classes[256];
        const margin_predict call = predict_of(&p.call, 1, classes, NULL);
        assert_status(predict(&config, &call), MARGIN_OK);
        assert_status(problem_run(&p, &config), MARGIN_OK);
        for (size_t i = 0; i < p.call.rows; i++)
            if (p.call.labels[i] >= 0)
                assert_int_equal(p.call.row_correct[i], classes[i] == p.call.labels[i]);
        assert_true(problem_free(&p));
    }
}

/* Equal cosines come in the order of classes, and a zero vector's are all 0. */
static void ties(void **state)
{
    enum { CLASSES = 1500 };
    (void)state;
    for (size_t dim = 2; dim <= 64; dim += 31) {
        float *w = test_calloc(CLASSES * dim, sizeof *w), *x = test_calloc(2 * dim, sizeof *x);
        int64_t classes[2 * CLASSES];
        float values[2 * CLASSES];
        for (size_t j = 0; j < CLASSES; j++)
            w[j * dim + j % 2] = j % 4 < 2 ? 1.0f : 2.0f;
        x[0] = 3.0f;
        const margin_config config = config_of(MARGIN_ARCFACE);
        const margin_predict call = {.size = sizeof call,
                                     .rows = 2,
                                     .dim = dim,
                                     .classes = CLASSES,
                                     .embeddings = x,
                                     .weights = w,
                                     .k = CLASSES,
                                     .top_classes = classes,
                                     .top_values = values};
        assert_status(predict(&config, &call), MARGIN_OK);
        for (int64_t n = 0; n < CLASSES; n++) {
            assert_int_equal(classes[n], n < CLASSES / 2 ? 2 * n : 2 * n - CLASSES + 1);
            assert_true(values[n] == (n < CLASSES / 2 ? 1.0f : 0.0f));
            assert_int_equal(classes[CLASSES + n], n);
            assert_true(values[CLASSES + n] == 0.0f);
        }
        margin_predict few = call;
        for (few.k = 1; few.k <= 3; few.k++) {
            assert_status(predict(&config, &few), MARGIN_OK);
            for (size_t n = 0; n < 2 * few.k; n++)
                assert_int_equal(classes[n], n < few.k ? 2 * n : n - few.k);
        }
        test_free(w);
        test_free(x);
    }
}

static void refusals(void **state)
{
    enum { CLASSES = 4 };
    float x[3] = {1, 2, 3}, w[CLASSES * 3] = {1};
    int64_t classes[CLASSES];
    const margin_config config = config_of(MARGIN_ARCFACE);
    const margin_predict good = {.size = sizeof good,
                                 .rows = 1,
                                 .dim = 3,
                                 .classes = CLASSES,
                                 .embeddings = x,
                                 .weights = w,
                                 .k = 1,
                                 .top_classes = classes};
    margin_predict call = good;
    (void)state;
    assert_status(predict(&config, &call), MARGIN_OK);
    assert_int_equal(classes[0], 0);
    call.k = 0;
    assert_status(predict(&config, &call), MARGIN_ERROR_SHAPE);
    call.k = CLASSES + 1;
    assert_status(predict(&config, &call), MARGIN_ERROR_SHAPE);
    call = good;
    call.bias = x;
    assert_status(predict(&config, &call), MARGIN_ERROR_CONFIG);
    call = good;
    call.embeddings = NULL;
    assert_status(predict(&config, &call), MARGIN_ERROR_NULL);
    call = good;
    call.weights_stride = 2;
    assert_status(predict(&config, &call), MARGIN_ERROR_SHAPE);
    call = good;
    call.size = 8;
    assert_status(predict(&config, &call), MARGIN_ERROR_SIZE);
    classes[0] = 77;
    w[7] = NAN;
    assert_status(predict(&config, &good), MARGIN_ERROR_NONFINITE);
    x[1] = INFINITY;
    assert_status(predict(&config, &good), MARGIN_ERROR_NONFINITE);
    assert_int_equal(classes[0], 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_nearest),
        cmocka_unit_test(any_workspace),
        cmocka_unit_test(agrees_with_row_correct),
        cmocka_unit_test(ties),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
