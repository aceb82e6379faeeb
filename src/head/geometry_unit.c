/* geometry_unit.c: logits on the unit sphere: s cos(theta), and, where the embedding keeps its
 * norm, |x| cos(theta). Only the scale of a row and dX differ between the two. */
#include <math.h>
#include <string.h>

#include "head/geometry.h"

/* ---- before the classes ---- */

static double class_size(const head_call *call, const head_lines *lines)
{
    (void)call, (void)lines;
    return 0.0;
}

static double unit_row_measure(const head_call *call, size_t row, const head_lines *lines)
{
    (void)lines;
    return margin_head_s(call, row);
}

static double kept_row_measure(const head_call *call, size_t row, const head_lines *lines)
{
    return margin_norm(call->kernels.packing, margin_head_embedding(call, row, lines),
                       call->io->dim);
}

static void unit_set_scale(const head_call *call, head_row *row)
{
    (void)call;
    row->scale = row->s;
}

static void kept_set_scale(const head_call *call, head_row *row)
{
    (void)call;
    row->scale = row->pair.norm_x;
}

/* Packs a vector brought to length 1. */
static void pack(const head_call *call, const margin_unit *unit, float *panels, size_t stride)
{
    call->kernels.packing->pack_row(unit->vector, call->io->dim, unit->power, unit->high, unit->low,
                                    panels, stride);
}

static void pack_embedding(const head_call *call, const head_row *row, const float *x,
                           float *panels, size_t stride)
{
    const margin_unit unit = margin_unit_of(x, row->norm);
    pack(call, &unit, panels, stride);
}

/* Packs class j, whatever its norm, which goes to *norm; notes one that is not finite. */
static void pack_class(const head_call *call, size_t j, double *norm, float *panels, size_t stride,
                       head_scratch *scratch)
{
    const float *w = margin_head_class(call, j, &scratch->lines);
    *norm = margin_norm(call->kernels.packing, w, call->io->dim);
    if (isnan(*norm) && j < scratch->bad_class) scratch->bad_class = j;
    const margin_unit unit = margin_unit_of(w, *norm);
    pack(call, &unit, panels, stride);
}

/* Packs classes: ordinary ones many at a time where they lie as float32. */
static void pack_classes(const head_call *call, size_t first, size_t count, double *norms,
                         float *panels, size_t stride, head_scratch *scratch)
{
    const margin_head *io = call->io;
    for (size_t j = 0; j < count; j++) {
        const float *w = margin_head_class(call, first + j, &scratch->lines);
        const size_t taken = call->kernels.packing->pack_units(
            w, io->weights_stride, io->dim, margin_head_side_by_side(call, first + j, count - j),
            norms + j, panels + j * 16, stride);
        if (taken == 0) {
            pack_class(call, first + j, norms + j, panels + j * 16, stride, scratch);
        } else {
            j += taken - 1;
        }
    }
}

static double class_factor(const head_call *call, double norm)
{
    (void)call;
    return norm > 0.0 ? 1.0 / norm : 0.0;
}

/* ---- after the classes ---- */

static double target_logit(const head_call *call, const head_row *row)
{
    (void)call;
    return row->scale * row->target.psi;
}

static double plain_logit(const head_call *call, const head_row *row)
{
    (void)call;
    return row->scale * row->pair.angle.cosine;
}

static double shown(const head_row *row, float dot)
{
    (void)row;
    return fmin(fmax((double)dot, -1.0), 1.0);
}

static double unit_row_factor(double s, double norm)
{
    return norm > 0.0 ? s / norm : 0.0;
}

static double kept_row_factor(double s, double norm)
{
    (void)s, (void)norm;
    return 1.0;
}

/* Writes factor times g->line to dX, without the line's part along x if `unit` is not NULL. */
static void write_line(const head_call *call, const head_gradient_row *g, double factor,
                       const margin_unit *unit)
{
    float first, second;
    margin_split_factor(factor, &first, &second);
    call->kernels.packing->finish_row(g->line, unit, call->io->dim, first, second, g->out);
}

/* Writes dX on the unit sphere. Where the tangent keeps its digits in float32, the target joins the
 * mean; else it is added in double. */
static void unit_write_gradient(const head_call *call, const head_gradient_row *g)
{
    const head_row *row = g->row;
    const margin_pair *pair = &row->pair;
    if (row->norm == 0.0) {
        memset(g->out, 0, call->io->dim * sizeof *g->out);
        return;
    }
    const double factor = g->pull * row->scale / pair->norm_x;
    const margin_unit unit = margin_unit_of(g->x, row->norm);
    if (margin_pair_is_wide(pair)) {
        const double by_w = row->target.slope / (pair->angle.sine * pair->norm_w);
        margin_mean_of_negatives(call, g, g->w, (float)by_w);
        write_line(call, g, factor, &unit);
    } else {
        margin_mean_of_negatives(call, g, NULL, 0.0f);
        write_line(call, g, factor, &unit);
        margin_add_tangent_x(call->kernels.pairs, pair, g->x, g->w, call->io->dim,
                             factor * row->target.slope, g->out);
    }
}

/* Writes dX with the norm kept: the logit |x| cos(theta) also grows along x. */
static void kept_write_gradient(const head_call *call, const head_gradient_row *g)
{
    const head_row *row = g->row;
    const margin_pairs *pairs = call->kernels.pairs;
    const size_t dim = call->io->dim;
    if (row->norm == 0.0) {
        memset(g->out, 0, dim * sizeof *g->out);
        return;
    }
    margin_mean_of_negatives(call, g, NULL, 0.0f);
    write_line(call, g, g->pull, NULL);
    margin_add_tangent_x(pairs, &row->pair, g->x, g->w, dim, g->pull * row->target.slope, g->out);
    pairs->add_combination(g->x, -g->pull * row->target.psi / row->pair.norm_x, g->x, 0.0, dim,
                           g->out);
}

static double shares(const head_call *call, const head_row *row, double pull, double *target)
{
    const double share = pull * (row->scale / call->gradient_measure);
    *target = share * row->target.slope;
    return share;
}

/* ---- label smoothing ---- */

/* Returns the factor of the unit tangent towards the target in the gradient of a row's lead, which
 * is z less the mean of all logits, over the row's scale: -(C - 1) / C psi' of z, and, of the sum
 * of all cosines, the target's is taken out again. */
static double lead_tangent(const head_call *call, const head_row *row)
{
    const double classes = (double)call->io->classes;
    return (row->pair.angle.sine - (classes - 1.0) * row->target.slope) / classes;
}

/* Adds what smoothing gives across x to out, and `along` times x. */
static void add_lead(const head_call *call, const head_smooth_row *r, double along, float *out)
{
    const size_t n = call->io->dim;
    const double *sum = call->smoothing.class_sums;
    const double norm = r->row->norm;
    if (norm == 0.0) return;
    const double by_sum = r->share * r->factor * r->per_class;
    const double by_x = by_sum * r->dot / (norm * norm) + along;
    for (size_t d = 0; d < n; d++)
        out[d] = margin_to_float((double)out[d] + by_x * (double)r->x[d] - by_sum * sum[d]);
    margin_add_tangent_x(call->kernels.pairs, &r->row->pair, r->x, r->w, n,
                         r->share * r->factor * lead_tangent(call, r->row), out);
}

static void unit_smooth_gradient(const head_call *call, const head_smooth_row *r, float *out)
{
    add_lead(call, r, 0.0, out);
}

/* All logits are |x| times something, so along x the lead grows by lead / |x|. */
static void kept_smooth_gradient(const head_call *call, const head_smooth_row *r, float *out)
{
    const double norm = r->row->norm;
    if (norm > 0.0) add_lead(call, r, r->share * r->lead / (norm * norm), out);
}

static double smooth_share(const head_call *call, const head_row *row)
{
    return row->scale / call->gradient_measure * lead_tangent(call, row);
}

static double entry(const head_row *row)
{
    return margin_pair_is_wide(&row->pair) ? 1.0 / row->pair.angle.sine : 0.0;
}

static void add_target(const head_call *call, const float *x, const float *w,
                       const margin_pair *pair, double share, float *out)
{
    const margin_pairs *pairs = call->kernels.pairs;
    const margin_pair measured = pair != NULL ? *pair : margin_pair_of(pairs, x, w, call->io->dim);
    margin_add_tangent_w(pairs, &measured, x, w, call->io->dim, share, out);
}

static size_t finish_classes(const head_call *call, size_t first, size_t count, const double *norms,
                             const float *g, size_t g_stride, float *out, size_t out_stride)
{
    const margin_head *io = call->io;
    if (call->storage->widen != NULL) return 0;
    return call->kernels.packing->finish_units(
        g, g_stride, io->weights + margin_head_number(call, first) * io->weights_stride,
        io->weights_stride, norms + first, call->gradient_measure, io->dim,
        margin_head_side_by_side(call, first, count), out, out_stride);
}

static double finish_factor(const head_call *call, double norm)
{
    return norm > 0.0 ? call->gradient_measure / norm : 0.0;
}

/* What the unit sphere and the kept norm share. */
#define ON_THE_SPHERE                                                                              \
    .class_size = class_size, .pack_embedding = pack_embedding, .pack_classes = pack_classes,      \
    .class_factor = class_factor, .target_logit = target_logit, .plain_logit = plain_logit,        \
    .shown = shown, .shares = shares, .smooth_share = smooth_share, .entry = entry,                \
    .add_target = add_target, .finish_classes = finish_classes, .finish_factor = finish_factor,    \
    .projects = 1

const head_geometry margin_geometry_unit = {
    ON_THE_SPHERE,
    .row_measure = unit_row_measure,
    .set_scale = unit_set_scale,
    .row_factor = unit_row_factor,
    .write_gradient = unit_write_gradient,
    .smooth_gradient = unit_smooth_gradient,
};

const head_geometry margin_geometry_kept = {
    ON_THE_SPHERE,
    .row_measure = kept_row_measure,
    .set_scale = kept_set_scale,
    .row_factor = kept_row_factor,
    .write_gradient = kept_write_gradient,
    .smooth_gradient = kept_smooth_gradient,
};
