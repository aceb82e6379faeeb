/* eval.c: `margin eval`: arrays in, loss and gradients out. Must not know a loss or an instruction
 * set by name. */
#include "command.h"
#include "eval_options.h"
#include "eval_report.h"
#include "input.h"
#include "output.h"

#include <float.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { GRAD_EMBEDDINGS, GRAD_WEIGHTS, GRAD_BIAS, PER_SAMPLE, OUTPUTS };

/* Everything of one run. */
typedef struct evaluation {
    margin_context *context; /* here, so that an exit on bad data leaks nothing */
    eval_options options;
    notes notes;
    float_input embeddings, weights, bias, row_weight, class_weight;
    label_input labels;
    output outputs[OUTPUTS];
    atomic_set written;
    float *row_angle;
    uint8_t *row_correct;
} evaluation;

/* Reads a vector with one value for each row of `matrix`, which are `things`; none where `path` is
 * NULL. */
static float_input read_vector(evaluation *e, const char *path, const char *what,
                               const float_input *matrix, const char *things)
{
    if (path == NULL) return (float_input){0};
    const float_input vector = input_floats(path, what, 1, ROWS_WITH_LENGTH, &e->notes);
    if (vector.rows != matrix->rows)
        die(PROGRAM, "%s: %zu values, but %s has %zu %s", path, vector.rows, matrix->path,
            matrix->rows, things);
    return vector;
}

static void read_inputs(evaluation *e)
{
    const eval_options *o = &e->options;
    const margin_config *config = &o->config;
    const int normalised = margin_loss_get(config->loss)->normalised;
    const int keeps_norm = !normalised || config->feature_norm == MARGIN_FEATURE_NORM_KEEP;
    e->embeddings = input_floats(o->embeddings, "[N, D]", 2,
                                 keeps_norm ? ROWS_WITH_LENGTH : ROWS_AS_DIRECTIONS, &e->notes);
    e->weights = input_weights(o->weights, (weights_layout)o->weights_layout, &e->embeddings,
                               normalised ? ROWS_AS_DIRECTIONS : ROWS_WITH_LENGTH, &e->notes);
    e->labels = input_labels(o->labels, o->ignore_label, &e->embeddings);
    input_check_classes(&e->labels, e->weights.rows);
    e->bias = read_vector(e, o->bias, "[C]", &e->weights, "classes");
    e->row_weight = read_vector(e, o->row_weight, "[N]", &e->embeddings, "rows");
    e->class_weight = read_vector(e, o->class_weight, "[C]", &e->weights, "classes");
}

static void set_output_paths(evaluation *e)
{
    const eval_options *o = &e->options;
    e->outputs[GRAD_EMBEDDINGS].path = o->grad_embeddings;
    e->outputs[GRAD_WEIGHTS].path = o->grad_weights;
    e->outputs[GRAD_BIAS].path = o->grad_bias;
    e->outputs[PER_SAMPLE].path = o->per_sample;
    const char *const inputs[] = {o->embeddings, o->weights,    o->labels,
                                  o->bias,       o->row_weight, o->class_weight};
    outputs_check(e->outputs, OUTPUTS, inputs, sizeof inputs / sizeof inputs[0]);
}

static void open_outputs(evaluation *e)
{
    const size_t rows = e->embeddings.rows, dim = e->embeddings.columns, classes = e->weights.rows;
    output_open(&e->outputs[GRAD_EMBEDDINGS], rows, dim);
    output_open(&e->outputs[GRAD_WEIGHTS], classes, dim);
    output_open(&e->outputs[GRAD_BIAS], classes, 0);
    output_open(&e->outputs[PER_SAMPLE], rows, 0);
    e->row_angle = calloc(rows, sizeof *e->row_angle);
    e->row_correct = calloc(rows, sizeof *e->row_correct);
    if (e->row_angle == NULL || e->row_correct == NULL) die(PROGRAM, "out of memory");
}

static const char *path_of(const evaluation *e, margin_argument argument)
{
    switch (argument) {
    case MARGIN_ARGUMENT_EMBEDDINGS:
        return e->embeddings.path;
    case MARGIN_ARGUMENT_WEIGHTS:
        return e->weights.path;
    case MARGIN_ARGUMENT_BIAS:
        return e->bias.path;
    case MARGIN_ARGUMENT_LABELS:
        return e->labels.path;
    case MARGIN_ARGUMENT_ROW_WEIGHT:
        return e->row_weight.path;
    case MARGIN_ARGUMENT_CLASS_WEIGHT:
        return e->class_weight.path;
    default:
        return margin_argument_name(argument);
    }
}

/* End the program with the library's fault in terms of the person's files and options. */
static void refuse(const evaluation *e, const margin_config *config, const margin_fault *fault)
{
    const char *path = path_of(e, fault->argument);
    switch (fault->status) {
    case MARGIN_ERROR_NONFINITE:
        if (fault->argument == MARGIN_ARGUMENT_CLASS_WEIGHT)
            die(PROGRAM, "%s: class %zu: a weight must be a finite number, 0 or more", path,
                fault->row);
        die(PROGRAM, "%s: row %zu holds a NaN or an infinity", path, fault->row);
    case MARGIN_ERROR_WORKSPACE:
        die(PROGRAM, "--workspace: %zu bytes are too few, this shape needs %zu with %d thread%s",
            config->workspace_bytes, fault->bytes, config->threads,
            config->threads == 1 ? "" : "s");
    default:
        die(PROGRAM, "%s: %s (%s)", path, margin_status_text(fault->status), fault->detail);
    }
}

static void run_head(const evaluation *e, margin_context *context, margin_head *head)
{
    head->rows = e->embeddings.rows;
    head->dim = e->embeddings.columns;
    head->classes = e->weights.rows;
    head->embeddings = e->embeddings.values;
    head->weights = e->weights.values;
    head->labels = e->labels.values;
    if (margin_head_run(context, head) != MARGIN_OK)
        refuse(e, margin_context_config(context), margin_context_fault(context));
}

/* Accuracy is by plain cosines and theta is their angle. A loss on raw inner products decides by
 * logits instead, so there a loss on cosines without a margin answers: its forward pass alone.
 * Returns how many rows are tied. */
static size_t measure_cosines(const evaluation *e)
{
    margin_config config = e->options.config;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        const margin_loss_info *info = margin_loss_get((margin_loss)loss);
        if (!info->normalised || info->margin_index != 0) continue;
        margin_config_init(&config, (margin_loss)loss);
        break;
    }
    config.isa = e->options.config.isa;
    config.threads = e->options.config.threads;
    config.workspace_bytes = e->options.config.workspace_bytes;
    config.skip_finite_check = 1; /* the first pass has looked */
    margin_context *context = create_context(&config);
    margin_head head = {
        .size = sizeof(margin_head), .row_angle = e->row_angle, .row_correct = e->row_correct};
    run_head(e, context, &head);
    margin_destroy(context);
    return head.tied;
}

/* Takes the zero vectors out of the rows that count, for they have no angle; returns their number.
 */
static size_t drop_zero_rows(evaluation *e)
{
    const float_input *x = &e->embeddings;
    size_t zero = 0;
    for (size_t i = 0; i < x->rows; i++) {
        size_t k = 0;
        while (k < x->columns && x->values[i * x->columns + k] == 0.0f)
            k++;
        if (k < x->columns || e->labels.values[i] < 0) continue;
        e->labels.values[i] = -1;
        zero++;
    }
    return zero;
}

static void summarise(evaluation *e, const margin_context *context, const margin_head *head,
                      eval_result *result)
{
    *result = (eval_result){.config = margin_context_config(context),
                            .loss = head->loss,
                            .mean_loss = head->mean_loss,
                            .weighted = head->row_weight != NULL || head->class_weight != NULL,
                            .label_smoothing = head->label_smoothing,
                            .rows = head->rows,
                            .counted = head->counted,
                            .zero = drop_zero_rows(e),
                            .tied = head->tied,
                            .dim = head->dim,
                            .classes = head->classes,
                            .workspace_bytes = margin_context_workspace_used(context)};
    for (size_t i = 0; i < head->rows; i++)
        result->correct += e->row_correct[i];
    result->angles = theta_stats_of(e->row_angle, e->labels.values, head->rows, result->config->m1,
                                    result->config->m2, &result->theta);
    if (result->angles < 0) die(PROGRAM, "out of memory");
}

static void evaluate(evaluation *e, margin_context *context, eval_result *result)
{
    const int normalised = margin_loss_get(e->options.config.loss)->normalised;
    margin_head head = {.size = sizeof(margin_head),
                        .bias = e->bias.values,
                        .row_weight = e->row_weight.values,
                        .class_weight = e->class_weight.values,
                        .label_smoothing = e->options.label_smoothing,
                        .row_loss = output_values(&e->outputs[PER_SAMPLE]),
                        .grad_embeddings = output_values(&e->outputs[GRAD_EMBEDDINGS]),
                        .grad_weights = output_values(&e->outputs[GRAD_WEIGHTS]),
                        .grad_bias = output_values(&e->outputs[GRAD_BIAS])};
    if (normalised) {
        head.row_angle = e->row_angle;
        head.row_correct = e->row_correct;
    }
    run_head(e, context, &head);
    if (!normalised) head.tied = measure_cosines(e);
    summarise(e, context, &head, result);
}

/* Brings the gradient of rows that were taken times a power of two to the rows of the file. */
static void unscale(const float_input *input, float *gradient)
{
    for (size_t i = 0; i < input->rows && input->exponent != NULL && gradient != NULL; i++) {
        float *row = gradient + i * input->columns;
        for (size_t k = 0; k < input->columns && input->exponent[i] != 0; k++) {
            const double entry = ldexp((double)row[k], -input->exponent[i]);
            row[k] = (float)fmax(-FLT_MAX, fmin(entry, FLT_MAX));
        }
    }
}

/* Brings the gradients to the form of the files. */
static void finish_gradients(evaluation *e)
{
    unscale(&e->embeddings, output_values(&e->outputs[GRAD_EMBEDDINGS]));
    unscale(&e->weights, output_values(&e->outputs[GRAD_WEIGHTS]));
    npy_array *weights = &e->outputs[GRAD_WEIGHTS].array;
    if (e->weights.transposed && weights->data != NULL && npy_transpose(weights) != 0)
        die(PROGRAM, "out of memory");
}

static void release(evaluation *e)
{
    input_free(&e->embeddings);
    input_free(&e->weights);
    input_free(&e->bias);
    input_free(&e->row_weight);
    input_free(&e->class_weight);
    free(e->labels.values);
    free(e->row_angle);
    free(e->row_correct);
}

int command_eval(int argc, char **argv)
{
    evaluation e = {0};
    e.options = eval_options_parse(argc, argv, &e.notes);
    set_output_paths(&e);
    e.context = create_context(&e.options.config);
    read_inputs(&e);
    open_outputs(&e);
    eval_result result;
    evaluate(&e, e.context, &result);
    finish_gradients(&e);
    outputs_write(e.outputs, OUTPUTS, &e.written);
    notes_print(&e.notes);
    if (e.options.json)
        eval_report_json(&result);
    else
        eval_report_text(&result);
    finish_stdout(PROGRAM);
    outputs_commit(&e.written);
    margin_destroy(e.context);
    release(&e);
    return EXIT_SUCCESS;
}
