/* eval_report.h: what `margin eval` found, for programs and for people. Must not know how it was
 * found. */
#ifndef MARGIN_CLI_EVAL_REPORT_H
#define MARGIN_CLI_EVAL_REPORT_H

#include "theta_stats.h"

#include <margin.h>

typedef struct eval_result {
    const margin_config *config; /* with isa and threads resolved */
    double loss, mean_loss;      /* the objective; the plain mean of the counted rows */
    int weighted;                /* the two differ */
    double label_smoothing;
    size_t rows, counted, correct, dim, classes;
    size_t zero, tied; /* rows that count: zero vectors; of a class that shares the best cosine */
    int angles;        /* a row that counts is not a zero vector */
    theta_stats theta; /* of these rows, where there are any */
    size_t workspace_bytes;
} eval_result;

/* Each prints on standard output. */
void eval_report_json(const eval_result *result);
void eval_report_text(const eval_result *result);

#endif
