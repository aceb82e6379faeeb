/* test_verification.c: TAR at FAR, EER and AUC against counting pair by pair, and against examples
 * worked by hand. */
#include <verification.h>

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static void assert_near(const char *what, double value, double expected)
{
    if (!(fabs(value - expected) <= 1e-12))
        fail_msg("%s: %.17g is not %.17g", what, value, expected);
}

static verification measure(const float *x, const int64_t *labels, size_t rows, size_t dim,
                            int threads)
{
    const verification_input in = {
        .rows = rows, .dim = dim, .embeddings = x, .labels = labels, .threads = threads};
    verification v;
    assert_int_equal(verification_measure(&in, &v), 0);
    return v;
}

/* ---- by hand ----------------------------------------------------------------------------------*/

/* On the circle at 0, 26.6, twice that, and 135 degrees; identities 5, 5, 9, 9. Scores from the
 * top: 26.6 degrees (genuine 5-5 and an impostor, tied: 4/5 is the square of both cosines), 53.1
 * (impostor, cosine 3/5), 81.9 (genuine), 108, 135. Lengths do not matter. */
static void four_on_the_circle(void **state)
{
    (void)state;
    const int64_t labels[] = {5, 5, 9, 9};
    const float x[] = {7, 0, 2, 1, 0.75f, 1, -1, 1};
    const verification v = measure(x, labels, 4, 2, 1);
    assert_int_equal(v.all.genuine, 2);
    assert_int_equal(v.all.impostor, 4);
    /* The first genuine ties with one of four and beats three; the second beats two. */
    assert_near("auc", v.all.auc, (3.5 + 2.0) / 8.0);
    /* ROC: (0, 0) (1/4, 1/2) (1/2, 1/2) (1/2, 1): 1 - TAR = FAR at (1/2, 1/2). */
    assert_near("eer", v.all.eer, 0.5);
    assert_near("eer_threshold", v.all.eer_threshold, 0.6);
    /* 10^-0.3 = 0.501, 10^-0.4 = 0.398, 10^-0.6 = 0.2512; a quarter is the least that shows. */
    assert_near("tar at 0.501", v.roc[3].tar, 1.0);
    assert_near("far at 0.501", v.roc[3].far, 0.5);
    assert_near("tar at 0.398", v.roc[4].tar, 0.5);
    assert_near("tar at 0.2512", v.roc[6].tar, 0.5);
    assert_true(isnan(v.roc[7].tar) && isnan(v.roc[7].far));
    assert_true(isnan(verification_at(&v, 1)->tar));
    assert_near("tar at 1", verification_at(&v, 0)->tar, 1.0);
}

static void perfect_and_useless(void **state)
{
    (void)state;
    const float apart[] = {1, 0, 2, 0, 0, 1, 0, 3, -1, 0, -2, 0};
    const int64_t labels[] = {0, 0, 1, 1, 2, 2};
    verification v = measure(apart, labels, 6, 2, 1);
    assert_int_equal(v.all.genuine, 3);
    assert_int_equal(v.all.impostor, 12);
    assert_near("auc", v.all.auc, 1.0);
    assert_near("eer", v.all.eer, 0.0);
    assert_near("tar at 0.1", verification_at(&v, 1)->tar, 1.0);
    /* All alike: one score, so every pair is accepted or none. */
    const float alike[] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
    v = measure(alike, labels, 6, 2, 1);
    assert_near("auc", v.all.auc, 0.5);
    assert_near("eer", v.all.eer, 0.5);
    assert_near("tar at 0.1", verification_at(&v, 1)->tar, 0.0);
    assert_true(verification_at(&v, 1)->threshold > 1.0);
}

static void nothing_to_measure(void **state)
{
    (void)state;
    const float x[] = {1, 0, 0, 1, 1, 1};
    const int64_t one[] = {4, 4, 4}, all[] = {1, 2, 3}, none[] = {-1, -1, -1};
    verification v = measure(x, one, 3, 2, 0);
    assert_int_equal(v.all.genuine, 3);
    assert_int_equal(v.all.impostor, 0);
    assert_true(isnan(v.all.auc) && isnan(v.all.eer) && isnan(v.roc[0].tar));
    v = measure(x, all, 3, 2, 0);
    assert_int_equal(v.all.genuine, 0);
    assert_true(isnan(v.all.auc));
    v = measure(x, none, 3, 2, 0);
    assert_int_equal(v.all.genuine + v.all.impostor, 0);
}

/* ---- pair by pair -----------------------------------------------------------------------------*/

enum { ROWS = 331, DIM = 5, PAIRS = ROWS * (ROWS - 1) / 2 };

typedef struct pairs {
    double genuine[PAIRS], impostor[PAIRS]; /* cos^2 with the sign of the cosine */
    size_t genuine_count, impostor_count;
} pairs;

static int is_zero(const float *a)
{
    for (int k = 0; k < DIM; k++)
        if (a[k] != 0.0f) return 0;
    return 1;
}

/* A quotient of two whole numbers: equal cosines give equal quotients. */
static double signed_square(const float *a, const float *b)
{
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (int k = 0; k < DIM; k++) {
        ab += (double)a[k] * (double)b[k];
        aa += (double)a[k] * (double)a[k];
        bb += (double)b[k] * (double)b[k];
    }
    return (ab < 0.0 ? -1.0 : 1.0) * (ab * ab) / (aa * bb);
}

static double share_from(const double *scores, size_t count, double threshold)
{
    size_t accepted = 0;
    for (size_t i = 0; i < count; i++)
        accepted += scores[i] >= threshold;
    return (double)accepted / (double)count;
}

/* Small whole numbers, so that ties are common, a zero vector among them; identity 3 in a tenth. */
static void draw(float *x, int64_t *labels)
{
    uint32_t bits = 12345;
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t k = 0; k < DIM; k++) {
            bits = bits * 1664525u + 1013904223u;
            x[i * DIM + k] = (float)((int)(bits >> 29) - 3);
        }
        bits = bits * 1664525u + 1013904223u;
        labels[i] = (int64_t)(bits >> 24) % 40 - 1; /* -1 .. 38 */
        if (labels[i] >= 0) x[i * DIM + (size_t)labels[i] % DIM] += 4.0f;
    }
    for (size_t k = 0; k < DIM; k++)
        x[7 * DIM + k] = 0.0f;
}

static void list_pairs(const float *x, const int64_t *labels, pairs *p)
{
    p->genuine_count = p->impostor_count = 0;
    for (size_t i = 0; i < ROWS; i++) {
        for (size_t j = i + 1; j < ROWS; j++) {
            if (labels[i] < 0 || labels[j] < 0) continue;
            if (is_zero(x + i * DIM) || is_zero(x + j * DIM)) continue;
            const double s = signed_square(x + i * DIM, x + j * DIM);
            if (labels[i] == labels[j])
                p->genuine[p->genuine_count++] = s;
            else
                p->impostor[p->impostor_count++] = s;
        }
    }
}

static double pairwise_auc(const pairs *p)
{
    double sum = 0.0;
    for (size_t i = 0; i < p->genuine_count; i++)
        for (size_t j = 0; j < p->impostor_count; j++)
            sum += p->genuine[i] > p->impostor[j]    ? 1.0
                   : p->genuine[i] == p->impostor[j] ? 0.5
                                                     : 0.0;
    return sum / ((double)p->genuine_count * (double)p->impostor_count);
}

static int falling(const void *a, const void *b)
{
    const double x = *(const double *)a, y = *(const double *)b;
    return (x < y) - (x > y);
}

/* The best over all thresholds, which are the impostors' scores and what is just above them. */
static const double GAP = 1e-9; /* less than two quotients differ by */

static double pairwise_tar(const pairs *p, double limit)
{
    double best = 0.0;
    for (size_t i = 0; i < p->impostor_count; i++) {
        for (int above = 0; above < 2; above++) {
            const double threshold = p->impostor[i] + GAP * above;
            if (share_from(p->impostor, p->impostor_count, threshold) > limit) continue;
            best = fmax(best, share_from(p->genuine, p->genuine_count, threshold));
        }
        if (share_from(p->impostor, p->impostor_count, p->impostor[i]) > limit) break;
    }
    return best;
}

static double signed_square_of(double cosine)
{
    return isfinite(cosine) ? cosine * fabs(cosine) : cosine;
}

static void as_pair_by_pair(void **state)
{
    (void)state;
    static float x[ROWS * DIM];
    static int64_t labels[ROWS];
    static pairs p;
    draw(x, labels);
    list_pairs(x, labels, &p);
    qsort(p.impostor, p.impostor_count, sizeof *p.impostor, falling);
    const verification v = measure(x, labels, ROWS, DIM, 1);
    assert_int_equal(v.all.genuine, p.genuine_count);
    assert_int_equal(v.all.impostor, p.impostor_count);
    assert_near("auc", v.all.auc, pairwise_auc(&p));
    assert_true(v.all.auc > 0.55 && v.all.auc < 0.95); /* neither trivial nor perfect */
    for (int k = 10; k < VERIFICATION_POINTS; k += 5) {
        const roc_point *point = &v.roc[k];
        if (point->limit * (double)p.impostor_count < 1.0) {
            assert_true(isnan(point->tar));
            continue;
        }
        assert_near("tar", point->tar, pairwise_tar(&p, point->limit));
        assert_near("tar at the threshold", point->tar,
                    share_from(p.genuine, p.genuine_count, signed_square_of(point->threshold)));
        assert_near("far at the threshold", point->far,
                    share_from(p.impostor, p.impostor_count, signed_square_of(point->threshold)));
    }
    /* EER lies between the rates on either side of its threshold. */
    const double at = signed_square_of(v.all.eer_threshold) - GAP;
    assert_true(v.all.eer <= share_from(p.impostor, p.impostor_count, at) + 1e-12);
    assert_true(v.all.eer >= share_from(p.impostor, p.impostor_count, at + 2.0 * GAP) - 1e-12);
    assert_true(v.all.eer >= 1.0 - share_from(p.genuine, p.genuine_count, at) - 1e-12);
    assert_true(v.all.eer <= 1.0 - share_from(p.genuine, p.genuine_count, at + 2.0 * GAP) + 1e-12);
}

/* Pairs that are too many to be sorted: all results but AUC are the same, and AUC is within what is
 * said. */
static void intervals_decide_alike(void **state)
{
    (void)state;
    static float x[ROWS * DIM];
    static int64_t labels[ROWS];
    draw(x, labels);
    for (size_t i = 0; i < ROWS * DIM; i++) /* crowded: all within a few degrees */
        x[i] += i % DIM == 0 ? 300.0f : 0.01f * (float)(i % 7);
    verification_input in = {
        .rows = ROWS, .dim = DIM, .embeddings = x, .labels = labels, .threads = 2};
    verification sorted, counted;
    assert_int_equal(verification_measure(&in, &sorted), 0);
    in.sorted = 100;
    assert_int_equal(verification_measure(&in, &counted), 0);
    assert_true(sorted.all.auc_error == 0.0);
    assert_true(fabs(counted.all.auc - sorted.all.auc) <= counted.all.auc_error + 1e-12);
    assert_true(counted.all.auc_error < 1e-3);
    assert_true(counted.all.eer == sorted.all.eer);
    assert_true(counted.all.eer_threshold == sorted.all.eer_threshold);
    assert_true(counted.all.eer_below == sorted.all.eer_below);
    assert_true(counted.repeated == sorted.repeated);
    assert_int_equal(verification_work(&in), 2 * ROWS);
    for (int k = 0; k < VERIFICATION_POINTS; k++) {
        const roc_point *a = &sorted.roc[k], *b = &counted.roc[k];
        if (isnan(a->tar)) continue;
        assert_true(a->tar == b->tar && a->far == b->far && a->threshold == b->threshold);
    }
}

/* Perfectly separated, all within 0.1 degrees. */
static void near_directions_keep_apart(void **state)
{
    (void)state;
    const float x[] = {1, 0, 1, 1e-4f, 1, 5e-4f, 1, 6e-4f};
    const int64_t labels[] = {0, 0, 1, 1};
    const verification v = measure(x, labels, 4, 2, 1);
    assert_near("auc", v.all.auc, 1.0);
    assert_near("eer", v.all.eer, 0.0);
    const float opposite[] = {1, 0, -1, 1e-4f, -1, 5e-4f, 1, 6e-4f};
    const int64_t ends[] = {0, 1, 0, 1};
    /* Angles from pi: impostor 1e-4, genuine 5e-4 and 7e-4, impostor 1.1e-3; two impostors near 0.
     */
    assert_near("auc", measure(opposite, ends, 4, 2, 1).all.auc, 2.0 / 8.0);
}

/* FAR = 1 - TAR exactly: the greatest threshold with FAR >= 1 - TAR is 0, not the next one. */
static void equal_rates(void **state)
{
    (void)state;
    const float x[] = {2, -1, -1, -2, 1, 0, -1, 2, 0, 2, 1, 0};
    const int64_t labels[] = {1, 0, 1, 1};
    const verification v = measure(x, labels, 4, 3, 1);
    assert_near("eer_threshold", v.all.eer_threshold, 0.0);
}

static void threads_change_nothing(void **state)
{
    (void)state;
    static float x[ROWS * DIM];
    static int64_t labels[ROWS];
    draw(x, labels);
    const verification one = measure(x, labels, ROWS, DIM, 1);
    const int counts[] = {2, 3, 8};
    for (int t = 0; t < 3; t++) {
        const verification v = measure(x, labels, ROWS, DIM, counts[t]);
        assert_true(v.all.genuine == one.all.genuine && v.all.impostor == one.all.impostor);
        assert_true(v.all.auc == one.all.auc && v.all.eer == one.all.eer);
        for (int k = 0; k < VERIFICATION_POINTS; k++)
            assert_true(v.roc[k].tar == one.roc[k].tar || isnan(one.roc[k].tar));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_on_the_circle),         cmocka_unit_test(perfect_and_useless),
        cmocka_unit_test(nothing_to_measure),         cmocka_unit_test(as_pair_by_pair),
        cmocka_unit_test(threads_change_nothing),     cmocka_unit_test(intervals_decide_alike),
        cmocka_unit_test(near_directions_keep_apart), cmocka_unit_test(equal_rates),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
