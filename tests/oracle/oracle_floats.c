/* oracle_floats.c: see oracle_floats.h. It converts and must not compute, except what the rows
 * level asks of one cosine. */
#include <stdlib.h>

#include "oracle_floats.h"

/* calloc of nothing may be NULL, which is no failure here. */
static void *make(size_t count, size_t size)
{
    return calloc(count ? count : 1, size);
}

static wide *widen(const float *values, size_t rows, size_t columns, size_t stride)
{
    wide *out = make(rows * columns, sizeof *out);
    for (size_t i = 0; out && i < rows; i++) {
        for (size_t k = 0; k < columns; k++)
            out[i * columns + k] = values[i * (stride ? stride : columns) + k];
    }
    return out;
}

/* Narrow `count` numbers and release them. */
static double *narrow(wide *values, size_t count)
{
    double *out = make(count, sizeof *out);
    for (size_t i = 0; out && i < count; i++)
        out[i] = (double)values[i];
    free(values);
    return out;
}

static int solve(const margin_config *config, const oracle_problem *p, oracle_output *out)
{
    oracle_answer answer = {
        .row_loss = make(p->rows, sizeof(wide)),
        .row_angle = make(p->rows, sizeof(wide)),
        .row_lead = make(p->rows, sizeof(wide)),
        .grad_embeddings = make(p->rows * p->dim, sizeof(wide)),
        .grad_weights = make(p->classes * p->dim, sizeof(wide)),
        .grad_bias = make(p->classes, sizeof(wide)),
    };
    const int ready = answer.row_loss && answer.row_angle && answer.row_lead &&
                      answer.grad_embeddings && answer.grad_weights && answer.grad_bias;
    const int solved = ready && oracle_solve(config, p, &answer) == 0;
    *out = (oracle_output){
        .row_loss = narrow(answer.row_loss, solved ? p->rows : 0),
        .row_angle = narrow(answer.row_angle, solved ? p->rows : 0),
        .row_lead = narrow(answer.row_lead, solved ? p->rows : 0),
        .grad_embeddings = narrow(answer.grad_embeddings, solved ? p->rows * p->dim : 0),
        .grad_weights = narrow(answer.grad_weights, solved ? p->classes * p->dim : 0),
        .grad_bias = narrow(answer.grad_bias, solved ? p->classes : 0),
        .loss = solved ? (double)answer.loss : 0,
        .mean_loss = solved ? (double)answer.mean_loss : 0,
        .counted = solved ? answer.counted : 0,
    };
    return solved && out->row_loss && out->row_angle && out->row_lead && out->grad_embeddings &&
                   out->grad_weights && out->grad_bias
               ? 0
               : ORACLE_NO_MEMORY;
}

int oracle_head(const margin_config *config, const margin_head *head, oracle_output *output)
{
    wide *x = widen(head->embeddings, head->rows, head->dim, head->embeddings_stride);
    wide *w = widen(head->weights, head->classes, head->dim, head->weights_stride);
    wide *bias = head->bias ? widen(head->bias, 1, head->classes, 0) : NULL;
    wide *weight = head->row_weight ? widen(head->row_weight, 1, head->rows, 0) : NULL;
    wide *of_class = head->class_weight ? widen(head->class_weight, 1, head->classes, 0) : NULL;
    const oracle_problem problem = {
        .rows = head->rows,
        .dim = head->dim,
        .classes = head->classes,
        .embeddings = x,
        .weights = w,
        .bias = bias,
        .labels = head->labels,
        .row_weight = weight,
        .class_weight = of_class,
        .label_smoothing = head->label_smoothing,
    };
    int status = oracle_knows(config->loss) ? ORACLE_NO_MEMORY : ORACLE_UNKNOWN_LOSS;
    *output = (oracle_output){0};
    if (status == ORACLE_NO_MEMORY && x && w && (bias || !head->bias) &&
        (weight || !head->row_weight) && (of_class || !head->class_weight)) {
        status = solve(config, &problem, output);
    }
    if (status != 0) oracle_output_free(output);
    free(x);
    free(w);
    free(bias);
    free(weight);
    free(of_class);
    return status;
}

void oracle_output_free(oracle_output *output)
{
    free(output->row_loss);
    free(output->row_angle);
    free(output->row_lead);
    free(output->grad_embeddings);
    free(output->grad_weights);
    free(output->grad_bias);
    *output = (oracle_output){0};
}

/* psi and dpsi/dc of a given cosine. Where |c| >= 1 the slope by c may have no bound; margin.h
 * takes sin(theta) as 2^-12 there, so the slope is that of the angle with this sine. */
static void target_of_cosine(const margin_config *config, wide cosine, wide *psi, wide *by_cosine)
{
    const wide least = 0x1p-12;
    wide c = cosine > 1 ? 1 : cosine < -1 ? -1 : cosine;
    wide slope = 0, ignored = 0;
    oracle_target(config, c, wide_acos(c), psi, &slope);
    wide sine = wide_sqrt((1 - c) * (1 + c));
    if (sine < least) {
        c *= wide_sqrt((1 - least) * (1 + least));
        sine = least;
        oracle_target(config, c, wide_atan2(sine, c), &ignored, &slope);
    }
    *by_cosine = -slope / sine;
}

static wide solve_cosines(const margin_config *config, const margin_rows *rows, size_t i,
                          wide weight, wide *logit, wide *grad)
{
    const size_t classes = rows->classes;
    const size_t label = (size_t)rows->labels[i];
    const float *in = rows->logits + i * (rows->logits_stride ? rows->logits_stride : classes);
    const wide factor = rows->row_scale ? rows->row_scale[i] : config->scale;
    wide psi = 0, by_cosine = 1, loss = 0;
    for (size_t j = 0; j < classes; j++)
        logit[j] = factor * (wide)in[j];
    if (!is_raw(config)) {
        target_of_cosine(config, in[label], &psi, &by_cosine);
        logit[label] = factor * psi;
    }
    oracle_softmax(logit, classes, label, &loss, grad);
    oracle_smooth(logit, classes, label, rows->label_smoothing, &loss, grad);
    grad[label] *= by_cosine;
    for (size_t j = 0; j < classes; j++)
        grad[j] *= weight * factor;
    return loss;
}

static wide class_weight(const margin_rows *rows, size_t i)
{
    return rows->class_weight ? rows->class_weight[rows->labels[i]] : 1;
}

/* The class weights of the rows that count; 1 where they are 0. */
static wide total_weight(const margin_rows *rows)
{
    wide total = 0;
    for (size_t i = 0; i < rows->rows; i++)
        total += rows->labels[i] >= 0 ? class_weight(rows, i) : 0;
    return total > 0 ? total : 1;
}

int oracle_rows(const margin_config *config, const margin_rows *rows, double *row_loss,
                double *grad, double *loss)
{
    const size_t classes = rows->classes;
    const wide total = total_weight(rows);
    wide sum = 0;
    if (!oracle_knows(config->loss)) return ORACLE_UNKNOWN_LOSS;
    wide *logit = make(2 * classes, sizeof *logit);
    if (!logit) return ORACLE_NO_MEMORY;
    for (size_t i = 0; i < rows->rows; i++) {
        const int counts = rows->labels[i] >= 0;
        const wide row = rows->row_weight ? rows->row_weight[i] : 1 / total;
        const wide weight = counts ? row * class_weight(rows, i) : 0;
        const wide one =
            counts ? solve_cosines(config, rows, i, weight, logit, logit + classes) : 0;
        sum += weight * one;
        if (row_loss) row_loss[i] = (double)one;
        for (size_t j = 0; grad && j < classes; j++)
            grad[i * classes + j] = counts ? (double)logit[classes + j] : 0;
    }
    *loss = (double)sum;
    free(logit);
    return 0;
}
