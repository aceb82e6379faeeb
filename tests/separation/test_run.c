/* test_run.c: recipes, and the promise of the toy figure on a small scale: without a margin the
 * classes all but touch, with one they stand apart. */
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

/* The recipe follows from the dimension, whatever the data; what is set of it is taken. */
static void recipes_fit_the_dimension(void **state)
{
    (void)state;
    run_plan plan;
    loss_override none;
    loss_override_none(&none);
    for (size_t dim = 2; dim <= 64; dim++) {
        run_plan_init(&plan, &sphere, NULL, dim, MARGIN_ARCFACE, &none);
        assert_string_equal(plan.how.name, dim == 2 ? "plane" : "space");
        assert_true(plan.how.hidden[1] >= dim);
    }
    recipe set, before = plan.how;
    recipe_none(&set);
    recipe_take(&set, &plan.how);
    assert_memory_equal(&plan.how, &before, sizeof before);
    set.clip = 0.0;
    set.hidden[1] = 7;
    recipe_take(&set, &plan.how);
    before.clip = 0.0;
    before.hidden[1] = 7;
    assert_memory_equal(&plan.how, &before, sizeof before);
}

/* A run of one's own on a figure's data is the figure's run. */
static void own_runs_are_the_figures(void **state)
{
    (void)state;
    char faces[RUN_KEY], own[RUN_KEY];
    sphere_config hundred;
    run_plan plan;
    loss_override none;
    loss_override_none(&none);
    run_plan_faces(&plan, &sphere, MARGIN_NORMSOFTMAX);
    run_plan_key(&plan, faces);
    sphere_config_faces(&hundred);
    run_plan_init(&plan, &sphere, &hundred, 64, MARGIN_NORMSOFTMAX, &none);
    plan.train = 40;
    plan.test = 20;
    run_plan_key(&plan, own);
    assert_string_equal(own, faces);
}

static void carry_out(margin_loss loss, double margin, run_result *result)
{
    run_plan plan;
    loss_override set;
    loss_override_none(&set);
    set.margin = margin;
    run_plan_toy(&plan, &sphere, loss, &set);
    plan.seed = 3;
    plan.sphere.map = 2019; /* eight identities that are easy to tell apart */
    plan.train = plan.test = 600;
    plan.features = 5;
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

static run_plan small_plan(margin_loss loss)
{
    run_plan plan;
    loss_override none;
    loss_override_none(&none);
    run_plan_toy(&plan, &sphere, loss, &none);
    plan.how.epochs = 1;
    plan.train = plan.test = 50;
    plan.features = 5;
    return plan;
}

static void results_are_complete(void **state)
{
    (void)state;
    const run_plan plan = small_plan(MARGIN_COSFACE);
    run_result result;
    assert_int_equal(run_carry_out(&plan, &result), 0);
    assert_int_equal(result.classes, 8);
    assert_int_equal(result.train_count, 400);
    assert_int_equal(result.feature_count, 40);
    for (size_t i = 0; i < result.feature_count; i++) {
        assert_int_equal(result.feature_classes[i], i / 5);
        assert_true(isfinite(result.features[2 * i]) && isfinite(result.features[2 * i + 1]));
    }
    for (size_t j = 0; j < result.classes; j++) {
        assert_near("unit centre", hypot(result.centres[2 * j], result.centres[2 * j + 1]), 1.0,
                    1e-12);
        assert_true(result.arcs[j].low < result.arcs[j].high);
    }
    assert_true(isfinite(result.final_loss) && result.final_loss > 0.0);
    assert_true(result.seconds > 0.0 && !result.strangers.count);
    assert_int_equal(result.snapshots[0].epoch, 0);
    assert_int_equal(result.snapshots[2].epoch, 1);
    size_t counted = 0;
    for (size_t i = 0; i < ANGLE_BINS; i++) {
        counted += result.snapshots[2].theta.bins[i];
    }
    assert_int_equal(counted, 400);
    run_free(&result);
}

/* A hundred identities in 64 dimensions, a hundred others to verify; random weights stand at right
 * angles to the features: 90 degrees give or take 57.3 / sqrt(64). */
static void strangers_are_verified(void **state)
{
    (void)state;
    run_plan plan;
    run_result result;
    run_plan_faces(&plan, &sphere, MARGIN_ARCFACE);
    plan.how.epochs = 2;
    plan.train = 10;
    plan.test = 4;
    assert_int_equal(run_carry_out(&plan, &result), 0);
    assert_int_equal(result.strangers.count, 400);
    assert_int_equal(result.strangers.pairs.all.genuine, 100 * 6);
    assert_int_equal(result.strangers.pairs.all.impostor, 400 * 399 / 2 - 600);
    assert_true(result.strangers.pairs.all.auc > 0.6 && result.strangers.pairs.all.auc < 1.0);
    assert_true(isnan(result.unseen.w_ec) && isfinite(result.unseen.intra));
    assert_near("start", result.snapshots[0].theta.mean, 0.5 * M_PI, 4.0 / sqrt(64.0 * 100.0));
    assert_true(result.snapshots[2].theta.mean < result.snapshots[0].theta.mean);
    run_free(&result);
}

/* Losses that live in the suite: they train, and pull where the paper says. */
static void extra_objectives_train(void **state)
{
    (void)state;
    run_plan plan;
    run_result plain, intra, triplet;
    run_plan_faces(&plan, &sphere, MARGIN_NORMSOFTMAX);
    plan.how.epochs = 6;
    plan.train = 20;
    plan.test = 4;
    assert_int_equal(run_carry_out(&plan, &plain), 0);
    plan.aim.extra.intra = 20.0;
    assert_int_equal(run_carry_out(&plan, &intra), 0);
    assert_true(intra.train.theta.mean < plain.train.theta.mean - 0.05);
    plan.aim.extra.intra = 0.0;
    plan.aim.triplet = 0.35;
    plan.aim.triplet_each = 4;
    assert_int_equal(run_carry_out(&plan, &triplet), 0);
    assert_true(triplet.strangers.pairs.all.auc > 0.9);
    assert_true(isnan(triplet.train.w_ec) && isnan(triplet.train.accuracy));
    run_free(&plain);
    run_free(&intra);
    run_free(&triplet);
}

/* A faulty setting is an error of the run, not a crash. */
static void failures_are_told(void **state)
{
    (void)state;
    run_plan plan = small_plan(MARGIN_ARCFACE);
    run_result result;
    plan.aim.loss.scale = -1.0;
    assert_int_equal(run_carry_out(&plan, &result), -1);
    assert_non_null(strstr(result.error, "epoch 1"));
    run_free(&result);
}

static void keys_tell_runs_apart(void **state)
{
    (void)state;
    char key[RUN_KEY], other[RUN_KEY], label[RUN_LABEL];
    run_plan plan = small_plan(MARGIN_ARCFACE);
    run_plan_key(&plan, key);
    assert_true(strlen(key) < RUN_KEY - 100); /* nothing is cut off */
    plan.features = 77;                       /* changes no number */
    run_plan_key(&plan, other);
    assert_string_equal(key, other);
    plan.sphere.flipped = 0.1;
    run_plan_key(&plan, other);
    assert_string_not_equal(key, other);
    plan.sphere.flipped = 0.0;
    plan.seed++;
    run_plan_key(&plan, other);
    assert_string_not_equal(key, other);
    run_plan_label(&plan, label);
    assert_string_equal(label, "arcface m=0.5 s=64");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(margins_fit_the_circle),    cmocka_unit_test(overrides_reach_their_margin),
        cmocka_unit_test(every_default_is_accepted), cmocka_unit_test(margin_leaves_a_gap),
        cmocka_unit_test(results_are_complete),      cmocka_unit_test(strangers_are_verified),
        cmocka_unit_test(extra_objectives_train),    cmocka_unit_test(failures_are_told),
        cmocka_unit_test(keys_tell_runs_apart),      cmocka_unit_test(recipes_fit_the_dimension),
        cmocka_unit_test(own_runs_are_the_figures),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
