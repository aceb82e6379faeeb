/* settings.h: the command line of bench_scale. */
#ifndef SCALE_SETTINGS_H
#define SCALE_SETTINGS_H

#include <stddef.h>
#include <stdint.h>

#include "margin.h"

#define PROGRAM "bench_scale"

typedef struct settings {
    size_t rows, dim, classes, steps, judged;
    margin_loss loss;
    margin_type type;     /* of W */
    const char *map;      /* a folder for W's file; NULL: W lies in memory */
    int stored;           /* dW is stored and then updated with */
    double learning_rate; /* of SGD without momentum */
    int threads;          /* 0: the library's default */
    size_t workspace;     /* 0: the library's default bound */
    uint64_t seed;
    const char *out;
} settings;

/* Returns the settings that the arguments say; ends the program on wrong usage. */
settings settings_parse(int argc, char **argv);

#endif
