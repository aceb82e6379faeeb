/* network.c: layers stacked into a network (see network.h). Must not know data sets, losses or
 * optimisers. */
#include "network.h"

#include <math.h>
#include <stdlib.h>

#include "layers.h"
#include "memory.h"
#include "philox.h"
#include "streams.h"

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
