/* test_nearest.c: the nearest of many directions, against all of them one by one: where float32
 * tells them apart, where it does not, and at what cost. */
#include <directions.h>
#include <nearest.h>
#include <random.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include <cmocka.h>

enum { ROWS = 150, CLASSES = 300, DIM = 19 };

static double from[ROWS * DIM], to[CLASSES * DIM];
static int64_t own[ROWS];

/* Directions at random, `spread` radians or so about a common one (0: anywhere). */
static void draw(double *vectors, size_t count, size_t dim, double spread, uint64_t seed)
{
    for (size_t i = 0; i < count * dim; i++)
        vectors[i] = (spread > 0.0 ? spread : 1.0) * (random_uniform(&seed) - 0.5);
    for (size_t i = 0; i < count; i++) {
        vectors[i * dim] += spread > 0.0 ? 1.0 : 0.0;
        direction_normalise(vectors + i * dim, dim);
    }
}

static void plain_angles(const nearest_input *in, double *angles)
{
    for (size_t i = 0; i < in->rows; i++) {
        angles[i] = M_PI;
        for (size_t j = 0; j < in->classes; j++) {
            const double *const a = in->from + i * in->dim, *const b = in->to + j * in->dim;
            if (j != (in->own != NULL ? (size_t)in->own[i] : i))
                angles[i] = fmin(angles[i], direction_angle(a, b, in->dim));
        }
    }
}

static void assert_as_plain(const nearest_input *in, double tolerance)
{
    double *const angles = calloc(2 * in->rows, sizeof *angles), *const plain = angles + in->rows;
    assert_non_null(angles);
    plain_angles(in, plain);
    assert_int_equal(nearest_angles(in, angles), 0);
    for (size_t i = 0; i < in->rows; i++)
        if (!(fabs(angles[i] - plain[i]) <= tolerance))
            fail_msg("row %zu: %.17g is not %.17g", i, angles[i], plain[i]);
    free(angles);
}

static nearest_input problem(double spread, int threads)
{
    draw(from, ROWS, DIM, spread, 1);
    draw(to, CLASSES, DIM, spread, 2);
    for (size_t i = 0; i < ROWS; i++)
        own[i] = (int64_t)(i * 7 % CLASSES);
    return (nearest_input){ROWS, CLASSES, DIM, from, to, own, threads};
}

static void float32_tells(void **state)
{
    (void)state;
    nearest_input in = problem(0.0, 1);
    assert_as_plain(&in, 0.0);
    in.threads = 3;
    assert_as_plain(&in, 0.0);
    in.classes = 10; /* none is asked of the library */
    for (size_t i = 0; i < ROWS; i++)
        own[i] %= 10;
    assert_as_plain(&in, 0.0);
    in.classes = 1; /* the own one alone */
    for (size_t i = 0; i < ROWS; i++)
        own[i] = 0;
    assert_as_plain(&in, 0.0);
}

/* All within a hundredth of a degree: float32 cosines are all 1. */
static void float32_does_not_tell(void **state)
{
    (void)state;
    for (int threads = 1; threads <= 3; threads += 2) {
        const nearest_input in = problem(1e-4, threads);
        assert_as_plain(&in, 1e-10);
    }
}

/* Classes that are there many times, the own one, too, and vectors without a direction. */
static void copies_and_zeros(void **state)
{
    (void)state;
    const nearest_input in = problem(0.0, 1);
    for (size_t j = 20; j < 60; j++)
        for (size_t k = 0; k < DIM; k++)
            to[j * DIM + k] = to[k];
    for (size_t k = 0; k < DIM; k++) {
        from[k] = to[k];
        from[DIM + k] = 0.0;
    }
    own[0] = 30;
    assert_as_plain(&in, 0.0);
    for (size_t k = 0; k < DIM; k++)
        to[100 * DIM + k] = 0.0;
    const nearest_input among = {CLASSES, CLASSES, DIM, to, to, NULL, 1};
    assert_as_plain(&among, 0.0);
}

static double seconds_of(void (*find)(const nearest_input *, double *), const nearest_input *in,
                         double *angles)
{
    const clock_t start = clock();
    find(in, angles);
    return (double)(clock() - start) / CLOCKS_PER_SEC;
}

static void find(const nearest_input *in, double *angles)
{
    assert_int_equal(nearest_angles(in, angles), 0);
}

/* About a fiftieth with SIMD. */
static void costs_little(void **state)
{
    (void)state;
    enum { MANY = 1500, WIDE = 64 };
    static double vectors[MANY * WIDE], angles[MANY];
    draw(vectors, MANY, WIDE, 0.0, 3);
    const nearest_input in = {MANY, MANY, WIDE, vectors, vectors, NULL, 1};
    const double plain = seconds_of(plain_angles, &in, angles);
    assert_true(seconds_of(find, &in, angles) < 0.5 * plain);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(float32_tells),
        cmocka_unit_test(float32_does_not_tell),
        cmocka_unit_test(copies_and_zeros),
        cmocka_unit_test(costs_little),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
