/* test_psi.c: target-logit curves: slopes against differences, continuity, what past_pi does. The
 * papers' values: tests/oracle. */
#include <float.h>

#include "dmath.h"
#include "mocka.h"

static double radians(double degrees)
{
    return degrees * (DM_PI / 180.0);
}

static double psi_at(const margin_config *config, double theta, double *slope)
{
    double psi = NAN;
    assert_status(margin_psi(config, theta, &psi, slope), MARGIN_OK);
    return psi;
}

/* ---- every loss of the table, every option ----------------------------------------------------*/

typedef void (*curve_test)(const margin_config *config);

static void for_each_curve(curve_test test)
{
    for (unsigned k = 0; k < MARGIN_LOSS_COUNT; k++) {
        const margin_loss_info *info = margin_loss_get((margin_loss)k);
        margin_config config = config_of((margin_loss)k);
        test(&config);
        for (int how = 0; info->has_angle && how < MARGIN_PAST_PI_COUNT; how++) {
            config.past_pi = (margin_past_pi)how;
            test(&config);
            if (info->has_lambda) {
                config.lambda = 5.0;
                test(&config);
                config.lambda = 0.0;
            }
        }
    }
}

/* Differences across a jump or kink of the curve say nothing. */
static int smooth_near(const margin_config *c, double theta, double h)
{
    const double low = c->m1 * (theta - h) + c->m2, high = c->m1 * (theta + h) + c->m2;
    const int past_pi = floor(low / DM_PI) != floor(high / DM_PI);
    return !past_pi && (cos(theta - h) > 0.0) == (cos(theta + h) > 0.0);
}

static void slope_is_derivative(const margin_config *config)
{
    const double h = 1e-5;
    for (double degrees = 0.5; degrees < 179.5; degrees += 0.37) {
        const double theta = radians(degrees);
        double slope, unused;
        if (!smooth_near(config, theta, h)) continue;
        psi_at(config, theta, &slope);
        const double rise = psi_at(config, theta + h, &unused) - psi_at(config, theta - h, &unused);
        assert_near("slope", slope, rise / (2.0 * h), 1e-8 * (1.0 + config->m1 * config->m1));
    }
}

static void detached_slope(const margin_config *config)
{
    margin_config detached = *config;
    detached.gradient = MARGIN_GRADIENT_DETACHED;
    for (double degrees = 0.0; degrees <= 180.0; degrees += 3.3) {
        const double theta = radians(degrees);
        double slope;
        assert_true(psi_at(&detached, theta, &slope) == psi_at(config, theta, NULL));
        assert_near("detached slope", slope, -sin(theta), 1e-15);
    }
}

static void finite_at_both_ends(const margin_config *config)
{
    const double ends[] = {0.0, DM_PI, 0x1p-1074, DBL_MIN, 1e-300};
    for (size_t i = 0; i < LENGTH_OF(ends); i++) {
        double slope;
        assert_true(isfinite(psi_at(config, ends[i], &slope)) && isfinite(slope));
    }
}

static void slopes_are_derivatives(void **state)
{
    (void)state;
    for_each_curve(slope_is_derivative);
}

static void detached_slopes(void **state)
{
    (void)state;
    for_each_curve(detached_slope);
}

static void ends_are_finite(void **state)
{
    (void)state;
    for_each_curve(finite_at_both_ends);
}

static void angles_out_of_range(void **state)
{
    const double bad[] = {-1e-300, 3.1415926535897936, NAN, INFINITY, -INFINITY};
    const margin_config config = config_of(MARGIN_ARCFACE);
    double psi = -7.0, slope = -7.0;
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(bad); i++) {
        assert_status(margin_psi(&config, bad[i], &psi, &slope), MARGIN_ERROR_CONFIG);
    }
    assert_true(psi == -7.0 && slope == -7.0);
}

/* ---- what past_pi does, from the contract's words ---------------------------------------------*/

static void past_pi_by_hand(void **state)
{
    const double theta = radians(170), c = cos(theta), phi = theta + 0.5;
    const double want[MARGIN_PAST_PI_COUNT] = {
        [MARGIN_PAST_PI_PAPER] = cos(phi), [MARGIN_PAST_PI_MONOTONE] = -cos(phi) - 2.0,
        [MARGIN_PAST_PI_CLAMP] = -1.0,     [MARGIN_PAST_PI_TAYLOR] = c - 0.5 * sin(0.5),
        [MARGIN_PAST_PI_EASY] = c,
    };
    margin_config config = config_of(MARGIN_ARCFACE);
    (void)state;
    for (int how = 0; how < MARGIN_PAST_PI_COUNT; how++) {
        config.past_pi = (margin_past_pi)how;
        assert_near("psi beyond pi", psi_at(&config, theta, NULL), want[how], 1e-15);
        const double before = how == MARGIN_PAST_PI_EASY ? cos(1.6) : cos(1.6 + 0.5);
        assert_near("psi before pi", psi_at(&config, 1.6, NULL), before, 1e-15);
    }
}

static void monotone_never_rises(void **state)
{
    const double multiples[] = {1.0, 1.35, 2.0, 2.5, 3.0, 4.0, 7.3};
    (void)state;
    for (size_t k = 0; k < LENGTH_OF(multiples); k++) {
        margin_config config = config_of(MARGIN_COMBINED);
        config.past_pi = MARGIN_PAST_PI_MONOTONE;
        config.m1 = multiples[k];
        double before = INFINITY;
        for (int i = 0; i <= 20000; i++) {
            double slope;
            const double psi = psi_at(&config, DM_PI * i / 20000.0, &slope);
            assert_true(psi <= before + 1e-12 && slope <= 1e-12);
            assert_true(before == INFINITY || before - psi < 1e-2); /* no jump either */
            before = psi;
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(slopes_are_derivatives), cmocka_unit_test(detached_slopes),
        cmocka_unit_test(ends_are_finite),        cmocka_unit_test(angles_out_of_range),
        cmocka_unit_test(past_pi_by_hand),        cmocka_unit_test(monotone_never_rises),
    };
    return cmocka_run_group_tests_name("psi", tests, NULL, NULL);
}
