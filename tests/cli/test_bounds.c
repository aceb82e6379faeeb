/* test_bounds.c: caps, distances between many directions, and the papers' bounds on scale and
 * margin against published or closed values. */
#include <bounds.h>
#include <caps.h>
#include <degrees.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void assert_near(const char *what, double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%s: %.17g is not %.17g", what, value, expected);
}

/* Closed forms: d = 2: a / pi; 3: (1 - cos a) / 2; 4: (a - sin a cos a) / pi;
 * 5: (2 - 3 cos a + cos^3 a) / 4. */
static void caps_have_their_share(void **state)
{
    (void)state;
    for (int i = 1; i < 180; i++) {
        const double a = i * M_PI / 180.0, c = cos(a), s = sin(a);
        const double shares[] = {a / M_PI, 0.5 * (1.0 - c), (a - s * c) / M_PI,
                                 0.25 * (2.0 - 3.0 * c + c * c * c)};
        for (size_t dim = 2; dim <= 5; dim++) {
            const double share = cap_share(dim, a);
            assert_near("share", share, shares[dim - 2], 2e-14);
            assert_near("angle", cap_angle(dim, share), a, 1e-10);
            assert_near("both sides", share + cap_share(dim, M_PI - a), 1.0, 1e-13);
        }
    }
    /* Small ones keep their digits: in 512 dimensions a cap of 30 degrees has 1e-156. */
    assert_near("tiny cap", cap_share(3, 1e-8) / 2.5e-17, 1.0, 1e-9);
    const double small = cap_share(512, M_PI / 6);
    assert_true(small > 1e-157 && small < 1e-155);
    assert_near("whole", cap_share(512, M_PI), 1.0, 0.0);
    assert_near("half", cap_share(513, M_PI / 2), 0.5, 1e-13);
}

/* Two directions: the mean angle is 90 degrees in every dimension. On a circle the least of m
 * angles has mean pi / (m + 1). */
static void nearest_of_few(void **state)
{
    (void)state;
    for (size_t dim = 2; dim <= 600; dim += 13)
        assert_near("mean angle", cap_nearest(dim, 1.0), M_PI / 2, 1e-9);
    for (double m = 1.0; m < 1e12; m *= 7.0)
        assert_near("circle", cap_nearest(2, m) * (m + 1.0) / M_PI, 1.0, 1e-7);
    assert_near("pair", sphere_closest(3, 2.0), M_PI / 2, 1e-9);
}

/* Degrees for n = 1e4 .. 1e8: asymptotic closest pair, closest pair, mean nearest neighbour. */
static void golden_distances(void **state)
{
    (void)state;
    static const struct {
        size_t dim;
        double values[5][3];
    } golden[] = {
        {128,
         {{50.93, 62.12, 70.57},
          {49.12, 58.55, 67.95},
          {47.37, 55.41, 65.62},
          {45.68, 52.59, 63.50},
          {44.05, 50.03, 61.55}}},
        {256,
         {{54.11, 70.14, 76.24},
          {53.14, 67.53, 74.35},
          {52.19, 65.21, 72.67},
          {51.25, 63.10, 71.14},
          {50.33, 61.17, 69.72}}},
        {512,
         {{55.72, 75.90, 80.26},
          {55.22, 74.03, 78.92},
          {54.72, 72.35, 77.72},
          {54.23, 70.83, 76.62},
          {53.75, 69.42, 75.60}}},
    };
    for (size_t k = 0; k < sizeof golden / sizeof *golden; k++) {
        for (int i = 0; i < 5; i++) {
            const double n = pow(10.0, 4 + i), *const row = golden[k].values[i];
            const size_t dim = golden[k].dim;
            assert_near("asymptotic", degrees(sphere_closest_asymptotic(dim, n)), row[0], 0.0051);
            assert_near("closest", degrees(sphere_closest(dim, n)), row[1], 0.0051);
            assert_near("nearest", degrees(sphere_nearest(dim, n)), row[2], 0.0051);
        }
    }
    assert_near("10575 in 512", degrees(sphere_nearest(512, 10575)), 80.22, 0.0051);
}

/* In few dimensions and many points the asymptotic formula is right. */
static void asymptote_is_met(void **state)
{
    (void)state;
    for (size_t dim = 2; dim <= 4; dim++)
        assert_near("ratio", sphere_closest_asymptotic(dim, 1e9) / sphere_closest(dim, 1e9), 1.0,
                    1e-4);
}

static void packings(void **state)
{
    (void)state;
    assert_near("tetrahedron", degrees(packing_most(3, 4)), 109.4712206, 1e-6);
    assert_near("octahedron", degrees(packing_most(3, 6)), 90.0, 1e-12);
    assert_near("circle", degrees(packing_least(2, 8)), 45.0, 1e-12);
    assert_near("simplex", cos(packing_least(512, 100)), -1.0 / 99.0, 1e-12);
    /* Known best angles: 12 in 3 dimensions 63.4349, 24 in 4 60, 240 in 8 60 degrees. */
    static const struct {
        size_t dim;
        double count, angle;
    } best[] = {{3, 12, 63.4349488}, {4, 24, 60.0}, {8, 240, 60.0}};
    for (int i = 0; i < 3; i++) {
        assert_true(degrees(packing_most(best[i].dim, best[i].count)) > best[i].angle);
        assert_true(degrees(packing_least(best[i].dim, best[i].count)) < best[i].angle);
    }
    assert_near("many", degrees(packing_most(512, 10575)), 90.0, 1e-12);
    assert_true(packing_least(512, 10575) > sphere_closest(512, 10575));
}

static void bounds_of_the_papers(void **state)
{
    (void)state;
    static const double classes[] = {8, 10, 1000, 10575, 85742}, posterior[] = {.5, .9, .99, .999};
    static const double scale[5][4] = {{1.703, 3.625, 5.723, 7.746},
                                       {1.978, 3.955, 6.113, 8.194},
                                       {6.900, 9.095, 11.490, 13.800},
                                       {9.265, 11.462, 13.860, 16.171},
                                       {11.359, 13.556, 15.954, 18.266}};
    for (int i = 0; i < 5; i++) {
        for (int j = 0; j < 4; j++) {
            const double s = bound_cosface_scale(classes[i], posterior[j]);
            assert_near("CosFace", s, scale[i][j], 6e-4);
            /* NormFace's loss is the other side of the same coin. */
            assert_near("NormFace", bound_normface_loss(classes[i], s), -log(posterior[j]), 1e-12);
        }
    }
    static const double loss[4][5] = {{1.377, 3.612, 5.908, 8.266, 10.51},
                                      {1.345e-4, 4.055e-3, 4.392e-2, .3918, 1.712},
                                      {2.010e-9, 1.667e-7, 2.018e-6, 2.175e-5, 2.061e-4},
                                      {3.0e-14, 6.8e-12, 9.1e-11, 9.9e-10, 9.4e-9}};
    static const double n[] = {10, 100, 1000, 10575, 1e5}, squared[] = {1, 10, 20, 30};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 5; j++)
            assert_near("loss", bound_normface_loss(n[j], squared[i]) / loss[i][j], 1.0,
                        i < 3 ? 5e-4 : 2e-2);
    assert_near("AdaCos", bound_adacos_scale(10575), 13.104, 5e-4);
    assert_near("AdaCos", bound_adacos_scale(85742), 16.064, 5e-4);
    assert_near("margin on the circle", bound_cosface_margin(2, 8), 0.29289, 1e-5);
    assert_near("margin of a simplex", bound_cosface_margin(512, 100), 100.0 / 99.0, 1e-12);
    assert_true(isnan(bound_cosface_margin(512, 10575)));
}

/* The sum over the others where it can be written out. */
static void others(void **state)
{
    (void)state;
    double sum = 0.0;
    for (int k = 1; k < 8; k++)
        sum += exp(5.0 * cos(2.0 * M_PI * k / 8.0));
    assert_near("circle", bound_log_others(2, 8, 5.0), log(sum), 1e-12);
    assert_near("simplex", bound_log_others(64, 8, 5.0), log(7.0) - 5.0 / 7.0, 1e-12);
    /* Uniform in D dimensions: mean of exp(s cos) is about exp(s^2 / 2D) while s << D. */
    assert_near("spread", bound_log_others(512, 10575, 16.0), log(10574.0) + 256.0 / 1024.0, 2e-3);
    /* A large scale sees the nearest only, and those are no nearer than the packing allows. */
    assert_true(bound_log_others(3, 100, 1e6) / 1e6 <= cos(packing_least(3, 100)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(caps_have_their_share),
        cmocka_unit_test(nearest_of_few),
        cmocka_unit_test(golden_distances),
        cmocka_unit_test(asymptote_is_met),
        cmocka_unit_test(packings),
        cmocka_unit_test(bounds_of_the_papers),
        cmocka_unit_test(others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
