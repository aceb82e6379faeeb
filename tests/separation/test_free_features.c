/* test_free_features.c: without a network the gap between classes is what each loss's decision
 * margin demands, whatever the angle between the classes. */
#include "crowd.h"
#include "mocka.h"

static const double degree = M_PI / 180.0;

static double gap_of(margin_loss loss, double margin, size_t classes)
{
    margin_config config = config_of(loss);
    const int index = margin_loss_get(loss)->margin_index;
    double *const margins[] = {NULL, &config.m1, &config.m2, &config.m3};
    if (index > 0) {
        *margins[index] = margin;
    }
    config.threads = 1;
    return free_gap(&config, classes, 1);
}

/* The soft edge and the last step: half a degree. */
static void assert_gap(const char *what, double got, double want)
{
    assert_near(what, got / degree, want / degree, 0.6);
    assert_true(got > want - 0.1 * degree); /* the demand is met */
}

static void gaps_are_what_the_margins_demand(void **state)
{
    (void)state;
    for (size_t classes = 4; classes <= 10; classes += 2) {
        const double spacing = 2.0 * M_PI / (double)classes;
        assert_gap("ArcFace", gap_of(MARGIN_ARCFACE, 0.5, classes), 0.5);
        assert_gap("CosFace", gap_of(MARGIN_COSFACE, 0.15, classes),
                   2.0 * asin(0.15 / (2.0 * sin(spacing / 2.0))));
        assert_gap("SphereFace", gap_of(MARGIN_SPHEREFACE, 3.0, classes), spacing / 2.0);
    }
    assert_true(gap_of(MARGIN_NORMSOFTMAX, 0.0, 8) <
                3.0 * degree); /* samples are 1.1 degree apart */
}

static void refusals_are_not_numbers(void **state)
{
    (void)state;
    assert_true(isnan(gap_of(MARGIN_ARCFACE, -1.0, 8)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gaps_are_what_the_margins_demand),
        cmocka_unit_test(refusals_are_not_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
