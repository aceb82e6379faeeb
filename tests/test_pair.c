/* test_pair.c: the target pair at both ends of the angle, where the usual formulas lose everything:
 * angles of 1e-20 and their tangents, vectors that are parallel. */
#include "mocka.h"
#include "target.h"

static float angle_between(const float *x, const float *w, size_t dim)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    const int64_t label = 0;
    float angle = NAN;
    margin_head head = {.size = sizeof(margin_head),
                        .rows = 1,
                        .dim = dim,
                        .classes = 1,
                        .embeddings = x,
                        .weights = w};
    head.labels = &label;
    head.row_angle = &angle;
    assert_status(run_head(&config, &head), MARGIN_OK);
    return angle;
}

/* Down to 1e-20, where the cosine has been 1 for long, whatever the lengths. */
static void tiny_angles(void **state)
{
    const float lengths[] = {1.0f, 3.0f, 0.7f, 1234.5f};
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(lengths) * LENGTH_OF(lengths); i++) {
        const float a = lengths[i % LENGTH_OF(lengths)], b = lengths[i / LENGTH_OF(lengths)];
        for (float t = 0.1f; t > 1e-20f; t *= 0.1f) {
            const float w[2] = {b, 0.0f}, near[2] = {a, a * t}, far[2] = {-a, a * t};
            const double theta = atan2((double)near[1], (double)a);
            assert_relative("near 0", angle_between(near, w, 2), theta, 1e-7);
            assert_relative("near pi", angle_between(far, w, 2), 3.14159265358979324 - theta, 1e-7);
        }
    }
}

/* The second axis is another class. All gradients are along the circle, so hardly along x or w,
 * which are nearly the first axis: a difference of nearly equal vectors would be anything. */
static void assert_tangent(const float *x, const float *w, double tilt)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    const float weights[4] = {w[0], w[1], 0.0f, 1.0f};
    const int64_t label = 0;
    float dx[2], dw[4];
    margin_head head = {.size = sizeof(margin_head),
                        .rows = 1,
                        .dim = 2,
                        .classes = 2,
                        .embeddings = x,
                        .weights = weights};
    head.labels = &label;
    head.grad_embeddings = dx;
    head.grad_weights = dw;
    assert_status(run_head(&config, &head), MARGIN_OK);
    assert_true(dx[1] != 0.0f && dw[1] != 0.0f);
    assert_near("dX", dx[0] / dx[1], -tilt, 1e-6);
    assert_near("dW", dw[0] / dw[1], 0.0, 1e-6);
    /* Per unit of the target's pull: the other class pulls x by 1, the target x and w by sin m. */
    const double m = sin(config.m2), of_x = (double)dx[1] * fabs((double)x[0]);
    assert_near("sizes", of_x / ((double)dw[1] * (double)w[0]), (tilt > 0.0 ? -1 : 1) * (1 + m) / m,
                0.01);
}

static void tiny_tangents(void **state)
{
    (void)state;
    for (float t = 1e-3f; t > 1e-19f; t *= 0.1f) {
        const float w[2] = {0.7f, 0.0f}, near[2] = {3.0f, 3.0f * t}, far[2] = {-3.0f, 3.0f * t};
        assert_tangent(near, w, (double)t);
        assert_tangent(far, w, -(double)t);
    }
}

/* Neighbouring Fibonacci numbers are 5e-15 apart and along no axis, so that an error in the tangent
 * at w is not along w, where it would be projected out. The other class is across w, on x's side.
 */
static void tiny_tangents_between_axes(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    const float x[2] = {9227465.0f, 14930352.0f};
    const float weights[4] = {5702887.0f, 9227465.0f, 9227465.0f, -5702887.0f};
    const int64_t label = 0;
    float dx[2], dw[4];
    (void)state;
    margin_head head = {.size = sizeof(margin_head),
                        .rows = 1,
                        .dim = 2,
                        .classes = 2,
                        .embeddings = x,
                        .weights = weights};
    head.labels = &label;
    head.grad_embeddings = dx;
    head.grad_weights = dw;
    assert_status(run_head(&config, &head), MARGIN_OK);
    /* As in assert_tangent: x is pulled by 1 + sin m, w by sin m the other way. */
    const double m = sin(config.m2), of_x = hypot((double)dx[0], (double)dx[1]) * hypot(x[0], x[1]);
    const double of_w = hypot((double)dw[0], (double)dw[1]) * hypot(weights[0], weights[1]);
    assert_near("sizes", of_w / of_x, m / (1 + m), 1e-6);
    assert_near("dW", (double)dw[0] / (double)dw[1], -(double)weights[1] / (double)weights[0],
                1e-5);
}

/* Multiples by whole numbers are exact: the angle is 0 or pi, and the tangent is zero. */
static void parallel_exactly(void **state)
{
    const margin_config config = config_of(MARGIN_ARCFACE);
    const int64_t label = 0;
    (void)state;
    for (int k = 1; k < 400; k++) {
        const float factor = (float)(k % 2 ? k : -k);
        const float w[6] = {(float)(k % 7 - 3), (float)(k % 11 + 1), (float)(k % 13), 1, -2, 3};
        const float x[3] = {factor * w[0], factor * w[1], factor * w[2]};
        float angle, dw[6];
        margin_head head = {.size = sizeof(margin_head),
                            .rows = 1,
                            .dim = 3,
                            .classes = 2,
                            .embeddings = x,
                            .weights = w};
        head.labels = &label;
        head.row_angle = &angle;
        head.grad_weights = dw;
        assert_status(run_head(&config, &head), MARGIN_OK);
        assert_true(angle == (k % 2 ? 0.0f : 3.14159265f));
        assert_true(dw[0] == 0.0f && dw[1] == 0.0f && dw[2] == 0.0f);
    }
}

/* A weight's length is no matter to dX, down to lengths whose reciprocal is beyond float32. Whole
 * numbers times a power of two are exact. */
static void any_length(void **state)
{
    const int powers[] = {-140, -100, -60, 60, 120};
    const float x[3] = {1.0f, -2.0f, 0.5f}, plain[6] = {3.0f, 1.0f, 2.0f, -1.0f, 4.0f, 1.0f};
    const margin_config config = config_of(MARGIN_ARCFACE);
    const int64_t label = 0;
    float want[3];
    (void)state;
    margin_head head = {.size = sizeof(margin_head),
                        .rows = 1,
                        .dim = 3,
                        .classes = 2,
                        .embeddings = x,
                        .weights = plain};
    head.labels = &label;
    head.grad_embeddings = want;
    assert_status(run_head(&config, &head), MARGIN_OK);
    for (size_t k = 0; k < LENGTH_OF(powers); k++) {
        float w[6], dx[3];
        for (size_t d = 0; d < 6; d++)
            w[d] = ldexpf(plain[d], powers[k]);
        head.weights = w;
        head.grad_embeddings = dx;
        assert_status(run_head(&config, &head), MARGIN_OK);
        for (size_t d = 0; d < 3; d++)
            assert_relative("dX", dx[d], want[d], 1e-6);
    }
}

/* A factor beyond float32 is two that are within it, and neither is subnormal. */
static void factors_are_split(void **state)
{
    (void)state;
    for (int power = -250; power <= 250; power++) {
        const double factor = ldexp(power % 2 ? -1.1 : 1.1, power);
        float first, second;
        margin_split_factor(factor, &first, &second);
        assert_true(isnormal(first) && isnormal(second));
        assert_relative("product", (double)first * (double)second, factor, 1e-7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(tiny_angles),
        cmocka_unit_test(tiny_tangents),
        cmocka_unit_test(tiny_tangents_between_axes),
        cmocka_unit_test(parallel_exactly),
        cmocka_unit_test(any_length),
        cmocka_unit_test(factors_are_split),
    };
    return cmocka_run_group_tests_name("pair", tests, NULL, NULL);
}
