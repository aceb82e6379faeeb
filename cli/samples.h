/* samples.h: the data of the subcommands that measure a person's embeddings. Must not
 * know what is measured. */
#ifndef MARGIN_CLI_SAMPLES_H
#define MARGIN_CLI_SAMPLES_H

#include "input.h"

typedef struct samples_options {
    const char *embeddings, *labels;
    const char *weights; /* NULL where not given */
    int ignore_label, weights_layout;
    int threads; /* 0: as OpenMP decides */
    int json;
} samples_options;

#define SAMPLES_OPTIONS_INIT                                                                       \
    {                                                                                              \
        .ignore_label = -1                                                                         \
    }

typedef struct samples {
    float_input embeddings, weights;
    label_input labels; /* -1: the row takes no part; else in [0, classes) */
    size_t classes;     /* of the weights; without weights the different labels */
    size_t counted;     /* rows that take part */
    size_t single;      /* of these, rows alone in their class */
    notes notes;
} samples;

/* Read and check the files (labels may be NULL: none); one that does not fit ends the program with
 * a message that names it. Labels of a run without weights may be any whole numbers from 0. */
void samples_read(const samples_options *options, samples *out);
void samples_free(samples *s);

#endif
