/* test_options.c: the strict numbers of command lines. */
#include <options.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static void parses_doubles(void **state)
{
    (void)state;
    double value = -7;
    assert_int_equal(parse_double("0.35", &value), 1);
    assert_true(value == 0.35);
    assert_int_equal(parse_double("-1e-3", &value), 1);
    assert_true(value == -1e-3);
    assert_int_equal(parse_double("+64", &value), 1);
    assert_true(value == 64.0);
    assert_int_equal(parse_double("1e-310", &value), 1); /* subnormal, but a number */
    assert_true(value > 0);
}

static void refuses_doubles(void **state)
{
    (void)state;
    static const char *const texts[] = {"",     " 1",  "1 ",    "1x",  "nan", "inf",    "-inf",
                                        "0x10", "1,5", "1e999", "--1", "e5",  "1e-999", "."};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        double value = 7;
        if (parse_double(texts[i], &value)) fail_msg("'%s' was taken for %g", texts[i], value);
        assert_true(value == 7);
    }
}

static void parses_whole_numbers(void **state)
{
    (void)state;
    int value = 0;
    assert_int_equal(parse_int("-12", &value), 1);
    assert_int_equal(value, -12);
    assert_int_equal(parse_int("2147483647", &value), 1);
    assert_int_equal(value, 2147483647);
    assert_int_equal(parse_int("2147483648", &value), 0);
    assert_int_equal(parse_int("1.0", &value), 0);
    assert_int_equal(parse_int("", &value), 0);
    assert_int_equal(parse_int(" 1", &value), 0);
    assert_int_equal(parse_int("99999999999999999999", &value), 0);
    assert_int_equal(value, 2147483647);
    uint64_t wide = 0;
    assert_int_equal(parse_u64("18446744073709551615", &wide), 1);
    assert_true(wide == UINT64_MAX);
    assert_int_equal(parse_u64("18446744073709551616", &wide), 0);
    assert_int_equal(parse_u64("-1", &wide), 0);
    assert_int_equal(parse_u64("1 ", &wide), 0);
    assert_int_equal(parse_u64("", &wide), 0);
}

static void parses_sizes(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        size_t bytes;
    } rows[] = {{"0", 0},           {"123", 123},        {"123B", 123},
                {"1k", 1024},       {"64MiB", 67108864}, {"64mib", 67108864},
                {"64M", 67108864},  {"2kB", 2000},       {"3MB", 3000000},
                {"1GiB", 1u << 30}, {"1gb", 1000000000}, {"1TiB", (size_t)1 << 40}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        size_t bytes = 1;
        assert_int_equal(parse_size(rows[i].text, &bytes), 1);
        assert_true(bytes == rows[i].bytes);
    }
}

static void refuses_sizes(void **state)
{
    (void)state;
    static const char *const texts[] = {
        "",    "k",           "-1",  "+1",    "1.5GiB",
        "1 k", "1kk",         "1iB", "1MiBs", "1e3",
        " 1",  "99999999TiB", "1X",  "1Mi",   "18446744073709551615k"};
    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        size_t bytes = 7;
        if (parse_size(texts[i], &bytes)) fail_msg("'%s' was taken for %zu", texts[i], bytes);
        assert_true(bytes == 7);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(parses_doubles),       cmocka_unit_test(refuses_doubles),
        cmocka_unit_test(parses_whole_numbers), cmocka_unit_test(parses_sizes),
        cmocka_unit_test(refuses_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
