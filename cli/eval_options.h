/* eval_options.h: the command line of `margin eval`. Must not know how anything is computed. */
#ifndef MARGIN_CLI_EVAL_OPTIONS_H
#define MARGIN_CLI_EVAL_OPTIONS_H

#include "input.h"

#include <margin.h>

typedef struct eval_options {
    margin_config config;
    const char *embeddings, *weights, *labels;
    const char *bias, *row_weight, *class_weight; /* these and the outputs: NULL where not given */
    const char *grad_embeddings, *grad_weights, *grad_bias, *per_sample;
    double label_smoothing;
    int ignore_label, weights_layout;
    int json;
} eval_options;

/* Parse and check; wrong usage ends the program, as --help and --version do. */
eval_options eval_options_parse(int argc, char **argv, notes *list);

#endif
