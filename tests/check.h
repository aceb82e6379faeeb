/* check.h: the least that a test program needs, for the programs that are also cross-built (no
 * cmocka there). A failed check is printed and counted; the program goes on, unless
 * MARGIN_TEST_FIRST is set: then the first one ends it. */
#ifndef MARGIN_TESTS_CHECK_H
#define MARGIN_TESTS_CHECK_H

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_SKIPPED = 77, CHECK_PRINTED_AT_MOST = 20 };

static size_t check_done, check_failed;

__attribute__((format(printf, 3, 4))) static inline void check_fail(const char *file, int line,
                                                                    const char *format, ...)
{
    if (check_failed++ >= CHECK_PRINTED_AT_MOST) return;
    va_list arguments;
    va_start(arguments, format);
    printf("%s:%d: ", file, line);
    vprintf(format, arguments);
    printf("\n");
    va_end(arguments);
    if (getenv("MARGIN_TEST_FIRST") != NULL) {
        fflush(stdout);
        _Exit(EXIT_FAILURE);
    }
}

/* CHECK(condition, format, ...): the text says what was found where. */
#define CHECK(condition, ...)                                                                      \
    do {                                                                                           \
        check_done++;                                                                              \
        if (!(condition)) check_fail(__FILE__, __LINE__, __VA_ARGS__);                             \
    } while (0)

/* The program's exit status; no check at all is a failure too. */
static inline int check_report(const char *what)
{
    printf("%s: %zu checks, %zu failed\n", what, check_done, check_failed);
    return check_done > 0 && check_failed == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}

static inline int check_skip(const char *what, const char *why)
{
    printf("%s: skipped: %s\n", what, why);
    return CHECK_SKIPPED;
}

static inline uint32_t float_bits(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    return bits;
}

static inline float float_of_bits(uint32_t bits)
{
    float x;
    memcpy(&x, &bits, sizeof x);
    return x;
}

/* The same bits, where one NaN is as good as another. */
static inline int same_float(float a, float b)
{
    return (a != a && b != b) || float_bits(a) == float_bits(b);
}

#endif
