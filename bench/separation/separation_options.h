/* separation_options.h: the command line of bench_separation, and the data sets that it names. Must
 * not know how a run works. */
#ifndef SEPARATION_OPTIONS_H
#define SEPARATION_OPTIONS_H

#include "option_table.h"
#include "plans.h"

/* Where Debian's dataset-fashion-mnist puts its files. */
#define SEPARATION_FASHION "/usr/share/datasets/fashion-mnist"

enum { SEPARATION_MOST_DATA = 8, SEPARATION_MOST_VALUES = 32 };

/* What a list on the command line holds. */
typedef struct number_list {
    size_t count;
    double values[SEPARATION_MOST_VALUES];
} number_list;

typedef enum separation_level { LEVEL_QUICK, LEVEL_DEFAULT, LEVEL_FULL } separation_level;

typedef struct separation_options {
    const char *out, *folder, *checkpoints, *dump; /* or NULL */
    int list, geometry;
    separation_level level;
    unsigned char figure[48];                /* 1: named, by their place in the table */
    uint32_t figures;                        /* the same, a bit each */
    int own_runs;                            /* 1: data or losses were named */
    unsigned char losses[MARGIN_LOSS_COUNT]; /* 1: run this loss */
    const char *data[SEPARATION_MOST_DATA];  /* "sphere", "fashion", "characters" or a folder */
    size_t data_count;                       /* 0: none named */
    uint64_t seed;                           /* of the first repetition */
    size_t seeds, features;
    size_t many_seeds;            /* of a figure that is many trainings */
    size_t samples, test_samples; /* of each class; 0: as the data have it, or as `samples` */
    loss_override override;       /* with the only scale and the only margin, where there is one */
    number_list scales, margins;  /* every pair of the two is a run */
    int recipe;                   /* a recipe_name; -1: the one for `dim` */
    recipe set;                   /* what was set of it */
    sphere_config sphere;         /* of the runs that --data and --loss name */
    size_t dim;                   /* of their embedding; 0: as the data have it */
    size_t identities;            /* that training sees; 0: as the data have it */
    size_t validation;            /* unseen ones by which settings are chosen */
    int brief;                    /* 1: strangers alone are measured */
    double sample_rate;           /* of their training steps; 0: all classes */
    margin_isa isa;
    int threads;                           /* 0: as OpenMP decides */
    unsigned char given[OPTION_ROWS_MOST]; /* 1: the option of this row was typed */
} separation_options;

/* Exits for --help, --version and wrong usage. */
void separation_options_read(separation_options *out, int argc, char **argv);
/* 1 if the option called `name` was typed. */
int separation_option_given(const separation_options *options, const char *name);

/* ---- idle_options.c: what the runs do with the options. It must not know how a run works ---- */

/* Ends the program for an option that was typed and changes no run. */
void idle_options_refuse(const separation_options *options, const plan_list *plans);

/* ---- the data sets that runs are made on, each opened once ---- */

typedef struct data_source {
    run_data data;
    image_set images;
    char name[64];
    const char *given;
} data_source;

typedef struct data_sources {
    data_source entries[SEPARATION_MOST_DATA + 2];
    size_t count;
} data_sources;

/* "sphere", "fashion", "characters" or a folder of images; opened at the first call, and the same
 * pointer from then on. Ends the program if the files cannot be read. */
const run_data *sources_open(data_sources *sources, const char *given);
/* 1 if Fashion-MNIST is on this machine. */
int sources_have_fashion(void);
void sources_free(data_sources *sources);

#endif
