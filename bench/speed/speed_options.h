/* speed_options.h: the command line of bench_speed.
 *
 * Must not know how cases are run. */
#ifndef SPEED_OPTIONS_H
#define SPEED_OPTIONS_H

#include "plan.h"

#define SPEED_PROGRAM          "bench_speed"
#define SPEED_MAX_GOOGLE_FLAGS 16
#define SPEED_MAX_THREADS      4096
#define SPEED_MAX_LIBRARIES    16

typedef struct speed_options {
    speed_request request;
    const char *out;          /* speed.json; NULL: none */
    const char *machine_json; /* machine.json; NULL: none */
    int list;
    char *blas[SPEED_MAX_LIBRARIES], *preload[SPEED_MAX_LIBRARIES]; /* as they were written */
    int blas_count, preload_count;
    unsigned char threads_wanted[SPEED_MAX_THREADS + 1]; /* 1: by --threads */
    int repetitions;
    int processes;         /* that share them; 0: this is one of several, and writes no tables */
    int neighbour;         /* 1: a busy one is wanted */
    double budget_seconds; /* for all of the run; 0: no limit */
    double min_seconds;    /* of a repetition; 0: as the budget allows */
    char *google_flag[SPEED_MAX_GOOGLE_FLAGS]; /* --benchmark_*, passed through */
    int google_flags;
} speed_options;

/* Exits with 0 on --help and --version, with 2 on wrong usage. */
void speed_options_parse(speed_options *options, int argc, char **argv);

#endif
