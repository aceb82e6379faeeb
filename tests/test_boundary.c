/* test_boundary.c: what the head refuses: the status, the argument and row named, and that no
 * output is touched. */
#include "refusal.h"

enum { ROWS = 5, DIM = 4, CLASSES = 3 };

/* ---- head level -------------------------------------------------------------------------------*/

/* A good call, in which a test spoils one thing. */
typedef struct head_trial {
    margin_context *context;
    problem p;
    int64_t *labels;
} head_trial;

static head_trial fresh_head(margin_loss loss)
{
    head_trial t = {.context = create(loss), .p = problem_make(ROWS, DIM, CLASSES, 7, 1, 1)};
    t.labels = t.p.labels.data;
    if (!margin_loss_get(loss)->normalised) problem_use_bias(&t.p);
    return t;
}

static void refuse_head(head_trial *t, const char *what, margin_status status,
                        margin_argument argument, size_t row, int64_t value)
{
    const margin_status got = margin_head_run(t->context, &t->p.call);
    if (got != status) fail_msg("%s: %s", what, margin_status_text(got));
    if (!problem_untouched(&t->p)) fail_msg("%s: an output was touched", what);
    assert_fault(what, t->context, status, argument, row, value);
    margin_destroy(t->context);
    t->p.call.dim = DIM;
    t->p.call.grad_embeddings_stride = t->p.call.grad_weights_stride = DIM;
    problem_free(&t->p);
}

static void head_null(void **state)
{
    head_trial t;
    (void)state;
    margin_context *context = create(MARGIN_ARCFACE);
    margin_head head = MARGIN_HEAD_INIT;
    assert_status(margin_head_run(context, NULL), MARGIN_ERROR_NULL);
    assert_fault("no call", context, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_NONE, 0, 0);
    assert_null(margin_context_config(NULL));
    assert_fault("no context", NULL, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_NONE, 0, 0);
    assert_int_equal(margin_context_workspace_used(NULL), 0);
    assert_int_equal(margin_head_workspace_minimum(NULL, 4, 4, 4), 0);
    assert_status(margin_head_run(NULL, &head), MARGIN_ERROR_NULL);
    margin_destroy(context);
    const margin_status null = MARGIN_ERROR_NULL;
    t = fresh_head(MARGIN_ARCFACE);
    t.p.call.embeddings = NULL;
    refuse_head(&t, "no embeddings", null, MARGIN_ARGUMENT_EMBEDDINGS, 0, 0);
    t = fresh_head(MARGIN_ARCFACE);
    t.p.call.weights = NULL;
    refuse_head(&t, "no weights", null, MARGIN_ARGUMENT_WEIGHTS, 0, 0);
    t = fresh_head(MARGIN_ARCFACE);
    t.p.call.labels = NULL;
    refuse_head(&t, "no labels", null, MARGIN_ARGUMENT_LABELS, 0, 0);
    t = fresh_head(MARGIN_SOFTMAX);
    t.p.call.bias = NULL;
    refuse_head(&t, "grad_bias without bias", null, ANY_ARGUMENT, 0, 0);
}

static void head_shapes(void **state)
{
    head_trial t;
    (void)state;
    const margin_status shape = MARGIN_ERROR_SHAPE;
    t = fresh_head(MARGIN_ARCFACE);
    t.p.call.rows = 0;
    refuse_head(&t, "no rows", shape, ANY_ARGUMENT, 0, 0);
    t = fresh_head(MARGIN_ARCFACE);
    t.p.call.dim = 0;
    refuse_head(&t, "no dim", shape, ANY_ARGUMENT, 0, 0);
    t = fresh_head(MARGIN_ARCFACE);
    t.p.call.classes = 0;
    refuse_head(&t, "no classes", shape, ANY_ARGUMENT, 0, 0);
    t = fresh_head(MARGIN_ARCFACE);
    t.p.call.embeddings_stride = 3;
    refuse_head(&t, "embeddings_stride", shape, MARGIN_ARGUMENT_EMBEDDINGS, 0, 0);
    t = fresh_head(MARGIN_ARCFACE);
    t.p.call.weights_stride = 1;
    refuse_head(&t, "weights_stride", shape, MARGIN_ARGUMENT_WEIGHTS, 0, 0);
    t = fresh_head(MARGIN_ARCFACE);
    t.p.call.grad_embeddings_stride = 3;
    refuse_head(&t, "grad_embeddings_stride", shape, MARGIN_ARGUMENT_EMBEDDINGS, 0, 0);
    t = fresh_head(MARGIN_ARCFACE);
    t.p.call.grad_weights_stride = 3;
    refuse_head(&t, "grad_weights_stride", shape, MARGIN_ARGUMENT_WEIGHTS, 0, 0);
}

/* Sizes whose products overflow must be refused before anything is read. */
static void head_overflow(void **state)
{
    head_trial t;
    (void)state;
    const margin_status shape = MARGIN_ERROR_SHAPE;
    const size_t huge[] = {SIZE_MAX, SIZE_MAX / 2, SIZE_MAX / 4, (size_t)1 << 62};
    for (size_t i = 0; i < LENGTH_OF(huge); i++) {
        t = fresh_head(MARGIN_ARCFACE);
        t.p.call.rows = huge[i];
        refuse_head(&t, "huge rows", shape, ANY_ARGUMENT, 0, 0);
        t = fresh_head(MARGIN_ARCFACE);
        t.p.call.classes = huge[i];
        refuse_head(&t, "huge classes", shape, ANY_ARGUMENT, 0, 0);
        t = fresh_head(MARGIN_ARCFACE);
        t.p.call.embeddings_stride = t.p.call.weights_stride = 0;
        t.p.call.grad_embeddings_stride = t.p.call.grad_weights_stride = 0;
        t.p.call.dim = huge[i];
        refuse_head(&t, "huge dim", shape, ANY_ARGUMENT, 0, 0);
        t = fresh_head(MARGIN_ARCFACE);
        t.p.call.embeddings_stride = huge[i];
        refuse_head(&t, "huge stride", shape, ANY_ARGUMENT, 0, 0);
    }
    margin_context *context = create(MARGIN_ARCFACE);
    assert_int_equal(margin_head_workspace_minimum(context, 0, 4, 4), 0);
    assert_int_equal(margin_head_workspace_minimum(context, 4, 0, 4), 0);
    assert_int_equal(margin_head_workspace_minimum(context, 4, 4, 0), 0);
    assert_int_equal(margin_head_workspace_minimum(context, SIZE_MAX, SIZE_MAX, SIZE_MAX), 0);
    assert_int_equal(margin_head_workspace_minimum(context, 4, (size_t)1 << 60, 1000), 0);
    margin_destroy(context);
}

static void head_labels(void **state)
{
    head_trial t;
    (void)state;
    const margin_status status = MARGIN_ERROR_LABEL;
    const margin_argument about = MARGIN_ARGUMENT_LABELS;
    t = fresh_head(MARGIN_ARCFACE);
    t.labels[2] = CLASSES;
    refuse_head(&t, "label C", status, about, 2, CLASSES);
    t = fresh_head(MARGIN_ARCFACE);
    t.labels[0] = -2;
    refuse_head(&t, "label -2", status, about, 0, -2);
    t = fresh_head(MARGIN_SOFTMAX);
    t.labels[4] = INT64_MIN;
    refuse_head(&t, "least label", status, about, 4, INT64_MIN);
    t = fresh_head(MARGIN_COSFACE);
    t.labels[4] = INT64_MAX;
    refuse_head(&t, "largest label", status, about, 4, INT64_MAX);
    t = fresh_head(MARGIN_COSFACE);
    t.labels[1] = (int64_t)1 << 32;
    refuse_head(&t, "label 2^32", status, about, 1, (int64_t)1 << 32);
    t = fresh_head(MARGIN_ARCFACE);
    t.labels[1] = 3;
    t.labels[4] = 9;
    refuse_head(&t, "the first of two", status, about, 1, 3);
}

/* Each element of each input in turn, each kind of non-finite value. */
static void head_nonfinite(void **state)
{
    head_trial t;
    const float bad[] = {NAN, INFINITY, -INFINITY};
    const margin_loss losses[] = {MARGIN_ARCFACE, MARGIN_SOFTMAX, MARGIN_SPHEREFACE};
    const margin_status status = MARGIN_ERROR_NONFINITE;
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(bad); k++) {
        for (size_t i = 0; i < ROWS; i++) {
            for (size_t d = 0; d < DIM; d++) {
                t = fresh_head(losses[(i + d) % LENGTH_OF(losses)]);
                t.p.embeddings.at[i * t.p.call.embeddings_stride + d] = bad[k];
                refuse_head(&t, "embeddings", status, MARGIN_ARGUMENT_EMBEDDINGS, i, 0);
                if (i >= CLASSES) continue;
                t = fresh_head(losses[(i + d) % LENGTH_OF(losses)]);
                t.p.weights.at[i * t.p.call.weights_stride + d] = bad[k];
                refuse_head(&t, "weights", status, MARGIN_ARGUMENT_WEIGHTS, i, 0);
            }
            t = fresh_head(MARGIN_COSFACE);
            problem_use_row_weight(&t.p);
            t.p.row_weight.at[i] = bad[k];
            refuse_head(&t, "row_weight", status, MARGIN_ARGUMENT_ROW_WEIGHT, i, 0);
            if (i >= CLASSES) continue;
            t = fresh_head(MARGIN_COSFACE);
            problem_use_class_weight(&t.p);
            t.p.class_weight.at[i] = bad[k];
            refuse_head(&t, "class_weight", status, MARGIN_ARGUMENT_CLASS_WEIGHT, i, 0);
            t = fresh_head(MARGIN_SOFTMAX);
            t.p.bias.at[i] = bad[k];
            refuse_head(&t, "bias", status, MARGIN_ARGUMENT_BIAS, i, 0);
        }
    }
}

/* Factors that no weighted mean and no distribution has. */
static void head_factors(void **state)
{
    const double bad[] = {-0.1, 1.0, 1.5, NAN, INFINITY};
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(bad); k++) {
        head_trial t = fresh_head(MARGIN_ARCFACE);
        t.p.call.label_smoothing = bad[k];
        refuse_head(&t, "label_smoothing", MARGIN_ERROR_CONFIG, ANY_ARGUMENT, 0, 0);
    }
    head_trial t = fresh_head(MARGIN_ARCFACE);
    problem_use_class_weight(&t.p);
    t.p.class_weight.at[1] = -1.0f;
    refuse_head(&t, "class_weight", MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_CLASS_WEIGHT, 1, 0);
}

/* In a wide row, in a later block of classes, in a later row block: everywhere. */
static void head_nonfinite_far_off(void **state)
{
    const size_t where[] = {0, 15, 16, 63, 129, 300, 599};
    margin_config config = config_of(MARGIN_ARCFACE);
    (void)state;
    for (size_t i = 0; i < 2 * LENGTH_OF(where); i++) {
        const size_t k = i / 2, dim = i % 2 ? 33 : 5; /* both paths of the head */
        head_trial t = {.context = create(MARGIN_ARCFACE),
                        .p = problem_make(300, dim, 600, 3, 2, 1)};
        config.threads = 2;
        config.workspace_bytes = 4 * margin_head_workspace_minimum(t.context, 300, dim, 600);
        margin_destroy(t.context);
        assert_status(problem_context(&config, &t.context), MARGIN_OK);
        t.p.weights.at[where[k] * t.p.call.weights_stride + where[k] % dim] = NAN;
        t.p.weights.at[599 * t.p.call.weights_stride] = INFINITY;
        refuse_head(&t, "weights far off", MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_WEIGHTS,
                    where[k], 0);
    }
}

/* Huge but finite values are no fault: their squares overflow float32, nothing else does. */
static void head_huge_is_finite(void **state)
{
    (void)state;
    problem p = problem_make(ROWS, DIM, CLASSES, 7, 1, 1);
    margin_config config = config_of(MARGIN_ARCFACE);
    for (size_t d = 0; d < DIM; d++)
        p.embeddings.at[d] = p.weights.at[d] = 3.4e38f;
    assert_status(problem_run(&p, &config), MARGIN_OK);
    assert_true(isfinite(p.call.loss));
    assert_true(problem_free(&p));
}

static void head_bias(void **state)
{
    head_trial t;
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        if (!margin_loss_get((margin_loss)k)->normalised) continue;
        t = fresh_head((margin_loss)k);
        t.p.call.bias = t.p.bias.at;
        refuse_head(&t, "bias", MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_BIAS, 0, 0);
    }
}

/* A context serves on after a refusal, and keeps what the refusal was. */
static void head_after_a_refusal(void **state)
{
    (void)state;
    margin_context *context = create(MARGIN_ARCFACE);
    problem p = problem_make(ROWS, DIM, CLASSES, 7, 0, 1);
    int64_t *const labels = p.labels.data;
    const int64_t kept = labels[1];
    labels[1] = 77;
    assert_status(margin_head_run(context, &p.call), MARGIN_ERROR_LABEL);
    labels[1] = kept;
    assert_status(margin_head_run(context, &p.call), MARGIN_OK);
    assert_int_equal(margin_context_fault(context)->value, 77);
    margin_destroy(context);
    assert_true(problem_free(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(head_null),
        cmocka_unit_test(head_shapes),
        cmocka_unit_test(head_overflow),
        cmocka_unit_test(head_labels),
        cmocka_unit_test(head_nonfinite),
        cmocka_unit_test(head_factors),
        cmocka_unit_test(head_nonfinite_far_off),
        cmocka_unit_test(head_huge_is_finite),
        cmocka_unit_test(head_bias),
        cmocka_unit_test(head_after_a_refusal),
    };
    return cmocka_run_group_tests_name("boundary", tests, NULL, NULL);
}
