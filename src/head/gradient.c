/* gradient.c: what the caller wants of a row once its shards are combined: loss, angle, correctness
 * and dX; and what dW takes of the row. */
#include <math.h>
#include <string.h>

#include "head/geometry.h"

void margin_mean_of_negatives(const head_call *call, const head_gradient_row *g, const float *w,
                              float by_w)
{
    const head_mean *mean = &g->mean;
    call->kernels.packing->weighted_sum(w, by_w, mean->parts.at, mean->parts.distance,
                                        mean->parts.stride, mean->portion, mean->count,
                                        call->io->dim, g->line);
}

/* Sets what the part of each shard of row i is multiplied by. */
static void set_mean(const head_call *call, const head_rows *rows, const head_stats *stats,
                     size_t i, const head_result *result, head_mean *mean)
{
    mean->count = call->layout.shards;
    for (size_t p = 0; p < call->layout.shards; p++) {
        mean->portion[p] = 0.0f;
        if (!(stats[p].sum[i] > 0.0)) continue;
        const double factor = margin_head_shard_factor(rows, &stats[p], i, result->peak);
        mean->portion[p] = (float)(factor / result->sum);
    }
}

/* Writes dX of row i, which counts, times `shrunk`. */
static void write_gradient(const head_call *call, const head_rows *rows, const head_stats *stats,
                           const head_parts *parts, size_t i, const head_result *result,
                           double shrunk, float *out, head_scratch *scratch)
{
    const head_row *row = &rows->row[i];
    head_gradient_row g;
    g.row = row;
    g.pull = result->miss * row->weight * shrunk;
    if (g.pull == 0.0) {
        memset(out, 0, call->io->dim * sizeof *out);
        return;
    }
    g.x = margin_head_embedding(call, rows->first + i, &scratch->lines);
    g.w = margin_head_target(call, rows, i, &scratch->lines);
    g.line = scratch->row_line;
    g.out = out;
    g.mean.parts = *parts;
    set_mean(call, rows, stats, i, result, &g.mean);
    call->geometry->write_gradient(call, &g);
}

/* Returns a power of two by which a row's dX is shrunk until all its parts are together: beyond
 * float32, parts would be cut off that cancel. It is 1 for ordinary rows. */
static double shrinkage(const head_call *call, const head_row *row)
{
    const double factor = call->geometry->row_factor(row->s, row->norm);
    const double size = fabs(row->weight) * factor * call->class_measure;
    int exponent;
    if (size < 0x1p60) return 1.0;
    frexp(size, &exponent);
    return ldexp(1.0, -exponent);
}

/* Adds to dX of row i, which counts and whose dX is `shrunk`, what label smoothing gives, and
 * brings it to its size. */
static void add_smoothing(const head_call *call, const head_rows *rows, size_t i, double shrunk,
                          float *out, head_scratch *scratch)
{
    head_smooth_row r = margin_head_smooth_row(call, rows, i, &scratch->lines);
    r.w = margin_head_target(call, rows, i, &scratch->lines);
    r.share *= shrunk;
    call->geometry->smooth_gradient(call, &r, out);
    for (size_t d = 0; d < call->io->dim && shrunk != 1.0; d++)
        out[d] = margin_to_float((double)out[d] / shrunk);
}

/* Sets the shares of dW of row i, which counts. */
static void set_shares(const head_call *call, const head_row *row, head_result *result,
                       double *target)
{
    const double e = call->smoothing.share;
    result->share = call->geometry->shares(call, row, result->miss * row->weight, target);
    if (e > 0.0) *target += e * row->weight * call->geometry->smooth_share(call, row);
}

static void put_outcome(const head_call *call, const head_rows *rows, const head_stats *stats,
                        size_t i, head_result *result, head_targets *targets)
{
    const margin_head *io = call->io;
    const head_row *row = &rows->row[i];
    const size_t at = rows->first + i;
    const int counts = row->label >= 0;
    if (counts && targets->share != NULL) set_shares(call, row, result, &targets->share[at]);
    if (io->row_loss != NULL) io->row_loss[at] = margin_to_float(result->loss);
    if (io->row_others != NULL)
        io->row_others[at] = counts ? margin_to_float(result->others) : 0.0f;
    if (io->row_angle != NULL)
        io->row_angle[at] = counts ? (float)margin_theta(&row->pair.angle) : 0.0f;
    if (io->row_correct != NULL)
        io->row_correct[at] = counts && stats->target_dot[i] > result->most;
}

void margin_head_outcome(const head_call *call, const head_rows *rows, const head_stats *stats,
                         size_t first, size_t count, head_result *results, head_targets *targets)
{
    for (size_t i = first; i < first + count; i++)
        put_outcome(call, rows, stats, i, &results[i], targets);
}

void margin_head_gradient_row(const head_call *call, const head_rows *rows, const head_stats *stats,
                              const head_parts *parts, size_t i, const head_result *result,
                              float *dx, head_scratch *scratch)
{
    const margin_head *io = call->io;
    const head_row *row = &rows->row[i];
    float *out = io->accumulate ? scratch->x_line : dx;
    if (row->label >= 0) {
        const int smooth = call->smoothing.share > 0.0;
        const double shrunk = smooth ? shrinkage(call, row) : 1.0;
        write_gradient(call, rows, stats, parts, i, result, shrunk, out, scratch);
        if (smooth) add_smoothing(call, rows, i, shrunk, out, scratch);
    } else {
        memset(out, 0, io->dim * sizeof *out);
    }
    if (out != dx) call->kernels.packing->add_row(out, io->dim, dx);
}

void margin_head_gradient(const head_call *call, const head_rows *rows, const head_stats *stats,
                          size_t first, size_t count, const head_result *results,
                          head_scratch *scratch)
{
    const size_t stride = call->io->grad_embeddings_stride;
    float *dx = call->io->grad_embeddings + (rows->first + first) * stride;
    for (size_t i = first; i < first + count; i++, dx += stride) {
        const head_parts parts = margin_head_parts(call, rows, stats, i);
        margin_head_gradient_row(call, rows, stats, &parts, i, &results[i], dx, scratch);
    }
}
