/* test_metrics.c: the statistics on layouts whose values are known by hand. */
#include "metrics.h"
#include "mocka.h"

enum { MOST = 2048 };

static const double degree = M_PI / 180.0;

typedef struct layout {
    size_t count;
    float embeddings[2 * MOST];
    int64_t labels[MOST];
    float weights[16];
    size_t classes;
} layout;

static void put(layout *l, int64_t label, double angle_deg, double radius)
{
    l->embeddings[2 * l->count] = (float)(radius * cos(angle_deg * degree));
    l->embeddings[2 * l->count + 1] = (float)(radius * sin(angle_deg * degree));
    l->labels[l->count++] = label;
}

static void put_weight(layout *l, double angle_deg, double radius)
{
    l->weights[2 * l->classes] = (float)(radius * cos(angle_deg * degree));
    l->weights[2 * l->classes + 1] = (float)(radius * sin(angle_deg * degree));
    l->classes++;
}

static separation_stats measure(const layout *l, const float *bias, int normalised)
{
    separation_stats stats;
    double centres[16];
    const separation_input in = {
        .count = l->count,
        .dim = 2,
        .classes = l->classes,
        .embeddings = l->embeddings,
        .labels = l->labels,
        .weights = l->weights,
        .bias = bias,
        .normalised = normalised,
    };
    separation_measure(&in, &stats, centres, NULL);
    return stats;
}

/* Floats: 1e-5 degrees. */
static void assert_degrees(const char *what, double radians, double want)
{
    assert_near(what, radians / degree, want, 1e-5);
}

/* Three classes; weights turned away from the centres by 1, 2 and 6 degrees; radii differ, which
 * must not matter. */
static void angles_by_hand(void **state)
{
    (void)state;
    layout l = {0};
    put_weight(&l, 1, 3), put_weight(&l, 102, 1), put_weight(&l, 224, 0.1);
    put(&l, 0, -4, 1), put(&l, 0, 4, 9);
    put(&l, 1, 90, 0.5), put(&l, 1, 110, 2);
    put(&l, 2, 229, 1), put(&l, 2, 231, 1);
    const separation_stats s = measure(&l, NULL, 1);
    assert_degrees("W-EC", s.w_ec, (1.0 + 2.0 + 6.0) / 3.0);
    assert_degrees("W-Inter", s.w_inter, (101.0 + 101.0 + 122.0) / 3.0);
    assert_degrees("Intra", s.intra, (4 + 4 + 10 + 10 + 1 + 1) / 6.0);
    assert_degrees("Inter", s.inter, (100.0 + 100.0 + 130.0) / 3.0);
    assert_degrees("theta mean", s.theta.mean, (5 + 3 + 12 + 8 + 5 + 7) / 6.0);
    assert_degrees("theta p50", s.theta.p50, 6.0);
    assert_degrees("theta p05", s.theta.p05, 3.0 + 0.25 * 2.0);
    assert_degrees("theta p95", s.theta.p95, 8.0 + 0.75 * 4.0);
    assert_near("accuracy", s.accuracy, 1.0, 0.0);
}

/* A class of 101 samples, one at each of 101 angles from -50 to 50 steps around its place. */
static void put_fan(layout *l, int64_t label, double place, double step)
{
    for (int i = -50; i <= 50; i++) {
        put(l, label, place + step * i, 1);
    }
}

static void gaps_by_hand(void **state)
{
    (void)state;
    layout l = {0};
    put_weight(&l, 170, 1), put_weight(&l, 0, 1), put_weight(&l, 280, 1);
    put_fan(&l, 0, 170, 0.6); /* across the cut at 180: 98 % within 29.4 */
    put_fan(&l, 1, 0, 0.2);   /* 9.8 */
    put_fan(&l, 2, 280, 1.2); /* 58.8 */
    const separation_stats s = measure(&l, NULL, 1);
    /* 0 -> 170: 170 - 9.8 - 29.4; 170 -> 280: 110 - 29.4 - 58.8; 280 -> 360: 80 - 58.8 - 9.8 */
    assert_degrees("least gap", s.gap_min, 11.4);
    assert_degrees("median gap", s.gap_median, 21.8);
    assert_near("overlap", s.overlap_share, 0.0, 0.0);
    /* 90 %: within 27, 9 and 54; all: within 30, 10 and 60. */
    assert_degrees("least of 90 %", s.gap_min_of[0], 17.0);
    assert_degrees("median of 90 %", s.gap_median_of[0], 29.0);
    assert_degrees("least of all", s.gap_min_of[ARC_SHARES - 1], 10.0);
    assert_degrees("median of all", s.gap_median_of[ARC_SHARES - 1], 20.0);
}

static void overlaps_by_hand(void **state)
{
    (void)state;
    layout l = {0};
    put_weight(&l, 0, 1), put_weight(&l, 60, 1), put_weight(&l, 200, 1);
    put_fan(&l, 0, 0, 0.8);  /* -39.2 .. 39.2 */
    put_fan(&l, 1, 60, 0.8); /* 20.8 .. 99.2 */
    put_fan(&l, 2, 200, 0.4);
    const separation_stats s = measure(&l, NULL, 1);
    assert_degrees("least gap", s.gap_min, 60.0 - 78.4);
    /* Class 0 from 20.8 up to 40: steps 26 .. 50; class 1 likewise; class 2 none. */
    assert_near("overlap", s.overlap_share, 50.0 / 303.0, 1e-12);
    /* Nearer to 60 than to 0: beyond 30, steps 38 .. 50 (step 37 is at 29.6). */
    assert_near("accuracy", s.accuracy, 1.0 - 26.0 / 303.0, 1e-12);
}

/* One stray sample in a hundred and one is outside the 98 % that make the arc. */
static void strays_do_not_make_the_arc(void **state)
{
    (void)state;
    layout l = {0};
    put_weight(&l, 0, 1), put_weight(&l, 180, 1);
    for (int i = 0; i < 400; i++) {
        put(&l, i % 2, i % 2 ? 180 : 0, 1);
    }
    put(&l, 0, 179, 1);
    put(&l, 0, -179, 1);
    const separation_stats s = measure(&l, NULL, 1);
    assert_degrees("least gap", s.gap_min, 180.0);
    assert_near("accuracy", s.accuracy, 400.0 / 402.0, 1e-12);
}

/* Weights of unequal length and a bias: softmax counts logits, the others cosines. */
static void softmax_counts_logits(void **state)
{
    (void)state;
    layout l = {0};
    put_weight(&l, 0, 10), put_weight(&l, 90, 1);
    put(&l, 1, 60, 1);
    put(&l, 0, 10, 1);
    const float bias[2] = {-9.5f, 0.5f};
    assert_near("cosines", measure(&l, NULL, 1).accuracy, 1.0, 0.0);
    assert_near("products", measure(&l, NULL, 0).accuracy, 0.5, 0.0);
    assert_near("with bias", measure(&l, bias, 0).accuracy, 0.5, 0.0);
    const float mild[2] = {-4.2f, 0.0f};
    assert_near("with mild bias", measure(&l, mild, 0).accuracy, 1.0, 0.0);
    assert_near("cosines ignore the bias", measure(&l, bias, 1).accuracy, 1.0, 0.0);
}

/* A collapsed network ties all classes: that is not accuracy. */
static void ties_and_zeros(void **state)
{
    (void)state;
    layout l = {0};
    put_weight(&l, 0, 1), put_weight(&l, 90, 1);
    put(&l, 0, 0, 0), put(&l, 1, 0, 0);
    const separation_stats s = measure(&l, NULL, 1);
    assert_near("accuracy", s.accuracy, 0.0, 0.0);
    assert_degrees("theta", s.theta.mean, 90.0);
    assert_true(isnan(s.w_ec) && isnan(s.inter));
}

static void empty_classes_take_no_part(void **state)
{
    (void)state;
    layout l = {0};
    put_weight(&l, 0, 1), put_weight(&l, 90, 1), put_weight(&l, 200, 1);
    put(&l, 0, 3, 1), put(&l, 2, 205, 1);
    const separation_stats s = measure(&l, NULL, 1);
    assert_degrees("W-EC", s.w_ec, 4.0);
    assert_degrees("Inter", s.inter, 158.0);
    assert_degrees("W-Inter", s.w_inter, (90.0 + 90.0 + 110.0) / 3.0);
    assert_degrees("least gap", s.gap_min, 158.0);
    assert_degrees("median gap", s.gap_median, 180.0);
}

/* Features are normalised before averaging: a long one must not drag the centre. */
static void centres_average_directions(void **state)
{
    (void)state;
    separation_stats stats;
    double centre[2];
    layout l = {0};
    put_weight(&l, 45, 1);
    put(&l, 0, 0, 100), put(&l, 0, 90, 0.01);
    const separation_input in = {l.count, 2, 1, l.embeddings, l.labels, l.weights,
                                 NULL,    1, 1, NULL};
    separation_measure(&in, &stats, centre, NULL);
    assert_near("x", centre[0], sqrt(0.5), 1e-7);
    assert_near("y", centre[1], sqrt(0.5), 1e-7);
    assert_true(isnan(stats.gap_min) && isnan(stats.w_inter) && isnan(stats.inter));
    assert_degrees("Intra", stats.intra, 45.0);
}

/* No circle in three dimensions, but the angles all the same. */
static void three_dimensions(void **state)
{
    (void)state;
    separation_stats s;
    double centres[6];
    const float x[] = {1, 0, 0, 0, 2, 0}, w[] = {1, 1, 0, 0, 0, 1};
    const int64_t labels[] = {0, 1};
    const separation_input in = {2, 3, 2, x, labels, w, NULL, 1, 1, NULL};
    separation_measure(&in, &s, centres, NULL);
    assert_degrees("W-EC", s.w_ec, (45.0 + 90.0) / 2.0);
    assert_degrees("W-Inter", s.w_inter, 90.0);
    assert_near("accuracy", s.accuracy, 0.5, 0.0);
    assert_true(isnan(s.gap_min) && isnan(s.overlap_share) && isnan(s.gap_min_of[0]));
}

/* An acos of a float cosine would give 0 here. */
static void small_angles_keep_digits(void **state)
{
    (void)state;
    separation_stats s;
    double centres[2];
    const float x[] = {1.0f, 1e-5f}, w[] = {1.0f, 0.0f};
    const int64_t labels[] = {0};
    const separation_input in = {1, 2, 1, x, labels, w, NULL, 1, 1, NULL};
    separation_measure(&in, &s, centres, NULL);
    assert_near("theta", s.theta.mean, 1e-5, 1e-12);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(angles_by_hand),
        cmocka_unit_test(gaps_by_hand),
        cmocka_unit_test(overlaps_by_hand),
        cmocka_unit_test(strays_do_not_make_the_arc),
        cmocka_unit_test(softmax_counts_logits),
        cmocka_unit_test(ties_and_zeros),
        cmocka_unit_test(empty_classes_take_no_part),
        cmocka_unit_test(centres_average_directions),
        cmocka_unit_test(three_dimensions),
        cmocka_unit_test(small_angles_keep_digits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
