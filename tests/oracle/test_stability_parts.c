/* test_stability_parts.c: the parts of bench_stability where a fault would let a wrong library
 * pass: inputs at the wanted angle, the judge, and the verdict. */
#include <float.h>
#include <stdlib.h>

#include "helpers.h"

#include "exact.h"
#include "inputs.h"
#include "measure.h"
#include "record.h"

static recipe recipe_of(size_t rows, sweep_angle angle, placement others)
{
    recipe r = {.rows = rows, .dim = 16, .classes = 6, .others = others};

    for (size_t i = 0; i < rows; i++) {
        r.angles[i] = angle;
    }
    return r;
}

static double worst_angle(sweep_angle angle, double theta)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    const recipe how = recipe_of(8, angle, PLACE_RANDOM);
    inputs in;
    exact want;
    double worst = 0;

    inputs_make(&in, &how, 5);
    exact_solve(&want, &config, &in, 2);
    for (size_t i = 0; i < in.rows; i++) {
        worst = fmax(worst, fabs(want.angle[i] - theta));
    }
    exact_free(&want);
    inputs_free(&in);
    return worst;
}

static void angles_are_as_wanted(void **state)
{
    const double pi = (double)wide_pi();

    (void)state;
    assert_true(worst_angle((sweep_angle){0, 0}, 0) == 0);
    assert_true(worst_angle((sweep_angle){1e-12, 0}, 1e-12) < 1e-18);
    assert_true(worst_angle((sweep_angle){0, 1}, pi) == 0);
    assert_true(worst_angle((sweep_angle){pi / 2, 0}, pi / 2) == 0);
    assert_true(worst_angle((sweep_angle){0.5 - 1e-12, 1}, pi - 0.5 + 1e-12) < 2e-13);
    assert_true(worst_angle((sweep_angle){1, 0}, 1) < 2e-13);
}

/* In two and three dimensions targets lie on the axes, and angles are as wanted there, too. */
static void angles_in_few_dimensions(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    const sweep_angle angles[] = {{0, 0}, {1e-12, 0}, {1e-4, 0}, {1.2, 0}};

    (void)state;
    for (size_t dim = 2; dim <= 3; dim++) {
        for (size_t k = 0; k < sizeof angles / sizeof *angles; k++) {
            recipe how = recipe_of(13, angles[k], PLACE_RANDOM);
            inputs in;
            exact want;
            how.dim = dim;
            how.classes = 128;
            how.wobble = 2;
            inputs_make(&in, &how, 7);
            exact_solve(&want, &config, &in, 2);
            for (size_t i = 0; i < in.rows; i++) {
                assert_int_equal(in.labels[i], i % (2 * dim));
                assert_true(fabs(want.angle[i] - angles[k].offset) <= 1.2e-7 * angles[k].offset);
            }
            exact_free(&want);
            inputs_free(&in);
        }
    }
}

/* Targets anywhere among the classes: the same vectors under other numbers. */
static void targets_turn_and_spread(void **state)
{
    const margin_config config = config_of(MARGIN_COMBINED);
    recipe how = recipe_of(4, (sweep_angle){0.4, 0}, PLACE_CLOSE);
    inputs in, turned;
    exact want, other;

    (void)state;
    how.classes = 40;
    how.spread = 1;
    inputs_make(&in, &how, 9);
    how.turn = 33;
    inputs_make(&turned, &how, 9);
    exact_solve(&want, &config, &in, 1);
    exact_solve(&other, &config, &turned, 1);
    for (size_t i = 0; i < in.rows; i++) {
        assert_int_equal(in.labels[i], 5 * i);
        assert_int_equal(turned.labels[i], (5 * i + 33) % 40);
        assert_true(fabs(other.loss[i] - want.loss[i]) <= 1e-14 * want.loss[i]);
    }
    exact_free(&want);
    exact_free(&other);
    inputs_free(&in);
    inputs_free(&turned);
}

/* Rows are solved in blocks; the mean of dW is over all of them. */
static void exact_of_many_rows(void **state)
{
    const margin_config config = config_of(MARGIN_NORMSOFTMAX);
    const recipe how = recipe_of(37, (sweep_angle){1, 0}, PLACE_RANDOM);
    inputs in;
    exact want;
    oracle_output all;

    (void)state;
    inputs_make(&in, &how, 2);
    const margin_head head = head_of(&in);
    exact_solve(&want, &config, &in, 3);
    assert_int_equal(oracle_head(&config, &head, &all), 0);
    for (size_t i = 0; i < in.rows; i++) {
        assert_true(fabs(want.loss[i] - all.row_loss[i]) <= 1e-15 * want.loss[i]);
    }
    for (size_t k = 0; k < in.classes * in.dim; k++) {
        assert_true(fabs(want.dw[k] - all.grad_weights[k]) <= 1e-14);
    }
    oracle_output_free(&all);
    exact_free(&want);
    inputs_free(&in);
}

/* Threads share the rows out, and the answer is the same. */
static void exact_does_not_depend_on_threads(void **state)
{
    const margin_config config = config_of(MARGIN_COMBINED);
    const recipe how = recipe_of(7, (sweep_angle){0.3, 0}, PLACE_CLOSE);
    inputs in;
    exact one, three;

    (void)state;
    inputs_make(&in, &how, 3);
    exact_solve(&one, &config, &in, 1);
    exact_solve(&three, &config, &in, 3);
    assert_memory_equal(one.dw, three.dw, in.classes * in.dim * sizeof *one.dw);
    assert_memory_equal(one.dx, three.dx, in.rows * in.dim * sizeof *one.dx);
    assert_memory_equal(one.loss, three.loss, in.rows * sizeof *one.loss);
    exact_free(&one);
    exact_free(&three);
    inputs_free(&in);
}

/* One ulp of each input moves the loss by at most its condition, up to the second order. */
static void condition_covers_one_ulp(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    const recipe how = recipe_of(8, (sweep_angle){0.7, 0}, PLACE_RANDOM);
    inputs in, moved;
    exact want, other;

    (void)state;
    inputs_make(&in, &how, 11);
    exact_solve(&want, &config, &in, 1);
    exact_shift(&want, &config, &in, 2, 1);
    for (uint64_t draw = 1; draw <= 20; draw++) {
        inputs_shift(&moved, &in, draw);
        exact_solve(&other, &config, &moved, 1);
        for (size_t i = 0; i < in.rows; i++) {
            const double by = fabs(other.loss[i] - want.loss[i]);
            assert_true(by <= want.condition[i] * 1.0001 && by > 1e-4 * want.condition[i]);
            assert_true(want.dx_shift[i] > 0);
        }
        exact_free(&other);
        inputs_free(&moved);
    }
    exact_free(&want);
    inputs_free(&in);
}

/* What the usual formulas do at theta = 0 and on converged rows is outside every promise, what the
 * library does is within. */
static void the_judge_tells_right_from_wrong(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    const recipe how = recipe_of(16, (sweep_angle){0, 0}, PLACE_RANDOM);
    inputs in;
    exact want;
    tally library = {0}, plain = {0};
    verdict v = {0};

    (void)state;
    assert_string_equal(textbooks[1].name, "acos");
    for (uint64_t seed = 1; seed <= 8; seed++) {
        inputs_make(&in, &how, seed);
        exact_solve(&want, &config, &in, 1);
        assert_int_equal(measure_library(&config, &in, &want, &(witness){.seed = seed}, &library),
                         MARGIN_OK);
        measure_textbook(&textbooks[1], &config, &in, &want, &(witness){.seed = seed}, &plain);
        exact_free(&want);
        inputs_free(&in);
    }
    assert_int_equal(library.rows, 128);
    assert_true(plain.nonfinite > 0 && library.nonfinite == 0);
    for (int p = 0; p < GOAL_LOSS; p++) {
        assert_true(library.outside[p] == 0);
        assert_true(p == PROMISE_GRAD_W || plain.outside[p] > 0);
    }
    verdict_add(&v, MARGIN_ARCFACE, "here", 1, &library);
    assert_int_equal(verdict_failures(&v), 0);
    verdict_add(&v, MARGIN_ARCFACE, "acos", 0, &plain);
    assert_int_equal(verdict_failures(&v), 0); /* only the library promises */
    verdict_add(&v, MARGIN_ARCFACE, "here", 1, &plain);
    assert_true(verdict_failures(&v) >= 3);
}

/* A wrong result by a known amount is outside by that amount. */
static void shares_are_errors_over_bounds(void **state)
{
    margin_config config = config_of(MARGIN_NORMSOFTMAX);
    const recipe how = recipe_of(2, (sweep_angle){1, 0}, PLACE_RANDOM);
    inputs in;
    exact want;
    tally t = {0};

    (void)state;
    config.scale = 4;
    inputs_make(&in, &how, 1);
    exact_solve(&want, &config, &in, 1);
    const double loss = want.loss[0], allowed = 4 * float_ulp(loss) + want.condition[0];
    want.loss[0] += 1e-3;
    assert_int_equal(measure_library(&config, &in, &want, &(witness){.seed = 1}, &t), MARGIN_OK);
    assert_true(fabs(t.share[GOAL_LOSS] * allowed / 1e-3 - 1) < 0.05);
    assert_true(t.share[PROMISE_LOSS] < t.share[GOAL_LOSS] && t.share[PROMISE_LOSS] > 10);
    assert_int_equal(t.outside[PROMISE_LOSS], 1);
    want.dx[0] = 1.01 * want.dx[0] + 1;
    t = (tally){0};
    assert_int_equal(measure_library(&config, &in, &want, &(witness){.seed = 1}, &t), MARGIN_OK);
    assert_int_equal(t.outside[PROMISE_GRAD_X], 1);
    assert_int_equal(t.outside[PROMISE_GRAD_W], 0);
    exact_free(&want);
    inputs_free(&in);
}

/* To within a tenth, whatever the other half is, and over several tallies. */
static void medians(void **state)
{
    tally t = {0}, more = {0};

    (void)state;
    assert_true(isnan(tally_median(&t, METRIC_LOSS_ULP)));
    for (int k = 0; k < 5; k++) {
        tally_note(&t, METRIC_LOSS_ULP, 1e-3);
        tally_note(&more, METRIC_LOSS_ULP, k < 2 ? 3 : 1e30);
    }
    tally_note(&more, METRIC_LOSS_ULP, 3);
    tally_add(&t, &more);
    assert_true(fabs(tally_median(&t, METRIC_LOSS_ULP) / 3 - 1) < 0.1);
    assert_true(t.most[METRIC_LOSS_ULP] >= 1e30 && t.count[METRIC_LOSS_ULP] == 11);
    assert_true(fabs(tally_median(&more, METRIC_LOSS_ULP) / 3 - 1) < 0.1);
    t = (tally){0};
    tally_note(&t, METRIC_GRAD_X, 0);
    assert_true(tally_median(&t, METRIC_GRAD_X) == 0);
}

static void float_ulps(void **state)
{
    (void)state;
    assert_true(float_ulp(1) == (double)FLT_EPSILON);
    assert_true(float_ulp(-1.99) == (double)FLT_EPSILON);
    assert_true(float_ulp(2) == 2 * (double)FLT_EPSILON);
    assert_true(float_ulp(0) == 0x1p-149 && float_ulp(1e-300) == 0x1p-149);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(angles_are_as_wanted),
        cmocka_unit_test(angles_in_few_dimensions),
        cmocka_unit_test(targets_turn_and_spread),
        cmocka_unit_test(exact_of_many_rows),
        cmocka_unit_test(medians),
        cmocka_unit_test(exact_does_not_depend_on_threads),
        cmocka_unit_test(condition_covers_one_ulp),
        cmocka_unit_test(the_judge_tells_right_from_wrong),
        cmocka_unit_test(shares_are_errors_over_bounds),
        cmocka_unit_test(float_ulps),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
