/* test_crowd.c: nearest neighbours among random directions: against all pairs written out, against
 * the theory, and for any number of threads. */
#include "caps.h"
#include "crowd.h"
#include "mocka.h"
#include "philox.h"

enum { WIDEST = 512, SEED = 7 };

static size_t measure(size_t most, size_t whole, int threads, crowd_row *rows)
{
    const crowd_plan plan = {.seed = SEED, .threads = threads, .most = most, .whole = whole};
    crowd_speed speed;
    const size_t count = crowd_measure(&plan, rows, &speed);
    assert_true(speed.seconds > 0.0 && speed.operations > 2.0 * 128.0 * speed.cosines);
    return count;
}

/* ---- all pairs, in double -------------------------------------------------------------------- */

static void draw(uint32_t purpose, uint64_t first, size_t count, double *out)
{
    for (size_t i = 0; i < count; i++) {
        philox_stream stream;
        philox_start(&stream, SEED, purpose, first + i);
        for (size_t k = 0; k < WIDEST; k++) {
            out[i * WIDEST + k] = (double)(float)philox_normal(&stream);
        }
    }
}

/* At length 1 in the first `dim` coordinates. */
static void normalise(double *x, size_t count, size_t dim)
{
    for (size_t i = 0; i < count; i++, x += WIDEST) {
        double square = 0.0;
        for (size_t k = 0; k < dim; k++) {
            square += x[k] * x[k];
        }
        for (size_t k = 0; k < dim; k++) {
            x[k] /= sqrt(square);
        }
    }
}

static double nearest(const double *from, const double *to, size_t count, size_t dim)
{
    double greatest = -1.0;
    for (size_t j = 0; j < count; j++, to += WIDEST) {
        double cosine = 0.0;
        for (size_t k = 0; k < dim && to != from; k++) {
            cosine += from[k] * to[k];
        }
        greatest = to != from ? fmax(greatest, cosine) : greatest;
    }
    return acos(greatest);
}

static void as_all_pairs(void **state)
{
    (void)state;
    enum { N = 100, SETS = 20 };
    crowd_row rows[CROWD_MOST_ROWS];
    assert_int_equal(measure(100, 100, 0, rows), 3);
    double *const x = malloc(N * WIDEST * sizeof *x);
    double near[3] = {0}, close[3] = {0};
    for (size_t set = 0; set < SETS; set++) {
        for (size_t d = 0; d < 3; d++) {
            draw(STREAM_CROWD, (uint64_t)N << 32 | set * N, N, x);
            double closest = M_PI;
            normalise(x, N, rows[d].dim);
            for (size_t i = 0; i < N; i++) {
                const double found = nearest(x + i * WIDEST, x, N, rows[d].dim);
                near[d] += found / (N * SETS);
                closest = fmin(closest, found);
            }
            close[d] += closest / SETS;
        }
    }
    for (size_t d = 0; d < 3; d++) {
        assert_int_equal(rows[d].sets, SETS);
        assert_near("nearest", rows[d].nearest, near[d], 2e-6);
        assert_near("closest", rows[d].closest, close[d], 2e-6);
    }
    free(x);
}

static void as_all_views(void **state)
{
    (void)state;
    enum { N = 1000, VIEWS = 256 };
    crowd_row rows[CROWD_MOST_ROWS];
    assert_int_equal(measure(N, 100, 0, rows), 6);
    double *const crowd = malloc(N * WIDEST * sizeof *crowd);
    double *const views = malloc(VIEWS * WIDEST * sizeof *views);
    draw(STREAM_CROWD, 0, N - 1, crowd);
    draw(STREAM_CROWD_VIEW, 0, VIEWS, views);
    normalise(crowd, N - 1, 128);
    normalise(views, VIEWS, 128);
    double sum = 0.0;
    for (size_t i = 0; i < VIEWS; i++) {
        sum += nearest(views + i * WIDEST, crowd, N - 1, 128) / VIEWS;
    }
    assert_int_equal(rows[3].n, N);
    assert_int_equal(rows[3].dim, 128);
    assert_int_equal(rows[3].looked, VIEWS);
    assert_near("from views", rows[3].nearest, sum, 2e-6);
    assert_true(isnan(rows[3].closest));
    free(crowd);
    free(views);
}

/* ---- theory and threads ---------------------------------------------------------------------- */

static void as_theory(void **state)
{
    (void)state;
    crowd_row rows[CROWD_MOST_ROWS];
    const size_t count = measure(10000, 1000, 0, rows);
    assert_int_equal(count, 9);
    for (size_t i = 0; i < count; i++) {
        const double n = (double)rows[i].n;
        assert_near("nearest", rows[i].nearest, sphere_nearest(rows[i].dim, n),
                    4.0 * rows[i].nearest_error);
        assert_true(rows[i].nearest_error < 0.003);
        if (!isnan(rows[i].closest)) {
            assert_near("closest", rows[i].closest, sphere_closest(rows[i].dim, n),
                        4.0 * rows[i].closest_error);
        }
    }
}

static void threads_change_nothing(void **state)
{
    (void)state;
    crowd_row one[CROWD_MOST_ROWS], three[CROWD_MOST_ROWS];
    const size_t count = measure(1000, 100, 1, one);
    assert_int_equal(measure(1000, 100, 3, three), count);
    for (size_t i = 0; i < count; i++) {
        assert_true(one[i].nearest == three[i].nearest);
        assert_true(one[i].closest == three[i].closest || isnan(one[i].closest));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(as_all_pairs),
        cmocka_unit_test(as_all_views),
        cmocka_unit_test(as_theory),
        cmocka_unit_test(threads_change_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
