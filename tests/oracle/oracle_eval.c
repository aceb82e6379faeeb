/* oracle_eval.c: what `margin eval` does, by the oracle: the same options and .npy inputs,
 * gradients as float64. It must not call libmargin: names and defaults are written down here once
 * more. */
#include <jansson.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "npy.h"
#include "option_table.h"
#include "oracle_floats.h"

#define PROGRAM "oracle_eval"

/* NaN or -1: not given. */
typedef struct request {
    margin_config config;
    int loss, past_pi, gradient, feature_norm;
    double scale, margin, m1, m2, m3, lambda, label_smoothing;
    const char *embeddings, *weights, *labels, *bias;
    const char *grad_embeddings, *grad_weights, *grad_bias, *per_sample;
} request;

static const char *const loss_names[MARGIN_LOSS_COUNT + 1] = {
    [MARGIN_SOFTMAX] = "softmax",       [MARGIN_NORMSOFTMAX] = "normsoftmax",
    [MARGIN_SPHEREFACE] = "sphereface", [MARGIN_COSFACE] = "cosface",
    [MARGIN_ARCFACE] = "arcface",       [MARGIN_COMBINED] = "combined"};
static const char *const past_pi_names[] = {"paper", "monotone", "taylor", "clamp", "easy", NULL};
static const char *const gradient_names[] = {"exact", "detached", NULL};
static const char *const norm_names[] = {"fixed", "keep", NULL};

static const char *loss_name(int value)
{
    return loss_names[value];
}

static const char *past_pi_name(int value)
{
    return past_pi_names[value];
}

static const char *gradient_name(int value)
{
    return gradient_names[value];
}

static const char *norm_name(int value)
{
    return norm_names[value];
}

static const choice losses = {loss_name, NULL}, past_pis = {past_pi_name, NULL};
static const choice gradients = {gradient_name, NULL}, norms = {norm_name, NULL};

#define OPTION_TARGET request
static const option_row option_rows[] = {
    OPTION_GROUP("options, as those of margin eval:"),
    {"loss", "NAME", "{names}", TO_NAME(loss, &losses), .required = 1},
    {"scale", "S", "", TO_DOUBLE(scale)},
    {"margin", "M", "", TO_DOUBLE(margin)},
    {"m1", "M", "", TO_DOUBLE(m1)},
    {"m2", "M", "", TO_DOUBLE(m2)},
    {"m3", "M", "", TO_DOUBLE(m3)},
    {"past-pi", "HOW", "{names}", TO_NAME(past_pi, &past_pis)},
    {"gradient", "HOW", "{names}", TO_NAME(gradient, &gradients)},
    {"lambda", "L", "", TO_DOUBLE(lambda)},
    {"label-smoothing", "E", "", TO_DOUBLE(label_smoothing)},
    {"feature-norm", "HOW", "{names}", TO_NAME(feature_norm, &norms)},
    {"embeddings", "X.npy", "", TO_TEXT(embeddings), .required = 1},
    {"weights", "W.npy", "", TO_TEXT(weights), .required = 1},
    {"labels", "y.npy", "", TO_TEXT(labels), .required = 1},
    {"bias", "b.npy", "", TO_TEXT(bias)},
    {"grad-embeddings", "F", "", TO_TEXT(grad_embeddings)},
    {"grad-weights", "F", "", TO_TEXT(grad_weights)},
    {"grad-bias", "F", "", TO_TEXT(grad_bias)},
    {"per-sample", "F", "", TO_TEXT(per_sample)},
    OPTION_END};

static const option_table table = {
    .program = PROGRAM,
    .about =
        "As `margin eval`, in 113-bit arithmetic; gradients and losses are written as float64.",
    .rows = option_rows};

static margin_config defaults(margin_loss loss)
{
    margin_config c = {
        .size = sizeof c, .loss = loss, .scale = loss == MARGIN_SOFTMAX ? 1 : 64, .m1 = 1};

    switch (loss) {
    case MARGIN_SPHEREFACE:
        c.m1 = 1.35;
        c.past_pi = MARGIN_PAST_PI_MONOTONE;
        break;
    case MARGIN_COSFACE:
        c.m3 = 0.35;
        break;
    case MARGIN_ARCFACE:
        c.m2 = 0.5;
        break;
    case MARGIN_COMBINED:
        c.m2 = 0.3;
        c.m3 = 0.2;
        break;
    default:
        break;
    }
    return c;
}

static void set(double *field, double value)
{
    if (!isnan(value)) {
        *field = value;
    }
}

static request parse(int argc, char **argv)
{
    request r = {.past_pi = -1, .scale = NAN, .margin = NAN, .m1 = NAN, .m2 = NAN, .m3 = NAN};
    margin_config *const c = &r.config;

    options_read(&table, argc, argv, &r);
    *c = defaults((margin_loss)r.loss);
    set(&c->scale, r.scale);
    set(c->loss == MARGIN_SPHEREFACE ? &c->m1
        : c->loss == MARGIN_ARCFACE  ? &c->m2
                                     : &c->m3,
        r.margin);
    set(&c->m1, r.m1);
    set(&c->m2, r.m2);
    set(&c->m3, r.m3);
    if (r.past_pi >= 0) {
        c->past_pi = (margin_past_pi)r.past_pi;
    }
    c->gradient = (margin_gradient)r.gradient;
    c->lambda = r.lambda;
    c->feature_norm = (margin_feature_norm)r.feature_norm;
    return r;
}

/* ---- arrays ---------------------------------------------------------------------------------- */

static npy_array read_array(const char *path, int ndim)
{
    char error[512];
    npy_array array;

    if (npy_read(path, &array, error, sizeof error) != 0) {
        die(PROGRAM, "%s", error);
    }
    if (array.ndim != ndim) {
        die(PROGRAM, "%s: %d dimensions, want %d", path, array.ndim, ndim);
    }
    return array;
}

static npy_array read_floats(const char *path, int ndim)
{
    npy_array array = read_array(path, ndim);

    if (array.type != NPY_F32) {
        die(PROGRAM, "%s: want float32", path);
    }
    return array;
}

static int64_t *read_labels(const char *path)
{
    npy_array array = read_array(path, 1);
    int64_t *labels = malloc(array.shape[0] * sizeof *labels);

    if (!labels || (array.type != NPY_I32 && array.type != NPY_I64)) {
        die(PROGRAM, "%s: want int32 or int64", path);
    }
    for (size_t i = 0; i < array.shape[0]; i++) {
        labels[i] = array.type == NPY_I32 ? ((const int32_t *)array.data)[i]
                                          : ((const int64_t *)array.data)[i];
    }
    npy_free(&array);
    return labels;
}

static void write_array(const char *path, double *data, size_t rows, size_t columns)
{
    const npy_array array = {
        .ndim = columns ? 2 : 1, .shape = {rows, columns}, .type = NPY_F64, .data = data};
    char error[512];

    if (path && npy_write(path, &array, error, sizeof error) != 0) {
        die(PROGRAM, "%s", error);
    }
}

/* ---- report ---------------------------------------------------------------------------------- */

/* Rows whose class has the largest plain cosine, whatever the loss. */
static double count_correct(const margin_head *head)
{
    const margin_config plain = defaults(MARGIN_NORMSOFTMAX);
    oracle_output out;
    double correct = 0;

    if (oracle_head(&plain, head, &out) != 0) {
        die(PROGRAM, "out of memory");
    }
    for (size_t i = 0; i < head->rows; i++) {
        correct += head->labels[i] >= 0 && out.row_lead[i] > 0;
    }
    oracle_output_free(&out);
    return correct;
}

static int is_zero(const float *x, size_t dim)
{
    for (size_t k = 0; k < dim; k++) {
        if (x[k] != 0.0f) {
            return 0;
        }
    }
    return 1;
}

/* In degrees, of the rows that count and have a direction. */
static double mean_angle(const margin_head *head, const oracle_output *out)
{
    double sum = 0, count = 0;

    for (size_t i = 0; i < head->rows; i++) {
        if (head->labels[i] >= 0 && !is_zero(head->embeddings + i * head->dim, head->dim)) {
            sum += out->row_angle[i];
            count++;
        }
    }
    return count > 0 ? sum / count * 180 / (double)wide_pi() : 0;
}

static void report(const margin_head *head, const oracle_output *out)
{
    const double counted = out->counted ? (double)out->counted : 1;
    const double correct = count_correct(head);
    json_t *object = json_object();

    json_object_set_new(object, "loss", json_real(out->loss));
    json_object_set_new(object, "accuracy", json_real(correct / counted));
    json_object_set_new(object, "ignored", json_integer((json_int_t)(head->rows - out->counted)));
    json_object_set_new(object, "theta_mean", json_real(mean_angle(head, out)));
    json_dumpf(object, stdout, JSON_REAL_PRECISION(17));
    putchar('\n');
    json_decref(object);
}

int main(int argc, char **argv)
{
    const request r = parse(argc, argv);
    npy_array x = read_floats(r.embeddings, 2), w = read_floats(r.weights, 2);
    npy_array bias = {0};
    int64_t *labels = read_labels(r.labels);
    margin_head head = {.size = sizeof(margin_head),
                        .rows = x.shape[0],
                        .dim = x.shape[1],
                        .classes = w.shape[0],
                        .embeddings = x.data,
                        .weights = w.data,
                        .labels = labels,
                        .label_smoothing = r.label_smoothing};
    oracle_output out;

    if (r.bias) {
        bias = read_floats(r.bias, 1);
        head.bias = bias.data;
    }
    if (oracle_head(&r.config, &head, &out) != 0) {
        die(PROGRAM, "out of memory");
    }
    write_array(r.grad_embeddings, out.grad_embeddings, head.rows, head.dim);
    write_array(r.grad_weights, out.grad_weights, head.classes, head.dim);
    write_array(r.grad_bias, out.grad_bias, head.classes, 0);
    write_array(r.per_sample, out.row_loss, head.rows, 0);
    report(&head, &out);
    oracle_output_free(&out);
    npy_free(&x);
    npy_free(&w);
    npy_free(&bias);
    free(labels);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILED;
}
