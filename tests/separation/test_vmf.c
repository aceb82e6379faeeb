/* test_vmf.c: the samplers on the sphere against the distributions they claim. */
#include "ks.h"
#include "mocka.h"
#include "philox.h"

enum { DRAWS = 20000, MOST_DIM = 128, CELLS = 20000 };

typedef struct setting {
    size_t dim;
    double concentration;
} setting;

static const setting settings[] = {
    {2, 0.0},  {2, 0.7},  {2, 30.0},   {2, 1e6},   {3, 0.0},  {3, 5.0},     {3, 1e4},   {4, 2.0},
    {16, 0.0}, {16, 8.0}, {16, 200.0}, {32, 38.0}, {64, 1.0}, {128, 500.0}, {128, 1e8},
};

/* Distribution of the angle to the mean: its density is exp(k cos t) sin(t)^(d - 2), summed by
 * Simpson's rule on as much of [0, pi] as holds any of it. */
typedef struct angle_law {
    double widest;
    double share[CELLS + 1];
} angle_law;

static double density(setting s, double angle)
{
    const double half = sin(0.5 * angle); /* exp(k (cos t - 1)), exact for small angles */
    return exp(-2.0 * s.concentration * half * half) * pow(sin(angle), (double)s.dim - 2.0);
}

static void build_law(setting s, angle_law *law)
{
    /* A Gaussian of deviation 1 / sqrt(k), pushed out by the dimension. */
    const double reach = (sqrt((double)s.dim) + 12.0) / sqrt(s.concentration + 1e-9);
    law->widest = reach < M_PI ? reach : M_PI;
    const double step = law->widest / CELLS;
    law->share[0] = 0.0;
    for (size_t i = 0; i < CELLS; i++) {
        const double at = step * (double)i;
        law->share[i + 1] = law->share[i] + density(s, at) + 4.0 * density(s, at + 0.5 * step) +
                            density(s, at + step);
    }
    for (size_t i = 1; i <= CELLS; i++) {
        law->share[i] /= law->share[CELLS];
    }
}

static double angle_share(double angle, const void *user)
{
    const angle_law *const law = user;
    const double place = angle / law->widest * CELLS;
    if (place >= CELLS) {
        return 1.0;
    }
    const size_t cell = (size_t)place;
    return law->share[cell] + (place - (double)cell) * (law->share[cell + 1] - law->share[cell]);
}

/* A_d(k) = I_{d/2}(k) / I_{d/2-1}(k), the expected cosine, by its continued fraction from far in.
 */
static double mean_cosine(setting s)
{
    if (s.concentration == 0.0) {
        return 0.0;
    }
    const size_t depth = 2000 + (size_t)(2.0 * fmin(s.concentration, 1e6));
    double ratio = 0.0;
    for (size_t i = depth; i > 0; i--) {
        const double order = 0.5 * (double)s.dim - 1.0 + (double)i;
        ratio = 1.0 / (2.0 * order / s.concentration + ratio);
    }
    return ratio;
}

static void make_mean(size_t dim, double *mean)
{
    philox_stream stream;
    philox_start(&stream, 99, 1, dim);
    sphere_uniform(&stream, dim, mean);
}

static void draw(setting s, size_t index, const double *mean, double *out)
{
    philox_stream stream;
    philox_start(&stream, 5, 2, index);
    vmf_sample(&stream, mean, s.dim, s.concentration, out);
}

static double angle_to(const double *a, const double *b, size_t dim)
{
    double apart = 0.0, along = 0.0;
    for (size_t i = 0; i < dim; i++) {
        apart += (a[i] - b[i]) * (a[i] - b[i]);
        along += (a[i] + b[i]) * (a[i] + b[i]);
    }
    return 2.0 * atan2(sqrt(apart), sqrt(along));
}

static void check_angles(setting s)
{
    static angle_law law;
    static double angles[DRAWS];
    double mean[MOST_DIM], x[MOST_DIM];
    make_mean(s.dim, mean);
    build_law(s, &law);
    for (size_t i = 0; i < DRAWS; i++) {
        draw(s, i, mean, x);
        angles[i] = angle_to(x, mean, s.dim);
    }
    const double statistic = ks_statistic(angles, DRAWS, angle_share, &law);
    if (!(statistic < 1.95)) {
        fail_msg("d = %zu, k = %g: Kolmogorov-Smirnov %.3f", s.dim, s.concentration, statistic);
    }
}

static void angles_follow_their_law(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(settings); i++) {
        check_angles(settings[i]);
    }
}

/* The mean resultant vector: along the mean A_d(k), nothing across, samples of length 1. */
static void check_resultant(setting s)
{
    double mean[MOST_DIM], x[MOST_DIM], sum[MOST_DIM] = {0}, square = 0.0, along = 0.0;
    make_mean(s.dim, mean);
    for (size_t i = 0; i < DRAWS; i++) {
        double length = 0.0, cosine = 0.0;
        draw(s, i, mean, x);
        for (size_t k = 0; k < s.dim; k++) {
            sum[k] += x[k] / DRAWS;
            length += x[k] * x[k];
            cosine += x[k] * mean[k];
        }
        assert_near("length", length, 1.0, 1e-12);
        square += cosine * cosine / DRAWS;
        along += cosine / DRAWS;
    }
    const double deviation = sqrt(fmax(square - along * along, 0.0) / DRAWS);
    assert_near("mean cosine", along, mean_cosine(s), 4.0 * deviation + 1e-9);
    double across = 0.0;
    for (size_t k = 0; k < s.dim; k++) {
        const double part = sum[k] - along * mean[k];
        across += part * part;
    }
    /* d - 1 coordinates of variance about (1 - E cos^2) / (d - 1) / draws each. */
    const double freedom = (double)s.dim - 1.0;
    const double want = fmax(1.0 - square, 0.0) / DRAWS;
    assert_true(across <= want * (1.0 + 4.5 * sqrt(2.0 / freedom) + 10.0 / freedom) + 1e-18);
}

static void resultants_are_right(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(settings); i++) {
        check_resultant(settings[i]);
    }
}

/* At high concentration the angle keeps its digits: its mean square times k is about d - 1. */
static void tiny_angles_keep_digits(void **state)
{
    (void)state;
    const setting s = {3, 1e12};
    const double mean[3] = {1.0, 0.0, 0.0}; /* no turning: the sample is what was drawn */
    double x[3], square = 0.0;
    for (size_t i = 0; i < DRAWS; i++) {
        draw(s, i, mean, x);
        square += (x[1] * x[1] + x[2] * x[2]) / DRAWS;
    }
    assert_near("k E sin^2", square * s.concentration, 2.0, 0.1);
}

static void every_mean_is_reached(void **state)
{
    (void)state;
    const double means[][3] = {{1, 0, 0}, {-1, 0, 0}, {0, 1, 0}, {0, 0, -1}, {1 - 1e-16, 1e-8, 0}};
    const setting s = {3, 1e10};
    for (size_t i = 0; i < LENGTH_OF(means); i++) {
        double x[3];
        draw(s, i, means[i], x);
        assert_true(angle_to(x, means[i], 3) < 1e-4);
    }
}

static void uniform_has_no_favourite(void **state)
{
    (void)state;
    enum { DIM = 5 };
    double sum[DIM] = {0}, square[DIM] = {0};
    for (size_t i = 0; i < DRAWS; i++) {
        double x[DIM];
        philox_stream stream;
        philox_start(&stream, 1, 1, i);
        sphere_uniform(&stream, DIM, x);
        for (size_t k = 0; k < DIM; k++) {
            sum[k] += x[k] / DRAWS;
            square[k] += x[k] * x[k] / DRAWS;
        }
    }
    for (size_t k = 0; k < DIM; k++) {
        assert_near("mean", sum[k], 0.0, 4.0 * sqrt(1.0 / DIM / DRAWS));
        assert_near("mean square", square[k], 1.0 / DIM, 4.0 * sqrt(0.5 / DRAWS));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(angles_follow_their_law),  cmocka_unit_test(resultants_are_right),
        cmocka_unit_test(tiny_angles_keep_digits),  cmocka_unit_test(every_mean_is_reached),
        cmocka_unit_test(uniform_has_no_favourite),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
