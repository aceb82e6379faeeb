/* options.c: strict numbers and one-line errors. Must not know any program's options. */
#include "options.h"

#include <ctype.h>
#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* strtod and its kin skip leading space and take "inf", "nan" and hexadecimal: none is wanted. */
static int only_of(const char *text, const char *allowed)
{
    return text[0] != '\0' && text[strspn(text, allowed)] == '\0';
}

int parse_double(const char *text, double *out)
{
    if (!only_of(text, "0123456789+-.eE")) return 0;
    char *end = NULL;
    errno = 0;
    const double value = strtod(text, &end);
    if (end == text || *end != '\0' || !isfinite(value) || (errno == ERANGE && value == 0.0))
        return 0;
    *out = value;
    return 1;
}

int parse_int(const char *text, int *out)
{
    if (!only_of(text, "0123456789+-")) return 0;
    char *end = NULL;
    errno = 0;
    const long value = strtol(text, &end, 10);
    if (end == text || *end != '\0' || errno != 0 || value < INT_MIN || value > INT_MAX) return 0;
    *out = (int)value;
    return 1;
}

/* The digits that `text` begins with; returns what follows them, NULL if none or too large. */
static const char *leading_u64(const char *text, uint64_t *out)
{
    if (!isdigit((unsigned char)text[0])) return NULL;
    char *end = NULL;
    errno = 0;
    const unsigned long long value = strtoull(text, &end, 10);
    if (errno != 0) return NULL;
    *out = value;
    return end;
}

int parse_u64(const char *text, uint64_t *out)
{
    uint64_t value = 0;
    const char *end = leading_u64(text, &value);
    if (end == NULL || *end != '\0') return 0;
    *out = value;
    return 1;
}

/* The factor of a size's suffix, 0 if there is no such suffix. */
static uint64_t suffix_factor(const char *suffix)
{
    if (suffix[0] == '\0' || strcasecmp(suffix, "B") == 0) return 1;
    static const char letters[] = "kmgt";
    const char *letter = strchr(letters, tolower((unsigned char)suffix[0]));
    if (letter == NULL) return 0;
    const char *unit = suffix + 1;
    uint64_t base = 0;
    if (unit[0] == '\0' || strcasecmp(unit, "iB") == 0)
        base = 1024;
    else if (strcasecmp(unit, "B") == 0)
        base = 1000;
    uint64_t factor = base;
    for (ptrdiff_t power = letter - letters; power > 0; power--)
        factor *= base;
    return factor;
}

int parse_size(const char *text, size_t *out)
{
    uint64_t value = 0;
    const char *suffix = leading_u64(text, &value);
    if (suffix == NULL) return 0;
    const uint64_t factor = suffix_factor(suffix);
    if (factor == 0 || value > SIZE_MAX / factor) return 0;
    *out = (size_t)(value * factor);
    return 1;
}

static void print_error(const char *program, const char *format, va_list arguments)
{
    fflush(stdout);
    fprintf(stderr, "%s: ", program);
    vfprintf(stderr, format, arguments);
    fputc('\n', stderr);
}

void die(const char *program, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_error(program, format, arguments);
    va_end(arguments);
    exit(EXIT_FAILED);
}

void die_usage(const char *program, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    print_error(program, format, arguments);
    va_end(arguments);
    exit(EXIT_USAGE);
}
