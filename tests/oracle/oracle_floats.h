/* oracle_floats.h: the oracle (bench/stability/oracle.h) behind the shapes of margin.h: float32 and
 * strides in, float64 out. */
#ifndef MARGIN_TESTS_ORACLE_FLOATS_H
#define MARGIN_TESTS_ORACLE_FLOATS_H

#include "oracle.h"

typedef struct oracle_output {
    double *row_loss;        /* [N] */
    double *row_angle;       /* [N], radians */
    double *row_lead;        /* [N] */
    double *grad_embeddings; /* [N, D], dense whatever the strides of the problem */
    double *grad_weights;    /* [C, D], dense */
    double *grad_bias;       /* [C], zeros without a bias */
    double loss, mean_loss;
    size_t counted;
} oracle_output;

/* Solve the problem that `head` describes (its outputs are not touched) into arrays that the
 * oracle allocates. Release with oracle_output_free. */
int oracle_head(const margin_config *config, const margin_head *head, oracle_output *output);
void oracle_output_free(oracle_output *output);

/* The rows level: row_loss [N] and grad [N, C] (dense) may be NULL; *loss is the objective. */
int oracle_rows(const margin_config *config, const margin_rows *rows, double *row_loss,
                double *grad, double *loss);

#endif
