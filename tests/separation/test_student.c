/* test_student.c: Student's t and Holm's correction against numbers of SciPy and by hand; what a
 * margin asks for on a circle. */
#include "demand.h"
#include "mocka.h"
#include "student.h"

/* 2 * scipy.stats.t.sf(t, n) */
static void tails(void **state)
{
    (void)state;
    static const struct {
        double t;
        size_t freedom;
        double tail;
    } known[] = {
        {0.0, 1, 1.0},
        {1.0, 1, 0.5},
        {12.706204736432095, 1, 0.05},
        {1.0, 2, 0.42264973081037427},
        {3.0, 3, 0.05766888562243730},
        {-2.7764451051977987, 4, 0.05},
        {8.6, 4, 0.0010045941244978154},
        {1.5, 5, 0.19390368024247315},
        {2.2621571627409915, 9, 0.05},
        {6.0, 40, 4.726455132788e-07},
        {1.9842169515086827, 99, 0.05},
    };
    for (size_t i = 0; i < sizeof known / sizeof *known; i++)
        assert_near("tail", student_tail(known[i].t, known[i].freedom), known[i].tail, 1e-11);
    assert_near("far", student_tail(1e9, 7), 0.0, 1e-15);
}

static void intervals_and_tests_agree(void **state)
{
    (void)state;
    const double values[] = {1.0, 2.0, 4.0, 4.5, 6.0};
    const interval found = interval_of(values, 5);
    assert_near("mean", found.mean, 3.5, 1e-15);
    assert_near("low", found.low, 3.5 - 2.7764451051977987 * sqrt(4.0 / 5.0), 1e-9);
    assert_near("at its end", student_test(found, found.low, 5), 0.05, 1e-9);
    assert_near("at its mean", student_test(found, found.mean, 5), 1.0, 1e-15);
    assert_near("more of them", student_test(found, 2.0, 9), student_tail(1.5 / sqrt(4.0 / 9.0), 8),
                2e-12);
    assert_true(isnan(student_test(interval_of(values, 1), 0.0, 2)));
}

static void equal_values_leave_nothing_to_chance(void **state)
{
    (void)state;
    const double values[] = {0.1, 0.1, 0.1, 0.1, 0.1, 0.1};
    for (size_t count = 2; count <= 6; count++) {
        const interval found = interval_of(values, count);
        assert_true(!(found.mean < 0.1 || found.mean > 0.1));
        assert_true(!(found.low < 0.1 || found.high > 0.1));
        assert_near("p", student_test(found, 0.0, count), 0.0, 0.0);
        assert_near("p on the bound", student_test(found, 0.1, count), 0.0, 0.0);
    }
}

static void holm_by_hand(void **state)
{
    (void)state;
    const double p[] = {0.01, 0.04, 0.03, NAN, 0.005, 0.03};
    const double want[] = {0.04, 0.09, 0.09, NAN, 0.025, 0.09};
    double got[6];
    holm_adjust(p, 6, got);
    for (size_t i = 0; i < 6; i++) {
        if (i == 3) {
            assert_true(isnan(got[i]));
        } else {
            assert_near("adjusted", got[i], want[i], 1e-15);
        }
    }
    const double large[] = {0.9, 0.5};
    holm_adjust(large, 2, got);
    assert_near("at most 1", got[1], 1.0, 0.0);
    assert_near("at most 1", got[0], 1.0, 0.0);
}

/* The margins that ask for the gap of ArcFace's 0.5 at 8 classes, and back. */
static void equal_demands(void **state)
{
    (void)state;
    margin_config sphereface = config_of(MARGIN_SPHEREFACE), cosface = config_of(MARGIN_COSFACE),
                  softmax = config_of(MARGIN_SOFTMAX);
    sphereface.m1 = demand_margin(MARGIN_SPHEREFACE, 0.5, 8);
    cosface.m3 = demand_margin(MARGIN_COSFACE, 0.5, 8);
    assert_near("SphereFace", sphereface.m1, 4.504, 5e-4);
    assert_near("CosFace", cosface.m3, 0.189, 5e-4);
    assert_near("ArcFace", demand_margin(MARGIN_ARCFACE, 0.5, 8), 0.5, 0.0);
    assert_near("SphereFace's gap", demand_gap(&sphereface, 8), 0.5, 2e-12);
    assert_near("CosFace's gap", demand_gap(&cosface, 8), 0.5, 2e-12);
    /* m = 3 leaves half the spacing; with 12 classes CosFace asks for more than there is. */
    sphereface.m1 = 3.0;
    cosface.m3 = 0.35;
    assert_near("half", demand_gap(&sphereface, 10), M_PI / 10.0, 1e-15);
    assert_true(isnan(demand_gap(&cosface, 12)));
    assert_true(isnan(demand_gap(&softmax, 8)));
    assert_true(isnan(demand_margin(MARGIN_SPHEREFACE, 0.8, 8)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tails),
        cmocka_unit_test(intervals_and_tests_agree),
        cmocka_unit_test(equal_values_leave_nothing_to_chance),
        cmocka_unit_test(holm_by_hand),
        cmocka_unit_test(equal_demands),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
