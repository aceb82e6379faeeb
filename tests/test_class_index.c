/* test_class_index.c: the head over some rows of W: bit for bit the head over a matrix into which
 * these rows were copied, on every path and instruction set, and nothing else of W is read. */
#include "mocka.h"
#include "noise.h"
#include "refusal.h"

/* Rows, dimensions, rows of W, and about how many of these in a thousand: tiles in one block and in
 * shards, dots of few rows and of few classes, planes; runs of rows side by side. */
static const size_t shapes[][4] = {{37, 40, 900, 300},  {50, 24, 9000, 300}, {5, 64, 4000, 300},
                                   {33, 300, 90, 1},    {50, 3, 2100, 300},  {130, 16, 1500, 900},
                                   {20, 17, 400, 1000}, {9, 2, 5000, 50}};

enum { MOST_CLASSES = 9000, MOST_ROWS = 130 };

static int64_t list[MOST_CLASSES], mapped[MOST_ROWS];
static float margins[MOST_CLASSES], own_margins[MOST_CLASSES];

/* What is asked of a call beside loss and gradients. */
typedef struct extras {
    int bias, row_weight, class_weight, class_margin, accumulate, small_workspace;
    double label_smoothing;
} extras;

static size_t sample(const problem *p, size_t thousandths)
{
    margin_context *context = create(MARGIN_ARCFACE);
    margin_sample call = MARGIN_SAMPLE_INIT;
    call.labels = p->call.labels;
    call.rows = p->call.rows;
    call.classes = call.count = call.capacity = p->call.classes;
    call.rate = (double)thousandths / 1000.0;
    call.seed = 9;
    call.class_index = list;
    assert_status(margin_sample_run(context, &call), MARGIN_OK);
    margin_destroy(context);
    return call.found;
}

/* Copies what belongs to the listed classes of p into q, whose classes these are. */
static void gather(const problem *p, problem *q)
{
    const margin_head *from = &p->call;
    memcpy(q->embeddings.at, p->embeddings.at, p->embeddings.bytes);
    memcpy(q->row_weight.at, p->row_weight.at, p->row_weight.bytes);
    for (size_t k = 0; k < q->call.classes; k++) {
        const size_t j = (size_t)list[k];
        memcpy(q->weights.at + k * q->call.weights_stride, p->weights.at + j * from->weights_stride,
               from->dim * sizeof(float));
        q->bias.at[k] = p->bias.at[j];
        q->class_weight.at[k] = p->class_weight.at[j];
        own_margins[k] = margins[j];
        for (size_t i = 0; i < from->rows; i++)
            if (from->labels[i] == list[k]) mapped[i] = (int64_t)k;
    }
    for (size_t i = 0; i < from->rows; i++)
        if (from->labels[i] < 0) mapped[i] = -1;
    q->call.labels = mapped;
}

/* Makes everything of W that is not listed a NaN: reading it would show. */
static void poison(problem *p, size_t rows_of_w, size_t listed)
{
    for (size_t j = 0, k = 0; j < rows_of_w; j++) {
        if (k < listed && list[k] == (int64_t)j) {
            k++;
            continue;
        }
        for (size_t d = 0; d < p->call.dim; d++)
            p->weights.at[j * p->call.weights_stride + d] = NAN;
        p->bias.at[j] = p->class_weight.at[j] = margins[j] = NAN;
    }
}

static void use(const extras *e, const float *class_margin, problem *p)
{
    margin_head *call = &p->call;
    if (e->bias) problem_use_bias(p);
    if (e->row_weight) problem_use_row_weight(p);
    if (e->class_weight) problem_use_class_weight(p);
    if (e->class_margin) call->class_margin = class_margin;
    call->label_smoothing = e->label_smoothing;
    call->accumulate = e->accumulate;
    if (!e->accumulate) return;
    for (size_t n = 0; n < call->rows * call->dim; n++)
        call->grad_embeddings[n / call->dim * call->grad_embeddings_stride + n % call->dim] =
            (float)(n % 17);
    for (size_t n = 0; n < call->classes * call->dim; n++)
        call->grad_weights[n / call->dim * call->grad_weights_stride + n % call->dim] =
            (float)(n % 19);
    for (size_t n = 0; n < call->classes; n++)
        p->grad_bias.at[n] = (float)(n % 23);
}

/* Returns the configuration with the least workspace that the call accepts. */
static margin_config least_workspace(margin_config config, const margin_head *call)
{
    margin_context *context;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    config.workspace_bytes =
        margin_head_workspace_minimum(context, call->rows, call->dim, call->classes);
    margin_destroy(context);
    return config;
}

static void assert_same_outputs(const problem *p, const problem *q)
{
    const problem_hash a = problem_hash_of(p), b = problem_hash_of(q);
    assert_memory_equal(&a, &b, sizeof a);
    assert_true(p->call.loss == q->call.loss && p->call.mean_loss == q->call.mean_loss);
    assert_true(p->call.counted == q->call.counted && p->call.tied == q->call.tied);
    assert_memory_equal(p->row_loss.at, q->row_loss.at, p->row_loss.bytes);
    assert_memory_equal(p->row_angle.at, q->row_angle.at, p->row_angle.bytes);
    assert_memory_equal(p->row_correct.data, q->row_correct.data, p->row_correct.bytes);
    if (p->call.grad_bias != NULL)
        assert_memory_equal(p->grad_bias.at, q->grad_bias.at, q->grad_bias.bytes);
}

/* Runs a shape with one configuration over listed rows of W and over a copy of them. */
static void judge(const size_t *shape, margin_config config, const extras *e, unsigned layout)
{
    problem p = problem_make(shape[0], shape[1], shape[2], shape[0], layout, 1);
    for (size_t j = 0; j < shape[2]; j++)
        margins[j] = 0.1f + (float)(j % 7) / 20.0f;
    const size_t listed = sample(&p, shape[3]);
    problem q = problem_make(shape[0], shape[1], listed, 1, layout, 0);
    gather(&p, &q);
    poison(&p, shape[2], listed);
    p.call.classes = listed;
    p.call.class_index = list;
    use(e, margins, &p);
    use(e, own_margins, &q);
    assert_status(problem_run(&q, &config), MARGIN_OK);
    if (e->small_workspace) config = least_workspace(config, &p.call);
    config.threads = config.threads == 1 ? 3 : 1;
    assert_status(problem_run(&p, &config), MARGIN_OK);
    assert_same_outputs(&p, &q);
    /* dW is as long as the list: behind it nothing is written. */
    const unsigned char *dw = p.grad_weights.data;
    const size_t stride = p.call.grad_weights_stride;
    assert_true(listed < shape[2]
                    ? guard_same(dw + listed * stride * sizeof(float), dw + p.grad_weights.bytes)
                    : shape[3] == 1000);
    p.call.classes = shape[2];
    assert_true(problem_free(&p));
    assert_true(problem_free(&q));
}

/* ---- the same as a gathered matrix ------------------------------------------------------------*/

static void every_loss(void **state)
{
    (void)state;
    for (size_t n = 0; n < LENGTH_OF(shapes) * MARGIN_LOSS_COUNT; n++) {
        margin_config config = config_of((margin_loss)(n / LENGTH_OF(shapes)));
        const extras plain = {.row_weight = n % 2};
        config.threads = 1 + 2 * (int)(n % 3 == 0);
        judge(shapes[n % LENGTH_OF(shapes)], config, &plain, (unsigned)n % PROBLEM_LAYOUTS);
    }
}

static void every_instruction_set(void **state)
{
    (void)state;
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++) {
        if (!margin_isa_usable((margin_isa)isa)) continue;
        for (size_t n = 0; n < LENGTH_OF(shapes); n++) {
            margin_config config = config_of(MARGIN_ARCFACE);
            const extras plain = {0};
            config.isa = (margin_isa)isa;
            judge(shapes[n], config, &plain, 0);
        }
    }
}

/* Biases, weights, margins, smoothing, gradients that are added, little workspace, kept norms. */
static void every_option(void **state)
{
    static const extras options[] = {
        {.bias = 1},
        {.bias = 1, .label_smoothing = 0.1, .accumulate = 1},
        {.class_weight = 1, .label_smoothing = 0.25},
        {.class_margin = 1, .row_weight = 1},
        {.accumulate = 1},
        {.small_workspace = 1, .class_weight = 1},
        {.small_workspace = 1, .label_smoothing = 0.1},
    };
    (void)state;
    for (size_t n = 0; n < LENGTH_OF(shapes) * LENGTH_OF(options); n++) {
        const extras *e = &options[n / LENGTH_OF(shapes)];
        const margin_config config = config_of(e->bias           ? MARGIN_SOFTMAX
                                               : e->class_margin ? MARGIN_COSFACE
                                                                 : MARGIN_ARCFACE);
        judge(shapes[n % LENGTH_OF(shapes)], config, e, (unsigned)n % PROBLEM_LAYOUTS);
    }
    for (size_t n = 0; n < LENGTH_OF(shapes); n++) {
        margin_config config = config_of(MARGIN_SPHEREFACE);
        const extras plain = {0};
        config.feature_norm = MARGIN_FEATURE_NORM_KEEP;
        judge(shapes[n], config, &plain, 3);
    }
}

/* Class weights of extreme lengths are not packed many at a time. */
static void extreme_lengths(void **state)
{
    (void)state;
    for (int k = 0; k < 2; k++) {
        problem p = problem_make(20, 48, 300, 1, 0, 0);
        for (size_t j = 0; j < 300; j++)
            for (size_t d = 0; d < 48; d++)
                p.weights.at[j * 48 + d] *= j % 3 == 0 ? 0x1p-80f : j % 5 == 0 ? 0.0f : 1.0f;
        const size_t listed = sample(&p, 400);
        problem q = problem_make(20, 48, listed, 1, 0, 0);
        const margin_config config = config_of(k == 0 ? MARGIN_ARCFACE : MARGIN_SOFTMAX);
        gather(&p, &q);
        poison(&p, 300, listed);
        p.call.classes = listed;
        p.call.class_index = list;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        assert_status(problem_run(&q, &config), MARGIN_OK);
        assert_same_outputs(&p, &q);
        p.call.classes = 300;
        assert_true(problem_free(&p));
        assert_true(problem_free(&q));
    }
}

/* ---- what is refused --------------------------------------------------------------------------*/

static void refused(problem *p, margin_status status, margin_argument argument, size_t row,
                    int64_t value)
{
    margin_context *context = create(MARGIN_SOFTMAX);
    assert_status(margin_head_run(context, &p->call), status);
    assert_fault("class_index", context, status, argument, row, value);
    assert_true(problem_untouched(p));
    margin_destroy(context);
}

static void refusals(void **state)
{
    problem p = problem_make(10, 8, 60, 1, 0, 0);
    int64_t labels[10] = {3, 7, 3, -1, 59, 7, 3, 3, 3, 7}, index[4] = {3, 7, 20, 59};
    (void)state;
    problem_use_bias(&p);
    problem_use_class_weight(&p);
    p.call.labels = labels;
    p.call.classes = 4;
    p.call.class_index = index;
    const int64_t wrong[][2] = {{1, 3}, {1, 2}, {3, 20}, {0, -1}};
    for (size_t k = 0; k < LENGTH_OF(wrong); k++) {
        const size_t at = (size_t)wrong[k][0];
        const int64_t right = index[at];
        index[at] = wrong[k][1];
        refused(&p, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_CLASS_INDEX, at, wrong[k][1]);
        index[at] = right;
    }
    index[3] = INT64_MAX; /* beyond memory, so nothing there may be looked at */
    refused(&p, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_WEIGHTS, 0, 0);
    index[3] = 59;
    labels[4] = 58;
    refused(&p, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 4, 58);
    labels[4] = 60;
    refused(&p, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 4, 60);
    labels[4] = -2;
    refused(&p, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 4, -2);
    labels[4] = 59;
    p.class_weight.at[20] = -1.0f;
    refused(&p, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_CLASS_WEIGHT, 20, 0);
    p.class_weight.at[20] = 1.0f;
    p.bias.at[59] = INFINITY;
    refused(&p, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_BIAS, 59, 0);
    p.bias.at[59] = 0.0f;
    p.weights.at[20 * 8 + 5] = NAN;
    refused(&p, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_WEIGHTS, 20, 0);
    p.call.classes = 60;
    assert_true(problem_free(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_loss),   cmocka_unit_test(every_instruction_set),
        cmocka_unit_test(every_option), cmocka_unit_test(extreme_lengths),
        cmocka_unit_test(refusals),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
