/* test_theta_stats.c: the angle statistics of `margin eval`. */
#include <theta_stats.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-12 * (1.0 + fabs(expected))))
        fail_msg("%.17g is not %.17g", value, expected);
}

static void ignored_rows_do_not_count(void **state)
{
    (void)state;
    const float angles[] = {0.5f, 3.0f, 1.5f, 1.0f};
    const int64_t labels[] = {3, -1, 0, 1};
    theta_stats stats;
    assert_int_equal(theta_stats_of(angles, labels, 4, 1.0, 2.0, &stats), 1);
    const double degree = 57.29577951308232;
    assert_near(stats.mean, degree);
    assert_near(stats.p50, degree);
    assert_near(stats.p05, 0.55 * degree);
    assert_near(stats.p95, 1.45 * degree);
    assert_near(stats.past_pi, 1.0 / 3.0);
    const int64_t none[] = {-1, -1, -1, -1};
    stats.mean = 7;
    assert_int_equal(theta_stats_of(angles, none, 4, 1.0, 0.0, &stats), 0);
    assert_true(stats.mean == 7);
}

/* float32 has no pi: the nearest value is larger, but such a row is not past pi without a
 * margin. */
static void pi_is_not_past_pi(void **state)
{
    (void)state;
    const float angles[] = {3.14159274f};
    const int64_t labels[] = {0};
    theta_stats stats;
    assert_int_equal(theta_stats_of(angles, labels, 1, 1.0, 0.0, &stats), 1);
    assert_near(stats.past_pi, 0.0);
    assert_near(stats.mean, 180.0);
    assert_int_equal(theta_stats_of(angles, labels, 1, 1.001, 0.0, &stats), 1);
    assert_near(stats.past_pi, 1.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ignored_rows_do_not_count),
        cmocka_unit_test(pi_is_not_past_pi),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
