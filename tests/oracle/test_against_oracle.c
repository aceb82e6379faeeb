/* test_against_oracle.c: the library against the oracle, for every loss, option and usable
 * instruction set, on random and on adversarial inputs. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "compare.h"
#include "configs.h"
#include "golden.h"
#include "oracle.h"
#include "problems.h"

static const double scales[] = {64, 1, 4, 1000, 10000};

enum { SCALES = 5 };

/* ---- psi ------------------------------------------------------------------------------------- */

static void psi_has_the_golden_values(void **state)
{
    (void)state;
    for (size_t row = 0; row < GOLDEN_ANGLES; row++) {
        const double theta = golden_logits[row].degrees * 3.14159265358979324 / 180;
        for (size_t k = 0; k < GOLDEN_CURVES; k++) {
            double psi, slope;
            assert_int_equal(margin_psi(&golden_curves[k], theta, &psi, &slope), MARGIN_OK);
            assert_true(fabs(psi - golden_logits[row].psi[k]) < 5.001e-5);
        }
    }
    for (size_t row = 0; row < GOLDEN_SLOPE_ANGLES; row++) {
        const double theta = golden_slopes[row].degrees * 3.14159265358979324 / 180;
        for (size_t k = 0; k < GOLDEN_SLOPE_CURVES; k++) {
            const double want = golden_slopes[row].slope[k];
            double psi, slope;
            margin_psi(&golden_curves[golden_slope_curve[k]], theta, &psi, &slope);
            assert_true(fabs(-slope / sin(theta) - want) < (want >= 10 ? 5.001e-4 : 5.001e-5));
        }
    }
}

static int psi_differs(const margin_config *config, double theta)
{
    char text[200];
    double psi = NAN, slope = NAN;
    wide want, want_slope;

    oracle_target(config, wide_cos(theta), theta, &want, &want_slope);
    if (margin_psi(config, theta, &psi, &slope) == MARGIN_OK && fabs(psi - (double)want) <= 2e-14 &&
        fabs(slope - (double)want_slope) <= 2e-14) {
        return 0;
    }
    fprintf(stderr, "%s: theta %.17g: psi %.17g, want %.17g; slope %.17g, want %.17g\n",
            config_text(config, text, sizeof text), theta, psi, (double)want, slope,
            (double)want_slope);
    return 1;
}

static void psi_agrees_everywhere(void **state)
{
    margin_config configs[CONFIGS_MOST];
    const size_t count = every_config(64, configs);
    int faults = 0;

    (void)state;
    for (size_t k = 0; k < count; k++) {
        for (int step = 0; step <= 1000; step++) {
            faults += psi_differs(&configs[k], 3.141592653589793 * step / 1000);
        }
        for (double theta = 1e-18; theta < 1; theta *= 7) {
            faults += psi_differs(&configs[k], theta);
            faults += psi_differs(&configs[k], 3.141592653589793 - theta);
        }
    }
    assert_int_equal(faults, 0);
}

/* ---- heads ----------------------------------------------------------------------------------- */

/* Problems whose effective scale follows the vectors' lengths say nothing once those are huge. */
static int scale_is_free(const margin_config *config)
{
    return config->loss == MARGIN_SOFTMAX || config->feature_norm == MARGIN_FEATURE_NORM_KEEP;
}

static int compare_config(const margin_config *config, uint64_t seed)
{
    const unsigned bias = config->loss == MARGIN_SOFTMAX ? PROBLEM_BIAS : 0;
    const problem_spec specs[] = {
        {seed, 7, 17, 17, PROBLEM_PADDED | PROBLEM_WEIGHTED | bias},
        {seed + 5, 9, 17, 17, PROBLEM_PADDED | PROBLEM_SMOOTHED | bias},
        {seed + 6, 14, 3, seed % 80 ? 9 : 150, PROBLEM_ADVERSARIAL | PROBLEM_SMOOTHED | bias},
        {seed + 1, 28, 17, 17, PROBLEM_ADVERSARIAL | PROBLEM_PADDED | bias},
        {seed + 2, 14, 2, 3, PROBLEM_ADVERSARIAL | PROBLEM_WEIGHTED | bias},
        {seed + 3, 5, 64, 17, PROBLEM_CONVERGED},
        {seed + 4, 14, 3, 17, PROBLEM_ADVERSARIAL | PROBLEM_NORMS},
    };
    int faults = 0;

    for (size_t k = 0; k < sizeof specs / sizeof *specs; k++) {
        const int huge = (specs[k].traits & PROBLEM_NORMS) && scale_is_free(config);
        faults += compare_head(config, specs[k], huge);
    }
    return faults;
}

static void head_with_every_option(void **state)
{
    int faults = 0;

    (void)state;
    for (size_t s = 0; s < SCALES; s++) {
        margin_config configs[CONFIGS_MOST];
        const size_t count = every_config(scales[s], configs);
        for (size_t k = 0; k < count; k++) {
            faults += compare_config(&configs[k], 10 * k + 5000 * s);
        }
    }
    assert_int_equal(faults, 0);
}

/* One configuration per shape in turn: their number and the shapes' have no common factor. */
static void head_with_every_shape(void **state)
{
    const size_t rows[] = {1, 2, 7, 40}, dims[] = {1, 2, 3, 17, 64, 512};
    const size_t classes[] = {1, 2, 3, 17, 1000};
    margin_config configs[CONFIGS_MOST];
    const size_t count = every_config(64, configs);
    size_t k = 0;
    int faults = 0;

    (void)state;
    for (size_t n = 0; n < 4; n++) {
        for (size_t d = 0; d < 6; d++) {
            for (size_t c = 0; c < 5; c++) {
                const unsigned kind = (n + d + c) % 2 ? PROBLEM_ADVERSARIAL : PROBLEM_CONVERGED;
                const unsigned smoothed = k % 2 ? PROBLEM_SMOOTHED : 0;
                const problem_spec spec = {k, rows[n], dims[d], classes[c],
                                           kind | smoothed | PROBLEM_PADDED};
                faults += compare_head(&configs[7 * k++ % count], spec, 0);
            }
        }
    }
    assert_int_equal(faults, 0);
}

/* All rows ignored: a loss of 0 and gradients of 0. */
static void head_without_counted_rows(void **state)
{
    const float x[6] = {1, 2, 3, 4, 5, 6};
    const int64_t labels[2] = {-1, -1};
    float dx[6], dw[6], row_loss[2];
    margin_config config;
    margin_context *context;

    (void)state;
    margin_config_init(&config, MARGIN_ARCFACE);
    assert_int_equal(margin_create(&config, &context), MARGIN_OK);
    for (size_t k = 0; k < 6; k++) {
        dx[k] = dw[k] = NAN;
    }
    margin_head head = {.size = sizeof(margin_head),
                        .rows = 2,
                        .dim = 3,
                        .classes = 2,
                        .embeddings = x,
                        .weights = x,
                        .labels = labels,
                        .row_loss = row_loss,
                        .grad_embeddings = dx,
                        .grad_weights = dw};
    assert_int_equal(margin_head_run(context, &head), MARGIN_OK);
    assert_true(head.loss == 0 && head.counted == 0 && row_loss[0] == 0 && row_loss[1] == 0);
    for (size_t k = 0; k < 6; k++) {
        assert_true(dx[k] == 0 && dw[k] == 0);
    }
    margin_destroy(context);
}

static int compare_huge(double x_size, double w_size, double scale)
{
    const float a = (float)x_size, b = (float)w_size;
    const float x[6] = {a, 0, a, 0, -1, a}, w[6] = {b, 0, 2 * b, 0, 0, 3 * b};
    const int64_t labels[3] = {0, 1, 2};
    const margin_head head = {.size = sizeof(margin_head),
                              .rows = 3,
                              .dim = 2,
                              .classes = 3,
                              .embeddings = x,
                              .weights = w,
                              .labels = labels};
    margin_config config;

    margin_config_init(&config, MARGIN_SOFTMAX);
    config.scale = scale;
    return compare_saturated(&config, &head);
}

/* Raw logits up to 1e74 and a softmax that is 0 or 1: losses saturate at FLT_MAX, gradients do
 * not care. */
static void head_with_logits_beyond_float32(void **state)
{
    int faults = 0;

    (void)state;
    for (int x_power = 3; x_power <= 35; x_power += 2) {
        for (int w_power = 3; w_power <= 35; w_power += 2) {
            faults += compare_huge(pow(10, x_power), pow(10, w_power), 1);
            faults += compare_huge(pow(10, x_power), pow(10, w_power), 1e4);
        }
    }
    assert_int_equal(faults, 0);
}

/* ---- rows ------------------------------------------------------------------------------------ */

enum { ROWS_N = 23, ROWS_FEW_C = 1000, ROWS_MOST_C = 5003, ROWS_PADDING = 3 };

typedef struct rows_problem {
    float logits[ROWS_N * (ROWS_MOST_C + ROWS_PADDING)], scale[ROWS_N], weight[ROWS_N];
    float class_weight[ROWS_MOST_C];
    int64_t labels[ROWS_N];
} rows_problem;

/* Targets at and beyond the ends, at the floats next to them, and where easy decides. */
static const float special_cosines[] = {
    1, -1,       1.5f,      -1.25f,  0x1.fffffep-1f, -0x1.fffffep-1f,
    0, 0x1p-20f, -0x1p-20f, 0.9999f, -0.9999f};

static margin_rows make_rows(rows_problem *p, const margin_config *config, size_t classes,
                             uint64_t seed)
{
    const size_t stride = classes + (seed % 2 ? ROWS_PADDING : 0);
    const size_t specials = sizeof special_cosines / sizeof *special_cosines;
    margin_rows rows = {.size = sizeof(margin_rows),
                        .rows = ROWS_N,
                        .classes = classes,
                        .logits = p->logits,
                        .logits_stride = stride,
                        .labels = p->labels};
    uint64_t state = seed;

    for (size_t i = 0; i < ROWS_N; i++) {
        for (size_t j = 0; j < stride; j++) {
            double c = 2 * random_uniform(&state) - 1;
            if (classes > ROWS_FEW_C) { /* rising, so that later classes raise the peak */
                c = -1 + (c + 1) * (double)j / (double)classes;
            }
            p->logits[i * stride + j] = j < classes ? (float)c : NAN;
        }
        const size_t label = random_bits(&state) % classes;
        p->labels[i] = i == 12 ? -1 : (int64_t)label;
        if (i < specials) {
            p->logits[i * stride + label] = special_cosines[i];
        }
        p->scale[i] = i == 13 ? 0 : (float)(config->scale * 2 * random_uniform(&state));
        p->weight[i] = i == 14 ? 0 : (float)random_normal(&state);
    }
    for (size_t j = 0; j < classes; j++) {
        p->class_weight[j] = (float)random_uniform(&state);
    }
    rows.class_weight = seed % 4 == 1 ? p->class_weight : NULL;
    rows.label_smoothing = seed % 2 ? 0.2 : 0;
    rows.row_weight = seed % 3 ? p->weight : NULL;
    if (config->feature_norm == MARGIN_FEATURE_NORM_KEEP || seed % 5 == 0) {
        rows.row_scale = p->scale;
    }
    return rows;
}

static void rows_with_every_option(void **state)
{
    const size_t classes[] = {1, 2, 3, 17};
    rows_problem *p = malloc(sizeof *p);
    int faults = 0;

    (void)state;
    assert_non_null(p);
    for (size_t s = 0; s < SCALES; s++) {
        margin_config configs[CONFIGS_MOST];
        const size_t count = every_config(scales[s], configs);
        for (size_t k = 0; k < count; k++) {
            size_t c = classes[(s + k) % 4];
            if ((s + k) % 29 == 0) { /* a few large ones */
                c = s % 2 ? ROWS_FEW_C : ROWS_MOST_C;
            }
            const margin_rows rows = make_rows(p, &configs[k], c, s * count + k);
            char text[300], name[200];
            snprintf(text, sizeof text, "rows %s; seed=%zu C=%zu",
                     config_text(&configs[k], name, sizeof name), s * count + k, c);
            faults += compare_rows(&configs[k], &rows, text);
        }
    }
    free(p);
    assert_int_equal(faults, 0);
}

static int is_off(const char *what, double got, double want, double size, margin_isa isa)
{
    const double limit = 3.4028234663852886e38; /* FLT_MAX */
    const double clipped = fmin(fmax(want, -limit), limit);

    if (fabs(got - clipped) <= 1e-5 * fabs(clipped)) {
        return 0;
    }
    fprintf(stderr, "%s of logits of %g, %s: %.9g, want %.9g\n", what, size, margin_isa_name(isa),
            got, clipped);
    return 1;
}

/* Logits L, 2 L, -3 L and the first class: the loss is s L, the gradient -s, s, 0. */
static int huge_row(margin_isa isa, float size, double scale)
{
    const float logits[3] = {size, 2 * size, -3 * size};
    const int64_t label = 0;
    float row_loss = NAN, grad[3] = {NAN, NAN, NAN};
    margin_rows rows = {.size = sizeof(margin_rows),
                        .rows = 1,
                        .classes = 3,
                        .logits = logits,
                        .labels = &label,
                        .row_loss = &row_loss,
                        .grad_logits = grad};
    margin_config config;
    margin_context *context = NULL;

    margin_config_init(&config, MARGIN_SOFTMAX);
    config.scale = scale;
    config.isa = isa;
    assert_int_equal(margin_create(&config, &context), MARGIN_OK);
    assert_int_equal(margin_rows_run(context, &rows), MARGIN_OK);
    margin_destroy(context);
    return is_off("row_loss", (double)row_loss, scale * (double)size, (double)size, isa) +
           is_off("grad[0]", (double)grad[0], -scale, (double)size, isa) +
           is_off("grad[1]", (double)grad[1], scale, (double)size, isa) +
           is_off("grad[2]", (double)grad[2], 0, (double)size, isa);
}

static void rows_with_huge_logits(void **state)
{
    int faults = 0;

    (void)state;
    for (int isa = MARGIN_ISA_SCALAR; isa < MARGIN_ISA_COUNT; isa++) {
        for (int power = 3; power <= 37 && margin_isa_usable((margin_isa)isa); power++) {
            faults += huge_row((margin_isa)isa, (float)pow(10, power), 1);
            faults += huge_row((margin_isa)isa, (float)pow(10, power), 1e4);
            faults += huge_row((margin_isa)isa, (float)pow(10, power), 1e9);
        }
    }
    assert_int_equal(faults, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(psi_has_the_golden_values),
        cmocka_unit_test(psi_agrees_everywhere),
        cmocka_unit_test(head_with_every_option),
        cmocka_unit_test(head_with_every_shape),
        cmocka_unit_test(head_without_counted_rows),
        cmocka_unit_test(head_with_logits_beyond_float32),
        cmocka_unit_test(rows_with_every_option),
        cmocka_unit_test(rows_with_huge_logits),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
