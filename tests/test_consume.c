/* test_consume.c: gradients that go to a consumer in place of an array: the same bits as stored
 * ones, each class once, on every path, instruction set and number of threads; and nothing reads a
 * class weight once its gradient was handed over. */
#include "mocka.h"
#include "problem.h"

/* The paths: tiles with rows in place and not, dots of few rows and of few classes, planes, one
 * class weight a block of its own; more than one shard. */
static const size_t shapes[][3] = {{37, 48, 700},  {33, 40, 300},  {5, 64, 1200},
                                   {40, 300, 9},   {50, 3, 1700},  {20, 8, 400},
                                   {20, 16, 2100}, {130, 20, 600}, {150, 33, 1260}};

/* A consumer that keeps what it is given in the arrays of a problem, and ruins W behind it. */
typedef struct keeper {
    problem *p;
    int *times;  /* [C]: how often each class came */
    size_t next; /* behind the classes that came last */
    int rising;  /* each piece began where the one before ended */
} keeper;

static void keep(void *user, size_t first, size_t count, const float *gradients, size_t stride,
                 const float *bias_gradients)
{
    keeper *k = user;
    problem *p = k->p;
    const size_t dim = p->call.dim;
    for (size_t j = 0; j < count; j++) {
        float *w = p->weights.at + (first + j) * p->call.weights_stride;
        memcpy(p->grad_weights.at + (first + j) * p->call.grad_weights_stride,
               gradients + j * stride, dim * sizeof *gradients);
        for (size_t d = 0; d < dim; d++)
            w[d] = NAN;
        if (p->call.bias != NULL) {
            p->grad_bias.at[first + j] = bias_gradients[j];
            p->bias.at[first + j] = NAN;
        }
        k->times[first + j]++;
    }
    if (p->call.bias == NULL && bias_gradients != NULL) k->times[first]++;
    k->rising &= first == k->next;
    k->next = first + count;
}

/* A case of a problem: its options follow from the number. */
static problem problem_of(size_t s, margin_config *config)
{
    const size_t *n = shapes[s % LENGTH_OF(shapes)];
    const unsigned layout = (unsigned)(s % 3 == 0 ? 0 : s % PROBLEM_LAYOUTS);
    problem p = problem_make(n[0], n[1], n[2], s, layout, s % 2 == 0);
    if (config->loss == MARGIN_SOFTMAX && s % 2 == 0) problem_use_bias(&p);
    if (config->loss == MARGIN_SPHEREFACE && s % 2 == 0)
        config->feature_norm = MARGIN_FEATURE_NORM_KEEP;
    if (s % 3 == 1) p.call.label_smoothing = 0.1;
    if (s % 4 == 1) problem_use_row_weight(&p);
    return p;
}

/* Runs a problem whose dW is kept by a consumer; returns the status. */
static margin_status run_kept(problem *p, const margin_config *config)
{
    keeper k = {p, test_calloc(p->call.classes, sizeof *k.times), 0, 1};
    float *const dw = p->call.grad_weights, *const db = p->call.grad_bias;
    p->call.grad_weights = p->call.grad_bias = NULL;
    p->call.consume = keep;
    p->call.consume_user = &k;
    const margin_status status = problem_run(p, config);
    p->call.grad_weights = dw;
    p->call.grad_bias = db;
    p->call.consume = NULL;
    for (size_t j = 0; j < p->call.classes; j++)
        assert_int_equal(k.times[j], status == MARGIN_OK);
    if (config->threads == 1) assert_true(k.rising); /* page by page */
    test_free(k.times);
    return status;
}

static void assert_same_bits(const problem *a, const problem *b)
{
    const problem_hash x = problem_hash_of(a), y = problem_hash_of(b);
    assert_true(x.loss == y.loss);
    assert_true(x.grad_embeddings == y.grad_embeddings);
    assert_true(x.grad_weights == y.grad_weights);
}

static void kept_is_stored(void **state)
{
    (void)state;
    for (size_t s = 0; s < LENGTH_OF(shapes) * MARGIN_LOSS_COUNT; s++) {
        margin_config config = config_of((margin_loss)(s / LENGTH_OF(shapes)));
        problem stored = problem_of(s, &config), kept = problem_of(s, &config);
        assert_status(problem_run(&stored, &config), MARGIN_OK);
        for (config.threads = 1; config.threads <= 3; config.threads += 2) {
            assert_status(run_kept(&kept, &config), MARGIN_OK);
            assert_same_bits(&kept, &stored);
            assert_true(problem_free(&kept));
            kept = problem_of(s, &config);
        }
        assert_true(problem_free(&stored));
        assert_true(problem_free(&kept));
    }
}

static void on_every_instruction_set(void **state)
{
    (void)state;
    for (size_t s = 0; s < LENGTH_OF(shapes) * MARGIN_ISA_COUNT; s++) {
        margin_config config = config_of(s % 2 == 0 ? MARGIN_ARCFACE : MARGIN_SOFTMAX);
        config.isa = (margin_isa)(s / LENGTH_OF(shapes));
        if (!margin_isa_usable(config.isa)) continue;
        problem stored = problem_of(s, &config), kept = problem_of(s, &config);
        config.threads = 2;
        assert_status(problem_run(&stored, &config), MARGIN_OK);
        assert_status(run_kept(&kept, &config), MARGIN_OK);
        assert_same_bits(&kept, &stored);
        assert_true(problem_free(&stored));
        assert_true(problem_free(&kept));
    }
}

/* Lengths beyond what the quick kernels take: zero and extreme class weights. */
static void extreme_class_weights(void **state)
{
    (void)state;
    for (size_t s = 0; s < LENGTH_OF(shapes); s++) {
        margin_config config = config_of(MARGIN_COSFACE);
        problem p[2];
        for (size_t k = 0; k < 2; k++) {
            p[k] = problem_of(s, &config);
            for (size_t j = 0; j < p[k].call.classes; j += 3)
                for (size_t d = 0; d < p[k].call.dim; d++)
                    p[k].weights.at[j * p[k].call.weights_stride + d] *=
                        j % 2 == 0 ? 0.0f : 0x1p-70f;
        }
        config.threads = 2;
        assert_status(problem_run(&p[0], &config), MARGIN_OK);
        assert_status(run_kept(&p[1], &config), MARGIN_OK);
        assert_same_bits(&p[1], &p[0]);
        assert_true(problem_free(&p[0]));
        assert_true(problem_free(&p[1]));
    }
}

/* A host's loop of one thread: each item finds all that earlier ones have consumed. */
static void one_by_one(void *user, size_t count, void (*item)(void *, size_t), void *state)
{
    (void)user;
    for (size_t i = 0; i < count; i++)
        item(state, i);
}

/* Where no dW has room for sums that wait, all rows are taken together: in the bytes that a refusal
 * names, with terms that are computed again, and below these not at all. With more, two threads
 * take part, class weights are kept packed, terms too. No [C, D] array is there, only sums of a
 * block. */
static void all_rows_in_the_workspace(void **state)
{
    static const size_t sizes[][3] = {
        {600, 40, 1260}, {300, 48, 1260}, {7, 300, 2600}, {600, 3, 900}};
    (void)state;
    for (size_t s = 0; s < LENGTH_OF(sizes); s++) {
        const size_t *n = sizes[s];
        margin_config config = config_of(MARGIN_ARCFACE);
        margin_context *context;
        problem stored = problem_make(n[0], n[1], n[2], s, 0, 1),
                kept = problem_make(n[0], n[1], n[2], s, 0, 1);
        config.workspace_bytes = 0;
        config.threads = 1;
        assert_status(problem_run(&stored, &config), MARGIN_OK);
        config.workspace_bytes = 1;
        assert_status(problem_context(&config, &context), MARGIN_OK);
        kept.call.consume = keep;
        kept.call.grad_weights = NULL;
        assert_status(margin_head_run(context, &kept.call), MARGIN_ERROR_WORKSPACE);
        kept.call.grad_weights = kept.grad_weights.at;
        assert_true(problem_untouched(&kept));
        config.workspace_bytes = margin_context_fault(context)->bytes;
        if (s == 2) assert_true(config.workspace_bytes < n[1] * n[2] * sizeof(float) / 2);
        margin_destroy(context);
        assert_true(problem_free(&kept));
        const size_t least = config.workspace_bytes;
        config.threads = 2;
        config.parallel = one_by_one;
        for (size_t quarters = 4; quarters <= 12; quarters++) {
            config.workspace_bytes = least / 4 * quarters + least % 4;
            kept = problem_make(n[0], n[1], n[2], s, 0, 1);
            assert_status(run_kept(&kept, &config), MARGIN_OK);
            assert_same_bits(&kept, &stored);
            assert_true(problem_free(&kept));
        }
        config.workspace_bytes = least - 1;
        kept = problem_make(n[0], n[1], n[2], s, 0, 1);
        assert_status(run_kept(&kept, &config), MARGIN_ERROR_WORKSPACE);
        assert_true(problem_untouched(&kept));
        assert_true(problem_free(&kept));
        assert_true(problem_free(&stored));
    }
}

/* A call that is refused consumes nothing; both ways for dW at once are refused. */
static void refusals(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    problem p = problem_make(20, 40, 300, 1, 0, 0);
    margin_context *context;
    (void)state;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    p.call.consume = keep;
    assert_status(margin_head_run(context, &p.call), MARGIN_ERROR_CONFIG);
    assert_int_equal(margin_context_fault(context)->argument, MARGIN_ARGUMENT_WEIGHTS);
    assert_true(problem_untouched(&p));
    margin_destroy(context);
    p.weights.at[299 * 40] = INFINITY;
    assert_status(run_kept(&p, &config), MARGIN_ERROR_NONFINITE);
    p.weights.at[299 * 40] = 1.0f;
    ((int64_t *)p.labels.data)[19] = 300;
    assert_status(run_kept(&p, &config), MARGIN_ERROR_LABEL);
    assert_true(problem_untouched(&p));
    assert_true(problem_free(&p));
}

/* With accumulate dX is added to, and the consumer gets dW alone. */
static void beside_added_embeddings(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    problem stored = problem_make(20, 40, 300, 1, 0, 0), kept = problem_make(20, 40, 300, 1, 0, 0);
    (void)state;
    assert_status(problem_run(&stored, &config), MARGIN_OK);
    memset(kept.grad_embeddings.data, 0, kept.grad_embeddings.bytes);
    kept.call.accumulate = 1;
    assert_status(run_kept(&kept, &config), MARGIN_OK);
    assert_same_bits(&kept, &stored);
    assert_true(problem_free(&stored));
    assert_true(problem_free(&kept));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(kept_is_stored),
        cmocka_unit_test(on_every_instruction_set),
        cmocka_unit_test(extreme_class_weights),
        cmocka_unit_test(all_rows_in_the_workspace),
        cmocka_unit_test(refusals),
        cmocka_unit_test(beside_added_embeddings),
    };
    return cmocka_run_group_tests_name("consume", tests, NULL, NULL);
}
