/* finish.c: finished rows of dW, of whichever path, on their way out (finish.h). */
#include "head/finish.h"

#include "head/geometry.h"

head_finished margin_head_destination(const head_call *call, size_t first, float *room,
                                      size_t stride)
{
    const margin_head *io = call->io;
    if (call->consume != NULL)
        return (head_finished){room, stride,
                               io->bias == NULL ? NULL : room + call->layout.block * stride};
    return (head_finished){io->grad_weights + first * io->grad_weights_stride,
                           io->grad_weights_stride,
                           io->grad_bias == NULL ? NULL : io->grad_bias + first};
}

void margin_head_finish_class(const head_call *call, double norm, size_t class_index, float *g,
                              const head_lines *lines, size_t at, const head_finished *out)
{
    const head_geometry *geometry = call->geometry;
    const size_t dim = call->io->dim;
    const margin_unit unit = margin_unit_of(margin_head_class(call, class_index, lines), norm);
    float first, second;
    margin_split_factor(geometry->finish_factor(call, norm), &first, &second);
    call->kernels.packing->finish_row(g, geometry->projects ? &unit : NULL, dim, first, second,
                                      out->rows + at * out->stride);
    if (out->bias != NULL) out->bias[at] = margin_to_float((double)g[dim] * call->gradient_measure);
}

void margin_head_hand_over(const head_call *call, size_t first, size_t count,
                           const head_finished *out)
{
    if (call->consume == NULL) return;
    call->consume(call->consume_user, first, count, out->rows, out->stride, out->bias);
}

void margin_head_add_gradients(void *call, size_t first, size_t count, const float *gradients,
                               size_t stride, const float *bias_gradients)
{
    const head_call *c = call;
    const margin_head *io = c->io;
    for (size_t j = 0; j < count; j++)
        c->kernels.packing->add_row(gradients + j * stride, io->dim,
                                    io->grad_weights + (first + j) * io->grad_weights_stride);
    for (size_t j = 0; io->grad_bias != NULL && j < count; j++)
        io->grad_bias[first + j] =
            margin_to_float((double)io->grad_bias[first + j] + (double)bias_gradients[j]);
}
