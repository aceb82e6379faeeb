/* network.c: forward and backward of each kind of layer, and layers stacked (see network.h). Must
 * not know data sets, losses or optimisers. */
#include "network.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "philox.h"

/* ---- kinds of layers ----------------------------------------------------------------------- */

/* What each kind is. */
typedef struct layer_rules {
    /* input[rows, inputs] to part->output. */
    void (*forward)(layer *part, const real *input, size_t rows, int training);
    /* From the gradient by the output to the gradient by the parameters (overwritten) and, unless
     * it is NULL, by the input. */
    void (*backward)(layer *part, const real *input, const real *output_gradients, size_t rows,
                     real *input_gradients);
    /* Parameters and running statistics an input; a dense layer, which has none of these, has a
     * weight for each input and output, and a bias for each output. */
    size_t parameters, running;
} layer_rules;

/* Added to the variance, and the share of a batch in the running moments. */
static const double variance_floor = 1e-5;
static const double running_share = 0.05;

static void dense_forward(layer *part, const real *input, size_t rows, int training)
{
    (void)training;
    const real *const bias = part->parameters + part->inputs * part->outputs;
    const product_left left = {input, part->inputs, 1};
    product(rows, part->outputs, part->inputs, left, part->parameters, part->output);
    for (size_t row = 0; row < rows; row++) {
        real *const to = part->output + row * part->outputs;
        for (size_t j = 0; j < part->outputs; j++)
            to[j] += bias[j];
    }
}

static void add_columns(const real *matrix, size_t rows, size_t columns, real *sums)
{
    memset(sums, 0, columns * sizeof *sums);
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < columns; j++)
            sums[j] += matrix[row * columns + j];
    }
}

static void dense_backward(layer *part, const real *input, const real *output_gradients,
                           size_t rows, real *input_gradients)
{
    const size_t in = part->inputs, out = part->outputs;
    const product_left input_transposed = {input, 1, in};
    product(in, out, rows, input_transposed, output_gradients, part->gradients);
    add_columns(output_gradients, rows, out, part->gradients + in * out);
    if (input_gradients == NULL) return;
    for (size_t i = 0; i < in; i++) {
        for (size_t j = 0; j < out; j++)
            part->scratch[j * in + i] = part->parameters[i * out + j];
    }
    const product_left gradients = {output_gradients, out, 1};
    product(rows, in, out, gradients, part->scratch, input_gradients);
}

/* The batch's mean and 1 / deviation of each column, in double: a column may have a large mean. */
static void batch_moments(layer *part, const real *input, size_t rows)
{
    const size_t width = part->inputs;
    double *const mean = part->moments, *const square = mean + width;
    memset(mean, 0, 2 * width * sizeof *mean);
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < width; j++)
            mean[j] += (double)input[row * width + j];
    }
    for (size_t j = 0; j < width; j++)
        mean[j] /= (double)rows;
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < width; j++) {
            const double difference = (double)input[row * width + j] - mean[j];
            square[j] += difference * difference;
        }
    }
    real *const running = part->running;
    for (size_t j = 0; j < width; j++) {
        const double variance = square[j] / (double)rows;
        part->batch_norm[j] = (real)mean[j];
        part->batch_norm[width + j] = (real)(1.0 / sqrt(variance + variance_floor));
        running[j] += (real)(running_share * (mean[j] - (double)running[j]));
        running[width + j] += (real)(running_share * (variance - (double)running[width + j]));
    }
}

static void batch_norm_forward(layer *part, const real *input, size_t rows, int training)
{
    const size_t width = part->inputs;
    if (training) batch_moments(part, input, rows);
    for (size_t j = 0; j < width && !training; j++) {
        const double variance = (double)part->running[width + j];
        part->batch_norm[j] = part->running[j];
        part->batch_norm[width + j] = (real)(1.0 / sqrt(variance + variance_floor));
    }
    const real *const mean = part->batch_norm, *const inverse = mean + width;
    const real *const gain = part->parameters, *const shift = gain + width;
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < width; j++) {
            const real normal = (input[row * width + j] - mean[j]) * inverse[j];
            part->output[row * width + j] = normal * gain[j] + shift[j];
        }
    }
}

/* With x' the normalised input and g the output's gradient: dx = gain / deviation
 * (g - mean(g) - x' mean(g x')), the means over the batch. */
static void batch_norm_backward(layer *part, const real *input, const real *output_gradients,
                                size_t rows, real *input_gradients)
{
    const size_t width = part->inputs;
    const real *const mean = part->batch_norm, *const inverse = mean + width;
    real *const gain_gradient = part->gradients, *const shift_gradient = gain_gradient + width;
    memset(gain_gradient, 0, width * sizeof *gain_gradient);
    add_columns(output_gradients, rows, width, shift_gradient);
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < width; j++) {
            const real normal = (input[row * width + j] - mean[j]) * inverse[j];
            gain_gradient[j] += output_gradients[row * width + j] * normal;
        }
    }
    if (input_gradients == NULL) return;
    const real share = (real)1 / (real)rows;
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < width; j++) {
            const real normal = (input[row * width + j] - mean[j]) * inverse[j];
            const real common = (shift_gradient[j] + normal * gain_gradient[j]) * share;
            input_gradients[row * width + j] =
                (output_gradients[row * width + j] - common) * part->parameters[j] * inverse[j];
        }
    }
}

/* Both values of a choice are computed, so that it is one of vectors and no branch. */
static void prelu_forward(layer *part, const real *input, size_t rows, int training)
{
    (void)training;
    const size_t width = part->inputs;
    const real *const slope = part->parameters;
    for (size_t row = 0; row < rows; row++) {
        const real *const from = input + row * width;
        real *const to = part->output + row * width;
        for (size_t j = 0; j < width; j++) {
            const real bent = from[j] * slope[j];
            to[j] = from[j] > 0 ? from[j] : bent;
        }
    }
}

static void prelu_backward(layer *part, const real *input, const real *output_gradients,
                           size_t rows, real *input_gradients)
{
    const size_t width = part->inputs;
    const real *const slope = part->parameters;
    real *const slope_gradient = part->gradients;
    memset(slope_gradient, 0, width * sizeof *slope_gradient);
    for (size_t row = 0; row < rows; row++) {
        const real *const value = input + row * width, *const g = output_gradients + row * width;
        for (size_t j = 0; j < width; j++) {
            const real bent = g[j] * value[j];
            slope_gradient[j] += value[j] > 0 ? (real)0 : bent;
        }
        for (size_t j = 0; input_gradients != NULL && j < width; j++) {
            const real bent = g[j] * slope[j];
            input_gradients[row * width + j] = value[j] > 0 ? g[j] : bent;
        }
    }
}

static const layer_rules layer_kinds[] = {
    [LAYER_DENSE] = {dense_forward, dense_backward, 0, 0},
    [LAYER_BATCH_NORM] = {batch_norm_forward, batch_norm_backward, 2, 2},
    [LAYER_PRELU] = {prelu_forward, prelu_backward, 1, 0},
};

/* ---- stacked ------------------------------------------------------------------------------- */

static size_t running_count(const layer *part)
{
    return layer_kinds[part->kind].running * part->inputs;
}

static size_t shape_layers(network *net, const layer_shape *shapes)
{
    size_t width = net->inputs, widest = width;
    for (size_t i = 0; i < net->layer_count; i++) {
        layer *const part = &net->layers[i];
        part->kind = shapes[i].kind;
        part->inputs = width;
        width = part->kind == LAYER_DENSE ? shapes[i].outputs : width;
        part->outputs = width;
        part->parameter_count = part->kind == LAYER_DENSE
                                    ? (part->inputs + 1) * part->outputs
                                    : layer_kinds[part->kind].parameters * part->inputs;
        net->parameter_count += part->parameter_count;
        widest = width > widest ? width : widest;
    }
    net->outputs = width;
    return widest;
}

static void fill_values(real *values, size_t count, real value)
{
    for (size_t i = 0; i < count; i++)
        values[i] = value;
}

static void first_values(layer *part, uint8_t *decays, uint64_t seed, size_t index)
{
    if (part->kind == LAYER_DENSE) {
        philox_stream stream;
        philox_start(&stream, seed, STREAM_LAYER, index);
        const double deviation = sqrt(2.0 / (double)part->inputs);
        for (size_t i = 0; i < part->inputs * part->outputs; i++) {
            part->parameters[i] = (real)(deviation * philox_normal(&stream));
            decays[i] = 1;
        }
    } else if (part->kind == LAYER_BATCH_NORM) {
        fill_values(part->parameters, part->inputs, 1);
        fill_values(part->running + part->inputs, part->inputs, 1);
    } else {
        fill_values(part->parameters, part->inputs, (real)0.25);
    }
}

/* Parameters and gradients are views into the network's; they begin at `offset`. */
static void open_layer(network *net, layer *part, size_t offset)
{
    part->parameters = net->parameters + offset;
    part->gradients = net->gradients + offset;
    part->running = zeroed(running_count(part), sizeof *part->running);
    part->batch_norm = zeroed(running_count(part), sizeof *part->batch_norm);
    part->moments = zeroed(running_count(part), sizeof *part->moments);
    part->scratch = part->kind == LAYER_DENSE
                        ? zeroed(part->inputs * part->outputs, sizeof *part->scratch)
                        : NULL;
    part->output = zeroed(net->batch * part->outputs, sizeof *part->output);
}

void network_create(network *out, size_t inputs, const layer_shape *shapes, size_t count,
                    size_t batch, uint64_t seed)
{
    *out = (network){.layer_count = count, .inputs = inputs, .batch = batch};
    out->layers = zeroed(count, sizeof *out->layers);
    const size_t widest = shape_layers(out, shapes);
    out->parameters = zeroed(out->parameter_count, sizeof *out->parameters);
    out->gradients = zeroed(out->parameter_count, sizeof *out->gradients);
    out->decays = zeroed(out->parameter_count, sizeof *out->decays);
    for (size_t k = 0; k < 2; k++)
        out->deltas[k] = zeroed(batch * widest, sizeof *out->deltas[k]);
    for (size_t i = 0, offset = 0; i < count; i++) {
        open_layer(out, &out->layers[i], offset);
        first_values(&out->layers[i], out->decays + offset, seed, i);
        offset += out->layers[i].parameter_count;
    }
}

void network_free(network *net)
{
    for (size_t i = 0; i < net->layer_count; i++) {
        free(net->layers[i].running);
        free(net->layers[i].batch_norm);
        free(net->layers[i].moments);
        free(net->layers[i].scratch);
        free(net->layers[i].output);
    }
    free(net->layers);
    free(net->parameters);
    free(net->gradients);
    free(net->decays);
    free(net->deltas[0]);
    free(net->deltas[1]);
    *net = (network){0};
}

real *network_running(network *net, size_t layer_index, size_t *count)
{
    const layer *const part = &net->layers[layer_index];
    *count = running_count(part);
    return part->running;
}

const real *network_forward(network *net, const real *inputs, size_t rows, int training)
{
    for (size_t i = 0; i < net->layer_count; i++) {
        layer *const part = &net->layers[i];
        layer_kinds[part->kind].forward(part, inputs, rows, training);
        inputs = part->output;
    }
    return inputs;
}

void network_backward(network *net, const real *inputs, const real *output_gradients, size_t rows)
{
    const real *after = output_gradients;
    for (size_t i = net->layer_count; i-- > 0;) {
        const real *const input = i == 0 ? inputs : net->layers[i - 1].output;
        real *const before = i == 0 ? NULL : net->deltas[i % 2];
        layer_kinds[net->layers[i].kind].backward(&net->layers[i], input, after, rows, before);
        after = before;
    }
}
