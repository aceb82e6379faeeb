/* test_statistics.c: the two numbers of repetitions and their intervals, against tables, by hand
 * and by simulation. */
#include "../mocka.h"

#include <stdio.h>

#include "random.h"
#include "statistics.h"

static void intervals_hold_the_median(void **state)
{
    (void)state;
    /* From the binomial distribution: 1 - 2/2^n (1 + n + ...). */
    static const struct {
        size_t count, cut;
        double coverage;
    } cases[] = {{2, 0, 0.5},       {5, 0, 0.9375},    {6, 0, 0.96875},
                 {8, 0, 0.9921875}, {9, 1, 0.9609375}, {20, 5, 0.958611}};
    for (size_t k = 0; k < LENGTH_OF(cases); k++) {
        double values[20];
        const size_t n = cases[k].count;
        for (size_t i = 0; i < n; i++)
            values[i] = (double)((i * 7) % n) + (double)i * 1e-9; /* not sorted */
        const speed_interval found = speed_median_interval(values, n);
        assert_near("coverage", speed_interval_coverage(n), cases[k].coverage, 1e-6);
        assert_near("low", found.low, values[cases[k].cut], 1e-12);
        assert_near("high", found.high, values[n - 1 - cases[k].cut], 1e-12);
        assert_true(found.low <= found.middle && found.middle <= found.high);
    }
    assert_true(speed_interval_coverage(1) <= 0);
    double one[] = {3};
    assert_near("one", speed_median_interval(one, 1).high, 3, 1e-12);
}

static void quiet_is_the_best_third(void **state)
{
    (void)state;
    const double values[] = {9, 1, NAN, 5, 2, 7, 3, 8}; /* seven that are there: the best three */
    const double under[] = {1, 2, 1, 4, 2, 4, 4, 2};    /* of these: 1, 2, 2 */
    assert_near("quiet", speed_quiet(values, 8), 2, 1e-12);
    assert_true(isnan(speed_quiet(values + 2, 1)));
    const speed_series ratio = {values, under, NULL, 8};
    assert_near("ratio", speed_quiet_interval(&ratio).middle, 2 / (5 / 3.0), 1e-12);
    const speed_series few = {values, NULL, NULL, 5};
    assert_near("few", speed_quiet_interval(&few).low, 1, 1e-12);
    assert_near("few", speed_quiet_interval(&few).high, 9, 1e-12);
    const double same[] = {4, 4, 4, 4, 4, 4};
    const speed_series steady = {same, NULL, NULL, 6};
    assert_near("steady", speed_quiet_interval(&steady).high, 4, 1e-12);
}

/* A machine with bursts: every third repetition takes longer, by an exponential share. */
static double repetition(uint64_t *state)
{
    const double burst = random_uniform(state) < 0.3 ? -0.3 * log(random_uniform(state)) : 0;
    return (1 + 0.01 * random_normal(state)) * (1 + burst);
}

/* The mean of the lowest third of all repetitions that there could be. */
static double true_quiet(void)
{
    enum { MANY = 300000 };
    double *const values = malloc(MANY * sizeof *values);
    uint64_t state = 7;
    assert_non_null(values);
    for (size_t i = 0; i < MANY; i++)
        values[i] = repetition(&state);
    const double quiet = speed_quiet(values, MANY);
    free(values);
    return quiet;
}

static void quiet_intervals_hold_the_truth(void **state)
{
    (void)state;
    static const size_t counts[] = {6, 9, 18};
    const double truth = true_quiet();
    uint64_t draws = 3;
    for (size_t k = 0; k < LENGTH_OF(counts); k++) {
        double values[18], ratio_under[18];
        size_t held = 0, ratio_held = 0;
        for (size_t trial = 0; trial < 400; trial++) {
            for (size_t i = 0; i < counts[k]; i++) {
                values[i] = repetition(&draws);
                ratio_under[i] = repetition(&draws);
            }
            const speed_series one = {values, NULL, NULL, counts[k]};
            const speed_series two = {values, ratio_under, NULL, counts[k]};
            const speed_interval found = speed_quiet_interval(&one);
            const speed_interval ratio = speed_quiet_interval(&two);
            held += found.low <= truth && truth <= found.high;
            ratio_held += ratio.low <= 1 && 1 <= ratio.high;
        }
        printf("%zu repetitions: %zu and %zu of 400 intervals hold it\n", counts[k], held,
               ratio_held);
        assert_in_range(held, 356, 399); /* 89 % to all but one */
        assert_in_range(ratio_held, 356, 400);
    }
}

/* Processes that differ leave more open than their repetitions do. */
static void processes_widen_the_interval(void **state)
{
    (void)state;
    double values[12], process[12];
    for (size_t i = 0; i < 12; i++) {
        process[i] = (double)(i / 4);
        values[i] = 1 + 0.1 * process[i] + 0.001 * (double)(i % 4);
    }
    const speed_series alone = {values, NULL, NULL, 12}, several = {values, NULL, process, 12};
    const speed_interval a = speed_quiet_interval(&alone), b = speed_quiet_interval(&several);
    assert_near("middle", a.middle, b.middle, 1e-12);
    assert_true(b.high - b.low > 2 * (a.high - a.low));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(intervals_hold_the_median),
        cmocka_unit_test(quiet_is_the_best_third),
        cmocka_unit_test(quiet_intervals_hold_the_truth),
        cmocka_unit_test(processes_widen_the_interval),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
