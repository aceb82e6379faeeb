/* head_rows.c: what is done once per row: before the classes (the target pair) and after them (the
 * loss and dX). All of it in double but the two sums over dimensions of the others' gradient. */
#include "head_state.h"

#include <float.h>
#include <math.h>
#include <string.h>

#include "dmath.h"

/* Entries of targets beyond this are not ordinary: the row's factor is next to nothing. */
#define MOST_ENTRY 0x1p+60

static const float *embedding_of(const head_state *s, size_t i)
{
    return s->call->embeddings + (s->first_row + i) * s->call->embeddings_stride;
}

static const float *target_weight_of(const head_state *s, size_t i)
{
    return s->call->weights + (size_t)s->row[i].label * s->call->weights_stride;
}

/* ---- before the classes ---- */

static void start_row(head_state *s, size_t i)
{
    const margin_head *call = s->call;
    head_row *row = &s->row[i];
    row->label = i < s->rows ? call->labels[s->first_row + i] : -1;
    s->label[i] = row->label;
    if (row->label < 0) return;
    *row = (head_row){.label = row->label, .scale = 1.0, .unpack = 1.0};
    row->weight = margin_row_weight(call->row_weight, s->first_row + i, call->counted);
    margin_pair_start(s->kernels, embedding_of(s, i), target_weight_of(s, i), call->dim,
                      &row->pair);
    row->norm = row->pair.norm_x;
}

static void set_target(head_state *s, size_t i)
{
    const margin_head *call = s->call;
    const margin_config *config = &s->context->config;
    head_row *row = &s->row[i];
    s->scale[i] = 1.0f;
    if (row->label < 0) return;
    margin_pair_finish(s->kernels, embedding_of(s, i), target_weight_of(s, i), call->dim,
                       &row->pair);
    row->target = margin_target_at(&s->context->setting, &row->pair.angle);
    row->scale = s->keep_norm ? row->pair.norm_x : config->scale;
    if (s->raw) {
        row->unpack = 1.0 / margin_raw_power(call, row->norm);
        row->scale = config->scale * row->unpack * s->weight_unpack;
    }
    s->scale[i] = margin_kernel_scale(row->scale);
}

void margin_head_prepare_rows(head_state *s, size_t first, size_t count)
{
    const size_t end = first + count;
    for (size_t i = first; i < end; i++)
        start_row(s, i);
    for (size_t i = first; i < end; i++)
        set_target(s, i);
    for (size_t i = first; i < end; i++) {
        if (i < s->rows || !s->plan.few) margin_pack_embedding(s, i);
    }
}

/* ---- after the classes ---- */

/* exp(logit) of a shard is relative to its own peak: what brings its sums to the row's. */
static double shard_factor(const head_state *s, size_t shard, size_t i, double peak)
{
    const double own = (double)s->shard_peak[shard * s->plan.rows + i];
    return own == peak ? 1.0 : dm_exp((double)s->scale[i] * (own - peak));
}

/* Shards to one log sum exp of the others. */
static void combine_shards(const head_state *s, size_t i, head_row *row)
{
    const size_t n = s->plan.rows;
    row->peak = -HUGE_VAL;
    for (size_t p = 0; p < s->plan.shards; p++) {
        if (s->shard_sum[p * n + i] > 0.0) {
            row->peak = fmax(row->peak, (double)s->shard_peak[p * n + i]);
        }
    }
    row->sum = 0.0;
    for (size_t p = 0; p < s->plan.shards; p++) {
        const double sum = s->shard_sum[p * n + i];
        if (sum > 0.0) row->sum += sum * shard_factor(s, p, i, row->peak);
    }
}

/* The target's logit. */
static double target_logit(const head_state *s, const head_row *row)
{
    if (!s->raw) return row->scale * row->target.psi;
    const double bias = s->call->bias == NULL ? 0.0 : (double)s->call->bias[row->label];
    return s->context->config.scale * (row->pair.inner + bias);
}

/* The largest inner product of another class. */
static float best_other(const head_state *s, size_t i)
{
    float best = -FLT_MAX;
    for (size_t p = 0; p < s->plan.shards; p++)
        best = fmaxf(best, s->shard_max[p * s->plan.rows + i]);
    return best;
}

/* log sum exp of the others less the target's logit. The sum is that of exp(kernel scale (logit -
 * peak)): the kernels' scale is rounded, and kept within bounds, so the largest logit itself takes
 * the exact one. */
static double excess_of(const head_state *s, size_t i)
{
    const head_row *row = &s->row[i];
    if (row->label < 0 || row->sum == 0.0) return -HUGE_VAL; /* no other class */
    const double most = (double)best_other(s, i);
    const double above = (double)s->scale[i] * (row->peak - most) + dm_log(row->sum);
    return row->scale * most + above - target_logit(s, row);
}

static void set_losses(head_state *s, size_t first, size_t count)
{
    double excess[MARGIN_LANES] = {0}, loss[MARGIN_LANES], miss[MARGIN_LANES];
    for (size_t i = 0; i < count; i++)
        combine_shards(s, first + i, &s->row[first + i]);
    for (size_t i = 0; i < count; i++)
        excess[i] = excess_of(s, first + i);
    margin_softplus(excess, count, loss, miss);
    for (size_t i = 0; i < count; i++) {
        s->row[first + i].loss = loss[i];
        s->row[first + i].miss = miss[i];
    }
}

/* The others' mean weight, as packed, plus by_w w, into scratch->line. */
static void mean_of_others(head_state *s, size_t i, const float *w, float by_w,
                           head_scratch *scratch)
{
    const head_row *row = &s->row[i];
    const size_t n = s->plan.rows, padded = s->plan.panels * 16;
    float share[MARGIN_SHARDS];
    for (size_t p = 0; p < s->plan.shards; p++) {
        share[p] = 0.0f;
        if (s->shard_sum[p * n + i] > 0.0) {
            share[p] = (float)(shard_factor(s, p, i, row->peak) / row->sum);
        }
    }
    const float *part = s->shard_x + i / 16 * padded * 16 + i % 16 * 16;
    s->kernels->packing->combine(w, by_w, part, padded * n, 256, share, s->plan.shards,
                                 s->call->dim, scratch->line);
}

/* scratch->line into dX, without its part along x where x is normalised. */
static void write_line(const head_state *s, size_t i, double factor, int project,
                       const head_scratch *scratch, float *out)
{
    float first, second;
    margin_split_factor(factor, &first, &second);
    const margin_unit unit = margin_unit_of(embedding_of(s, i), s->row[i].norm);
    s->kernels->packing->finish_row(scratch->line, project ? &unit : NULL, s->call->dim, first,
                                    second, out);
}

/* Raw inner products: the others' mean weight less the target's. Either alone may be beyond
 * float32. */
static void write_raw_gradient(head_state *s, size_t i, double factor, const float *w,
                               head_scratch *scratch, float *out)
{
    mean_of_others(s, i, NULL, 0.0f, scratch);
    for (size_t d = 0; d < s->call->dim; d++) {
        const double mean = (double)scratch->line[d] * s->weight_unpack;
        out[d] = margin_to_float(factor * (mean - (double)w[d]));
    }
}

/* dX of a normalised embedding. */
static void write_normalised_gradient(head_state *s, size_t i, double factor, const float *x,
                                      const float *w, head_scratch *scratch, float *out)
{
    const head_row *row = &s->row[i];
    const margin_pair *pair = &row->pair;
    if (margin_pair_is_wide(pair)) {
        const double by_w = row->target.slope / (pair->angle.sine * pair->norm_w);
        mean_of_others(s, i, w, (float)by_w, scratch);
        write_line(s, i, factor, 1, scratch, out);
    } else {
        mean_of_others(s, i, NULL, 0.0f, scratch);
        write_line(s, i, factor, 1, scratch, out);
        margin_add_tangent_x(s->kernels, pair, x, w, s->call->dim, factor * row->target.slope, out);
    }
}

static void write_gradient(head_state *s, size_t i, head_scratch *scratch, float *out)
{
    const margin_kernels *k = s->kernels;
    const head_row *row = &s->row[i];
    const size_t dim = s->call->dim;
    const float *x = embedding_of(s, i), *w = target_weight_of(s, i);
    const double pull = row->miss * row->weight;
    if (pull == 0.0 || (row->norm == 0.0 && !s->raw)) {
        memset(out, 0, dim * sizeof *out);
    } else if (s->raw) {
        write_raw_gradient(s, i, pull * s->context->config.scale, w, scratch, out);
    } else if (s->keep_norm) {
        mean_of_others(s, i, NULL, 0.0f, scratch);
        write_line(s, i, pull, 0, scratch, out);
        margin_add_tangent_x(k, &row->pair, x, w, dim, pull * row->target.slope, out);
        k->pairs->add_combination(x, -pull * row->target.psi / row->pair.norm_x, x, 0.0, dim, out);
    } else {
        const double factor = pull * row->scale / row->pair.norm_x;
        write_normalised_gradient(s, i, factor, x, w, scratch, out);
    }
}

/* What dW takes of the row, in units of gradient_unit: of the others' part and of the target's. */
static void set_shares(const head_state *s, size_t i, head_row *row)
{
    const double scale = s->raw ? s->context->config.scale : row->scale;
    const double share = row->miss * row->weight * (scale / s->gradient_unit);
    row->share = share * row->unpack;
    s->target_share[s->first_row + i] = s->raw ? -share : share * row->target.slope;
}

float margin_head_target_entry(head_state *s, size_t i, float factor)
{
    const head_row *row = &s->row[i];
    double *share = &s->target_share[s->first_row + i];
    if (!s->raw && !margin_pair_is_wide(&row->pair)) return 0.0f;
    const double entry = *share * (s->raw ? row->unpack : 1.0 / row->pair.angle.sine) / factor;
    if (!(fabs(entry) < MOST_ENTRY)) return 0.0f; /* or no factor */
    *share = 0.0;
    return (float)entry;
}

static void finish_row(head_state *s, size_t i, head_scratch *scratch)
{
    margin_head *call = s->call;
    head_row *row = &s->row[i];
    const size_t at = s->first_row + i;
    const int counts = row->label >= 0;
    if (counts && s->plan.want_w) set_shares(s, i, row);
    if (call->row_loss != NULL) call->row_loss[at] = margin_to_float(row->loss);
    if (call->row_angle != NULL)
        call->row_angle[at] = counts ? (float)margin_theta(&row->pair.angle) : 0.0f;
    if (call->row_correct != NULL)
        call->row_correct[at] = counts && s->target_dot[i] >= best_other(s, i);
    if (call->grad_embeddings == NULL) return;
    float *out = call->grad_embeddings + at * call->grad_embeddings_stride;
    if (counts) {
        write_gradient(s, i, scratch, out);
    } else {
        memset(out, 0, call->dim * sizeof *out);
    }
}

void margin_head_finish_rows(head_state *s, size_t first, size_t count, head_scratch *scratch)
{
    set_losses(s, first, count);
    for (size_t i = first; i < first + count; i++)
        finish_row(s, i, scratch);
}
