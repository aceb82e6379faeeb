/* test_corners.c: where a formula that is right elsewhere goes wrong: rows converged far beyond
 * float32, |cosine| = 1, thousands of classes whose logits rise from block to block, ties, weights
 * and biases of 1e20. References are in double, from margin.h's formulas. */
#include <stdio.h>

#include "mocka.h"
#include "noise.h"
#include "plain_judge.h"

static margin_status run_rows(const margin_config *config, margin_rows *rows)
{
    margin_context *context;
    margin_status status = margin_create(config, &context);
    if (status == MARGIN_OK) status = margin_rows_run(context, rows);
    margin_destroy(context);
    return status;
}

/* ---- converged rows ---------------------------------------------------------------------------*/

enum { FEW = 5 };

/* x on its class, the others opposite: the loss is 4 exp(-2 s), down to 1e-260. */
static void converged_far_beyond_float(void **state)
{
    const int64_t label = 1;
    (void)state;
    for (double scale = 0.25; scale <= 300.0; scale *= 1.25) {
        margin_config config = config_of(MARGIN_NORMSOFTMAX);
        const double want = log1p(4.0 * exp(-2.0 * scale));
        float x = 2.0f, w[FEW], cosines[FEW];
        config.scale = scale;
        for (int64_t j = 0; j < FEW; j++) {
            w[j] = j == label ? 0.5f : -3.0f;
            cosines[j] = j == label ? 1.0f : -1.0f;
        }
        margin_head head = {.size = sizeof(margin_head),
                            .rows = 1,
                            .dim = 1,
                            .classes = FEW,
                            .embeddings = &x,
                            .weights = w};
        head.labels = &label;
        assert_status(run_head(&config, &head), MARGIN_OK);
        assert_relative("head", head.loss, want, 1e-6);
        margin_rows rows = {.size = sizeof(margin_rows),
                            .rows = 1,
                            .classes = FEW,
                            .logits = cosines,
                            .labels = &label};
        assert_status(run_rows(&config, &rows), MARGIN_OK);
        assert_relative("rows", rows.loss, want, 1e-6);
    }
}

/* ---- the rows level ---------------------------------------------------------------------------*/

/* d psi / d c where |c| = 1 is that at the angle whose sine is 2^-12. */
static void slope_at_the_ends(void **state)
{
    const double least = atan2(0x1p-12, sqrt((1.0 - 0x1p-12) * (1.0 + 0x1p-12)));
    const double pi = 3.14159265358979324;
    const int64_t label = 0;
    (void)state;
    for (unsigned k = MARGIN_NORMSOFTMAX; k < MARGIN_LOSS_COUNT; k++) {
        margin_config config = config_of((margin_loss)k);
        config.scale = 2.0;
        for (int end = 0; end < 4; end++) {
            const float c = end % 2 ? -1.0f : 1.0f;
            const float x[2] = {end < 2 ? c : 1.5f * c, 0.25f};
            float grad[2];
            double psi, slope;
            margin_rows rows = {.size = sizeof(margin_rows),
                                .rows = 1,
                                .classes = 2,
                                .logits = x,
                                .labels = &label};
            rows.grad_logits = grad;
            assert_status(run_rows(&config, &rows), MARGIN_OK);
            margin_psi(&config, end % 2 ? pi : 0.0, &psi, NULL);
            margin_psi(&config, end % 2 ? pi - least : least, NULL, &slope);
            const double pull = 2.0 / (1.0 + exp(2.0 * psi - 0.5));
            assert_relative("other", grad[1], pull, 1e-5);
            assert_relative("target", grad[0], pull * slope / 0x1p-12, 1e-5);
        }
    }
}

/* Without row_weight the gradient is of the mean over the rows that count. */
static void mean_of_the_counted(void **state)
{
    const margin_config config = config_of(MARGIN_COSFACE);
    const int64_t labels[4] = {1, -1, 0, -1};
    const float x[8] = {0.5f, 0.25f, 0.0f, 0.5f, -0.5f, 0.125f, 1.0f, -1.0f};
    const float half[4] = {0.5f, 0.5f, 0.5f, 0.5f};
    float mean[8], weighted[8];
    margin_rows rows = {
        .size = sizeof(margin_rows), .rows = 4, .classes = 2, .logits = x, .labels = labels};
    (void)state;
    rows.grad_logits = mean;
    assert_status(run_rows(&config, &rows), MARGIN_OK);
    rows.grad_logits = weighted;
    rows.row_weight = half;
    assert_status(run_rows(&config, &rows), MARGIN_OK);
    assert_memory_equal(mean, weighted, sizeof mean);
    assert_true(mean[0] != 0.0f && mean[4] != 0.0f);
}

/* ---- against plain_head.c ---------------------------------------------------------------------*/

typedef struct corner {
    size_t rows, dim, classes;
    int raw; /* inner products and bias; else cosines */
    double scale;
    float *x, *w, *bias;
    int64_t *labels;
    float *row_loss, *got_x, *got_w, *got_bias;
    uint8_t *row_correct;
} corner;

static void *array(size_t count, size_t size)
{
    void *p = calloc(count, size);
    assert_non_null(p);
    return p;
}

static corner corner_make(size_t rows, size_t dim, size_t classes)
{
    corner t = {.rows = rows, .dim = dim, .classes = classes, .scale = 1.0};
    t.x = array(rows * dim, sizeof *t.x);
    t.w = array(classes * dim, sizeof *t.w);
    t.bias = array(classes, sizeof *t.bias);
    t.labels = array(rows, sizeof *t.labels);
    t.row_loss = array(rows, sizeof *t.row_loss);
    t.row_correct = array(rows, 1);
    t.got_x = array(rows * dim, sizeof *t.got_x);
    t.got_w = array(classes * dim, sizeof *t.got_w);
    t.got_bias = array(classes, sizeof *t.got_bias);
    return t;
}

static void corner_free(corner *t)
{
    void *const all[] = {t->x,           t->w,     t->bias,  t->labels,  t->row_loss,
                         t->row_correct, t->got_x, t->got_w, t->got_bias};
    for (size_t i = 0; i < LENGTH_OF(all); i++)
        free(all[i]);
}

static void judge(corner *t, int threads)
{
    margin_config config = config_of(t->raw ? MARGIN_SOFTMAX : MARGIN_NORMSOFTMAX);
    margin_head head = {
        .size = sizeof(margin_head), .rows = t->rows, .dim = t->dim, .classes = t->classes};
    config.scale = t->scale;
    config.threads = threads;
    head.embeddings = t->x;
    head.weights = t->w;
    head.bias = t->raw ? t->bias : NULL;
    head.labels = t->labels;
    head.row_loss = t->row_loss;
    head.row_correct = t->row_correct;
    head.grad_embeddings = t->got_x;
    head.grad_weights = t->got_w;
    head.grad_bias = t->raw ? t->got_bias : NULL;
    assert_status(run_head(&config, &head), MARGIN_OK);
    /* how large logits are: errors of a loss grow with it */
    assert_plain("corner", &config, &head, t->raw ? 16.0 : t->scale);
}

/* Weights on a half circle, so that a row's logits rise, fall, or rise and fall over many blocks
 * and shards; at scale 1000 an exponential without a shift is infinite. */
static void logits_that_rise_over_blocks(void **state)
{
    const double pi = 3.14159265358979324, directions[] = {1.0, 0.0, 0.5, 0.2, 0.9, 0.6};
    const size_t sizes[] = {600, 9001}, rows = LENGTH_OF(directions);
    (void)state;
    for (size_t k = 0; k < 8; k++) {
        const size_t classes = sizes[k / 2 % 2], dim = k < 4 ? 3 : 11;
        corner t = corner_make(rows, dim, classes);
        t.scale = k % 2 ? 1000.0 : 64.0;
        for (size_t j = 0; j < classes; j++) {
            const double at = pi * (double)j / (double)classes;
            const float w[3] = {(float)cos(at), (float)sin(at), 0.25f};
            memcpy(t.w + dim * j, w, sizeof w);
        }
        for (size_t i = 0; i < rows; i++) {
            const double at = pi * directions[i];
            const float x[3] = {2.0f * (float)cos(at), 2.0f * (float)sin(at), 0.5f};
            memcpy(t.x + dim * i, x, sizeof x);
            const double target = (double)(classes - 1) * (0.93 * directions[i] + 0.03);
            t.labels[i] = (int64_t)target;
        }
        judge(&t, k % 2 ? 2 : 1);
        corner_free(&t);
    }
}

/* Raw logits of ordinary size from operands that are not: each is packed in a unit of its own. */
static void biases_in_their_unit(void **state)
{
    const double sizes[][2] = {
        {1e20, 1e-4}, {1e-15, 1e10}, {1e-25, 1e20}, {1.0, 1e18}, {1e25, 1e8}};
    (void)state;
    for (size_t i = 0; i < 2 * LENGTH_OF(sizes); i++) {
        const size_t k = i / 2;
        corner t = corner_make(7, i % 2 ? 3 + k : 16 + k, 9);
        noise n = {100 + k};
        t.raw = 1;
        noise_fill(&n, t.w, t.classes * t.dim, sizes[k][0]);
        noise_fill(&n, t.x, t.rows * t.dim, sizes[k][1]);
        const double product = sizes[k][0] * sizes[k][1];
        noise_fill(&n, t.bias, t.classes, product);
        t.scale = 1.0 / product;
        for (size_t row = 0; row < t.rows; row++)
            t.labels[row] = (int64_t)noise_index(&n, t.classes);
        judge(&t, 1);
        corner_free(&t);
    }
}

/* A zero embedding has logits of 0 whatever the weights and the scale, even where their product is
 * beyond what the kernels take. */
static void zero_times_huge(void **state)
{
    const size_t dims[] = {4, 12};
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(dims); k++) {
        corner t = corner_make(1, dims[k], 4);
        t.raw = 1;
        t.scale = 64.0;
        for (size_t j = 0; j < 4; j++)
            t.w[j * dims[k] + j] = 0x1p97f;
        judge(&t, 1);
        assert_relative("loss", (double)t.row_loss[0], log(4.0), 1e-6);
        corner_free(&t);
    }
}

/* Lengths whose squares are beyond float32 leave no part of dW along the weights. */
static void weights_of_any_length(void **state)
{
    const double sizes[] = {1e-25, 1e25};
    const size_t dims[] = {3, 12};
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(sizes) * LENGTH_OF(dims); k++) {
        corner t = corner_make(5, dims[k / 2], 9);
        noise n = {31 + k};
        noise_fill(&n, t.x, t.rows * t.dim, 1.0);
        noise_fill(&n, t.w, t.classes * t.dim, sizes[k % 2]);
        t.scale = 16.0;
        for (size_t row = 0; row < t.rows; row++)
            t.labels[row] = (int64_t)noise_index(&n, t.classes);
        judge(&t, 1);
        corner_free(&t);
    }
}

/* SphereFace with the embeddings' own lengths as scales: a zero one takes all classes alike. */
static void zero_kept(void **state)
{
    const size_t dims[] = {3, 12};
    margin_config config = config_of(MARGIN_SPHEREFACE);
    (void)state;
    config.feature_norm = MARGIN_FEATURE_NORM_KEEP;
    for (size_t k = 0; k < LENGTH_OF(dims); k++) {
        corner t = corner_make(1, dims[k], 150);
        margin_head head = {
            .size = sizeof(margin_head), .rows = 1, .dim = dims[k], .classes = t.classes};
        noise n = {5 + k};
        noise_fill(&n, t.w, t.classes * t.dim, 1.0);
        head.embeddings = t.x;
        head.weights = t.w;
        head.labels = t.labels;
        assert_status(run_head(&config, &head), MARGIN_OK);
        assert_relative("loss", head.loss, log(150.0), 1e-6);
        corner_free(&t);
    }
}

/* ---- ties -------------------------------------------------------------------------------------*/

enum { TIED_CLASSES = 600, TIED_MOST = 140, TIED_ROWS = 12 };

/* Runs 3 rows x of these labels, alone and with 9 that do not count, for which there are other
 * kernels; returns how many rows are tied. */
static size_t run_tied(const margin_config *config, size_t dim, size_t classes, const float *x,
                       const float *w, const int64_t *labels, uint8_t *correct)
{
    float more[TIED_ROWS * TIED_MOST] = {0.0f};
    int64_t and_none[TIED_ROWS] = {labels[0], labels[1], labels[2], -1, -1, -1,
                                   -1,        -1,        -1,        -1, -1, -1};
    uint8_t again[TIED_ROWS];
    margin_head head = {
        .size = sizeof(margin_head), .rows = 3, .dim = dim, .classes = classes, .embeddings = x};
    head.weights = w;
    head.labels = labels;
    head.row_correct = correct;
    assert_status(run_head(config, &head), MARGIN_OK);
    const size_t tied = head.tied;
    memcpy(more, x, 3 * dim * sizeof *x);
    head.rows = TIED_ROWS;
    head.embeddings = more;
    head.labels = and_none;
    head.row_correct = again;
    assert_status(run_head(config, &head), MARGIN_OK);
    assert_int_equal(head.tied, tied);
    assert_memory_equal(again, correct, 3);
    return tied;
}

/* Two classes with one weight, near or far apart: neither is strictly the best. The third row has
 * another class. */
static void judge_twins(const margin_config *config, size_t dim)
{
    const size_t twins[] = {1, 2, 255, 300, 599};
    const float factors[] = {1.0f, 0.25f, 0x1p40f, 0x1p-80f};
    const int raw = !margin_loss_get(config->loss)->normalised;
    for (size_t i = 0; i < LENGTH_OF(twins) * (raw ? 1 : LENGTH_OF(factors)); i++) {
        const size_t twin = twins[i % LENGTH_OF(twins)];
        const float factor = factors[i / LENGTH_OF(twins)];
        const int64_t labels[3] = {0, (int64_t)twin, 7};
        float x[3 * TIED_MOST], w[TIED_CLASSES * TIED_MOST];
        uint8_t correct[3];
        noise n = {17 + i};
        noise_fill(&n, w, TIED_CLASSES * dim, 0.01);
        w[dim / 2] = 5.0f; /* the largest logit, raw or not */
        for (size_t d = 0; d < dim; d++)
            w[dim * twin + d] = factor * w[d];
        for (size_t d = 0; d < 3 * dim; d++)
            x[d] = w[d % dim];
        assert_int_equal(run_tied(config, dim, TIED_CLASSES, x, w, labels, correct), 2);
        assert_true(correct[0] == 0 && correct[1] == 0 && correct[2] == 0);
        w[dim * twin + dim / 2] = 0.0f; /* no longer the same */
        assert_int_equal(run_tied(config, dim, TIED_CLASSES, x, w, labels, correct), 0);
        assert_true(correct[0] == 1 && correct[1] == 0 && correct[2] == 0);
    }
}

/* Nothing can be told apart: all embeddings are zero, all class weights are, or all are equal. */
static void judge_nothing_told(const margin_config *config, size_t dim)
{
    for (int kind = 0; kind < 3; kind++) {
        for (size_t classes = 2; classes <= TIED_CLASSES; classes = classes * 3 + 5) {
            const int64_t labels[3] = {0, (int64_t)classes - 1, -1};
            float x[3 * TIED_MOST] = {0.0f}, w[TIED_CLASSES * TIED_MOST] = {0.0f};
            uint8_t correct[3] = {1, 1, 1};
            noise n = {classes};
            if (kind > 0) noise_fill(&n, x, 3 * dim, 1.0);
            if (kind != 1) noise_fill(&n, w, (kind == 0 ? classes : 1) * dim, 1.0);
            for (size_t d = dim; kind == 2 && d < classes * dim; d++)
                w[d] = w[d % dim];
            assert_int_equal(run_tied(config, dim, classes, x, w, labels, correct), 2);
            assert_true(correct[0] == 0 && correct[1] == 0 && correct[2] == 0);
        }
    }
}

/* Few dimensions, many, and so many that few rows have kernels of their own. */
static void ties_are_not_correct(void **state)
{
    const size_t dims[] = {1, 4, 20, TIED_MOST};
    (void)state;
    for (unsigned isa = MARGIN_ISA_SCALAR; isa < MARGIN_ISA_COUNT; isa++) {
        for (unsigned k = 0; k < MARGIN_LOSS_COUNT && margin_isa_usable((margin_isa)isa); k++) {
            margin_config config = config_of((margin_loss)k);
            config.isa = (margin_isa)isa;
            for (size_t d = 0; d < LENGTH_OF(dims); d++) {
                if (dims[d] > 1) judge_twins(&config, dims[d]);
                judge_nothing_told(&config, dims[d]);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(converged_far_beyond_float),
        cmocka_unit_test(slope_at_the_ends),
        cmocka_unit_test(mean_of_the_counted),
        cmocka_unit_test(logits_that_rise_over_blocks),
        cmocka_unit_test(biases_in_their_unit),
        cmocka_unit_test(zero_times_huge),
        cmocka_unit_test(weights_of_any_length),
        cmocka_unit_test(zero_kept),
        cmocka_unit_test(ties_are_not_correct),
    };
    return cmocka_run_group_tests_name("corners", tests, NULL, NULL);
}
