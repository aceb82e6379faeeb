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
    const verification_input in = {rows, dim, x, labels, threads, NULL};
    verification v;
    assert_int_equal(verification_measure(&in, &v), 0);
    return v;
}

/* ---- by hand ----------------------------------------------------------------------------------*/

/* On the circle at 0, 10, 20 and 90 degrees; identities 5, 5, 9, 9. Scores from the top: cos 10
 * (genuine 5-5 and impostor 10-20, tied), cos 20 (impostor), cos 70 (genuine), cos 80, cos 90. */
static void four_on_the_circle(void **state)
{
    (void)state;
    const double degrees[] = {0, 10, 20, 90};
    const int64_t labels[] = {5, 5, 9, 9};
    float x[8];
    for (int i = 0; i < 4; i++) {
        x[2 * i] = (float)(3.0 * cos(degrees[i] * M_PI / 180.0)); /* length does not matter */
        x[2 * i + 1] = (float)(3.0 * sin(degrees[i] * M_PI / 180.0));
    }
    const verification v = measure(x, labels, 4, 2, 1);
    assert_int_equal(v.genuine, 2);
    assert_int_equal(v.impostor, 4);
    /* The first genuine ties with one of four and beats three; the second beats two. */
    assert_near("auc", v.auc, (3.5 + 2.0) / 8.0);
    /* ROC: (0, 0) (1/4, 1/2) (1/2, 1/2) (1/2, 1): 1 - TAR = FAR at (1/2, 1/2). */
    assert_near("eer", v.eer, 0.5);
    assert_near("eer_threshold", round(1e4 * v.eer_threshold), round(1e4 * cos(M_PI / 9)));
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
    assert_int_equal(v.genuine, 3);
    assert_int_equal(v.impostor, 12);
    assert_near("auc", v.auc, 1.0);
    assert_near("eer", v.eer, 0.0);
    assert_near("tar at 0.1", verification_at(&v, 1)->tar, 1.0);
    /* All alike: one score, so every pair is accepted or none. */
    const float alike[] = {1, 2, 1, 2, 1, 2, 1, 2, 1, 2, 1, 2};
    v = measure(alike, labels, 6, 2, 1);
    assert_near("auc", v.auc, 0.5);
    assert_near("eer", v.eer, 0.5);
    assert_near("tar at 0.1", verification_at(&v, 1)->tar, 0.0);
    assert_true(verification_at(&v, 1)->threshold > 1.0);
}

static void nothing_to_measure(void **state)
{
    (void)state;
    const float x[] = {1, 0, 0, 1, 1, 1};
    const int64_t one[] = {4, 4, 4}, all[] = {1, 2, 3}, none[] = {-1, -1, -1};
    verification v = measure(x, one, 3, 2, 0);
    assert_int_equal(v.genuine, 3);
    assert_int_equal(v.impostor, 0);
    assert_true(isnan(v.auc) && isnan(v.eer) && isnan(v.roc[0].tar));
    v = measure(x, all, 3, 2, 0);
    assert_int_equal(v.genuine, 0);
    assert_true(isnan(v.auc));
    v = measure(x, none, 3, 2, 0);
    assert_int_equal(v.genuine + v.impostor, 0);
}

/* ---- pair by pair -----------------------------------------------------------------------------*/

enum { ROWS = 331, DIM = 5, PAIRS = ROWS * (ROWS - 1) / 2 };

typedef struct pairs {
    double genuine[PAIRS], impostor[PAIRS]; /* scores in units of 2^-21 */
    size_t genuine_count, impostor_count;
} pairs;

static double score(const float *a, const float *b)
{
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (int k = 0; k < DIM; k++) {
        ab += (double)a[k] * (double)b[k];
        aa += (double)a[k] * (double)a[k];
        bb += (double)b[k] * (double)b[k];
    }
    return aa * bb > 0.0 ? round(ab / sqrt(aa * bb) * 0x1p21) : 0.0;
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
            const double s = score(x + i * DIM, x + j * DIM);
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
static double pairwise_tar(const pairs *p, double limit)
{
    double best = 0.0;
    for (size_t i = 0; i < p->impostor_count; i++) {
        for (int above = 0; above < 2; above++) {
            const double threshold = p->impostor[i] + 0.5 * above;
            if (share_from(p->impostor, p->impostor_count, threshold) > limit) continue;
            best = fmax(best, share_from(p->genuine, p->genuine_count, threshold));
        }
        if (share_from(p->impostor, p->impostor_count, p->impostor[i]) > limit) break;
    }
    return best;
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
    assert_int_equal(v.genuine, p.genuine_count);
    assert_int_equal(v.impostor, p.impostor_count);
    assert_near("auc", v.auc, pairwise_auc(&p));
    assert_true(v.auc > 0.55 && v.auc < 0.95); /* neither trivial nor perfect */
    for (int k = 10; k < VERIFICATION_POINTS; k += 5) {
        const verification_point *point = &v.roc[k];
        if (point->limit * (double)p.impostor_count < 1.0) {
            assert_true(isnan(point->tar));
            continue;
        }
        assert_near("tar", point->tar, pairwise_tar(&p, point->limit));
        assert_near("tar at the threshold", point->tar,
                    share_from(p.genuine, p.genuine_count, point->threshold * 0x1p21));
        assert_near("far at the threshold", point->far,
                    share_from(p.impostor, p.impostor_count, point->threshold * 0x1p21));
    }
    /* EER lies between the rates on either side of its threshold. */
    const double at = v.eer_threshold * 0x1p21;
    assert_true(v.eer <= share_from(p.impostor, p.impostor_count, at) + 1e-12);
    assert_true(v.eer >= share_from(p.impostor, p.impostor_count, at + 0.5) - 1e-12);
    assert_true(v.eer >= 1.0 - share_from(p.genuine, p.genuine_count, at) - 1e-12);
    assert_true(v.eer <= 1.0 - share_from(p.genuine, p.genuine_count, at + 0.5) + 1e-12);
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
        assert_true(v.genuine == one.genuine && v.impostor == one.impostor);
        assert_true(v.auc == one.auc && v.eer == one.eer);
        for (int k = 0; k < VERIFICATION_POINTS; k++)
            assert_true(v.roc[k].tar == one.roc[k].tar || isnan(one.roc[k].tar));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(four_on_the_circle),     cmocka_unit_test(perfect_and_useless),
        cmocka_unit_test(nothing_to_measure),     cmocka_unit_test(as_pair_by_pair),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
