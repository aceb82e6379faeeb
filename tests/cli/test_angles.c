/* test_angles.c: W-EC, W-Inter, Intra and Inter of vectors whose angles are known, and of random
 * ones against the definitions written out. */
#include <angles.h>
#include <degrees.h>
#include <directions.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_near(const char *what, double value, double expected, double tolerance)
{
    if (!(fabs(value - expected) <= tolerance))
        fail_msg("%s: %.17g is not %.17g", what, value, expected);
}

static void put(float *vector, double angle, double length)
{
    vector[0] = (float)(length * cos(angle * M_PI / 180.0));
    vector[1] = (float)(length * sin(angle * M_PI / 180.0));
}

/* Weights at 0, 50 and 180 degrees; embeddings of class 0 at 5 and 15, of class 1 at 50, class 2
 * has none. Lengths differ: they must not matter, in the centres neither. */
static void on_the_circle(void **state)
{
    (void)state;
    float weights[6], x[10];
    put(weights, 0, 0.1);
    put(weights + 2, 50, 2);
    put(weights + 4, 180, 1);
    put(x, 5, 30);
    put(x + 2, 15, 0.5);
    put(x + 4, 50, 1);
    put(x + 6, 123, 1);
    put(x + 8, 70, 1);
    const int64_t labels[] = {0, 0, 1, -1, 1};
    double centres[6];
    angles a;
    const angles_input in = {5, 2, 3, x, labels, weights, 0};
    assert_int_equal(angles_measure(&in, &a, centres), 0);
    assert_int_equal(a.rows, 4);
    assert_int_equal(a.centres, 2);
    assert_near("w_ec", degrees(a.w_ec), (10 + 10) / 2.0, 1e-5);
    assert_near("w_inter", degrees(a.w_inter), (50 + 50 + 130) / 3.0, 1e-5);
    assert_near("intra", degrees(a.intra), (5 + 5 + 10 + 10) / 4.0, 1e-5);
    assert_near("inter", degrees(a.inter), 50, 1e-5);
    assert_near("centre 1", degrees(atan2(centres[3], centres[2])), 60, 1e-5);
    assert_true(centres[4] == 0.0 && centres[5] == 0.0);
}

static void what_is_missing_is_nan(void **state)
{
    (void)state;
    const float x[] = {1, 0, -1, 0};
    const int64_t labels[] = {0, 0};
    angles a;
    angles_input in = {2, 2, 1, x, labels, x, 0};
    assert_int_equal(angles_measure(&in, &a, NULL), 0);
    /* The two cancel: a class without a centre. */
    assert_int_equal(a.centres, 0);
    assert_true(isnan(a.w_ec) && isnan(a.w_inter) && isnan(a.inter));
    assert_true(isnan(a.intra));
    assert_int_equal(a.uncentred_rows, 2);
    in.weights = NULL;
    in.rows = 1;
    assert_int_equal(angles_measure(&in, &a, NULL), 0);
    assert_true(isnan(a.w_ec) && isnan(a.w_inter) && isnan(a.inter));
    assert_true(isnan(a.intra));
    assert_int_equal(a.single_rows, 1);
}

/* Rows without a direction change nothing, whichever class they are said to be of. */
static void zero_rows_enter_no_mean(void **state)
{
    (void)state;
    const float x[] = {1, 0, 0, 1, 0, 0, 0, 0};
    const int64_t labels[][4] = {{0, 0, 1, 1}, {0, 0, 0, 0}, {0, 0, -1, -1}};
    for (size_t k = 0; k < 3; k++) {
        angles a;
        const angles_input in = {4, 2, 2, x, labels[k], NULL, 1};
        assert_int_equal(angles_measure(&in, &a, NULL), 0);
        assert_near("intra", degrees(a.intra), 45, 1e-12);
        assert_int_equal(a.rows, 2);
        assert_int_equal(a.zero_rows, k < 2 ? 2 : 0);
        assert_int_equal(a.centres, 1);
    }
}

/* ---- random, larger than a block --------------------------------------------------------------*/

enum { ROWS = 700, DIM = 7, CLASSES = 150 };

static void draw(float *values, size_t count, uint32_t bits)
{
    for (size_t i = 0; i < count; i++) {
        bits = bits * 1664525u + 1013904223u;
        values[i] = (float)((double)bits * 0x1p-31 - 1.0);
    }
}

static double angle(const double *a, const double *b)
{
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (int k = 0; k < DIM; k++) {
        ab += a[k] * b[k];
        aa += a[k] * a[k];
        bb += b[k] * b[k];
    }
    return acos(fmin(1.0, ab / sqrt(aa * bb)));
}

static double plain_nearest(const double *v)
{
    double sum = 0.0;
    for (int i = 0; i < CLASSES; i++) {
        double nearest = INFINITY;
        for (int j = 0; j < CLASSES; j++)
            if (i != j) nearest = fmin(nearest, angle(v + i * DIM, v + j * DIM));
        sum += nearest;
    }
    return sum / CLASSES;
}

static void as_defined(void **state)
{
    (void)state;
    static float x[ROWS * DIM], weights[CLASSES * DIM];
    static int64_t labels[ROWS];
    static double wide[CLASSES * DIM], centres[CLASSES * DIM], got[CLASSES * DIM];
    draw(x, ROWS * DIM, 1);
    draw(weights, CLASSES * DIM, 2);
    for (int i = 0; i < ROWS; i++) {
        labels[i] = i % CLASSES;
        double norm = 0.0;
        for (int k = 0; k < DIM; k++)
            norm += (double)x[i * DIM + k] * (double)x[i * DIM + k];
        for (int k = 0; k < DIM; k++)
            centres[labels[i] * DIM + k] += (double)x[i * DIM + k] / sqrt(norm);
    }
    double intra = 0.0, w_ec = 0.0;
    for (int i = 0; i < ROWS; i++) {
        double row[DIM];
        for (int k = 0; k < DIM; k++)
            row[k] = (double)x[i * DIM + k];
        intra += angle(row, centres + labels[i] * DIM) / ROWS;
    }
    for (int i = 0; i < CLASSES * DIM; i++)
        wide[i] = (double)weights[i];
    for (int j = 0; j < CLASSES; j++)
        w_ec += angle(wide + j * DIM, centres + j * DIM) / CLASSES;
    angles one, many;
    angles_input in = {ROWS, DIM, CLASSES, x, labels, weights, 1};
    assert_int_equal(angles_measure(&in, &one, got), 0);
    assert_near("intra", one.intra, intra, 1e-12);
    assert_near("w_ec", one.w_ec, w_ec, 1e-12);
    assert_near("w_inter", one.w_inter, plain_nearest(wide), 1e-12);
    assert_near("inter", one.inter, plain_nearest(centres), 1e-12);
    for (int j = 0; j < CLASSES; j++)
        assert_near("centre", angle(got + j * DIM, centres + j * DIM), 0, 1e-7);
    in.threads = 3;
    assert_int_equal(angles_measure(&in, &many, NULL), 0);
    assert_true(many.intra == one.intra && many.inter == one.inter);
    assert_true(many.w_ec == one.w_ec && many.w_inter == one.w_inter);
}

/* Wherever a pair stands in a block, its cosine has the same bits. */
static void cosines_do_not_depend_on_blocks(void **state)
{
    (void)state;
    float x[11 * DIM];
    double unit[11 * DIM], all[11 * 11];
    draw(x, 11 * DIM, 3);
    directions_of(x, 11, DIM, unit);
    direction_cosines(unit, 11, unit, 11, DIM, all);
    for (size_t i = 0; i < 11; i++) {
        for (size_t j = 0; j < 11; j++) {
            double one;
            direction_cosines(unit + i * DIM, 1, unit + j * DIM, 1, DIM, &one);
            assert_true(one == all[i * 11 + j]);
            if (i == j) continue;
            assert_near("cosine", one, cos(angle(unit + i * DIM, unit + j * DIM)), 1e-14);
        }
    }
}

/* Where acos has lost everything. */
static void small_angles_keep_their_digits(void **state)
{
    (void)state;
    const double tiny = 1e-10, a[] = {1, 0}, b[] = {cos(tiny), sin(tiny)}, c[] = {-1, 0};
    assert_near("tiny", direction_angle(a, b, 2) / tiny, 1, 1e-9);
    assert_near("straight", direction_angle(a, c, 2), M_PI, 0);
    const double zero[] = {0, 0};
    assert_near("zero", direction_angle(a, zero, 2), M_PI / 2, 1e-15);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(on_the_circle),
        cmocka_unit_test(what_is_missing_is_nan),
        cmocka_unit_test(zero_rows_enter_no_mean),
        cmocka_unit_test(as_defined),
        cmocka_unit_test(cosines_do_not_depend_on_blocks),
        cmocka_unit_test(small_angles_keep_their_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
