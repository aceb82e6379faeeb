/* test_shards.c: a head whose classes several shards hold has the bits of one call with all
 * classes, wherever it is cut; and heads of so many classes that a shard is summed in cells are
 * right. Each shard here is a context of its own in one process: what goes from one to another is
 * copied. */
#include "margin_shards.h"
#include "plain_head.h"
#include "refusal.h"

/* ---- a head in shards ---- */

enum { MOST_SHARDS = 7 };

typedef struct sharded {
    problem *p;
    size_t dim, cells, shards; /* dim counts a bias */
    size_t cuts[MOST_SHARDS + 1];
    float *targets, *target_bias;
    margin_context *context[MOST_SHARDS];
    margin_head call[MOST_SHARDS];
    size_t first_node[MOST_SHARDS + 1]; /* of all nodes */
    margin_shard_stats *stats;          /* [nodes][N] */
} sharded;

static size_t class_at(const sharded *s, size_t cut)
{
    return margin_shard_cut(s->p->call.rows, s->dim, s->p->call.classes, s->cuts[cut]);
}

/* Copies the class weights (and biases) of the rows' labels. */
static void gather_targets(sharded *s)
{
    const margin_head *h = &s->p->call;
    s->targets = test_calloc(h->rows * h->dim, sizeof *s->targets);
    if (h->bias != NULL) s->target_bias = test_calloc(h->rows, sizeof *s->target_bias);
    for (size_t i = 0; i < h->rows; i++) {
        if (h->labels[i] < 0) continue;
        const size_t j = (size_t)h->labels[i];
        memcpy(s->targets + i * h->dim, h->weights + j * h->weights_stride,
               h->dim * sizeof *s->targets);
        if (h->bias != NULL) s->target_bias[i] = h->bias[j];
    }
}

/* Sets the cells that shards begin with: even, or very uneven with empty ones. */
static void cut(sharded *s, size_t shards, int uneven)
{
    s->shards = shards;
    for (size_t k = 0; k <= shards; k++) {
        s->cuts[k] = k * s->cells / shards;
        if (uneven && k > 0 && k < shards) s->cuts[k] = k < 3 ? 1 : s->cells - 1;
    }
}

static sharded make(problem *p, const margin_config *config, size_t shards, int uneven)
{
    const margin_head *h = &p->call;
    sharded s = {.p = p, .dim = h->dim + (h->bias != NULL)};
    s.cells = margin_shard_cells(h->rows, s.dim, h->classes);
    assert_true(s.cells > 1);
    cut(&s, shards, uneven);
    gather_targets(&s);
    for (size_t k = 0; k < shards; k++) {
        assert_status(problem_context(config, &s.context[k]), MARGIN_OK);
        s.first_node[k + 1] = s.first_node[k] + margin_shard_nodes(h->rows, s.dim, h->classes,
                                                                   s.cuts[k], s.cuts[k + 1]);
        margin_head *c = &s.call[k];
        const size_t first = class_at(&s, k);
        *c = *h;
        c->classes = class_at(&s, k + 1) - first;
        c->weights += first * h->weights_stride;
        c->grad_weights += first * h->grad_weights_stride;
        if (h->bias != NULL) c->bias += first;
        if (h->bias != NULL) c->grad_bias += first;
        if (c->classes == 0) {
            c->weights = c->bias = NULL;
            c->grad_weights = c->grad_bias = NULL;
        }
    }
    s.stats = test_calloc(s.first_node[shards] * h->rows, sizeof *s.stats);
    return s;
}

static void release(sharded *s)
{
    for (size_t k = 0; k < s->shards; k++)
        margin_destroy(s->context[k]);
    test_free(s->targets);
    if (s->target_bias != NULL) test_free(s->target_bias);
    test_free(s->stats);
}

static margin_shard shard_of(const sharded *s, size_t k, double measure)
{
    margin_shard shard = MARGIN_SHARD_INIT;
    shard.classes = s->p->call.classes;
    shard.shards = s->shards;
    shard.here = k;
    shard.cuts = s->cuts;
    shard.targets = s->targets;
    shard.target_bias = s->target_bias;
    shard.measure = measure;
    shard.want_embeddings = 1;
    return shard;
}

static void forward(sharded *s)
{
    double measure = 0.0;
    for (size_t k = 0; k < s->shards; k++) {
        double own;
        assert_status(margin_shard_measure(s->context[k], &s->call[k], &own), MARGIN_OK);
        measure = fmax(measure, own);
    }
    for (size_t k = 0; k < s->shards; k++) {
        const margin_shard shard = shard_of(s, k, measure);
        margin_shard_stats *stats = s->stats + s->first_node[k] * s->p->call.rows;
        const margin_status status =
            margin_shard_forward(s->context[k], &s->call[k], &shard, stats);
        if (status != MARGIN_OK) fail_msg("%s", margin_context_fault(s->context[k])->detail);
    }
}

/* Shard `owner` writes dX of its share of the rows, of the parts of all shards. */
static void gradient(sharded *s, size_t owner)
{
    const margin_head *h = &s->p->call;
    const size_t first = owner * h->rows / s->shards, width = margin_shard_width(h->dim);
    const size_t count = (owner + 1) * h->rows / s->shards - first;
    float *parts = test_calloc(s->first_node[s->shards] * count * width + 1, sizeof *parts);
    for (size_t k = 0; k < s->shards; k++)
        for (size_t n = s->first_node[k]; n < s->first_node[k + 1]; n++)
            assert_status(margin_shard_part(s->context[k], n - s->first_node[k], first, count,
                                            parts + n * count * width),
                          MARGIN_OK);
    float *dx = h->grad_embeddings + first * h->grad_embeddings_stride;
    assert_status(margin_shard_gradient(s->context[owner], first, count, parts, dx,
                                        h->grad_embeddings_stride),
                  MARGIN_OK);
    test_free(parts);
}

/* Takes the problem through all stages, backward before the gradient where `turned`. */
static void run(sharded *s, int turned)
{
    forward(s);
    for (size_t k = 0; k < s->shards; k++)
        assert_status(margin_shard_combine(s->context[k], s->stats), MARGIN_OK);
    for (int twice = 0; twice < 2; twice++)
        for (size_t k = 0; k < s->shards; k++) {
            if (twice != turned) {
                assert_status(margin_shard_backward(s->context[k]), MARGIN_OK);
            } else {
                gradient(s, k);
            }
        }
    for (size_t k = 1; k < s->shards; k++)
        assert_memory_equal(&s->call[k].loss, &s->call[0].loss, sizeof(double));
    s->p->call.loss = s->call[0].loss;
    s->p->call.mean_loss = s->call[0].mean_loss;
    s->p->call.counted = s->call[0].counted;
    s->p->call.tied = s->call[0].tied;
}

static problem problem_of(const margin_config *config, const size_t *size, unsigned k)
{
    problem p = problem_make(size[0], size[1], size[2], 11, k % PROBLEM_LAYOUTS, 1);
    if (config->loss == MARGIN_SOFTMAX) problem_use_bias(&p);
    if (k % 2 == 1) problem_use_row_weight(&p);
    if (k % 3 == 1) problem_use_class_weight(&p);
    return p;
}

/* Compares shards with one call. */
static void compare(const margin_config *config, const size_t *size, unsigned k)
{
    problem whole = problem_of(config, size, k);
    assert_status(problem_run(&whole, config), MARGIN_OK);
    const problem_hash a = problem_hash_of(&whole);
    for (size_t shards = 1; shards <= MOST_SHARDS; shards += shards < 4 ? 1 : 3) {
        problem p = problem_of(config, size, k);
        sharded s = make(&p, config, shards, shards > 2 && (k + shards) % 2 == 0);
        run(&s, shards % 2 == 0);
        const problem_hash b = problem_hash_of(&p);
        if (a.loss != b.loss || a.grad_embeddings != b.grad_embeddings ||
            a.grad_weights != b.grad_weights || p.call.counted != whole.call.counted ||
            p.call.tied != whole.call.tied)
            fail_msg("%s %zux%zux%zu in %zu shards on %d threads: the bits differ",
                     margin_loss_get(config->loss)->name, size[0], size[1], size[2], shards,
                     config->threads);
        release(&s);
        assert_true(problem_free(&p));
    }
    assert_true(problem_free(&whole));
}

/* Of each: rows, dimensions, classes. The last two have shards of several cells. */
static const size_t sizes[][3] = {{40, 20, 2100},  {5, 33, 4000},    {130, 12, 8300},
                                  {33, 70, 12000}, {17, 10, 100000}, {6, 9, 70000}};

static void shards_have_the_bits_of_one_call(void **state)
{
    (void)state;
    unsigned k = 0;
    for (int loss = 0; margin_loss_get((margin_loss)loss) != NULL; loss++)
        for (size_t n = 0; n < LENGTH_OF(sizes); n++, k++) {
            if (n > 3 && loss % 3 != (int)n % 3) continue;
            margin_config config = config_of((margin_loss)loss);
            config.threads = 1 + (int)(k % 2);
            if (config.loss == MARGIN_SPHEREFACE && k % 2 == 0)
                config.feature_norm = MARGIN_FEATURE_NORM_KEEP;
            compare(&config, sizes[n], k);
        }
}

static void scalar_shards_have_the_bits_of_one_scalar_call(void **state)
{
    (void)state;
    margin_config config = config_of(MARGIN_ARCFACE);
    config.isa = MARGIN_ISA_SCALAR;
    for (unsigned n = 0; n < LENGTH_OF(sizes); n += 2)
        compare(&config, sizes[n], n);
}

/* ---- many classes ---- */

/* Shards of 8 cells: threads, instruction sets and little workspace change no bit, and the numbers
 * are those of plain loops. */
static void cells_are_right(void **state)
{
    (void)state;
    const size_t size[3] = {20, 9, 260000};
    margin_config config = config_of(MARGIN_ARCFACE);
    problem p = problem_of(&config, size, 0);
    assert_true(margin_shard_cells(size[0], size[1], size[2]) == 128);
    /* Each row has a nearer class than its own, in cells all over the shards. */
    for (size_t i = 0; i < size[0]; i++)
        memcpy(p.weights.at + (i * 12999 + 1) * p.call.weights_stride,
               p.call.embeddings + i * p.call.embeddings_stride, size[1] * sizeof(float));
    assert_status(problem_run(&p, &config), MARGIN_OK);
    const problem_hash first = problem_hash_of(&p);
    for (int threads = 1; threads <= 5; threads += 2) {
        config.threads = threads;
        assert_status(problem_run(&p, &config), MARGIN_OK);
        const problem_hash again = problem_hash_of(&p);
        assert_memory_equal(&first, &again, sizeof first);
    }
    const size_t n = size[0], d = size[1], c = size[2];
    plain_head h = {.config = &config, .rows = n, .dim = d, .classes = c, .labels = p.call.labels};
    h.x = test_calloc(n * d, sizeof(double));
    h.w = test_calloc(c * d, sizeof(double));
    for (size_t i = 0; i < n * d; i++)
        h.x[i] = (double)p.call.embeddings[i / d * p.call.embeddings_stride + i % d];
    for (size_t i = 0; i < c * d; i++)
        h.w[i] = (double)p.call.weights[i / d * p.call.weights_stride + i % d];
    h.row_loss = test_calloc(n, sizeof(double));
    h.theta = test_calloc(n, sizeof(double));
    h.correct = test_calloc(n, 1);
    h.dx = test_calloc(n * d, sizeof(double));
    h.dw = test_calloc(c * d, sizeof(double));
    h.db = test_calloc(c, sizeof(double));
    plain_head_run(&h);
    assert_float_equal(p.call.loss, h.objective, 1e-5);
    assert_memory_equal(p.call.row_correct, h.correct, n);
    for (size_t i = 0; i < n * d; i++) {
        const double ours =
            (double)p.call.grad_embeddings[i / d * p.call.grad_embeddings_stride + i % d];
        assert_float_equal(ours, h.dx[i], 2e-5);
    }
    test_free(h.x), test_free(h.w), test_free(h.row_loss), test_free(h.theta);
    test_free(h.correct), test_free(h.dx), test_free(h.dw), test_free(h.db);
    assert_true(problem_free(&p));
}

/* ---- what is refused ---- */

static void stages_out_of_turn(void **state)
{
    (void)state;
    const margin_config config = config_of(MARGIN_COSFACE);
    problem p = problem_of(&config, sizes[0], 0);
    sharded s = make(&p, &config, 2, 0);
    margin_context *c = s.context[0];
    float part[16];
    assert_status(margin_shard_combine(c, s.stats), MARGIN_ERROR_ORDER);
    assert_status(margin_shard_part(c, 0, 0, 0, part), MARGIN_ERROR_ORDER);
    assert_status(margin_shard_backward(c), MARGIN_ERROR_ORDER);
    forward(&s);
    assert_status(margin_shard_backward(c), MARGIN_ERROR_ORDER);
    assert_status(margin_shard_gradient(c, 0, 0, part, part, 0), MARGIN_ERROR_ORDER);
    assert_status(margin_shard_part(c, 99, 0, 1, part), MARGIN_ERROR_SHAPE);
    assert_status(margin_shard_part(c, 0, sizes[0][0], 1, part), MARGIN_ERROR_SHAPE);
    assert_status(margin_shard_combine(c, NULL), MARGIN_ERROR_NULL);
    assert_string_equal(margin_context_fault(c)->detail, "stats is NULL");
    assert_status(margin_shard_combine(c, s.stats), MARGIN_OK);
    assert_status(margin_shard_backward(c), MARGIN_OK);
    assert_status(margin_shard_backward(c), MARGIN_ERROR_ORDER); /* dW is used up */
    assert_status(margin_head_run(c, &p.call), MARGIN_OK);
    assert_status(margin_shard_backward(c), MARGIN_ERROR_ORDER);
    assert_status(margin_shard_combine(NULL, s.stats), MARGIN_ERROR_NULL);
    release(&s);
    assert_true(problem_free(&p));
}

/* Runs forward of shard 0 as `shard` and `call` say, and expects `status`. */
static void expect(const sharded *s, margin_head call, margin_shard shard, margin_status status,
                   margin_argument argument, size_t row)
{
    margin_context *c = s->context[0];
    assert_status(margin_shard_forward(c, &call, &shard, s->stats), status);
    const margin_fault *f = margin_context_fault(c);
    assert_int_equal(f->argument, argument);
    assert_int_equal(f->row, row);
    assert_status(margin_shard_combine(c, s->stats), MARGIN_ERROR_ORDER);
}

static void wrong_shards_are_refused(void **state)
{
    (void)state;
    const margin_config config = config_of(MARGIN_COSFACE);
    const margin_argument none = MARGIN_ARGUMENT_NONE;
    problem p = problem_of(&config, sizes[2], 0);
    sharded s = make(&p, &config, 3, 0);
    const margin_shard good = shard_of(&s, 0, 0.0);
    const margin_head call = s.call[0];
    margin_shard shard = good;
    size_t cuts[] = {0, 4, 2, s.cells};
    shard.cuts = cuts;
    expect(&s, call, shard, MARGIN_ERROR_CONFIG, none, 0);
    cuts[1] = 1;
    expect(&s, call, shard, MARGIN_ERROR_CONFIG, none, 0); /* not these classes */
    cuts[3]++;
    expect(&s, call, shard, MARGIN_ERROR_CONFIG, none, 0);
    shard = good;
    shard.here = 3;
    expect(&s, call, shard, MARGIN_ERROR_CONFIG, none, 0);
    shard = good;
    shard.targets = NULL;
    expect(&s, call, shard, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_WEIGHTS, 0);
    shard = good;
    shard.size = 0;
    expect(&s, call, shard, MARGIN_ERROR_SIZE, none, 0);
    shard = good;
    shard.measure = NAN;
    expect(&s, call, shard, MARGIN_ERROR_CONFIG, none, 0);
    margin_head smooth = call;
    smooth.label_smoothing = 0.1;
    expect(&s, smooth, good, MARGIN_ERROR_CONFIG, none, 0);
    const int64_t list[] = {0};
    margin_head listed = call;
    listed.class_index = list;
    expect(&s, listed, good, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_CLASS_INDEX, 0);
    s.targets[4 * sizes[2][1]] = NAN; /* row 4's class weight, whoever holds it */
    expect(&s, call, good, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_WEIGHTS,
           (size_t)p.call.labels[4]);
    int64_t *labels = p.labels.data;
    labels[2] = (int64_t)sizes[2][2];
    expect(&s, call, good, MARGIN_ERROR_LABEL, MARGIN_ARGUMENT_LABELS, 2);
    release(&s);
    assert_true(problem_free(&p));
}

/* Labels, and what belongs to them, may be wrong: forward says so. */
static void measure_reads_classes_alone(void **state)
{
    (void)state;
    const margin_config config = config_of(MARGIN_SOFTMAX);
    problem p = problem_of(&config, sizes[0], 1); /* with class_weight */
    margin_context *c;
    double measure = 0.0;
    assert_status(problem_context(&config, &c), MARGIN_OK);
    ((int64_t *)p.labels.data)[0] = (int64_t)1 << 40;
    assert_status(margin_shard_measure(c, &p.call, &measure), MARGIN_OK);
    assert_true(measure > 0.0);
    p.call.weights_type = MARGIN_TYPE_COUNT;
    assert_status(margin_shard_measure(c, &p.call, &measure), MARGIN_ERROR_CONFIG);
    p.call.dim = 0;
    assert_status(margin_shard_measure(c, &p.call, &measure), MARGIN_ERROR_SHAPE);
    margin_destroy(c);
    assert_true(problem_free(&p));
}

/* Few classes, or few dimensions: one cell, which no stage takes. */
static void one_cell_is_not_cut(void **state)
{
    (void)state;
    assert_int_equal(margin_shard_cells(10, 64, 1000), 1);
    assert_int_equal(margin_shard_cells(10, 2, 100000), 1);
    assert_int_equal(margin_shard_cells(10, 0, 100000), 0);
    assert_int_equal(margin_shard_cut(10, 64, 1000, 1), 1000);
    assert_int_equal(margin_shard_nodes(10, 64, 100000, 0, 64), 8);
    const margin_config config = config_of(MARGIN_ARCFACE);
    const size_t size[] = {10, 20, 500}, cuts[] = {0, 1};
    problem p = problem_of(&config, size, 0);
    margin_context *c;
    margin_shard shard = MARGIN_SHARD_INIT;
    shard.classes = 500;
    shard.shards = 1;
    shard.cuts = cuts;
    assert_status(problem_context(&config, &c), MARGIN_OK);
    assert_status(margin_shard_forward(c, &p.call, &shard, NULL), MARGIN_ERROR_CONFIG);
    margin_destroy(c);
    assert_true(problem_free(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(cells_are_right),
        cmocka_unit_test(shards_have_the_bits_of_one_call),
        cmocka_unit_test(scalar_shards_have_the_bits_of_one_scalar_call),
        cmocka_unit_test(stages_out_of_turn),
        cmocka_unit_test(wrong_shards_are_refused),
        cmocka_unit_test(measure_reads_classes_alone),
        cmocka_unit_test(one_cell_is_not_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
