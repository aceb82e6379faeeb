/* test_dmath.c: the elementary functions in double against the C library's long double, over the
 * ranges that dmath.h states. Knows nothing of losses. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "dmath.h"

enum { DRAWS = 200000 };

static uint64_t state = 1;

static double uniform(void)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (double)(state >> 11) * 0x1p-53;
}

static double ulps(double got, long double want)
{
    return fabs((double)((got - want) / want)) * 0x1p53;
}

static void test_exp(void **unused)
{
    (void)unused;
    for (int i = 0; i < DRAWS; i++) {
        const double x = (2.0 * uniform() - 1.0) * 700.0;
        assert_true(ulps(dm_exp(x), expl((long double)x)) < 4.0);
    }
    assert_true(dm_exp(0.0) == 1.0);
    assert_true(dm_exp(-INFINITY) == 0.0);
    assert_true(dm_exp(-740.0) > 0.0 && dm_exp(-740.0) < 1e-320);
    assert_true(isinf(dm_exp(710.0)));
    assert_true(isnan(dm_exp(NAN)));
}

static void test_log(void **unused)
{
    (void)unused;
    for (int i = 0; i < DRAWS; i++) {
        const double x = exp((2.0 * uniform() - 1.0) * 600.0), small = exp(-uniform() * 60.0);
        assert_true(ulps(dm_log(x), logl((long double)x)) < 4.0);
        assert_true(ulps(dm_log1p(small), log1pl((long double)small)) < 4.0);
        assert_true(ulps(dm_log1p(-small * 0.99), log1pl((long double)(-small * 0.99))) < 8.0);
    }
    assert_true(dm_log(1.0) == 0.0);
    assert_true(dm_log1p(0.0) == 0.0);
}

static void test_sine_cosine(void **unused)
{
    (void)unused;
    for (int i = 0; i < DRAWS; i++) {
        const double x = uniform() * (i % 2 ? 3.2 : 3000.0);
        double sine, cosine;
        dm_sincos(x, &sine, &cosine);
        assert_true(fabs((double)(sine - sinl((long double)x))) < 0x1p-52);
        assert_true(fabs((double)(cosine - cosl((long double)x))) < 0x1p-52);
    }
    double sine = 0.0, cosine = 0.0;
    dm_sincos(NAN, &sine, &cosine);
    assert_true(isnan(sine) && isnan(cosine));
}

static void test_atan2(void **unused)
{
    (void)unused;
    for (int i = 0; i < DRAWS; i++) {
        const double y = exp(-40.0 * uniform()), x = 2.0 * uniform() - 1.0;
        assert_true(ulps(dm_atan2(y, x), atan2l((long double)y, (long double)x)) < 4.0);
    }
    assert_true(dm_atan2(0.0, 0.0) == DM_PI / 2.0);
    assert_true(dm_atan2(0.0, -1.0) == DM_PI);
    assert_true(dm_atan2(0.0, 1.0) == 0.0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_exp),
        cmocka_unit_test(test_log),
        cmocka_unit_test(test_sine_cosine),
        cmocka_unit_test(test_atan2),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
