/* oracle_eval.c: what `margin eval` does, by the oracle: the same options and .npy inputs,
 * gradients as float64. It must not call libmargin: names and defaults are written down here once
 * more. */
#define _GNU_SOURCE
#include <getopt.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "npy.h"
#include "options.h"
#include "oracle.h"

#define PROGRAM "oracle_eval"

typedef struct request {
    margin_config config;
    const char *text[32]; /* by option */
} request;

enum option_code {
    LOSS,
    SCALE,
    MARGIN,
    M1,
    M2,
    M3,
    PAST_PI,
    GRADIENT,
    LAMBDA,
    FEATURE_NORM,
    EMBEDDINGS,
    WEIGHTS,
    LABELS,
    BIAS,
    GRAD_EMBEDDINGS,
    GRAD_WEIGHTS,
    GRAD_BIAS,
    PER_SAMPLE,
    HELP,
    OPTIONS
};

static const char *const option_names[OPTIONS] = {
    "loss",         "scale",     "margin",     "m1",     "m2",
    "m3",           "past-pi",   "gradient",   "lambda", "feature-norm",
    "embeddings",   "weights",   "labels",     "bias",   "grad-embeddings",
    "grad-weights", "grad-bias", "per-sample", "help"};

static const char *const loss_names[] = {
    [MARGIN_SOFTMAX] = "softmax",       [MARGIN_NORMSOFTMAX] = "normsoftmax",
    [MARGIN_SPHEREFACE] = "sphereface", [MARGIN_COSFACE] = "cosface",
    [MARGIN_ARCFACE] = "arcface",       [MARGIN_COMBINED] = "combined"};
static const char *const past_pi_names[] = {"paper", "monotone", "taylor", "clamp", "easy"};
static const char *const gradient_names[] = {"exact", "detached"};
static const char *const norm_names[] = {"fixed", "keep"};

static int find(const char *option, const char *name, const char *const *names, int count)
{
    for (int k = 0; k < count; k++) {
        if (strcmp(name, names[k]) == 0) {
            return k;
        }
    }
    die_usage(PROGRAM, "--%s: unknown value '%s'", option, name);
}

static void number(const request *r, int option, double *out)
{
    if (r->text[option] && !parse_double(r->text[option], out)) {
        die_usage(PROGRAM, "--%s: '%s' is not a number", option_names[option], r->text[option]);
    }
}

static margin_config defaults(margin_loss loss)
{
    margin_config c = {.loss = loss, .scale = loss == MARGIN_SOFTMAX ? 1 : 64, .m1 = 1};

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

static void configure(request *r)
{
    margin_config *c = &r->config;

    if (!r->text[LOSS] || !r->text[EMBEDDINGS] || !r->text[WEIGHTS] || !r->text[LABELS]) {
        die_usage(PROGRAM, "--loss, --embeddings, --weights and --labels are required");
    }
    *c = defaults((margin_loss)find("loss", r->text[LOSS], loss_names, MARGIN_LOSS_COUNT));
    number(r, SCALE, &c->scale);
    number(r, LAMBDA, &c->lambda);
    number(r, MARGIN,
           c->loss == MARGIN_SPHEREFACE ? &c->m1
           : c->loss == MARGIN_ARCFACE  ? &c->m2
                                        : &c->m3);
    number(r, M1, &c->m1);
    number(r, M2, &c->m2);
    number(r, M3, &c->m3);
    if (r->text[PAST_PI]) {
        c->past_pi = (margin_past_pi)find("past-pi", r->text[PAST_PI], past_pi_names, 5);
    }
    if (r->text[GRADIENT]) {
        c->gradient = (margin_gradient)find("gradient", r->text[GRADIENT], gradient_names, 2);
    }
    if (r->text[FEATURE_NORM]) {
        c->feature_norm =
            (margin_feature_norm)find("feature-norm", r->text[FEATURE_NORM], norm_names, 2);
    }
}

static request parse(int argc, char **argv)
{
    struct option options[OPTIONS + 1] = {{0}};
    request r = {0};
    int code;

    for (int k = 0; k < OPTIONS; k++) {
        options[k] = (struct option){option_names[k], k == HELP ? no_argument : required_argument,
                                     NULL, 256 + k};
    }
    opterr = 0;
    while ((code = getopt_long(argc, argv, ":", options, NULL)) != -1) {
        if (code < 256) {
            die_getopt(PROGRAM, code, argv);
        }
        if (code - 256 == HELP) {
            puts("Usage: " PROGRAM " OPTION...: as `margin eval`, in 113-bit arithmetic; gradients "
                 "and losses are written as float64.");
            exit(EXIT_SUCCESS);
        }
        r.text[code - 256] = optarg;
    }
    configure(&r);
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
        correct += head->labels[i] >= 0 && out.row_lead[i] >= 0;
    }
    oracle_output_free(&out);
    return correct;
}

static void report(const margin_head *head, const oracle_output *out)
{
    const double counted = out->counted ? (double)out->counted : 1;
    const double correct = count_correct(head);
    json_t *object = json_object();
    double angles = 0;

    for (size_t i = 0; i < head->rows; i++) {
        angles += out->row_angle[i];
    }
    json_object_set_new(object, "loss", json_real(out->loss));
    json_object_set_new(object, "accuracy", json_real(correct / counted));
    json_object_set_new(object, "ignored", json_integer((json_int_t)(head->rows - out->counted)));
    json_object_set_new(object, "theta_mean",
                        json_real(angles / counted * 180 / (double)wide_pi()));
    json_dumpf(object, stdout, JSON_REAL_PRECISION(17));
    putchar('\n');
    json_decref(object);
}

int main(int argc, char **argv)
{
    const request r = parse(argc, argv);
    npy_array x = read_floats(r.text[EMBEDDINGS], 2), w = read_floats(r.text[WEIGHTS], 2);
    npy_array bias = {0};
    int64_t *labels = read_labels(r.text[LABELS]);
    margin_head head = {.rows = x.shape[0],
                        .dim = x.shape[1],
                        .classes = w.shape[0],
                        .embeddings = x.data,
                        .weights = w.data,
                        .labels = labels};
    oracle_output out;

    if (r.text[BIAS]) {
        bias = read_floats(r.text[BIAS], 1);
        head.bias = bias.data;
    }
    if (oracle_head(&r.config, &head, &out) != 0) {
        die(PROGRAM, "out of memory");
    }
    write_array(r.text[GRAD_EMBEDDINGS], out.grad_embeddings, head.rows, head.dim);
    write_array(r.text[GRAD_WEIGHTS], out.grad_weights, head.classes, head.dim);
    write_array(r.text[GRAD_BIAS], out.grad_bias, head.classes, 0);
    write_array(r.text[PER_SAMPLE], out.row_loss, head.rows, 0);
    report(&head, &out);
    oracle_output_free(&out);
    npy_free(&x);
    npy_free(&w);
    npy_free(&bias);
    free(labels);
    return fflush(stdout) == 0 ? EXIT_SUCCESS : EXIT_FAILED;
}
