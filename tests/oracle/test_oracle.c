/* test_oracle.c: is the oracle itself right? psi against golden values from the papers' formulas,
 * its slope against differences in wide arithmetic, and the cross entropy's identities. */
#include "helpers.h"

#include "golden.h"

static void pi_is_exact(void **state)
{
    (void)state;
    assert_true(wide_pi() == wide_acos(-1));
}

/* ---- psi ------------------------------------------------------------------------------------- */

static void golden_target_logits(void **state)
{
    (void)state;
    for (size_t row = 0; row < GOLDEN_ANGLES; row++) {
        const wide theta = radians(golden_logits[row].degrees);
        for (size_t k = 0; k < GOLDEN_CURVES; k++) {
            wide psi, slope;
            oracle_target(&golden_curves[k], wide_cos(theta), theta, &psi, &slope);
            assert_near(psi, golden_logits[row].psi[k], 5.001e-5);
        }
    }
}

static void golden_slopes_by_cosine(void **state)
{
    (void)state;
    for (size_t row = 0; row < GOLDEN_SLOPE_ANGLES; row++) {
        const wide theta = radians(golden_slopes[row].degrees);
        for (size_t k = 0; k < GOLDEN_SLOPE_CURVES; k++) {
            const double want = golden_slopes[row].slope[k];
            wide psi, slope;
            oracle_target(&golden_curves[golden_slope_curve[k]], wide_cos(theta), theta, &psi,
                          &slope);
            assert_near(-slope / wide_sin(theta), want, want >= 10 ? 5.001e-4 : 5.001e-5);
        }
    }
}

/* Arc(.5) crosses Cos(.35) at 30.70 and 120.66 degrees and meets plain cos at 165.68. */
static void golden_crossings(void **state)
{
    const double degrees[] = {30.70, 120.66, 165.68};
    const margin_config arc = config_of(MARGIN_ARCFACE);
    const margin_config other[] = {config_of(MARGIN_COSFACE), config_of(MARGIN_COSFACE),
                                   config_of(MARGIN_NORMSOFTMAX)};

    (void)state;
    for (size_t k = 0; k < 3; k++) {
        wide apart[2];
        for (int side = 0; side < 2; side++) {
            const wide theta = radians(degrees[k] + (side ? 0.006 : -0.006));
            wide a, b, slope;
            oracle_target(&arc, wide_cos(theta), theta, &a, &slope);
            oracle_target(&other[k], wide_cos(theta), theta, &b, &slope);
            apart[side] = a - b;
        }
        assert_true(apart[0] * apart[1] < 0);
    }
}

static void past_pi_by_hand(void **state)
{
    const wide theta = radians(170); /* phi = 170 degrees + 0.5 = 198.6 degrees */
    const wide c = wide_cos(theta), phi = theta + 0.5;
    const wide want[MARGIN_PAST_PI_COUNT] = {
        [MARGIN_PAST_PI_PAPER] = wide_cos(phi),
        [MARGIN_PAST_PI_MONOTONE] = -wide_cos(phi) - 2,
        [MARGIN_PAST_PI_TAYLOR] = c - 0.5 * wide_sin(0.5),
        [MARGIN_PAST_PI_CLAMP] = -1,
        [MARGIN_PAST_PI_EASY] = c,
    };
    margin_config config = config_of(MARGIN_ARCFACE);

    (void)state;
    for (int how = 0; how < MARGIN_PAST_PI_COUNT; how++) {
        wide psi, slope;
        config.past_pi = (margin_past_pi)how;
        oracle_target(&config, c, theta, &psi, &slope);
        assert_near(psi, want[how], 1e-30);
    }
}

/* The slope is the derivative of psi, and monotone has neither jumps nor rises. */
static void slope_is_the_derivative(void **state)
{
    const margin_config configs[] = {config_of(MARGIN_SPHEREFACE), config_of(MARGIN_ARCFACE),
                                     config_of(MARGIN_COSFACE), combined(2.3, 0.4, 0.15)};
    const wide h = 1e-12;

    (void)state;
    for (size_t k = 0; k < sizeof configs / sizeof *configs; k++) {
        for (int how = 0; how < MARGIN_PAST_PI_COUNT; how++) {
            margin_config config = configs[k];
            config.past_pi = (margin_past_pi)how;
            for (double degrees = 0.7; degrees < 180; degrees += 3.1) {
                const wide theta = radians(degrees);
                wide low, high, psi, slope;
                oracle_target(&config, wide_cos(theta - h), theta - h, &low, &slope);
                oracle_target(&config, wide_cos(theta + h), theta + h, &high, &slope);
                oracle_target(&config, wide_cos(theta), theta, &psi, &slope);
                assert_near((high - low) / (2 * h), slope, 1e-20);
                assert_true(how != MARGIN_PAST_PI_MONOTONE || slope <= 0);
            }
        }
    }
}

/* ---- softmax --------------------------------------------------------------------------------- */

static void softmax_identities(void **state)
{
    wide logits[5] = {0.3, -1.7, 2.5, 0.3, 1.1}, shifted[5], grad[5], again[5];
    wide loss, other, sum = 0, partition = 0;

    (void)state;
    for (size_t j = 0; j < 5; j++) {
        partition += wide_exp(logits[j]);
        shifted[j] = logits[j] + 1000;
    }
    oracle_softmax(logits, 5, 1, &loss, grad);
    oracle_softmax(shifted, 5, 1, &other, again);
    assert_near(loss, wide_log(partition) - logits[1], 1e-31);
    assert_near(loss, other, 1e-29);
    for (size_t j = 0; j < 5; j++) {
        sum += grad[j];
        assert_near(grad[j], wide_exp(logits[j]) / partition - (j == 1), 1e-32);
        assert_near(grad[j], again[j], 1e-29);
    }
    assert_near(sum, 0, 1e-32);
}

static void softmax_of_equals_and_of_certainties(void **state)
{
    wide logits[4] = {7, 7, 7, 7}, grad[4], loss;

    (void)state;
    oracle_softmax(logits, 4, 3, &loss, grad);
    assert_near(loss, wide_log(4), 1e-32);
    assert_near(grad[0], 0.25, 1e-32);
    assert_near(grad[3], -0.75, 1e-32);
    logits[2] = 1007; /* a loss of 3 exp(-1000) has digits */
    oracle_softmax(logits, 4, 2, &loss, grad);
    assert_near(loss / (3 * wide_exp(-1000)), 1, 1e-30);
    assert_near(grad[2] / (3 * wide_exp(-1000)), -1, 1e-30);
    logits[2] = -993;
    oracle_softmax(logits, 4, 2, &loss, grad);
    assert_near(loss, 1000 + wide_log(3), 1e-29);
    oracle_softmax(logits, 1, 0, &loss, grad);
    assert_true(loss == 0 && grad[0] == 0);
}

/* The cross entropy with a distribution is the mean of the cross entropies with each class. */
static void smoothing_is_a_mean_of_labels(void **state)
{
    const wide logits[4] = {1.5, -2, 3.25, 0}, e = 0.2;
    wide loss, grad[4], want = 0, want_grad[4] = {0};

    (void)state;
    for (size_t j = 0; j < 4; j++) {
        const wide share = e / 4 + (j == 2 ? 1 - e : 0);
        oracle_softmax(logits, 4, j, &loss, grad);
        want += share * loss;
        for (size_t k = 0; k < 4; k++) {
            want_grad[k] += share * grad[k];
        }
    }
    oracle_softmax(logits, 4, 2, &loss, grad);
    oracle_smooth(logits, 4, 2, e, &loss, grad);
    assert_near(loss, want, 1e-31);
    for (size_t k = 0; k < 4; k++) {
        assert_near(grad[k], want_grad[k], 1e-31);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(pi_is_exact),
        cmocka_unit_test(golden_target_logits),
        cmocka_unit_test(golden_slopes_by_cosine),
        cmocka_unit_test(golden_crossings),
        cmocka_unit_test(past_pi_by_hand),
        cmocka_unit_test(slope_is_the_derivative),
        cmocka_unit_test(softmax_identities),
        cmocka_unit_test(softmax_of_equals_and_of_certainties),
        cmocka_unit_test(smoothing_is_a_mean_of_labels),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
