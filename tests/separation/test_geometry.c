/* test_geometry.c: neural collapse, alignment and uniformity where they are known by hand. */
#include "geometry.h"

#include <string.h>

#include "mocka.h"

enum { CLASSES = 5, EACH = 4, DIM = 6, COUNT = CLASSES * EACH };

static const double degree = M_PI / 180.0;

/* Samples of each class side by side, and a weight each. */
typedef struct layout {
    float embeddings[COUNT * DIM], weights[CLASSES * DIM];
    int64_t labels[COUNT];
} layout;

static geometry measure(const layout *l, size_t count, size_t classes, size_t dim, int weights)
{
    const geometry_input in = {.count = count,
                               .dim = dim,
                               .classes = classes,
                               .embeddings = l->embeddings,
                               .labels = l->labels,
                               .weights = weights ? l->weights : NULL,
                               .threads = 1};
    double means[CLASSES * DIM];
    geometry found;
    geometry_measure(&in, &found, means);
    return found;
}

/* The vertices of a regular simplex; samples and weights lie on them at any length. */
static layout simplex(void)
{
    layout l;
    for (size_t i = 0; i < COUNT; i++) {
        l.labels[i] = (int64_t)(i / EACH);
        for (size_t k = 0; k < DIM; k++) {
            const double vertex = k < CLASSES ? (double)(i / EACH == k) - 1.0 / CLASSES : 0.0;
            l.embeddings[i * DIM + k] = (float)(((double)(i % EACH) + 0.5) * vertex);
            if (i % EACH == 0) l.weights[i / EACH * DIM + k] = (float)(7.0 * vertex);
        }
    }
    return l;
}

static void simplex_has_collapsed(void **state)
{
    (void)state;
    const layout l = simplex();
    const geometry g = measure(&l, COUNT, CLASSES, DIM, 1);
    const double pairs = COUNT * (COUNT - 1.0), within = COUNT * (EACH - 1.0);
    const double apart = 2.0 + 2.0 / (CLASSES - 1);
    assert_near("NC1", g.within_between, 0.0, 1e-12);
    assert_near("NC2, lengths", g.length_spread, 0.0, 1e-7);
    assert_near("NC2, angles", g.angle_deviation, 0.0, 1e-7);
    assert_near("NC3", g.weight_alignment, 1.0, 1e-7);
    assert_near("NC4", g.nearest_mean, 1.0, 0.0);
    assert_near("alignment", g.alignment, 0.0, 1e-12);
    assert_near("uniformity", g.uniformity,
                log((within + (pairs - within) * exp(-2.0 * apart)) / pairs), 1e-6);
}

static void put(layout *l, size_t at, int64_t label, double angle_deg)
{
    l->embeddings[2 * at] = (float)cos(angle_deg * degree);
    l->embeddings[2 * at + 1] = (float)sin(angle_deg * degree);
    l->labels[at] = label;
}

static void put_weight(layout *l, size_t class, double angle_deg)
{
    l->weights[2 * class] = (float)cos(angle_deg * degree);
    l->weights[2 * class + 1] = (float)sin(angle_deg * degree);
}

/* Two classes, 10 degrees to both sides of 0 and 20 degrees to both sides of 180. */
static layout two(double first_weight, double second_weight)
{
    layout l = {{0}, {0}, {0}};
    put(&l, 0, 0, -10), put(&l, 1, 0, 10), put(&l, 2, 1, 160), put(&l, 3, 1, 200);
    put_weight(&l, 0, first_weight), put_weight(&l, 1, second_weight);
    return l;
}

static double square(double x)
{
    return x * x;
}

static void two_classes_by_hand(void **state)
{
    (void)state;
    const layout l = two(0, 170), swapped = two(180, 10);
    const geometry g = measure(&l, 4, 2, 2, 1), wrong = measure(&swapped, 4, 2, 2, 1);
    const double s1 = square(sin(10 * degree)), s2 = square(sin(20 * degree));
    const double length = 0.5 * (cos(10 * degree) + cos(20 * degree));
    const double across = exp(-8 * square(sin(85 * degree))) + exp(-8 * square(sin(75 * degree)));
    assert_near("NC1", g.within_between, 0.5 * (s1 + s2) / square(length), 1e-7);
    assert_near("NC2, lengths", g.length_spread, 0.0, 1e-7);
    assert_near("NC2, angles", g.angle_deviation, 0.0, 1e-7);
    assert_near("NC3", g.weight_alignment, 0.5 * (1.0 + cos(10 * degree)), 1e-7);
    assert_near("NC3, swapped", wrong.weight_alignment, -g.weight_alignment, 1e-7);
    assert_near("NC4", g.nearest_mean, 1.0, 0.0);
    assert_near("NC4, swapped", wrong.nearest_mean, 0.0, 0.0);
    assert_near("alignment", g.alignment, 0.5 * (4 * s1 + 4 * s2), 1e-7);
    assert_near("uniformity", g.uniformity, log((exp(-8 * s1) + exp(-8 * s2) + 2 * across) / 6.0),
                1e-6);
    assert_true(isnan(measure(&l, 4, 2, 2, 0).weight_alignment));
    assert_true(isnan(measure(&l, 4, 2, 2, 0).nearest_mean));
}

/* The nearest mean is not the mean of the nearest direction: a spread class has a short mean. */
static void short_means_are_nearer(void **state)
{
    (void)state;
    layout l = {{0}, {0}, {0}};
    put(&l, 0, 0, 0), put(&l, 1, 0, 0), put(&l, 2, 1, 0), put(&l, 3, 1, 150);
    put_weight(&l, 0, 0), put_weight(&l, 1, 75);
    /* Means at length 1 and cos 75 degrees: the sample at 150 degrees is nearer to the second. */
    assert_near("NC4", measure(&l, 4, 2, 2, 1).nearest_mean, 1.0, 0.0);
    put(&l, 1, 0, 180); /* the first mean is the origin now, sqrt(1) away; weights say the first */
    assert_near("NC4", measure(&l, 4, 2, 2, 1).nearest_mean, 0.25, 0.0);
}

/* Turned, longer, with the classes in another order and one more that has no samples. */
static void frames_do_not_matter(void **state)
{
    (void)state;
    layout l = simplex(), other;
    for (size_t i = 0; i < COUNT * DIM; i++)
        l.embeddings[i] += (float)(0.4 * sin(12.9 * (double)i)); /* no symmetry left */
    memset(&other, 0, sizeof other);
    for (size_t i = 0; i < (CLASSES - 1) * EACH; i++) {
        const float *const from = l.embeddings + i * DIM;
        float *const to = other.embeddings + i * DIM;
        other.labels[i] = (CLASSES - 1) - l.labels[i];
        for (size_t k = 0; k < DIM; k++)
            to[k] =
                3.0f * (k < 2 ? 0.6f * from[k] + (k == 0 ? 0.8f : -0.8f) * from[1 - k] : from[k]);
    }
    const geometry g = measure(&l, (CLASSES - 1) * EACH, CLASSES - 1, DIM, 0);
    const geometry h = measure(&other, (CLASSES - 1) * EACH, CLASSES, DIM, 0);
    for (size_t k = 0; k < GEOMETRY_COUNT; k++)
        if (!isnan(geometry_value(&g, k)))
            assert_near(geometry_names[k], geometry_value(&h, k), geometry_value(&g, k), 2e-6);
}

static void simplex_fits_up_to_one_class_more_than_dimensions(void **state)
{
    (void)state;
    assert_near("fits", geometry_least_deviation(9, 10), 0.0, 0.0);
    /* Four directions in the plane, two lines: cosines 0 and -1 are off by 1/3 and 2/3. */
    assert_near("a cross", geometry_least_deviation(2, 4),
                sqrt((8 * square(1.0 / 3.0) + 4 * square(2.0 / 3.0)) / 12.0), 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(simplex_has_collapsed),
        cmocka_unit_test(two_classes_by_hand),
        cmocka_unit_test(short_means_are_nearer),
        cmocka_unit_test(frames_do_not_matter),
        cmocka_unit_test(simplex_fits_up_to_one_class_more_than_dimensions),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
