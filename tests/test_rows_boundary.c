/* test_rows_boundary.c: what the rows level refuses: the status, the argument and row named, and
 * that no output is touched. */
#include "refusal.h"

enum { ROWS = 5, CLASSES = 3 };

typedef struct rows_trial {
    margin_context *context;
    rows_problem p;
    int64_t *labels;
} rows_trial;

static rows_trial fresh_rows(margin_loss loss)
{
    rows_trial t = {.context = create(loss), .p = rows_problem_make(ROWS, CLASSES, 7, 1, 1)};
    t.labels = t.p.labels.data;
    t.p.call.row_scale = t.p.row_scale.at;
    t.p.call.row_weight = t.p.row_weight.at;
    return t;
}

static void refuse_rows(rows_trial *t, const char *what, margin_status status,
                        margin_argument argument, size_t row, int64_t value)
{
    const margin_status got = margin_rows_run(t->context, &t->p.call);
    if (got != status) fail_msg("%s: %s", what, margin_status_text(got));
    if (!rows_problem_untouched(&t->p)) fail_msg("%s: an output was touched", what);
    assert_fault(what, t->context, status, argument, row, value);
    margin_destroy(t->context);
    t->p.call.classes = t->p.call.logits_stride = CLASSES;
    rows_problem_free(&t->p);
}

/* Logits are read once, so gradients of good rows may be written; not in the logits' place. */
static void refuse_logits(size_t row, size_t class_index, float bad)
{
    for (int in_place = 0; in_place < 2; in_place++) {
        rows_trial t = fresh_rows(MARGIN_ARCFACE);
        margin_rows *call = &t.p.call;
        t.p.logits.at[row * call->logits_stride + class_index] = bad;
        t.p.logits.at[(ROWS - 1) * call->logits_stride] = NAN; /* the first one counts */
        const size_t bytes = (ROWS * call->logits_stride - 1) * sizeof(float);
        float *before = malloc(bytes);
        assert_non_null(before);
        memcpy(before, t.p.logits.at, bytes);
        if (in_place) call->grad_logits = t.p.logits.at;
        assert_status(margin_rows_run(t.context, call), MARGIN_ERROR_NONFINITE);
        assert_memory_equal(before, t.p.logits.at, bytes);
        assert_true(guard_untouched(&t.p.row_loss) && call->loss == 0.0 && call->counted == 0);
        assert_fault("logits", t.context, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_LOGITS, row, 0);
        margin_destroy(t.context);
        assert_true(rows_problem_free(&t.p));
        free(before);
    }
}

static void rows_refusals(void **state)
{
    rows_trial t;
    (void)state;
    const margin_argument scale = MARGIN_ARGUMENT_ROW_SCALE;
    margin_context *none = create(MARGIN_ARCFACE);
    margin_rows rows = MARGIN_ROWS_INIT;
    assert_status(margin_rows_run(none, NULL), MARGIN_ERROR_NULL);
    assert_status(margin_rows_run(NULL, &rows), MARGIN_ERROR_NULL);
    margin_destroy(none);
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.call.logits = NULL;
    refuse_rows(&t, "no logits", MARGIN_ERROR_NULL, MARGIN_ARGUMENT_LOGITS, 0, 0);
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.call.labels = NULL;
    refuse_rows(&t, "no labels", MARGIN_ERROR_NULL, MARGIN_ARGUMENT_LABELS, 0, 0);
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.call.rows = 0;
    refuse_rows(&t, "no rows", MARGIN_ERROR_SHAPE, ANY_ARGUMENT, 0, 0);
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.call.classes = 0;
    refuse_rows(&t, "no classes", MARGIN_ERROR_SHAPE, ANY_ARGUMENT, 0, 0);
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.call.rows = SIZE_MAX;
    refuse_rows(&t, "huge rows", MARGIN_ERROR_SHAPE, ANY_ARGUMENT, 0, 0);
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.call.classes = SIZE_MAX / 2;
    refuse_rows(&t, "huge classes", MARGIN_ERROR_SHAPE, ANY_ARGUMENT, 0, 0);
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.call.logits_stride = 2;
    refuse_rows(&t, "short stride", MARGIN_ERROR_SHAPE, ANY_ARGUMENT, 0, 0);
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.call.grad_logits_stride = 2;
    refuse_rows(&t, "short stride of the gradient", MARGIN_ERROR_SHAPE, ANY_ARGUMENT, 0, 0);
    t = fresh_rows(MARGIN_ARCFACE);
    t.labels[4] = CLASSES;
    refuse_rows(&t, "label", MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 4, CLASSES);
    t = fresh_rows(MARGIN_ARCFACE);
    t.labels[1] = -2;
    refuse_rows(&t, "label", MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 1, -2);
    const float bad[] = {NAN, INFINITY, -INFINITY};
    for (size_t k = 0; k < LENGTH_OF(bad); k++) {
        for (size_t i = 0; i < ROWS; i++) {
            refuse_logits(i, k, bad[k]);
            t = fresh_rows(MARGIN_ARCFACE);
            t.p.row_weight.at[i] = bad[k];
            refuse_rows(&t, "row_weight", MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_ROW_WEIGHT, i, 0);
            t = fresh_rows(MARGIN_ARCFACE);
            t.p.row_scale.at[i] = bad[k];
            refuse_rows(&t, "row_scale", MARGIN_ERROR_NONFINITE, scale, i, 0);
        }
    }
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.call.label_smoothing = 1.0;
    refuse_rows(&t, "label_smoothing", MARGIN_ERROR_CONFIG, ANY_ARGUMENT, 0, 0);
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.call.class_weight = t.p.class_weight.at;
    t.p.class_weight.at[1] = -1.0f;
    refuse_rows(&t, "class_weight", MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_CLASS_WEIGHT, 1, 0);
    t = fresh_rows(MARGIN_ARCFACE);
    t.p.row_scale.at[3] = -1.0f;
    refuse_rows(&t, "negative row_scale", MARGIN_ERROR_NONFINITE, scale, 3, 0);
}

static void rows_keep_needs_lengths(void **state)
{
    margin_config config = config_of(MARGIN_SPHEREFACE);
    rows_trial t = {.p = rows_problem_make(ROWS, CLASSES, 7, 1, 1)};
    (void)state;
    config.feature_norm = MARGIN_FEATURE_NORM_KEEP;
    assert_status(problem_context(&config, &t.context), MARGIN_OK);
    refuse_rows(&t, "keep", MARGIN_ERROR_NULL, MARGIN_ARGUMENT_ROW_SCALE, 0, 0);
    t.p = rows_problem_make(ROWS, CLASSES, 7, 1, 1);
    t.p.call.row_scale = t.p.row_scale.at;
    assert_status(rows_problem_run(&t.p, &config), MARGIN_OK);
    assert_true(rows_problem_free(&t.p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(rows_refusals),
        cmocka_unit_test(rows_keep_needs_lengths),
    };
    return cmocka_run_group_tests_name("rows_boundary", tests, NULL, NULL);
}
