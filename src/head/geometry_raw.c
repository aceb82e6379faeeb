/* geometry_raw.c: logits that are raw inner products s (w . x + b). Vectors of extreme sizes are
 * packed times a power of two, one for all class weights and one for each embedding; a bias is one
 * more dimension, in which every embedding is 1. */
#include <math.h>
#include <string.h>

#include "head/geometry.h"

static double class_size(const head_call *call, const head_lines *lines)
{
    const margin_head *io = call->io;
    double most = 0.0;
    for (size_t j = 0; j < io->classes; j++) {
        const float *w = margin_head_class(call, j, lines);
        const double norm = margin_norm(call->kernels.packing, w, io->dim);
        if (!isnan(norm)) most = fmax(most, norm);
        if (io->bias != NULL) most = fmax(most, fabs(margin_head_bias(call, j)));
    }
    return most;
}

/* Returns the power of two of an embedding of this norm; its bias entry of 1 counts too. */
static double row_power(const head_call *call, double norm)
{
    return margin_power_for(call->io->bias != NULL ? fmax(norm, 1.0) : norm);
}

static double row_measure(const head_call *call, size_t row, const head_lines *lines)
{
    const double norm =
        margin_norm(call->kernels.packing, margin_head_embedding(call, row, lines), call->io->dim);
    return margin_head_s(call, row) / row_power(call, norm);
}

static void set_scale(const head_call *call, head_row *row)
{
    row->unpack = 1.0 / row_power(call, row->norm);
    row->scale = row->s * row->unpack * call->class_measure;
}

/* Packs x times `power`, and behind it its bias unless that is NULL. */
static void pack(const head_call *call, const float *x, const float *bias, double power,
                 float *panels, size_t stride)
{
    const size_t n = call->io->dim;
    call->kernels.packing->pack_row(x, n, (float)power, 1.0f, 0.0f, panels, stride);
    if (bias == NULL) return;
    float *panel = panels + n / 16 * stride;
    if (n % 16 == 0) memset(panel, 0, 16 * sizeof(float));
    panel[n % 16] = (float)((double)*bias * power);
}

static void pack_embedding(const head_call *call, const head_row *row, const float *x,
                           float *panels, size_t stride)
{
    const float one = 1.0f;
    pack(call, x, call->io->bias == NULL ? NULL : &one, 1.0 / row->unpack, panels, stride);
}

static void pack_classes(const head_call *call, size_t first, size_t count, double *norms,
                         float *panels, size_t stride, head_scratch *scratch)
{
    const margin_head *io = call->io;
    for (size_t j = 0; j < count; j++) {
        const size_t at = first + j;
        const float *w = margin_head_class(call, at, &scratch->lines);
        norms[j] = margin_norm(call->kernels.packing, w, io->dim);
        if (isnan(norms[j]) && at < scratch->bad_class) scratch->bad_class = at;
        pack(call, w, io->bias == NULL ? NULL : io->bias + margin_head_number(call, at),
             1.0 / call->class_measure, panels + j * 16, stride);
    }
}

static double class_factor(const head_call *call, double norm)
{
    (void)norm;
    return 1.0 / call->class_measure;
}

static double target_logit(const head_call *call, const head_row *row)
{
    (void)call;
    return row->s * (row->pair.inner + row->bias);
}

static double shown(const head_row *row, float dot)
{
    return row->scale * (double)dot;
}

static double row_factor(double s, double norm)
{
    (void)norm;
    return s;
}

/* Writes the negatives' mean class weight less the target's; either alone may be beyond float32. */
static void write_gradient(const head_call *call, const head_gradient_row *g)
{
    const double factor = g->pull * g->row->s;
    margin_mean_of_negatives(call, g, NULL, 0.0f);
    for (size_t d = 0; d < call->io->dim; d++) {
        const double mean = (double)g->line[d] * call->class_measure;
        g->out[d] = margin_to_float(factor * (mean - (double)g->w[d]));
    }
}

static double shares(const head_call *call, const head_row *row, double pull, double *target)
{
    const double share = pull * (row->s / call->gradient_measure);
    *target = -share;
    return share * row->unpack;
}

static void smooth_gradient(const head_call *call, const head_smooth_row *r, float *out)
{
    const double *sum = call->smoothing.class_sums;
    const double by = r->share * r->factor;
    for (size_t d = 0; d < call->io->dim; d++)
        out[d] = margin_to_float((double)out[d] + by * ((double)r->w[d] - r->per_class * sum[d]));
}

static double smooth_share(const head_call *call, const head_row *row)
{
    return row->s / call->gradient_measure;
}

static double entry(const head_row *row)
{
    return row->unpack;
}

static void add_target(const head_call *call, const float *x, const float *w,
                       const margin_pair *pair, double share, float *out)
{
    (void)w, (void)pair;
    call->kernels.pairs->add_combination(x, share, x, 0.0, call->io->dim, out);
    if (call->io->bias != NULL) out[call->io->dim] += (float)share;
}

static size_t finish_classes(const head_call *call, size_t first, size_t count, const double *norms,
                             const float *g, size_t g_stride, float *out, size_t out_stride)
{
    (void)call, (void)first, (void)count, (void)norms, (void)g, (void)g_stride;
    (void)out, (void)out_stride;
    return 0;
}

static double finish_factor(const head_call *call, double norm)
{
    (void)norm;
    return call->gradient_measure;
}

const head_geometry margin_geometry_raw = {
    .class_size = class_size,
    .row_measure = row_measure,
    .set_scale = set_scale,
    .pack_embedding = pack_embedding,
    .pack_classes = pack_classes,
    .class_factor = class_factor,
    .target_logit = target_logit,
    .plain_logit = target_logit,
    .shown = shown,
    .row_factor = row_factor,
    .write_gradient = write_gradient,
    .shares = shares,
    .smooth_gradient = smooth_gradient,
    .smooth_share = smooth_share,
    .entry = entry,
    .add_target = add_target,
    .finish_classes = finish_classes,
    .finish_factor = finish_factor,
};
