/* test_given.c: what a caller gives rows and classes in place of the configuration (margins,
 * scales, a label to ignore), gradients that are added up, and the log-sum-exp of the others. The
 * oracle judges configurations; here each is reduced to some: bit for bit where one row is
 * concerned, and where rows are added, to the sum of calls. */
#include <float.h>

#include "mocka.h"
#include "noise.h"
#include "problem.h"

/* The paths: tiles, dots of few rows and of few classes, planes; more than one shard. */
static const size_t shapes[][3] = {
    {37, 40, 300}, {5, 64, 1200}, {33, 300, 9}, {50, 3, 700}, {20, 16, 2100}};
/* A loss for each kind of margin. */
static const margin_loss losses[] = {MARGIN_SPHEREFACE, MARGIN_COSFACE, MARGIN_ARCFACE};

enum { MOST_ROWS = 64, MOST_DIM = 300, MOST_CLASSES = 2100 };

static float margin_at(margin_loss loss, size_t n)
{
    return (loss == MARGIN_SPHEREFACE ? 1.0f : 0.0f) + (float)(n % 7) / 8.0f;
}

static void set_margin(margin_config *config, float margin)
{
    if (config->loss == MARGIN_SPHEREFACE) config->m1 = (double)margin;
    if (config->loss == MARGIN_ARCFACE) config->m2 = (double)margin;
    if (config->loss == MARGIN_COSFACE) config->m3 = (double)margin;
}

static margin_status run(const margin_config *config, margin_head *head)
{
    margin_context *context;
    margin_status status = problem_context(config, &context);
    if (status == MARGIN_OK) status = margin_head_run(context, head);
    margin_destroy(context);
    return status;
}

/* A row's loss and dX, and dW as a sum in double of calls in which one row counts. */
typedef struct rowwise {
    float row_loss[MOST_ROWS], dx[MOST_ROWS * MOST_DIM];
    double *dw;
} rowwise;

/* Runs the problem once a row, each with the configuration that `change` makes for it. */
static void run_rowwise(const problem *p, const margin_config *config,
                        void (*change)(margin_config *config, const problem *p, size_t i),
                        rowwise *out)
{
    margin_head call = p->call;
    float row_loss[MOST_ROWS], weight[MOST_ROWS];
    float *dx = test_malloc(call.rows * call.dim * sizeof *dx),
          *dw = test_malloc(call.classes * call.dim * sizeof *dw);
    out->dw = test_calloc(call.classes * call.dim, sizeof *out->dw);
    call.row_loss = row_loss;
    call.row_weight = weight;
    call.grad_embeddings = dx;
    call.grad_weights = dw;
    call.grad_embeddings_stride = call.grad_weights_stride = 0;
    for (size_t i = 0; i < call.rows; i++) {
        margin_config own = *config;
        change(&own, p, i);
        for (size_t k = 0; k < call.rows; k++)
            weight[k] = k == i ? 1.0f : 0.0f;
        assert_status(run(&own, &call), MARGIN_OK);
        out->row_loss[i] = row_loss[i];
        memcpy(out->dx + i * call.dim, dx + i * call.dim, call.dim * sizeof *dx);
        for (size_t n = 0; n < call.classes * call.dim; n++)
            out->dw[n] += (double)dw[n];
    }
    test_free(dx);
    test_free(dw);
}

/* Checks a problem that has run with row weights of 1 against the calls row by row. */
static void judge(const problem *p, const rowwise *want)
{
    const margin_head *c = &p->call;
    double far = 0.0, size = 0.0;
    for (size_t i = 0; i < c->rows; i++) {
        assert_true(c->row_loss[i] == want->row_loss[i]);
        assert_memory_equal(c->grad_embeddings + i * c->grad_embeddings_stride,
                            want->dx + i * c->dim, c->dim * sizeof(float));
    }
    for (size_t j = 0; j < c->classes; j++) {
        for (size_t d = 0; d < c->dim; d++) {
            const double w = want->dw[j * c->dim + d];
            far = fmax(far, fabs((double)c->grad_weights[j * c->grad_weights_stride + d] - w));
            size = fmax(size, fabs(w));
        }
    }
    assert_near("dW", far, 0.0, 2e-6 * size);
    test_free(want->dw);
}

static float ones[MOST_ROWS], margins[MOST_ROWS], scales[MOST_ROWS], of_class[MOST_CLASSES];

static void change_margin(margin_config *config, const problem *p, size_t i)
{
    (void)p;
    set_margin(config, margins[i]);
}

static void change_class_margin(margin_config *config, const problem *p, size_t i)
{
    if (p->call.labels[i] >= 0) set_margin(config, of_class[p->call.labels[i]]);
}

static void change_scale(margin_config *config, const problem *p, size_t i)
{
    (void)p;
    config->scale = (double)scales[i];
}

static void fill(margin_loss loss)
{
    for (size_t i = 0; i < MOST_ROWS; i++) {
        ones[i] = 1.0f;
        margins[i] = margin_at(loss, i);
        scales[i] = 0.5f * (float)(1 + i * i % 90);
    }
    for (size_t j = 0; j < MOST_CLASSES; j++)
        of_class[j] = margin_at(loss, j);
}

static void rows_have_their_own(void **state)
{
    (void)state;
    for (size_t s = 0; s < 3 * LENGTH_OF(shapes) * LENGTH_OF(losses); s++) {
        const size_t *n = shapes[s % LENGTH_OF(shapes)];
        const size_t what = s / LENGTH_OF(shapes) % 3;
        margin_config config = config_of(losses[s / LENGTH_OF(shapes) / 3]);
        problem p = problem_make(n[0], n[1], n[2], s, (unsigned)s % PROBLEM_LAYOUTS, s % 2);
        rowwise want;
        config.threads = 1 + (int)(s % 2);
        fill(config.loss);
        if (what == 2 && s % 3 == 0) {
            config = config_of(MARGIN_SOFTMAX);
            problem_use_bias(&p);
        }
        p.call.row_weight = ones;
        if (what == 0) p.call.row_margin = margins;
        if (what == 1) p.call.class_margin = of_class;
        if (what == 2) p.call.row_scale = scales;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        const margin_head given = p.call;
        p.call.row_margin = p.call.class_margin = p.call.row_scale = NULL;
        run_rowwise(&p, &config,
                    what == 0   ? change_margin
                    : what == 1 ? change_class_margin
                                : change_scale,
                    &want);
        p.call = given;
        judge(&p, &want);
        assert_true(problem_free(&p));
    }
}

/* The rows level likewise. */
static void rows_level_margins(void **state)
{
    enum { ROWS = 20, CLASSES = 50 };
    float loss[2][ROWS], others[ROWS], gradient[2][ROWS * CLASSES];
    (void)state;
    for (size_t l = 0; l < 2 * LENGTH_OF(losses); l++) {
        margin_config config = config_of(losses[l / 2]);
        rows_problem p = rows_problem_make(ROWS, CLASSES, l, 0, 1);
        margin_rows call = p.call;
        fill(config.loss);
        call.row_weight = ones;
        call.row_loss = loss[0];
        call.grad_logits = gradient[0];
        call.grad_logits_stride = 0;
        call.row_others = others;
        call.row_margin = l % 2 == 0 ? margins : NULL;
        call.class_margin = l % 2 == 0 ? NULL : of_class;
        margin_context *context;
        assert_status(margin_create(&config, &context), MARGIN_OK);
        assert_status(margin_rows_run(context, &call), MARGIN_OK);
        call.row_margin = call.class_margin = NULL;
        call.row_loss = loss[1];
        call.grad_logits = gradient[1];
        for (size_t i = 0; i < ROWS; i++) {
            const int64_t y = call.labels[i];
            set_margin(&config, l % 2 == 0 ? margins[i] : of_class[y < 0 ? 0 : y]);
            assert_status(margin_context_configure(context, &config), MARGIN_OK);
            assert_status(margin_rows_run(context, &call), MARGIN_OK);
            assert_true(loss[0][i] == loss[1][i]);
            assert_memory_equal(gradient[0] + i * CLASSES, gradient[1] + i * CLASSES,
                                CLASSES * sizeof(float));
            double sum = 0.0;
            for (size_t j = 0; j < CLASSES; j++)
                if ((int64_t)j != y)
                    sum +=
                        exp(config.scale * ((double)call.logits[i * call.logits_stride + j] - 1.0));
            assert_near("others", (double)others[i], y < 0 ? 0.0 : config.scale + log(sum), 1e-5);
        }
        margin_destroy(context);
        assert_true(rows_problem_free(&p));
    }
}

/* Rows of the label to ignore are as those of -1, to the bit. */
static void ignored_labels(void **state)
{
    (void)state;
    for (size_t s = 0; s < 2 * LENGTH_OF(shapes); s++) {
        const size_t *n = shapes[s / 2];
        const int64_t ignored = s % 2 == 0 ? -100 : 3;
        problem p = problem_make(n[0], n[1], n[2], s, 0, 1),
                q = problem_make(n[0], n[1], n[2], s, 0, 1);
        int64_t labels[2][MOST_ROWS];
        const margin_config config = config_of(MARGIN_ARCFACE);
        for (size_t i = 0; i < n[0]; i++) {
            labels[0][i] = labels[1][i] = p.call.labels[i];
            if (i % 5 == 1) labels[0][i] = ignored;
            if (labels[0][i] == ignored) labels[1][i] = -1;
        }
        p.call.labels = labels[0];
        q.call.labels = labels[1];
        p.call.ignore_label = ignored;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        assert_status(problem_run(&q, &config), MARGIN_OK);
        assert_true(p.call.loss == q.call.loss && p.call.counted == q.call.counted);
        const problem_hash a = problem_hash_of(&p), b = problem_hash_of(&q);
        assert_memory_equal(&a, &b, sizeof a);
        p.call.ignore_label = 0;
        if (ignored < 0) assert_status(problem_run(&p, &config), MARGIN_ERROR_LABEL);
        assert_true(problem_free(&p));
        assert_true(problem_free(&q));
    }
}

/* Adds each of `n` gradients to what was there, as accumulate should. */
static void expect_sum(const float *before, const float *alone, const float *got, size_t n)
{
    for (size_t d = 0; d < n; d++)
        assert_true(got[d] == (float)((double)before[d] + (double)alone[d]));
}

static void gradients_are_added(void **state)
{
    (void)state;
    for (size_t s = 0; s < 2 * LENGTH_OF(shapes); s++) {
        const size_t *n = shapes[s / 2], rows = n[0], dim = n[1], classes = n[2];
        margin_config config = config_of(s % 2 == 0 ? MARGIN_ARCFACE : MARGIN_SOFTMAX);
        problem p = problem_make(rows, dim, classes, s, 5, 1);
        float *before[3], *alone[3];
        margin_head *c = &p.call;
        const size_t size[3] = {rows * c->grad_embeddings_stride, classes * c->grad_weights_stride,
                                classes};
        if (s % 2 == 1) problem_use_bias(&p);
        config.threads = 1 + (int)(s % 2);
        assert_status(problem_run(&p, &config), MARGIN_OK);
        float *const array[3] = {c->grad_embeddings, c->grad_weights, c->grad_bias};
        for (int k = 0; k < 3 && array[k] != NULL; k++) {
            alone[k] = test_malloc(size[k] * sizeof(float));
            before[k] = test_malloc(size[k] * sizeof(float));
        }
        for (size_t i = 0; i < rows; i++)
            memcpy(alone[0] + i * dim, array[0] + i * c->grad_embeddings_stride,
                   dim * sizeof(float));
        for (size_t j = 0; j < classes; j++)
            memcpy(alone[1] + j * dim, array[1] + j * c->grad_weights_stride, dim * sizeof(float));
        if (array[2] != NULL) memcpy(alone[2], array[2], classes * sizeof(float));
        for (size_t i = 0; i < rows; i++)
            for (size_t d = 0; d < dim; d++)
                array[0][i * c->grad_embeddings_stride + d] = before[0][i * dim + d] =
                    (float)(i + d) / 64.0f;
        for (size_t j = 0; j < classes; j++)
            for (size_t d = 0; d < dim; d++)
                array[1][j * c->grad_weights_stride + d] = before[1][j * dim + d] =
                    (float)(j * 3 + d) / -128.0f;
        for (size_t j = 0; array[2] != NULL && j < classes; j++)
            array[2][j] = before[2][j] = (float)j;
        c->accumulate = 1;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        for (size_t i = 0; i < rows; i++)
            expect_sum(before[0] + i * dim, alone[0] + i * dim,
                       array[0] + i * c->grad_embeddings_stride, dim);
        for (size_t j = 0; j < classes; j++)
            expect_sum(before[1] + j * dim, alone[1] + j * dim,
                       array[1] + j * c->grad_weights_stride, dim);
        if (array[2] != NULL) expect_sum(before[2], alone[2], array[2], classes);
        for (int k = 0; k < 3 && array[k] != NULL; k++) {
            test_free(alone[k]);
            test_free(before[k]);
        }
        assert_true(problem_free(&p));
    }
}

/* Sums that wait for more rows have no room in an array that holds earlier gradients: the call
 * says how much workspace holds all rows, and that is enough. */
static void adding_needs_all_rows(void **state)
{
    enum { ROWS = 600, DIM = 40, CLASSES = 900 };
    problem p = problem_make(ROWS, DIM, CLASSES, 1, 0, 0);
    margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    (void)state;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    config.workspace_bytes = margin_head_workspace_minimum(context, ROWS, DIM, CLASSES);
    margin_destroy(context);
    assert_status(margin_create(&config, &context), MARGIN_OK);
    assert_status(margin_head_run(context, &p.call), MARGIN_OK);
    p.call.accumulate = 1;
    assert_status(margin_head_run(context, &p.call), MARGIN_ERROR_WORKSPACE);
    config.workspace_bytes = margin_context_fault(context)->bytes;
    margin_destroy(context);
    assert_status(margin_create(&config, &context), MARGIN_OK);
    assert_status(margin_head_run(context, &p.call), MARGIN_OK);
    assert_true(margin_context_workspace_used(context) <= config.workspace_bytes);
    margin_destroy(context);
    assert_true(problem_free(&p));
}

/* softplus(others - z) is the loss of a row, and others that of plain cosines. */
static void others(void **state)
{
    float got[MOST_ROWS];
    (void)state;
    for (size_t s = 0; s < LENGTH_OF(shapes); s++) {
        const size_t *n = shapes[s];
        problem p = problem_make(n[0], n[1], n[2], s, 0, 1);
        const margin_config config = config_of(MARGIN_ARCFACE);
        p.call.row_others = got;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        for (size_t i = 0; i < n[0]; i++) {
            double psi;
            if (p.call.labels[i] < 0) {
                assert_true(got[i] == 0.0f);
                continue;
            }
            margin_psi(&config, (double)p.call.row_angle[i], &psi, NULL);
            const double excess = (double)got[i] - config.scale * psi;
            const double loss = log1p(exp(-fabs(excess))) + fmax(excess, 0.0);
            assert_near("loss", (double)p.call.row_loss[i], loss, 2e-5 * (1.0 + loss));
        }
        assert_true(problem_free(&p));
    }
    const int64_t label = 0;
    const float x = 1.0f;
    margin_head alone = {.size = sizeof alone, .rows = 1, .dim = 1, .classes = 1};
    const margin_config config = config_of(MARGIN_ARCFACE);
    alone.embeddings = alone.weights = &x;
    alone.labels = &label;
    alone.row_others = got;
    assert_status(run(&config, &alone), MARGIN_OK);
    assert_true(got[0] == -FLT_MAX && alone.loss == 0.0);
}

/* ---- what is refused --------------------------------------------------------------------------*/

static void refused(const margin_config *config, const problem *p, const margin_head *call,
                    margin_status status, margin_argument argument, size_t row)
{
    margin_context *context;
    margin_head copy = *call;
    assert_status(margin_create(config, &context), MARGIN_OK);
    assert_status(margin_head_run(context, &copy), status);
    assert_int_equal(margin_context_fault(context)->argument, argument);
    assert_int_equal(margin_context_fault(context)->row, row);
    assert_true(problem_untouched(p));
    margin_destroy(context);
}

static void wrong_values_are_refused(void **state)
{
    problem p = problem_make(20, 16, 30, 1, 0, 0);
    margin_config arcface = config_of(MARGIN_ARCFACE), combined = config_of(MARGIN_COMBINED),
                  keep = config_of(MARGIN_SPHEREFACE);
    margin_head call = p.call;
    (void)state;
    keep.feature_norm = MARGIN_FEATURE_NORM_KEEP;
    fill(MARGIN_ARCFACE);
    call.row_margin = margins;
    margins[7] = 3.2f;
    refused(&arcface, &p, &call, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_ROW_MARGIN, 7);
    margins[7] = NAN;
    refused(&arcface, &p, &call, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_ROW_MARGIN, 7);
    margins[7] = 0.1f;
    refused(&combined, &p, &call, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_ROW_MARGIN, 0);
    call.class_margin = of_class;
    refused(&arcface, &p, &call, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_ROW_MARGIN, 0);
    call.row_margin = NULL;
    of_class[29] = -0.1f;
    refused(&arcface, &p, &call, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_CLASS_MARGIN, 29);
    call.class_margin = NULL;
    call.row_scale = scales;
    refused(&keep, &p, &call, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_ROW_SCALE, 0);
    scales[3] = -1.0f;
    refused(&arcface, &p, &call, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_ROW_SCALE, 3);
    call.size = 0;
    refused(&arcface, &p, &call, MARGIN_ERROR_SIZE, MARGIN_ARGUMENT_NONE, 0);
    assert_true(problem_free(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_have_their_own),      cmocka_unit_test(rows_level_margins),
        cmocka_unit_test(ignored_labels),           cmocka_unit_test(gradients_are_added),
        cmocka_unit_test(adding_needs_all_rows),    cmocka_unit_test(others),
        cmocka_unit_test(wrong_values_are_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
