/* test_config.c: defaults, names, ranges of the configuration, choice of the instruction set. */
#include <stdio.h>

#include "mocka.h"

/* ---- defaults: the contract's table -----------------------------------------------------------*/

typedef struct expected {
    margin_loss loss;
    const char *name;
    double scale, m1, m2, m3;
    margin_past_pi past_pi;
    int margin_index, normalised, has_angle, has_lambda;
} expected;

static const expected table[] = {
    {MARGIN_SOFTMAX, "softmax", 1, 1, 0, 0, MARGIN_PAST_PI_PAPER, 0, 0, 0, 0},
    {MARGIN_NORMSOFTMAX, "normsoftmax", 64, 1, 0, 0, MARGIN_PAST_PI_PAPER, 0, 1, 0, 0},
    {MARGIN_SPHEREFACE, "sphereface", 64, 1.35, 0, 0, MARGIN_PAST_PI_MONOTONE, 1, 1, 1, 1},
    {MARGIN_COSFACE, "cosface", 64, 1, 0, 0.35, MARGIN_PAST_PI_PAPER, 3, 1, 0, 0},
    {MARGIN_ARCFACE, "arcface", 64, 1, 0.5, 0, MARGIN_PAST_PI_PAPER, 2, 1, 1, 0},
    {MARGIN_COMBINED, "combined", 64, 1, 0.3, 0.2, MARGIN_PAST_PI_PAPER, 4, 1, 1, 0},
};

static void defaults(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(table); i++) {
        const expected *e = &table[i];
        margin_config c;
        assert_status(margin_config_init(&c, e->loss), MARGIN_OK);
        assert_int_equal(c.loss, e->loss);
        assert_true(c.scale == e->scale && c.m1 == e->m1 && c.m2 == e->m2 && c.m3 == e->m3);
        assert_true(c.lambda == 0.0 && c.past_pi == e->past_pi);
        assert_int_equal(c.gradient, MARGIN_GRADIENT_EXACT);
        assert_int_equal(c.feature_norm, MARGIN_FEATURE_NORM_FIXED);
        assert_true(c.isa == MARGIN_ISA_AUTO && c.threads == 0 && c.workspace_bytes == 0);
        assert_int_equal(c.skip_finite_check, 0);
    }
}

static void loss_rows(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(table); i++) {
        const expected *e = &table[i];
        const margin_loss_info *info = margin_loss_get(e->loss);
        margin_loss found = MARGIN_LOSS_COUNT;
        assert_string_equal(info->name, e->name);
        assert_true(margin_loss_find(e->name, &found) && found == e->loss);
        assert_true(info->margin_index == e->margin_index && info->normalised == e->normalised);
        assert_true(info->has_angle == e->has_angle && info->has_lambda == e->has_lambda);
        assert_true(info->formula[0] != '\0' && info->source[0] != '\0');
    }
}

/* Whatever the table holds, losses added later too. */
static void every_loss_has_a_row(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_loss_info *info = margin_loss_get((margin_loss)k);
        margin_loss found = MARGIN_LOSS_COUNT;
        margin_context *context;
        assert_non_null(info);
        assert_true(margin_loss_find(info->name, &found) && found == (margin_loss)k);
        const margin_config config = config_of((margin_loss)k);
        assert_true(config.scale == info->scale && config.past_pi == info->past_pi);
        assert_status(margin_create(&config, &context), MARGIN_OK);
        margin_destroy(context);
    }
    assert_null(margin_loss_get(MARGIN_LOSS_COUNT));
    assert_null(margin_loss_get((margin_loss)-1));
}

/* ---- names ------------------------------------------------------------------------------------*/

#define DEFINE_NAMES_TEST(type, count, ...)                                                        \
    static void type##_names_hold(void **state)                                                    \
    {                                                                                              \
        static const char *const names[] = {__VA_ARGS__};                                          \
        (void)state;                                                                               \
        assert_int_equal(LENGTH_OF(names), count);                                                 \
        for (unsigned k = 0; k < count; k++) {                                                     \
            type found = (type)count;                                                              \
            assert_string_equal(type##_name((type)k), names[k]);                                   \
            assert_true(type##_find(names[k], &found) && found == (type)k);                        \
        }                                                                                          \
        type kept = (type)0;                                                                       \
        assert_string_equal(type##_name((type)count), "unknown");                                  \
        assert_string_equal(type##_name((type)-1), "unknown");                                     \
        assert_int_equal(type##_find("nobody", &kept), 0);                                         \
        assert_int_equal(type##_find("", &kept), 0);                                               \
        assert_int_equal(type##_find(NULL, &kept), 0);                                             \
        assert_int_equal(kept, 0);                                                                 \
    }

DEFINE_NAMES_TEST(margin_past_pi, MARGIN_PAST_PI_COUNT, "paper", "monotone", "taylor", "clamp",
                  "easy")
DEFINE_NAMES_TEST(margin_gradient, MARGIN_GRADIENT_COUNT, "exact", "detached")
DEFINE_NAMES_TEST(margin_feature_norm, MARGIN_FEATURE_NORM_COUNT, "fixed", "keep")

static void isa_names(void **state)
{
    static const char *const names[] = {"auto", "scalar", "avx2", "avx512", "neon"};
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(names); k++) {
        margin_isa found = MARGIN_ISA_COUNT;
        assert_true(margin_isa_find(names[k], &found));
        assert_string_equal(margin_isa_name(found), names[k]);
    }
    margin_isa kept = MARGIN_ISA_SCALAR;
    margin_loss loss = MARGIN_COSFACE;
    assert_int_equal(margin_isa_find("sse9", &kept), 0);
    assert_int_equal(margin_isa_find(NULL, &kept), 0);
    assert_int_equal(kept, MARGIN_ISA_SCALAR);
    assert_string_equal(margin_isa_name(MARGIN_ISA_COUNT), "unknown");
    assert_int_equal(margin_loss_find("arcfac", &loss), 0);
    assert_int_equal(margin_loss_find("arcface ", &loss), 0);
    assert_int_equal(margin_loss_find(NULL, &loss), 0);
    assert_int_equal(loss, MARGIN_COSFACE);
}

/* Every status and argument has a text of its own. */
static void texts(void **state)
{
    (void)state;
    for (unsigned k = 0; k < MARGIN_STATUS_COUNT; k++) {
        for (unsigned j = 0; j < k; j++) {
            assert_string_not_equal(margin_status_text((margin_status)k),
                                    margin_status_text((margin_status)j));
        }
    }
    for (unsigned k = 0; k < MARGIN_ARGUMENT_COUNT; k++) {
        for (unsigned j = 0; j < k; j++) {
            assert_string_not_equal(margin_argument_name((margin_argument)k),
                                    margin_argument_name((margin_argument)j));
        }
    }
    assert_string_equal(margin_argument_name(MARGIN_ARGUMENT_ROW_WEIGHT), "row_weight");
    assert_non_null(margin_status_text((margin_status)99));
    assert_non_null(margin_argument_name((margin_argument)99));
    char version[32];
    snprintf(version, sizeof version, "%d.%d.%d", MARGIN_VERSION_MAJOR, MARGIN_VERSION_MINOR,
             MARGIN_VERSION_PATCH);
    assert_string_equal(margin_version(), version);
}

/* ---- ranges -----------------------------------------------------------------------------------*/

typedef struct range_case {
    const char *what;
    margin_loss loss;
    margin_config change; /* fields that are not 0 here are set; NAN included */
    int zero_scale, zero_m1, allowed;
} range_case;

static const range_case ranges[] = {
    {"scale 0", MARGIN_ARCFACE, {.isa = 0}, 1, 0, 0},
    {"scale < 0", MARGIN_ARCFACE, {.scale = -1}, 0, 0, 0},
    {"scale NaN", MARGIN_ARCFACE, {.scale = NAN}, 0, 0, 0},
    {"scale infinite", MARGIN_ARCFACE, {.scale = INFINITY}, 0, 0, 0},
    {"scale small", MARGIN_ARCFACE, {.scale = 1e-30}, 0, 0, 1},
    {"m1 0", MARGIN_COMBINED, {.isa = 0}, 0, 1, 0},
    {"m1 < 0", MARGIN_COMBINED, {.m1 = -1}, 0, 0, 0},
    {"m1 NaN", MARGIN_COMBINED, {.m1 = NAN}, 0, 0, 0},
    {"m1 infinite", MARGIN_SPHEREFACE, {.m1 = INFINITY}, 0, 0, 0},
    {"m1 < 1", MARGIN_SPHEREFACE, {.m1 = 0.99}, 0, 0, 0},
    {"m1 < 1 combined", MARGIN_COMBINED, {.m1 = 0.9}, 0, 0, 1},
    {"m1 integer", MARGIN_SPHEREFACE, {.m1 = 4}, 0, 0, 1},
    {"m1 at its bound", MARGIN_SPHEREFACE, {.m1 = 1000}, 0, 0, 1},
    {"m1 of another loss", MARGIN_ARCFACE, {.m1 = 2}, 0, 0, 0},
    {"m2 < 0", MARGIN_ARCFACE, {.m2 = -0.1}, 0, 0, 0},
    {"m2 = pi", MARGIN_ARCFACE, {.m2 = 3.14159265358979323846}, 0, 0, 0},
    {"m2 NaN", MARGIN_ARCFACE, {.m2 = NAN}, 0, 0, 0},
    {"m2 of another loss", MARGIN_COSFACE, {.m2 = 0.1}, 0, 0, 0},
    {"m2 nearly pi", MARGIN_ARCFACE, {.m2 = 3.1415}, 0, 0, 1},
    {"m3 infinite", MARGIN_COSFACE, {.m3 = -INFINITY}, 0, 0, 0},
    {"m3 NaN", MARGIN_COSFACE, {.m3 = NAN}, 0, 0, 0},
    {"m3 of another loss", MARGIN_NORMSOFTMAX, {.m3 = 0.1}, 0, 0, 0},
    {"m3 < 0", MARGIN_COSFACE, {.m3 = -0.35}, 0, 0, 1},
    {"m3 at its bound", MARGIN_COSFACE, {.m3 = 1e6}, 0, 0, 1},
    {"lambda < 0", MARGIN_SPHEREFACE, {.lambda = -1}, 0, 0, 0},
    {"lambda NaN", MARGIN_SPHEREFACE, {.lambda = NAN}, 0, 0, 0},
    {"lambda infinite", MARGIN_SPHEREFACE, {.lambda = INFINITY}, 0, 0, 0},
    {"lambda of another loss", MARGIN_ARCFACE, {.lambda = 5}, 0, 0, 0},
    {"lambda", MARGIN_SPHEREFACE, {.lambda = 5}, 0, 0, 1},
    {"past_pi", MARGIN_ARCFACE, {.past_pi = MARGIN_PAST_PI_COUNT}, 0, 0, 0},
    {"gradient", MARGIN_ARCFACE, {.gradient = MARGIN_GRADIENT_COUNT}, 0, 0, 0},
    {"feature_norm", MARGIN_SPHEREFACE, {.feature_norm = MARGIN_FEATURE_NORM_COUNT}, 0, 0, 0},
    {"keep of another loss", MARGIN_COSFACE, {.feature_norm = MARGIN_FEATURE_NORM_KEEP}, 0, 0, 0},
    {"keep", MARGIN_SPHEREFACE, {.feature_norm = MARGIN_FEATURE_NORM_KEEP}, 0, 0, 1},
    {"threads < 0", MARGIN_ARCFACE, {.threads = -1}, 0, 0, 0},
    {"threads", MARGIN_ARCFACE, {.threads = 5}, 0, 0, 1},
};

static margin_config changed(const range_case *r)
{
    margin_config c = config_of(r->loss);
    if (r->change.scale != 0.0 || r->zero_scale) c.scale = r->change.scale;
    if (r->change.m1 != 0.0 || r->zero_m1) c.m1 = r->change.m1;
    if (r->change.m2 != 0.0) c.m2 = r->change.m2;
    if (r->change.m3 != 0.0) c.m3 = r->change.m3;
    if (r->change.lambda != 0.0) c.lambda = r->change.lambda;
    if (r->change.past_pi != 0) c.past_pi = r->change.past_pi;
    if (r->change.gradient != 0) c.gradient = r->change.gradient;
    if (r->change.feature_norm != 0) c.feature_norm = r->change.feature_norm;
    if (r->change.threads != 0) c.threads = r->change.threads;
    return c;
}

static void ranges_hold(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(ranges); i++) {
        const margin_config c = changed(&ranges[i]);
        const margin_status want = ranges[i].allowed ? MARGIN_OK : MARGIN_ERROR_CONFIG;
        margin_context *context = (margin_context *)(void *)&context;
        double psi = -7.0;
        const margin_status created = margin_create(&c, &context);
        const margin_status drawn = margin_psi(&c, 1.0, &psi, NULL);
        if (created != want || drawn != want) {
            fail_msg("%s: create: %s; psi: %s", ranges[i].what, margin_status_text(created),
                     margin_status_text(drawn));
        }
        assert_true((context != NULL) == ranges[i].allowed);
        assert_true((psi != -7.0) == ranges[i].allowed);
        margin_destroy(context);
    }
}

static void unknown_loss(void **state)
{
    (void)state;
    margin_config c = config_of(MARGIN_ARCFACE);
    margin_context *context;
    c.loss = MARGIN_LOSS_COUNT;
    assert_status(margin_create(&c, &context), MARGIN_ERROR_CONFIG);
    assert_null(context);
    assert_status(margin_config_init(&c, MARGIN_LOSS_COUNT), MARGIN_ERROR_CONFIG);
    assert_status(margin_config_init(&c, (margin_loss)-1), MARGIN_ERROR_CONFIG);
}

static void null_pointers(void **state)
{
    (void)state;
    const margin_config c = config_of(MARGIN_ARCFACE);
    margin_context *context = (margin_context *)(void *)&context;
    double psi;
    assert_status(margin_config_init(NULL, MARGIN_ARCFACE), MARGIN_ERROR_NULL);
    assert_status(margin_create(&c, NULL), MARGIN_ERROR_NULL);
    assert_status(margin_create(NULL, &context), MARGIN_ERROR_NULL);
    assert_null(context);
    assert_status(margin_psi(NULL, 1.0, &psi, NULL), MARGIN_ERROR_NULL);
    assert_status(margin_psi(&c, 1.0, NULL, NULL), MARGIN_OK);
    margin_destroy(NULL);
}

static void too_much_memory(void **state)
{
    (void)state;
    margin_config c = config_of(MARGIN_ARCFACE);
    margin_context *context = (margin_context *)(void *)&context;
    c.workspace_bytes = SIZE_MAX;
    assert_status(margin_create(&c, &context), MARGIN_ERROR_MEMORY);
    assert_null(context);
}

static void resolved(void **state)
{
    (void)state;
    margin_config c = config_of(MARGIN_COSFACE);
    margin_context *context;
    c.workspace_bytes = 0;
    assert_status(margin_create(&c, &context), MARGIN_OK);
    const margin_config *used = margin_context_config(context);
    assert_true(used->threads >= 1);
    assert_int_equal(used->workspace_bytes, 256u << 20);
    assert_true(margin_isa_usable(used->isa) && used->isa != MARGIN_ISA_AUTO);
    assert_int_equal(margin_context_fault(context)->status, MARGIN_OK);
    assert_non_null(margin_context_fault(context)->detail);
    margin_destroy(context);
}

/* ---- the instruction set ----------------------------------------------------------------------*/

static margin_status create_with(margin_isa isa, margin_isa *got)
{
    margin_config c = config_of(MARGIN_ARCFACE);
    margin_context *context;
    c.isa = isa;
    const margin_status status = margin_create(&c, &context);
    *got = status == MARGIN_OK ? margin_context_config(context)->isa : MARGIN_ISA_AUTO;
    margin_destroy(context);
    return status;
}

static margin_isa best_usable(void)
{
    for (unsigned k = MARGIN_ISA_COUNT - 1; k > MARGIN_ISA_SCALAR; k--) {
        if (margin_isa_usable((margin_isa)k)) return (margin_isa)k;
    }
    return MARGIN_ISA_SCALAR;
}

static void forced_isa(void **state)
{
    (void)state;
    margin_isa got;
    unsetenv("MARGIN_ISA");
    assert_true(margin_isa_built(MARGIN_ISA_SCALAR) && margin_isa_usable(MARGIN_ISA_SCALAR));
    assert_false(margin_isa_usable(MARGIN_ISA_AUTO) || margin_isa_usable(MARGIN_ISA_COUNT));
    for (unsigned k = MARGIN_ISA_SCALAR; k < MARGIN_ISA_COUNT; k++) {
        const int usable = margin_isa_usable((margin_isa)k);
        assert_true(!usable || margin_isa_built((margin_isa)k));
        assert_status(create_with((margin_isa)k, &got), usable ? MARGIN_OK : MARGIN_ERROR_ISA);
        assert_true(!usable || got == (margin_isa)k);
    }
    assert_status(create_with(MARGIN_ISA_COUNT, &got), MARGIN_ERROR_ISA);
    assert_status(create_with((margin_isa)-1, &got), MARGIN_ERROR_ISA);
    assert_status(create_with(MARGIN_ISA_AUTO, &got), MARGIN_OK);
    assert_int_equal(got, best_usable());
}

/* No machine has both: one of the two is always an error, never a fallback. */
static void absent_isa(void **state)
{
    (void)state;
    margin_isa got;
    const int arm = margin_isa_built(MARGIN_ISA_NEON);
    assert_status(create_with(arm ? MARGIN_ISA_AVX2 : MARGIN_ISA_NEON, &got), MARGIN_ERROR_ISA);
}

static void isa_from_environment(void **state)
{
    (void)state;
    margin_isa got;
    setenv("MARGIN_ISA", "scalar", 1);
    assert_status(create_with(MARGIN_ISA_AUTO, &got), MARGIN_OK);
    assert_int_equal(got, MARGIN_ISA_SCALAR);
    assert_status(create_with(best_usable(), &got), MARGIN_OK);
    assert_int_equal(got, best_usable());
    setenv("MARGIN_ISA", "sse9", 1);
    assert_status(create_with(MARGIN_ISA_AUTO, &got), MARGIN_ERROR_ISA);
    setenv("MARGIN_ISA", margin_isa_built(MARGIN_ISA_NEON) ? "avx2" : "neon", 1);
    assert_status(create_with(MARGIN_ISA_AUTO, &got), MARGIN_ERROR_ISA);
    setenv("MARGIN_ISA", "", 1);
    assert_status(create_with(MARGIN_ISA_AUTO, &got), MARGIN_OK);
    assert_int_equal(got, best_usable());
    setenv("MARGIN_ISA", "auto", 1);
    assert_status(create_with(MARGIN_ISA_AUTO, &got), MARGIN_OK);
    assert_int_equal(got, best_usable());
    unsetenv("MARGIN_ISA");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(defaults),
        cmocka_unit_test(loss_rows),
        cmocka_unit_test(every_loss_has_a_row),
        cmocka_unit_test(margin_past_pi_names_hold),
        cmocka_unit_test(margin_gradient_names_hold),
        cmocka_unit_test(margin_feature_norm_names_hold),
        cmocka_unit_test(isa_names),
        cmocka_unit_test(texts),
        cmocka_unit_test(ranges_hold),
        cmocka_unit_test(unknown_loss),
        cmocka_unit_test(null_pointers),
        cmocka_unit_test(too_much_memory),
        cmocka_unit_test(resolved),
        cmocka_unit_test(forced_isa),
        cmocka_unit_test(absent_isa),
        cmocka_unit_test(isa_from_environment),
    };
    return cmocka_run_group_tests_name("config", tests, NULL, NULL);
}
