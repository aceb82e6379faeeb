/* test_quantile.c: sorted numbers and their quantiles. */
#include <quantile.h>

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

/* Expected values are those of numpy.percentile's default method. */
static void quantiles_interpolate(void **state)
{
    (void)state;
    double values[] = {4, 16, 1, 8, 2};
    sort_doubles(values, 5);
    assert_near(quantile(values, 5, 0.5), 4);
    assert_near(quantile(values, 5, 0.05), 1.2);
    assert_near(quantile(values, 5, 0.95), 14.4);
    assert_near(quantile(values, 4, 0.5), 3);
    assert_near(quantile(values, 4, 0.9), 6.8);
    assert_near(quantile(values, 1, 0.95), 1);
    assert_true(isnan(quantile(values, 0, 0.5)));
}

static void ends_are_exact(void **state)
{
    (void)state;
    const double values[] = {-1e300, 0.1, 0.3};
    assert_true(quantile(values, 3, 0.0) == -1e300);
    assert_true(quantile(values, 3, 0.5) == 0.1);
    assert_true(quantile(values, 3, 1.0) == 0.3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(quantiles_interpolate),
        cmocka_unit_test(ends_are_exact),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
