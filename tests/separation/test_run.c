/* test_run.c: recipes, and the promise of the toy figure on a small scale: without a margin the
 * classes all but touch, with one they stand apart. */
#define _GNU_SOURCE
#include "mocka.h"
#include "run.h"

static const run_data sphere = {"sphere", NULL};

static margin_config recipe_of(margin_loss loss, size_t classes, const loss_override *override)
{
    margin_config config;
    loss_override none;
    loss_override_none(&none);
    recipe_loss(loss, classes, override != NULL ? override : &none, &config);
    return config;
}

static void margins_fit_the_circle(void **state)
{
    (void)state;
    assert_near("arcface, 8", recipe_of(MARGIN_ARCFACE, 8, NULL).m2, 0.5, 1e-15);
    assert_near("arcface, 10", recipe_of(MARGIN_ARCFACE, 10, NULL).m2, 0.4, 1e-15);
    assert_near("arcface, 2", recipe_of(MARGIN_ARCFACE, 2, NULL).m2, 0.5, 1e-15);
    assert_near("cosface, 8", recipe_of(MARGIN_COSFACE, 8, NULL).m3, 0.2, 1e-15);
    for (size_t classes = 8; classes < 300; classes++) {
        const double spacing = 2.0 * M_PI / (double)classes;
        assert_true(recipe_of(MARGIN_ARCFACE, classes, NULL).m2 < spacing);
        assert_true(recipe_of(MARGIN_COSFACE, classes, NULL).m3 < 1.0 - cos(spacing));
        const margin_config both = recipe_of(MARGIN_COMBINED, classes, NULL);
        assert_true(cos(both.m2) - both.m3 > cos(spacing)); /* room at the centre of a zone */
    }
}

static void overrides_reach_their_margin(void **state)
{
    (void)state;
    loss_override set;
    loss_override_none(&set);
    set.scale = 32.0;
    set.margin = 1.25;
    assert_near("m1", recipe_of(MARGIN_SPHEREFACE, 8, &set).m1, 1.25, 0.0);
    assert_near("m2", recipe_of(MARGIN_ARCFACE, 8, &set).m2, 1.25, 0.0);
    assert_near("m3", recipe_of(MARGIN_COSFACE, 8, &set).m3, 1.25, 0.0);
    assert_near("scale", recipe_of(MARGIN_NORMSOFTMAX, 8, &set).scale, 32.0, 0.0);
    assert_near("no scale", recipe_of(MARGIN_SOFTMAX, 8, &set).scale, 1.0, 0.0);
    set.m2 = 0.125;
    assert_near("m2 alone", recipe_of(MARGIN_COMBINED, 8, &set).m2, 0.125, 0.0);
}

static void every_default_is_accepted(void **state)
{
    (void)state;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        const margin_config config = recipe_of((margin_loss)loss, 10, NULL);
        margin_context *context = NULL;
        assert_status(margin_create(&config, &context), MARGIN_OK);
        margin_destroy(context);
    }
}

static void carry_out(margin_loss loss, double margin, run_result *result)
{
    run_plan plan = {.data = &sphere, .loss = loss, .seed = 3, .samples = 600, .features = 5};
    loss_override_none(&plan.override);
    plan.override.margin = margin;
    if (run_carry_out(&plan, result) != 0) {
        fail_msg("%s", result->error);
    }
}

static void margin_leaves_a_gap(void **state)
{
    (void)state;
    run_result plain, narrow, wide;
    carry_out(MARGIN_NORMSOFTMAX, NAN, &plain);
    carry_out(MARGIN_ARCFACE, 0.2, &narrow);
    carry_out(MARGIN_ARCFACE, 0.5, &wide);
    assert_true(plain.train.accuracy > 0.99 && wide.train.accuracy > 0.99);
    assert_true(narrow.train.gap_median > plain.train.gap_median + 0.05);
    assert_true(wide.train.gap_median > narrow.train.gap_median + 0.05);
    assert_true(wide.train.gap_median > 0.4); /* radians; the margin is 0.5 */
    assert_true(wide.train.intra < plain.train.intra);
    assert_true(wide.train.w_ec < plain.train.w_ec);
    run_free(&plain);
    run_free(&narrow);
    run_free(&wide);
}

static void results_are_complete(void **state)
{
    (void)state;
    run_plan plan = {.data = &sphere,
                     .loss = MARGIN_COSFACE,
                     .seed = 1,
                     .epochs = 1,
                     .samples = 50,
                     .features = 5};
    run_result result;
    loss_override_none(&plan.override);
    assert_int_equal(run_carry_out(&plan, &result), 0);
    assert_int_equal(result.classes, 8);
    assert_int_equal(result.train_count, 400);
    assert_int_equal(result.feature_count, 40);
    for (size_t i = 0; i < result.feature_count; i++) {
        assert_int_equal(result.features[i].class, i / 5);
        assert_true(isfinite(result.features[i].x) && isfinite(result.features[i].y));
    }
    for (size_t j = 0; j < result.classes; j++) {
        assert_near("unit centre", hypot(result.centres[2 * j], result.centres[2 * j + 1]), 1.0,
                    1e-12);
    }
    assert_true(isfinite(result.final_loss) && result.final_loss > 0.0);
    assert_true(result.seconds > 0.0);
    run_free(&result);
}

/* A faulty setting is an error of the run, not a crash. */
static void failures_are_told(void **state)
{
    (void)state;
    run_plan plan = {.data = &sphere, .loss = MARGIN_ARCFACE, .seed = 1, .epochs = 1, .samples = 5};
    run_result result;
    loss_override_none(&plan.override);
    plan.override.scale = -1.0;
    assert_int_equal(run_carry_out(&plan, &result), -1);
    assert_non_null(strstr(result.error, "epoch 1"));
    run_free(&result);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_fit_the_circle),    cmocka_unit_test(overrides_reach_their_margin),
        cmocka_unit_test(every_default_is_accepted), cmocka_unit_test(margin_leaves_a_gap),
        cmocka_unit_test(results_are_complete),      cmocka_unit_test(failures_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
