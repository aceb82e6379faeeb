/* layers.c: forward and backward of dense layers, batch normalisation and PReLU (see layers.h).
 * Must not know how layers are stacked. */
#include "layers.h"

#include <math.h>
#include <string.h>

#include "product.h"

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
    for (size_t j = 0; j < width; j++) {
        double sum = 0.0, square = 0.0;
        for (size_t row = 0; row < rows; row++)
            sum += (double)input[row * width + j];
        const double mean = sum / (double)rows;
        for (size_t row = 0; row < rows; row++) {
            const double difference = (double)input[row * width + j] - mean;
            square += difference * difference;
        }
        const double variance = square / (double)rows;
        part->batch_norm[j] = (real)mean;
        part->batch_norm[width + j] = (real)(1.0 / sqrt(variance + variance_floor));
        real *const running = part->running;
        running[j] += (real)(running_share * (mean - (double)running[j]));
        running[width + j] += (real)(running_share * (variance - (double)running[width + j]));
    }
}

static void running_moments(layer *part)
{
    const size_t width = part->inputs;
    for (size_t j = 0; j < width; j++) {
        const double variance = (double)part->running[width + j];
        part->batch_norm[j] = part->running[j];
        part->batch_norm[width + j] = (real)(1.0 / sqrt(variance + variance_floor));
    }
}

static void batch_norm_forward(layer *part, const real *input, size_t rows, int training)
{
    const size_t width = part->inputs;
    if (training) {
        batch_moments(part, input, rows);
    } else {
        running_moments(part);
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

static void prelu_forward(layer *part, const real *input, size_t rows, int training)
{
    (void)training;
    const size_t width = part->inputs;
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < width; j++) {
            const real value = input[row * width + j];
            part->output[row * width + j] = value > 0 ? value : value * part->parameters[j];
        }
    }
}

static void prelu_backward(layer *part, const real *input, const real *output_gradients,
                           size_t rows, real *input_gradients)
{
    const size_t width = part->inputs;
    memset(part->gradients, 0, width * sizeof *part->gradients);
    for (size_t row = 0; row < rows; row++) {
        for (size_t j = 0; j < width; j++) {
            const real value = input[row * width + j];
            const real gradient = output_gradients[row * width + j];
            part->gradients[j] += value > 0 ? (real)0 : gradient * value;
            if (input_gradients != NULL)
                input_gradients[row * width + j] =
                    value > 0 ? gradient : gradient * part->parameters[j];
        }
    }
}

const layer_rules layer_kinds[] = {
    [LAYER_DENSE] = {dense_forward, dense_backward, 0, 0},
    [LAYER_BATCH_NORM] = {batch_norm_forward, batch_norm_backward, 2, 2},
    [LAYER_PRELU] = {prelu_forward, prelu_backward, 1, 0},
};
