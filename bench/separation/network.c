/* network.c: layers stacked into a network (see network.h). Must not know data sets, losses or
 * optimisers. */
#include "network.h"

#include <math.h>
#include <stdlib.h>

#include "layers.h"
#include "memory.h"
#include "philox.h"
#include "streams.h"

/* Hands out pieces of one array; with memory NULL it only counts. */
typedef struct arena {
    real *memory;
    size_t used;
} arena;

static real *take(arena *from, size_t count)
{
    real *const piece = from->memory == NULL ? NULL : from->memory + from->used;
    from->used += count;
    return piece;
}

static size_t running_count(const layer *part)
{
    return layer_kinds[part->kind].running * part->inputs;
}

static void take_layer(arena *from, layer *part, size_t batch)
{
    part->running = take(from, running_count(part));
    part->batch_norm = take(from, running_count(part));
    part->scratch = take(from, part->kind == LAYER_DENSE ? part->inputs * part->outputs : 0);
    part->output = take(from, batch * part->outputs);
}

static void take_all(arena *from, network *net, size_t widest)
{
    net->parameters = take(from, net->parameter_count);
    net->gradients = take(from, net->parameter_count);
    net->deltas[0] = take(from, net->batch * widest);
    net->deltas[1] = take(from, net->batch * widest);
    for (size_t i = 0; i < net->layer_count; i++)
        take_layer(from, &net->layers[i], net->batch);
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

void network_create(network *out, size_t inputs, const layer_shape *shapes, size_t count,
                    size_t batch, uint64_t seed)
{
    *out = (network){.layer_count = count, .inputs = inputs, .batch = batch};
    out->layers = zeroed(count, sizeof *out->layers);
    const size_t widest = shape_layers(out, shapes);
    arena pieces = {NULL, 0};
    take_all(&pieces, out, widest);
    out->memory = zeroed(pieces.used, sizeof *out->memory);
    out->decays = zeroed(out->parameter_count, sizeof *out->decays);
    pieces = (arena){out->memory, 0};
    take_all(&pieces, out, widest);
    size_t offset = 0;
    for (size_t i = 0; i < count; i++) {
        out->layers[i].parameters = out->parameters + offset;
        out->layers[i].gradients = out->gradients + offset;
        first_values(&out->layers[i], out->decays + offset, seed, i);
        offset += out->layers[i].parameter_count;
    }
}

void network_free(network *net)
{
    free(net->layers);
    free(net->memory);
    free(net->decays);
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
