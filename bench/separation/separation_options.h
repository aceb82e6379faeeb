/* separation_options.h: the command line of bench_separation. Must not know how a run works. */
#ifndef SEPARATION_OPTIONS_H
#define SEPARATION_OPTIONS_H

#include "memory.h"
#include "option_table.h"
#include "recipe.h"
#include "sphere_data.h"

/* Where Debian's dataset-fashion-mnist puts its files. */
#define SEPARATION_FASHION "/usr/share/datasets/fashion-mnist"

enum { SEPARATION_MOST_DATA = 8 };

typedef enum separation_level { LEVEL_QUICK, LEVEL_DEFAULT, LEVEL_FULL } separation_level;

typedef struct separation_options {
    const char *out, *folder, *checkpoints, *dump; /* or NULL */
    int list;
    separation_level level;
    unsigned char figure[32];                /* 1: named, by their place in the table */
    uint32_t figures;                        /* the same, a bit each */
    int own_runs;                            /* 1: data or losses were named */
    unsigned char losses[MARGIN_LOSS_COUNT]; /* 1: run this loss */
    const char *data[SEPARATION_MOST_DATA];  /* "sphere", "fashion" or a folder */
    size_t data_count;                       /* 0: none named */
    uint64_t seed;                           /* of the first repetition */
    size_t seeds, epochs, samples, features; /* epochs, samples: 0: as the recipe says */
    loss_override override;
    sphere_config sphere; /* of the runs that --data and --loss name */
    size_t dim;           /* of their embedding */
    double sample_rate;   /* of their training steps; 0: all classes */
    margin_isa isa;
    int threads; /* 0: as OpenMP decides */
} separation_options;

extern const option_table separation_table;

/* Exits for --help, --version and wrong usage. */
void separation_options_read(separation_options *out, int argc, char **argv);

#endif
