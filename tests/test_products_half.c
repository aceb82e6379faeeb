/* test_products_half.c: products whose factors are rounded to bfloat16: the kernels against those
 * of float32, as far as rounding allows, in the emulated vocabulary on every machine and on a CPU
 * that has them; then the head: its error, its bits, and what is refused. */
#include "context.h"
#include "dispatch.h"
#include "kernels/trial.h"
#include "mocka.h"
#include "problem.h"

extern const margin_products margin_products_emulated;

/* ---- the kernels ------------------------------------------------------------------------------*/

/* Rounding changes a factor by at most 2^-8 of it, so one product of numbers up to 4 by 0.13, and a
 * sum of `terms` nearly normal ones by about 2.3e-3 sqrt(terms): here with room for the largest of
 * all. */
static double half_tolerance(size_t terms)
{
    return 0.13 + 0.02 * sqrt((double)terms);
}

static void judge(const margin_products *judged, const char *name, size_t terms, size_t a, size_t b,
                  size_t c, size_t d)
{
    static size_t calls;
    calls++;
    const kernel_case *tried = kernel_find(&kernels_of_products, name);
    margin_kernels kernels = *margin_dispatch(MARGIN_ISA_SCALAR);
    trial scalar = {.size = {a, b, c, d}, .offset = calls % 16, .noise = {calls}}, got = scalar;
    trial_run(&scalar, tried, &kernels);
    kernels.products = judged;
    trial_run(&got, tried, &kernels);
    got.tolerance = half_tolerance(terms);
    trial_compare(&got, &scalar, 0, "scalar");
    if (got.fault[0] != '\0') fail_msg("%s(%zu, %zu, %zu, %zu)%s", name, a, b, c, d, got.fault);
    trial_free(&got);
    trial_free(&scalar);
}

/* Every remainder of the register tiles, of pairs, and of what is packed together. */
static void judge_all(const margin_products *judged)
{
    static const size_t dims[] = {1, 2, 15, 17, 31, 32, 63, 64, 65, 127, 130, 257};
    for (size_t n = 1; n <= 33; n++) {
        for (size_t i = 0; i < LENGTH_OF(dims); i++)
            judge(judged, "tile_products", dims[i], n, dims[i], 1 + (n + i) % 4, 0);
        for (size_t panels = 1; panels <= 5; panels++) {
            const size_t lanes = 1 + (n + panels) % 16, rows = 1 + 11 * n % 150;
            judge(judged, "embedding_products", n, n, panels, 16, n % 2);
            judge(judged, "embedding_products", n, n, panels, lanes, n % 2);
            judge(judged, "weight_products", rows, n, panels, rows, panels % 2);
            judge(judged, "dot_products", 0, n, panels, lanes, 0);
        }
    }
    for (size_t n = 120; n <= 136; n++) {
        judge(judged, "tile_products", 70, n, 70, 2, 0);
        judge(judged, "embedding_products", n, n, 3, 16, 1);
        judge(judged, "embedding_products", 2 * n + 1, 2 * n + 1, 2, 16, n % 2);
        judge(judged, "weight_products", 2 * n, n, 3, 2 * n, n % 2);
    }
}

static void emulated_kernels(void **state)
{
    (void)state;
    judge_all(&margin_products_emulated);
}

/* ---- where this CPU has them ------------------------------------------------------------------*/

/* Returns the instruction set that has such products here; AUTO: none. */
static margin_isa isa_with_halves(void)
{
    for (margin_isa isa = MARGIN_ISA_SCALAR; isa < MARGIN_ISA_COUNT; isa++)
        if (margin_dispatch_products(isa, MARGIN_TYPE_BFLOAT16) != NULL) return isa;
    return MARGIN_ISA_AUTO;
}

static margin_config halves(margin_loss loss)
{
    margin_config config = config_of(loss);
    config.isa = isa_with_halves();
    config.products = MARGIN_TYPE_BFLOAT16;
    return config;
}

static void own_kernels(void **state)
{
    (void)state;
    if (isa_with_halves() == MARGIN_ISA_AUTO) skip();
    judge_all(margin_dispatch_products(isa_with_halves(), MARGIN_TYPE_BFLOAT16));
}

/* Returns the length of a - b over that of b, of `rows` rows of n. */
static double apart(const float *a, const float *b, size_t rows, size_t n, size_t stride)
{
    double far = 0.0, size = 0.0;
    for (size_t i = 0; i < rows; i++) {
        for (size_t d = 0; d < n; d++) {
            const double x = (double)a[i * stride + d], y = (double)b[i * stride + d];
            far += (x - y) * (x - y);
            size += y * y;
        }
    }
    return sqrt(far / size);
}

/* On the tiles path and that of few rows, of which the latter's inner products stay float32. */
static const size_t shapes[][3] = {{37, 40, 300}, {5, 64, 1200}, {150, 24, 1100}, {64, 130, 2100}};

static void head_is_near(void **state)
{
    (void)state;
    if (isa_with_halves() == MARGIN_ISA_AUTO) skip();
    for (size_t n = 0; n < LENGTH_OF(shapes) * MARGIN_LOSS_COUNT; n++) {
        const size_t *s = shapes[n / MARGIN_LOSS_COUNT];
        const margin_loss loss = (margin_loss)(n % MARGIN_LOSS_COUNT);
        margin_config config = halves(loss), exact = config;
        exact.products = MARGIN_TYPE_FLOAT32;
        if (config.scale > 16.0) config.scale = exact.scale = 16.0;
        problem p = problem_make(s[0], s[1], s[2], n, (unsigned)n % PROBLEM_LAYOUTS, 1),
                q = problem_make(s[0], s[1], s[2], n, (unsigned)n % PROBLEM_LAYOUTS, 1);
        if (loss == MARGIN_SOFTMAX) problem_use_bias(&p);
        if (loss == MARGIN_SOFTMAX) problem_use_bias(&q);
        assert_status(problem_run(&p, &config), MARGIN_OK);
        assert_status(problem_run(&q, &exact), MARGIN_OK);
        const margin_head *a = &p.call, *b = &q.call;
        assert_near("loss", a->loss, b->loss, 2e-3 * (1.0 + b->loss));
        assert_true(apart(a->grad_embeddings, b->grad_embeddings, a->rows, a->dim,
                          a->grad_embeddings_stride) < 2e-2);
        const double dw =
            apart(a->grad_weights, b->grad_weights, a->classes, a->dim, a->grad_weights_stride);
        assert_true(dw < 2e-2);
        assert_true(dw > 1e-5); /* it did round */
        assert_true(problem_free(&p));
        assert_true(problem_free(&q));
    }
}

static void bits_of_threads_and_workspace(void **state)
{
    static const size_t workspace[] = {(size_t)8 << 20, (size_t)8 << 20, (size_t)1 << 20};
    (void)state;
    if (isa_with_halves() == MARGIN_ISA_AUTO) skip();
    for (size_t n = 0; n < LENGTH_OF(shapes); n++) {
        problem_hash first = {0, 0, 0};
        for (int k = 0; k < 3; k++) {
            problem p = problem_make(shapes[n][0], shapes[n][1], shapes[n][2], n, 3, 1);
            margin_config config = halves(MARGIN_ARCFACE);
            config.threads = 1 + k;
            config.workspace_bytes = workspace[k];
            assert_status(problem_run(&p, &config), MARGIN_OK);
            const problem_hash hash = problem_hash_of(&p);
            if (k == 0) first = hash;
            assert_memory_equal(&hash, &first, sizeof hash);
            assert_true(problem_free(&p));
        }
    }
}

/* ---- what is refused --------------------------------------------------------------------------*/

static void refusals(void **state)
{
    const char *why;
    margin_context *context;
    margin_config config = config_of(MARGIN_ARCFACE);
    (void)state;
    config.isa = MARGIN_ISA_SCALAR;
    config.products = MARGIN_TYPE_BFLOAT16;
    assert_status(margin_create_explained(&config, &context, &why), MARGIN_ERROR_ISA);
    assert_non_null(strstr(why, "products"));
    assert_null(context);
    config.products = MARGIN_TYPE_FLOAT16;
    assert_status(margin_create_explained(&config, &context, &why), MARGIN_ERROR_CONFIG);
    assert_non_null(strstr(why, "products"));
    config.products = MARGIN_TYPE_FLOAT32;
    assert_status(margin_create(&config, &context), MARGIN_OK);
    config.products = MARGIN_TYPE_BFLOAT16;
    assert_status(margin_context_configure(context, &config), MARGIN_ERROR_ISA);
    assert_non_null(strstr(margin_context_fault(context)->detail, "products"));
    assert_int_equal(margin_context_config(context)->products, MARGIN_TYPE_FLOAT32);
    margin_destroy(context);
}

static void a_context_changes_products(void **state)
{
    margin_context *context;
    margin_config config = halves(MARGIN_ARCFACE);
    (void)state;
    if (isa_with_halves() == MARGIN_ISA_AUTO) skip();
    problem p = problem_make(40, 64, 500, 1, 0, 0);
    assert_status(margin_create(&config, &context), MARGIN_OK);
    double loss[3];
    for (int k = 0; k < 3; k++) {
        config.products = k == 1 ? MARGIN_TYPE_FLOAT32 : MARGIN_TYPE_BFLOAT16;
        assert_status(margin_context_configure(context, &config), MARGIN_OK);
        assert_status(margin_head_run(context, &p.call), MARGIN_OK);
        loss[k] = p.call.loss;
    }
    margin_destroy(context);
    assert_true(loss[0] == loss[2] && loss[0] != loss[1]);
    assert_true(problem_free(&p));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(emulated_kernels), cmocka_unit_test(own_kernels),
        cmocka_unit_test(head_is_near),     cmocka_unit_test(bits_of_threads_and_workspace),
        cmocka_unit_test(refusals),         cmocka_unit_test(a_context_changes_products),
    };
    return cmocka_run_group_tests_name("products_half", tests, NULL, NULL);
}
