/* test_philox.c: the generator against published known answers, and what streams promise. */
#include "ks.h"
#include "mocka.h"
#include "philox.h"

enum { DRAWS = 200000 };

typedef struct known_answer {
    uint32_t counter[4], key[2], want[4];
} known_answer;

/* The vectors that Random123 publishes for philox4x32-10. */
static const known_answer known_answers[] = {
    {{0, 0, 0, 0}, {0, 0}, {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}},
    {{0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff},
     {0xffffffff, 0xffffffff},
     {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}},
    {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344},
     {0xa4093822, 0x299f31d0},
     {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}},
};

static void gives_known_answers(void **state)
{
    (void)state;
    for (size_t i = 0; i < LENGTH_OF(known_answers); i++) {
        uint32_t got[4];
        philox4x32_10(known_answers[i].counter, known_answers[i].key, got);
        assert_memory_equal(got, known_answers[i].want, sizeof got);
    }
}

static void stream_is_counter_blocks_in_order(void **state)
{
    (void)state;
    philox_stream stream;
    philox_start(&stream, 0x1122334455667788u, 9, 0xaabbccdd00000007u);
    for (uint32_t block = 0; block < 3; block++) {
        const uint32_t counter[4] = {block, 0x00000007, 0xaabbccdd, 9};
        const uint32_t key[2] = {0x55667788, 0x11223344};
        uint32_t want[4];
        philox4x32_10(counter, key, want);
        for (size_t i = 0; i < 4; i++) {
            assert_int_equal(philox_word(&stream), want[i]);
        }
    }
}

static void names_make_streams_differ(void **state)
{
    (void)state;
    const uint64_t names[][3] = {{1, 2, 3}, {2, 2, 3},          {1, 3, 3},
                                 {1, 2, 4}, {1ull << 40, 2, 3}, {1, 2, 1ull << 40}};
    uint32_t first[LENGTH_OF(names)];
    for (size_t i = 0; i < LENGTH_OF(names); i++) {
        philox_stream stream;
        philox_start(&stream, names[i][0], (uint32_t)names[i][1], names[i][2]);
        first[i] = philox_word(&stream);
        for (size_t j = 0; j < i; j++) {
            assert_int_not_equal(first[i], first[j]);
        }
    }
}

static double uniform_share(double value, const void *user)
{
    (void)user;
    return value;
}

static double normal_share(double value, const void *user)
{
    (void)user;
    return 0.5 * erfc(-value / sqrt(2.0));
}

static void check_law(double (*draw)(philox_stream *), double (*share)(double, const void *))
{
    double *values = calloc(DRAWS, sizeof *values);
    assert_non_null(values);
    philox_stream stream;
    philox_start(&stream, 7, 1, 0);
    for (size_t i = 0; i < DRAWS; i++) {
        values[i] = draw(&stream);
    }
    const double statistic = ks_statistic(values, DRAWS, share, NULL);
    free(values);
    assert_near("Kolmogorov-Smirnov", statistic, 1.0, 0.95); /* too even is wrong as well */
}

static void uniform_is_uniform(void **state)
{
    (void)state;
    check_law(philox_uniform, uniform_share);
}

static void normal_is_normal(void **state)
{
    (void)state;
    check_law(philox_normal, normal_share);
}

static void uniform_stays_inside(void **state)
{
    (void)state;
    philox_stream stream;
    philox_start(&stream, 3, 1, 0);
    for (int i = 0; i < 4; i++) { /* words that make the extremes */
        stream.block[i] = i < 2 ? 0u : UINT32_MAX;
    }
    stream.taken = 0;
    assert_true(philox_uniform(&stream) > 0.0);
    assert_true(philox_uniform(&stream) < 1.0);
}

static void below_is_even(void **state)
{
    (void)state;
    enum { BOUND = 7 };
    size_t seen[BOUND] = {0};
    philox_stream stream;
    philox_start(&stream, 11, 1, 0);
    for (size_t i = 0; i < DRAWS; i++) {
        const size_t value = philox_below(&stream, BOUND);
        assert_true(value < BOUND);
        seen[value]++;
    }
    double statistic = 0.0;
    for (size_t i = 0; i < BOUND; i++) {
        const double want = (double)DRAWS / BOUND, apart = (double)seen[i] - want;
        statistic += apart * apart / want;
    }
    assert_true(statistic < 22.5); /* chi-square, 6 degrees of freedom, 0.001 */
    assert_int_equal(philox_below(&stream, 1), 0);
}

static void below_redraws_what_would_be_biased(void **state)
{
    (void)state;
    philox_stream stream;
    philox_start(&stream, 11, 1, 0);
    for (int i = 0; i < 4; i++) { /* 2^64 - 1 leaves remainder 0 of 3: one value too many */
        stream.block[i] = i < 2 ? UINT32_MAX : 0u;
    }
    stream.block[3] = 5;
    stream.taken = 0;
    assert_int_equal(philox_below(&stream, 3), 2);
    assert_int_equal(stream.taken, 4);
}

static void orders_are_even(void **state)
{
    (void)state;
    enum { PERMUTATIONS = 6, ROUNDS = 60000 };
    size_t seen[27] = {0};
    for (size_t i = 0; i < ROUNDS; i++) {
        size_t order[3];
        philox_stream stream;
        philox_start(&stream, 5, 2, i);
        order_start(order, 3);
        order_shuffle(&stream, order, 3);
        seen[order[0] * 9 + order[1] * 3 + order[2]]++;
    }
    const size_t codes[PERMUTATIONS] = {5, 7, 11, 15, 19, 21};
    double statistic = 0.0;
    for (size_t i = 0; i < PERMUTATIONS; i++) {
        const double want = (double)ROUNDS / PERMUTATIONS, apart = (double)seen[codes[i]] - want;
        statistic += apart * apart / want;
    }
    assert_true(statistic < 20.5); /* 5 degrees of freedom, 0.001 */
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(gives_known_answers),
        cmocka_unit_test(stream_is_counter_blocks_in_order),
        cmocka_unit_test(names_make_streams_differ),
        cmocka_unit_test(uniform_is_uniform),
        cmocka_unit_test(normal_is_normal),
        cmocka_unit_test(uniform_stays_inside),
        cmocka_unit_test(below_is_even),
        cmocka_unit_test(below_redraws_what_would_be_biased),
        cmocka_unit_test(orders_are_even),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
