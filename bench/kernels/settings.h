/* settings.h: the command line of bench_kernels. Must not know how a kernel is timed. */
#ifndef KERNELS_SETTINGS_H
#define KERNELS_SETTINGS_H

#include <stddef.h>

#include "margin.h"

#define PROGRAM "bench_kernels"

typedef struct settings {
    const char *out;    /* NULL: no file */
    const char *filter; /* a part of the names; "" takes all */
    margin_isa isa;     /* AUTO: all that are usable */
    int list, quick, tune;
} settings;

/* Parses the command line; leaves the program on --help, --version and wrong usage. */
settings settings_parse(int argc, char **argv);

#endif
