/* test_storage.c: X and W of 16-bit elements: the bits of the call with the same numbers as
 * float32, on every path, instruction set and number of threads; what is refused; the workspace. */
#include "dispatch.h"
#include "mocka.h"
#include "noise.h"
#include "problem.h"
#include "storage.h"

/* ---- the numbers ------------------------------------------------------------------------------*/

/* Returns a number of 16 bits with so many of them for the fraction, by its definition. */
static double value_of(unsigned half, int fraction_bits)
{
    const unsigned ones = 1u << fraction_bits, most = (1u << (15 - fraction_bits)) - 1;
    const unsigned exponent = half >> fraction_bits & most, fraction = half & (ones - 1);
    const int least = 1 - (int)(most / 2) - fraction_bits; /* of the last bit, as a power of two */
    const double sign = half & 0x8000u ? -1.0 : 1.0;
    if (exponent == most) return fraction == 0 ? sign * INFINITY : NAN;
    if (exponent == 0) return sign * ldexp((double)fraction, least);
    return sign * ldexp((double)(ones + fraction), least + (int)exponent - 1);
}

static int fraction_bits(margin_type type)
{
    return type == MARGIN_TYPE_FLOAT16 ? 10 : 7;
}

/* Returns the next number of `type` that is not beyond x, which is finite in it. */
static uint16_t half_of(float x, margin_type type)
{
    const int bits = fraction_bits(type);
    unsigned low = 0, high = ((1u << (15 - bits)) - 1) << bits; /* infinity */
    while (high - low > 1) {
        const unsigned middle = (low + high) / 2;
        *(value_of(middle, bits) <= fabs((double)x) ? &low : &high) = middle;
    }
    return (uint16_t)(signbit(x) ? low | 0x8000u : low);
}

static const margin_type halves[] = {MARGIN_TYPE_BFLOAT16, MARGIN_TYPE_FLOAT16};

/* Every number of 16 bits, by the kernels of every instruction set. */
static void every_number(void **state)
{
    enum { ALL = 65536 };
    uint16_t *half = test_malloc(ALL * sizeof *half);
    float *wide = test_malloc(ALL * sizeof *wide);
    (void)state;
    for (unsigned i = 0; i < ALL; i++)
        half[i] = (uint16_t)i;
    for (int k = MARGIN_ISA_SCALAR; k < 2 * MARGIN_ISA_COUNT; k++) {
        const margin_type type = halves[k / MARGIN_ISA_COUNT];
        const margin_isa isa = (margin_isa)(k % MARGIN_ISA_COUNT);
        if (isa == MARGIN_ISA_AUTO || !margin_isa_usable(isa)) continue;
        const margin_storage storage = margin_storage_of(type, margin_dispatch(isa)->packing);
        assert_int_equal(storage.bytes, sizeof *half);
        storage.widen(half, ALL, wide);
        for (unsigned i = 0; i < ALL; i++) {
            const double want = value_of(i, fraction_bits(type));
            if (isnan(want) ? isnan(wide[i])
                            : (double)wide[i] == want && !signbit(wide[i]) == !signbit(want))
                continue;
            fail_msg("%s, %s %04x: %a, not %a", margin_isa_name(isa), margin_type_name(type), i,
                     (double)wide[i], want);
        }
    }
    test_free(half);
    test_free(wide);
}

static void names(void **state)
{
    margin_type type = MARGIN_TYPE_COUNT;
    (void)state;
    assert_true(margin_type_find("bfloat16", &type) && type == MARGIN_TYPE_BFLOAT16);
    assert_true(margin_type_find("float16", &type) && type == MARGIN_TYPE_FLOAT16);
    assert_true(margin_type_find("float32", &type) && type == MARGIN_TYPE_FLOAT32);
    assert_false(margin_type_find("half", &type));
    assert_string_equal(margin_type_name(MARGIN_TYPE_FLOAT16), "float16");
    assert_string_equal(margin_type_name(MARGIN_TYPE_COUNT), "unknown");
}

/* ---- the head ---------------------------------------------------------------------------------*/

/* The same numbers twice: as float32 in the problem, as halves between canaries. */
typedef struct twin {
    margin_type type;
    guard x, w;
    size_t stride;
} twin;

/* Rounds a matrix of the problem to `type`, times `size`, and writes it as halves too, 2 bytes
 * after a multiple of 4. */
static guard round_matrix(float *from, size_t rows, size_t columns, size_t from_stride,
                          size_t stride, margin_type type, float size)
{
    guard g = guard_bytes((rows * stride - stride + columns) * sizeof(uint16_t), sizeof(uint16_t));
    uint16_t *to = g.data;
    for (size_t i = 0; i < rows; i++) {
        for (size_t d = 0; d < columns; d++) {
            float *x = &from[i * from_stride + d];
            to[i * stride + d] = half_of(*x * size, type);
            *x = (float)value_of(to[i * stride + d], fraction_bits(type));
        }
    }
    return g;
}

static twin twin_of(problem *p, margin_type type, float size)
{
    const margin_head *c = &p->call;
    twin t = {.type = type, .stride = c->dim + 5};
    t.x = round_matrix(p->embeddings.at, c->rows, c->dim, c->embeddings_stride, t.stride, type, 1);
    t.w = round_matrix(p->weights.at, c->classes, c->dim, c->weights_stride, t.stride, type, size);
    return t;
}

static int twin_free(twin *t)
{
    const int x = guard_free(&t->x), w = guard_free(&t->w);
    return x && w;
}

/* Lets a call read the halves: of X, of W, or of both. */
static void use_halves(margin_head *call, const twin *t, int of_x, int of_w)
{
    if (of_x) {
        call->embeddings = t->x.at;
        call->embeddings_stride = t->stride;
        call->embeddings_type = t->type;
    }
    if (of_w) {
        call->weights = t->w.at;
        call->weights_stride = t->stride;
        call->weights_type = t->type;
    }
}

/* The paths: tiles, dots of few rows and of few classes, planes; several shards and row blocks, one
 * block alone. */
static const size_t shapes[][3] = {{37, 40, 300},  {5, 64, 1200},   {33, 300, 9}, {50, 3, 700},
                                   {20, 16, 2100}, {150, 24, 1100}, {7, 259, 64}, {300, 2, 1000}};

enum { SHAPES = LENGTH_OF(shapes) };

/* What is tried of one shape. */
static margin_config config_at(size_t n)
{
    margin_config config = config_of((margin_loss)(n % MARGIN_LOSS_COUNT));
    if (n % 5 == 2 && config.loss == MARGIN_SPHEREFACE)
        config.feature_norm = MARGIN_FEATURE_NORM_KEEP;
    if (n % 4 == 3) config.workspace_bytes = (size_t)1 << 20;
    return config;
}

static problem problem_at(size_t n, const margin_config *config)
{
    const size_t *s = shapes[n % SHAPES];
    problem p = problem_make(s[0], s[1], s[2], n, (unsigned)n % PROBLEM_LAYOUTS, n % 2 == 0);
    if (config->loss == MARGIN_SOFTMAX && n % 2 == 0) problem_use_bias(&p);
    if (n % 3 == 0) problem_use_row_weight(&p);
    if (n % 7 < 3) p.call.label_smoothing = 0.1;
    return p;
}

static void same_outputs(const problem *a, const problem *b, const char *what)
{
    const problem_hash x = problem_hash_of(a), y = problem_hash_of(b);
    if (memcmp(&x, &y, sizeof x) != 0 || a->call.loss != b->call.loss ||
        a->call.tied != b->call.tied)
        fail_msg("%s: other bits than with float32: loss %.17g and %.17g", what, a->call.loss,
                 b->call.loss);
    assert_memory_equal(a->row_correct.data, b->row_correct.data, a->call.rows);
    assert_memory_equal(a->row_angle.data, b->row_angle.data, a->call.rows * sizeof(float));
}

/* Tries problem n with class weights times `size`: on one instruction set, first as float32. */
static void judge(size_t n, margin_isa isa, float size)
{
    const margin_type type = halves[n % 2];
    margin_config config = config_at(n);
    config.isa = isa;
    problem p = problem_at(n, &config);
    twin t = twin_of(&p, type, size);
    assert_status(problem_run(&p, &config), MARGIN_OK);
    for (int which = 1; which <= 3; which++) {
        char what[80];
        problem q = problem_at(n, &config);
        memcpy(q.embeddings.at, p.embeddings.at, p.embeddings.bytes);
        memcpy(q.weights.at, p.weights.at, p.weights.bytes);
        use_halves(&q.call, &t, which & 1, which & 2);
        config.threads = which;
        snprintf(what, sizeof what, "%zu, %s, %s of %s", n, margin_isa_name(isa),
                 margin_type_name(type),
                 which == 1   ? "X"
                 : which == 2 ? "W"
                              : "X and W");
        assert_status(problem_run(&q, &config), MARGIN_OK);
        same_outputs(&p, &q, what);
        assert_true(problem_free(&q));
    }
    assert_true(twin_free(&t));
    assert_true(problem_free(&p));
}

static void head_has_the_same_bits(void **state)
{
    (void)state;
    for (int isa = MARGIN_ISA_SCALAR; isa < MARGIN_ISA_COUNT; isa++) {
        if (!margin_isa_usable((margin_isa)isa)) continue;
        for (size_t n = 0; n < 6 * SHAPES; n++)
            judge(n, (margin_isa)isa, 1.0f);
    }
}

/* Class weights that are subnormal in their type; those of bfloat16 are so in float32 too. */
static void subnormal_numbers(void **state)
{
    (void)state;
    for (size_t n = 0; n < 2 * SHAPES; n++)
        judge(n, MARGIN_ISA_AUTO, halves[n % 2] == MARGIN_TYPE_FLOAT16 ? 0x1p-15f : 0x1p-126f);
}

/* ---- prediction -------------------------------------------------------------------------------*/

static void prediction_is_the_same(void **state)
{
    enum { K = 5, MOST = 300 };
    static int64_t classes[2][MOST * K];
    static float values[2][MOST * K];
    (void)state;
    for (size_t n = 0; n < 4 * SHAPES; n++) {
        margin_config config = config_at(n);
        problem p = problem_at(n, &config);
        twin t = twin_of(&p, halves[n % 2], 1.0f);
        margin_head halved = p.call;
        use_halves(&halved, &t, n / 2 % 3 != 1, n / 2 % 3 != 2);
        for (int k = 0; k < 2; k++) {
            const margin_head *h = k == 0 ? &p.call : &halved;
            margin_predict call = {.size = sizeof call,
                                   .rows = h->rows,
                                   .dim = h->dim,
                                   .classes = h->classes,
                                   .embeddings = h->embeddings,
                                   .embeddings_stride = h->embeddings_stride,
                                   .embeddings_type = h->embeddings_type,
                                   .weights = h->weights,
                                   .weights_stride = h->weights_stride,
                                   .weights_type = h->weights_type,
                                   .bias = h->bias,
                                   .k = K,
                                   .top_classes = classes[k],
                                   .top_values = values[k]};
            margin_context *context;
            config.threads = 1 + k;
            assert_status(problem_context(&config, &context), MARGIN_OK);
            assert_status(margin_head_predict(context, &call), MARGIN_OK);
            margin_destroy(context);
        }
        assert_memory_equal(classes[0], classes[1], p.call.rows * K * sizeof **classes);
        assert_memory_equal(values[0], values[1], p.call.rows * K * sizeof **values);
        assert_true(twin_free(&t));
        assert_true(problem_free(&p));
    }
}

/* ---- the workspace ----------------------------------------------------------------------------*/

/* What margin_head_workspace_minimum says is enough for halves, and no byte too much where label
 * smoothing is asked for too. */
static void least_workspace(void **state)
{
    (void)state;
    for (size_t n = 0; n < 4 * SHAPES; n++) {
        margin_config config = config_of(MARGIN_ARCFACE);
        margin_context *context;
        problem p = problem_at(n, &config);
        const margin_head *c = &p.call;
        twin t = twin_of(&p, halves[n % 2], 1.0f);
        margin_head call = *c;
        use_halves(&call, &t, 1, 1);
        call.label_smoothing = 0.1;
        assert_status(margin_create(&config, &context), MARGIN_OK);
        config.workspace_bytes =
            margin_head_workspace_minimum(context, c->rows, c->dim, c->classes);
        margin_destroy(context);
        for (size_t less = 0; less < 2; less++) {
            config.workspace_bytes -= less;
            assert_status(run_head(&config, &call), less ? MARGIN_ERROR_WORKSPACE : MARGIN_OK);
        }
        assert_true(twin_free(&t));
        assert_true(problem_free(&p));
    }
}

/* ---- what is refused --------------------------------------------------------------------------*/

static void refused(const problem *p, const margin_head *call, margin_status status,
                    margin_argument argument, size_t row)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    margin_context *context;
    margin_head copy = *call;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    assert_status(margin_head_run(context, &copy), status);
    assert_int_equal(margin_context_fault(context)->argument, argument);
    assert_int_equal(margin_context_fault(context)->row, row);
    assert_true(problem_untouched(p));
    margin_destroy(context);
}

static void wrong_values_are_refused(void **state)
{
    static const uint16_t wrong[][2] = {{0x7f80, 0xffc1}, {0xfc00, 0x7e00}}; /* infinity, NaN */
    (void)state;
    for (size_t n = 0; n < 4 * SHAPES; n++) {
        const margin_config config = config_of(MARGIN_ARCFACE);
        problem p = problem_at(n, &config);
        twin t = twin_of(&p, halves[n % 2], 1.0f);
        margin_head call = p.call;
        const size_t row = p.call.rows / 2, at = row * t.stride + p.call.dim - 1;
        uint16_t *x = t.x.data, *w = t.w.data;
        const uint16_t before = x[at];
        use_halves(&call, &t, 1, 1);
        x[at] = wrong[n % 2][n / 2 % 2];
        refused(&p, &call, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_EMBEDDINGS, row);
        x[at] = before;
        w[t.stride * 3] = wrong[n % 2][n / 2 % 2];
        refused(&p, &call, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_WEIGHTS, 3);
        assert_true(twin_free(&t));
        assert_true(problem_free(&p));
    }
}

static void wrong_types_are_refused(void **state)
{
    problem p = problem_make(20, 16, 30, 1, 0, 0);
    margin_head call = p.call;
    margin_predict predict = {.size = sizeof predict, .rows = 20, .dim = 16, .classes = 30, .k = 1};
    margin_context *context;
    const margin_config config = config_of(MARGIN_ARCFACE);
    (void)state;
    call.embeddings_type = MARGIN_TYPE_COUNT;
    refused(&p, &call, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_EMBEDDINGS, 0);
    call.embeddings_type = MARGIN_TYPE_FLOAT32;
    call.weights_type = MARGIN_TYPE_COUNT;
    refused(&p, &call, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_WEIGHTS, 0);
    predict.embeddings = call.embeddings;
    predict.weights = call.weights;
    predict.weights_type = MARGIN_TYPE_COUNT;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    assert_status(margin_head_predict(context, &predict), MARGIN_ERROR_CONFIG);
    margin_destroy(context);
    assert_true(problem_free(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_number),
        cmocka_unit_test(names),
        cmocka_unit_test(head_has_the_same_bits),
        cmocka_unit_test(subnormal_numbers),
        cmocka_unit_test(prediction_is_the_same),
        cmocka_unit_test(least_workspace),
        cmocka_unit_test(wrong_values_are_refused),
        cmocka_unit_test(wrong_types_are_refused),
    };
    return cmocka_run_group_tests_name("storage", tests, NULL, NULL);
}
