/* test_extra_terms.c: Intra-Loss, Inter-Loss and the triplet loss: values known by hand, gradients
 * against finite differences, groups in the order of the samples. */
#include "angle_losses.h"
#include "mocka.h"
#include "philox.h"

enum { ROWS = 9, DIM = 5, CLASSES = 4 };

typedef struct problem {
    float x[ROWS * DIM], w[CLASSES * DIM];
    int64_t labels[ROWS];
} problem;

static problem make_problem(uint64_t seed)
{
    problem p;
    philox_stream stream;
    philox_start(&stream, seed, 1, 0);
    for (size_t i = 0; i < ROWS * DIM; i++) {
        p.x[i] = (float)(2.0 * philox_normal(&stream));
    }
    for (size_t i = 0; i < CLASSES * DIM; i++) {
        p.w[i] = (float)(0.5 * philox_normal(&stream));
    }
    for (size_t i = 0; i < ROWS; i++) {
        p.labels[i] = (int64_t)(i * i % CLASSES);
    }
    return p;
}

static double terms_of(const problem *p, extra_terms terms, float *dx, float *dw)
{
    float unused_x[ROWS * DIM] = {0}, unused_w[CLASSES * DIM] = {0};
    double scratch[512];
    assert_true(extra_terms_scratch(ROWS, CLASSES, DIM) <= LENGTH_OF(scratch));
    const extra_batch batch = {ROWS, DIM, CLASSES, p->x, p->w, p->labels, scratch};
    return extra_terms_add(&terms, &batch, dx != NULL ? dx : unused_x, dw != NULL ? dw : unused_w);
}

static double triplet_of(const problem *p, float *dx)
{
    float unused[ROWS * DIM];
    double scratch[512];
    assert_true(triplet_scratch(ROWS, DIM) <= LENGTH_OF(scratch));
    return triplet_loss(p->x, p->labels, ROWS, DIM, 0.35, scratch, dx != NULL ? dx : unused);
}

/* By the definitions, from acos of plain cosines. */
static double angle(const float *a, const float *b)
{
    double ab = 0.0, aa = 0.0, bb = 0.0;
    for (size_t k = 0; k < DIM; k++) {
        ab += (double)a[k] * (double)b[k];
        aa += (double)a[k] * (double)a[k];
        bb += (double)b[k] * (double)b[k];
    }
    return acos(ab / sqrt(aa * bb));
}

static void values_are_the_definitions(void **state)
{
    (void)state;
    const problem p = make_problem(1);
    double intra = 0.0, inter = 0.0, sum = 0.0;
    size_t violating = 0;
    for (size_t i = 0; i < ROWS; i++) {
        const float *const x = p.x + i * DIM, *const w = p.w + p.labels[i] * DIM;
        intra += angle(x, w) / M_PI / ROWS;
        for (size_t j = 0; j < CLASSES; j++) {
            inter -= (int64_t)j == p.labels[i]
                         ? 0.0
                         : angle(w, p.w + j * DIM) / (M_PI * (CLASSES - 1) * ROWS);
        }
        for (size_t a = 0; a < ROWS; a++) {
            for (size_t b = 0; b < ROWS; b++) {
                const double excess = angle(x, p.x + a * DIM) + 0.35 - angle(x, p.x + b * DIM);
                if (a != i && p.labels[a] == p.labels[i] && p.labels[b] != p.labels[i] &&
                    excess > 0.0) {
                    sum += excess;
                    violating++;
                }
            }
        }
    }
    assert_near("Intra", terms_of(&p, (extra_terms){.intra = 1.0}, NULL, NULL), intra, 1e-9);
    assert_near("Inter", terms_of(&p, (extra_terms){.inter = 1.0}, NULL, NULL), inter, 1e-9);
    assert_near("both", terms_of(&p, (extra_terms){2.0, 3.0}, NULL, NULL),
                2.0 * intra + 3.0 * inter, 1e-9);
    assert_near("none", terms_of(&p, (extra_terms){0}, NULL, NULL), 0.0, 0.0);
    assert_true(violating > 10);
    assert_near("triplet", triplet_of(&p, NULL), sum / (double)violating, 1e-9);
}

static double loss_of(const problem *p, int which, float *dx, float *dw)
{
    static const extra_terms terms[] = {{1.0, 0.0}, {0.0, 1.0}};
    return which < 2 ? terms_of(p, terms[which], dx, dw) : triplet_of(p, dx);
}

static void gradients_are_the_derivatives(void **state)
{
    (void)state;
    static const char *const names[] = {"Intra", "Inter", "triplet"};
    for (int which = 0; which < 3; which++) {
        problem p = make_problem(5);
        float dx[ROWS * DIM] = {0}, dw[CLASSES * DIM] = {0};
        loss_of(&p, which, dx, dw);
        for (size_t i = 0; i < (ROWS + CLASSES) * DIM; i++) {
            float *const at = i < ROWS * DIM ? &p.x[i] : &p.w[i - ROWS * DIM];
            const float kept = *at, step = 1.0f / 1024.0f;
            *at = kept + step;
            const double above = loss_of(&p, which, NULL, NULL);
            *at = kept - step;
            const double below = loss_of(&p, which, NULL, NULL);
            *at = kept;
            const double want = (above - below) / (2.0 * (double)step);
            assert_near(names[which], i < ROWS * DIM ? dx[i] : dw[i - ROWS * DIM], want, 2e-5);
        }
    }
}

/* They add: what was there stays. */
static void gradients_are_added(void **state)
{
    (void)state;
    const problem p = make_problem(2);
    float dx[ROWS * DIM], dw[CLASSES * DIM], fresh[ROWS * DIM] = {0};
    for (size_t i = 0; i < ROWS * DIM; i++) {
        dx[i] = 3.0f;
    }
    memset(dw, 0, sizeof dw);
    terms_of(&p, (extra_terms){.intra = 1.0}, dx, dw);
    terms_of(&p, (extra_terms){.intra = 1.0}, fresh, NULL);
    for (size_t i = 0; i < ROWS * DIM; i++) {
        assert_near("dx", dx[i], 3.0 + (double)fresh[i], 1e-6);
    }
}

/* Equal and opposite vectors have no gradient, and zero ones no angle: nothing that is not finite.
 */
static void corners_stay_finite(void **state)
{
    (void)state;
    problem p = make_problem(3);
    float dx[ROWS * DIM] = {0}, dw[CLASSES * DIM] = {0};
    memcpy(p.x, p.w + p.labels[0] * DIM, DIM * sizeof *p.x);
    memset(p.x + DIM, 0, DIM * sizeof *p.x);
    for (size_t k = 0; k < DIM; k++) {
        p.w[DIM + k] = -p.w[k];
    }
    assert_true(isfinite(terms_of(&p, (extra_terms){1.0, 1.0}, dx, dw)));
    for (size_t i = 0; i < ROWS * DIM; i++) {
        assert_true(isfinite(dx[i]) && isfinite(dw[i % (CLASSES * DIM)]));
    }
    assert_true(isfinite(triplet_of(&p, dx)));
    p.x[7] = NAN;
    assert_true(isnan(triplet_of(&p, dx)));
}

static void groups_keep_classes_together(void **state)
{
    (void)state;
    enum { COUNT = 103, KINDS = 7, EACH = 4 };
    size_t order[COUNT], scratch[2 * COUNT + KINDS + 2], seen[COUNT] = {0}, small = 0, runs = 0;
    int64_t labels[COUNT];
    philox_stream stream;
    philox_start(&stream, 1, 1, 0);
    for (size_t i = 0; i < COUNT; i++) {
        labels[i] = (int64_t)philox_below(&stream, KINDS - 1); /* the last class has none */
    }
    order_start(order, COUNT);
    order_shuffle(&stream, order, COUNT);
    order_groups(&stream, order, COUNT, labels, KINDS, EACH, scratch);
    for (size_t i = 0; i < COUNT; i++) {
        assert_int_equal(seen[order[i]]++, 0);
    }
    for (size_t first = 0; first < COUNT;) { /* every run is of whole groups, at most one cut off */
        size_t end = first;
        while (end < COUNT && labels[order[end]] == labels[order[first]]) {
            end++;
        }
        small += (end - first) % EACH != 0;
        runs++;
        first = end;
    }
    assert_true(small <= 2 * (KINDS - 1));
    assert_true(runs > COUNT / EACH / 2); /* and the classes are mixed */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(values_are_the_definitions),
        cmocka_unit_test(gradients_are_the_derivatives),
        cmocka_unit_test(gradients_are_added),
        cmocka_unit_test(corners_stay_finite),
        cmocka_unit_test(groups_keep_classes_together),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
