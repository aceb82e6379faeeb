/* options.h: what every program of the project needs for its command line: strict numbers, and
 * one-line errors with the right exit status. Must not know any program's options. */
#ifndef MARGIN_COMMON_OPTIONS_H
#define MARGIN_COMMON_OPTIONS_H

#include <stddef.h>
#include <stdint.h>

enum { EXIT_FAILED = 1, EXIT_USAGE = 2 };

/* Each parses the whole text, decimal and without surrounding space; 1 if it is a number of that
 * kind, else 0 and *out is untouched. */
int parse_double(const char *text, double *out); /* finite only */
int parse_int(const char *text, int *out);
int parse_u64(const char *text, uint64_t *out);
/* A number of bytes: plain, or with a suffix in either case: k M G T and KiB MiB GiB TiB count in
 * powers of 1024, kB MB GB TB in powers of 1000. */
int parse_size(const char *text, size_t *out);

/* Print "PROGRAM: message" as one line on stderr and exit. */
void die(const char *program, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));
void die_usage(const char *program, const char *format, ...)
    __attribute__((noreturn, format(printf, 2, 3)));

#endif
