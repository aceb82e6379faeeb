/* settings.h: the command line of bench_stability. It must not know what is measured. */
#ifndef MARGIN_STABILITY_SETTINGS_H
#define MARGIN_STABILITY_SETTINGS_H

#include <stdint.h>

#include "cases.h"
#include "margin.h"
#include "option_table.h"

#define PROGRAM "bench_stability"

typedef struct settings {
    const char *out; /* NULL: no file */
    effort how_many;
    uint64_t seed;
    margin_isa isa; /* MARGIN_ISA_AUTO: every usable one */
    int threads;
    int list;
} settings;

extern const option_table stability_table;

/* Parse, or exit: 0 after --help and --version, 2 on wrong usage. */
settings parse_settings(int argc, char **argv);

#endif
