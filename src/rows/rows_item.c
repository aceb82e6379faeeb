/* rows_item.c: rows of the rows level from logits to gradients. It knows no thread. */
#include "rows/rows_state.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "dmath.h"
#include "target.h"

/* The least sin(theta) at which psi is differentiated: where a float32 cosine has reached +-1. */
#define LEAST_SINE 0x1p-12

/* ---- one row ---- */

static margin_angle angle_of(double cosine)
{
    return margin_angle_of(fmin(fmax(cosine, -1.0), 1.0));
}

/* Returns d psi / d cosine = -slope / sin(theta) of a row, and its limit where the loss has one. */
static double slope_at(const margin_setting *setting, const margin_row *row,
                       const margin_target *target)
{
    if (row->angle.sine < LEAST_SINE) {
        const double cosine = sqrt((1.0 - LEAST_SINE) * (1.0 + LEAST_SINE));
        margin_row least = *row;
        least.angle = (margin_angle){LEAST_SINE, row->angle.cosine > 0.0 ? cosine : -cosine};
        return -margin_target_at(setting, &least).slope / LEAST_SINE;
    }
    return -target->slope / row->angle.sine;
}

static double scale_of(const rows_state *s, size_t i)
{
    if (s->call->row_scale != NULL) return (double)s->call->row_scale[i];
    return s->context->config.scale;
}

static void start_row(const rows_state *s, size_t i, rows_item *item)
{
    const margin_rows *call = s->call;
    item->row = i;
    item->x = call->logits + i * call->logits_stride;
    item->out = call->grad_logits == NULL ? NULL : call->grad_logits + i * call->grad_logits_stride;
    const int64_t label = margin_label(&s->labels, i);
    item->label = label < 0 ? SIZE_MAX : (size_t)label;
    item->peak = MARGIN_NO_PEAK;
    item->most = -FLT_MAX;
    item->sum = 0.0;
    item->total = 0.0;
    item->even = 0.0f;
    if (s->line_size == 0) item->line = item->out;
    item->pending = (margin_pending){.stream = s->stream};
    if (item->label == SIZE_MAX) return;
    const double cosine = (double)item->x[item->label];
    item->scale = scale_of(s, i);
    const margin_setting *setting = &s->context->setting;
    const margin_geometry geometry = margin_geometry_of(&s->context->config);
    const double norm = geometry == MARGIN_GEOMETRY_KEPT ? item->scale : NAN;
    margin_margins own;
    const margin_row row = {angle_of(cosine), norm, label,
                            margin_row_margins(setting, &s->margins, i, label, &own)};
    const margin_target target = margin_target_at(setting, &row);
    const int raw = geometry == MARGIN_GEOMETRY_RAW;
    item->slope = raw || item->out == NULL ? 1.0 : slope_at(setting, &row, &target);
    item->logit = item->scale * (raw ? cosine : target.psi);
    item->terms = margin_term_row_of(item->scale, &target);
}

/* A chunk of classes but for the target: two pieces round it. */
typedef struct chunk {
    size_t first, count, second, second_count;
} chunk;

/* Returns the chunk from class `first` on. */
static chunk chunk_of(const rows_state *s, size_t first, size_t label)
{
    const size_t end = margin_least(first + MARGIN_CHUNK, s->call->classes);
    chunk c = {.first = first, .count = end - first, .second = end};
    if (label < first || label >= end) return c;
    c.count = label - first;
    c.second = label + 1;
    c.second_count = end - label - 1;
    return c;
}

/* Raises a row's peak for a chunk with this maximum, and returns what earlier sums are to be
 * multiplied by. The peak of an only chunk is the maximum itself: a single negative's term is then
 * 1. */
static float raise_peak(const rows_state *s, rows_item *item, float max)
{
    if (max > item->most) item->most = max;
    if (s->call->classes > MARGIN_CHUNK) return margin_raise_peak(item->terms, max, &item->peak);
    item->peak = margin_ruled(item->terms, item->most);
    return 0.0f;
}

/* Returns the logits MARGIN_CHUNK elements after x, or x where there are none. */
static const float *ahead_of(const rows_state *s, const float *x)
{
    const margin_rows *call = s->call;
    const size_t at = (size_t)(x - call->logits);
    const size_t all = (call->rows - 1) * call->logits_stride + call->classes;
    return at + 2 * MARGIN_CHUNK <= all ? x + MARGIN_CHUNK : x;
}

/* Writes a chunk's terms to `line` and adds them to the row's sum, while what is pending gets
 * written. Returns 1 unless a value is a NaN or an infinity. */
static int take_chunk(const rows_state *s, rows_item *item, const chunk *c, float *line,
                      margin_pending *pending)
{
    const margin_terms *k = s->context->kernels.terms;
    const float *x = item->x + c->first, *ahead = ahead_of(s, x);
    const size_t past = c->second - c->first;
    float max = -FLT_MAX;
    const int finite = k->row_max(x, c->count, &max) & k->row_max(x + past, c->second_count, &max);
    const float keep = raise_peak(s, item, max);
    double sum = (double)k->row_exp(x, c->count, item->terms, item->peak, line, ahead, pending);
    if (c->second_count > 0)
        sum += (double)k->row_exp(x + past, c->second_count, item->terms, item->peak, line + past,
                                  ahead + past, pending);
    item->sum = item->sum * (double)keep + sum;
    return finite;
}

/* Returns the sum of n logits: of 8 chains in double, for one would wait for itself. */
static double sum_of(const float *x, size_t n)
{
    double chain[8] = {0.0}, total = 0.0;
    size_t j = 0;
    for (; j + 8 <= n; j += 8)
        for (size_t k = 0; k < 8; k++)
            chain[k] += (double)x[j + k];
    for (; j < n; j++)
        chain[j % 8] += (double)x[j];
    for (size_t k = 0; k < 8; k++)
        total += chain[k];
    return total;
}

/* Takes a row that does not count: its gradient is 0. Returns 1 unless a value is a NaN or an
 * infinity. */
static int skip_row(const rows_state *s, const rows_item *item)
{
    const int finite = s->context->kernels.terms->row_finite(item->x, s->call->classes);
    if (item->out != NULL) memset(item->out, 0, s->call->classes * sizeof *item->out);
    return finite;
}

/* Computes a row's terms and their sum, while what is pending gets written; `unused` is room for
 * terms that nobody wants. Returns 1 unless a value is a NaN or an infinity, and that matters. */
static int take_row(const rows_state *s, rows_item *item, float *unused, margin_pending *pending)
{
    if (item->label == SIZE_MAX) return skip_row(s, item) | s->context->config.skip_finite_check;
    int finite = isfinite(item->x[item->label]);
    for (size_t first = 0; first < s->call->classes; first += MARGIN_CHUNK) {
        const chunk c = chunk_of(s, first, item->label);
        if (s->smoothing > 0.0)
            item->total +=
                sum_of(item->x + c.first, c.count) + sum_of(item->x + c.second, c.second_count);
        float *line = item->out == NULL ? unused : item->line + first;
        finite &= take_chunk(s, item, &c, line, pending);
        if (item->out != NULL) item->chunk_peaks[first / MARGIN_CHUNK] = item->peak;
    }
    return finite | s->context->config.skip_finite_check;
}

/* Brings the terms of chunks that had a lower peak under the row's. */
static void even_chunks(const rows_state *s, const rows_item *item)
{
    const double scale = (double)item->terms.scale;
    for (size_t first = 0; first < s->call->classes; first += MARGIN_CHUNK) {
        const double peak = (double)item->chunk_peaks[first / MARGIN_CHUNK];
        if (peak == (double)item->peak) continue;
        const chunk c = chunk_of(s, first, item->label);
        float *one = item->line + c.first, *two = item->line + c.second;
        const float keep = (float)dm_exp(scale * (peak - (double)item->peak));
        margin_pending p = {{{one, one, c.count}, {two, two, c.second_count}}, keep, 1.0f, 0};
        s->context->kernels.terms->row_store(&p);
    }
}

/* Writes the log-sum-exp of a row's negatives where it is wanted, and returns the excess, -infinity
 * for a row that does not count. */
static double excess_of(const rows_state *s, const rows_item *item)
{
    const int counts = item->label != SIZE_MAX;
    const margin_negatives negatives = {item->peak, item->most, item->sum};
    const double others = counts ? margin_log_sum_exp(item->terms, item->scale, &negatives) : 0.0;
    if (s->call->row_others != NULL) s->call->row_others[item->row] = margin_to_float(others);
    return counts ? others - item->logit : -HUGE_VAL;
}

/* Returns the row's target logit less the mean of all its logits. */
static double lead_of(const rows_state *s, const rows_item *item)
{
    const double classes = (double)s->call->classes;
    return ((classes - 1.0) * item->logit - item->scale * item->total) / classes;
}

/* Writes the target's gradient of a row; the negatives' is pending from now on. */
static void finish_row(const rows_state *s, rows_item *item, double miss)
{
    const margin_rows *call = s->call;
    const size_t y = item->label, classes = call->classes;
    if (item->out == NULL || y == SIZE_MAX) return;
    const double weight = margin_row_weight(&s->weighting, item->row, (int64_t)y);
    const double factor = miss * weight * item->scale;
    const double even = s->smoothing * weight * item->scale / (double)classes;
    even_chunks(s, item);
    margin_pending *p = &item->pending;
    margin_split_factor(item->sum > 0.0 ? factor / item->sum : 0.0, &p->first, &p->second);
    p->region[0].from = item->line;
    p->region[0].to = item->out;
    p->region[0].left = y;
    p->region[1].from = item->line + y + 1;
    p->region[1].to = item->out + y + 1;
    p->region[1].left = classes - y - 1;
    item->even = (float)-even;
    item->out[y] = margin_to_float(-(factor - even * (double)(classes - 1)) * item->slope);
}

/* ---- some rows ---- */

void margin_rows_start(const rows_state *s, size_t thread, rows_worker *w)
{
    float *items = s->items + thread * 2 * s->group * s->item_size;
    w->at = 0;
    w->bad = SIZE_MAX;
    for (size_t k = 0; k < 2 * s->group; k++) {
        rows_item *item = &w->item[k / s->group][k % s->group];
        item->line = items + k * s->item_size;
        item->chunk_peaks = item->line + s->line_size;
        item->pending = (margin_pending){.stream = s->stream};
        item->even = 0.0f;
    }
}

/* Fetches the targets' logits of the rows from `first` on: they are far apart, each a wait for
 * memory. */
static void fetch_targets(const rows_state *s, size_t first)
{
    const margin_rows *call = s->call;
    const size_t end = margin_least(first + s->group, call->rows);
    for (size_t i = first; i < end; i++) {
        const int64_t label = margin_label(&s->labels, i);
        if (label >= 0)
            s->context->kernels.terms->prefetch(call->logits + i * call->logits_stride + label);
    }
}

/* Adds what label smoothing gives to a row's gradient, all of which is written. */
static void add_even(const rows_state *s, rows_item *item)
{
    if (item->even == 0.0f) return;
    for (size_t j = 0; j < s->call->classes; j++)
        if (j != item->label) item->out[j] += item->even;
    item->even = 0.0f;
}

static void store_group(const rows_state *s, rows_item *group)
{
    for (size_t k = 0; k < s->group; k++) {
        s->context->kernels.terms->row_store(&group[k].pending);
        if (s->smoothing > 0.0) add_even(s, &group[k]);
    }
}

void margin_rows_take(const rows_state *s, rows_worker *w, size_t first)
{
    const size_t count = margin_least(s->group, s->call->rows - first);
    rows_item *now = w->item[w->at], *before = w->item[1 - w->at];
    double excess[MARGIN_GROUP] = {0}, loss[MARGIN_GROUP], miss[MARGIN_GROUP];
    for (size_t k = 0; k < count; k++)
        start_row(s, first + k, &now[k]);
    fetch_targets(s, first + count);
    for (size_t k = 0; k < count; k++) {
        if (!take_row(s, &now[k], w->unused, &before[k].pending)) {
            w->bad = margin_least(w->bad, first + k);
            now[k].label = SIZE_MAX;
        }
    }
    store_group(s, before); /* what is left; the last group is shorter, and not always taken last */
    for (size_t k = 0; k < count; k++)
        excess[k] = excess_of(s, &now[k]);
    margin_softplus(excess, count, loss, miss);
    for (size_t k = 0; k < count; k++) {
        s->loss[first + k] = now[k].label == SIZE_MAX ? 0.0 : loss[k];
        if (s->smoothing > 0.0 && now[k].label != SIZE_MAX)
            s->loss[first + k] += s->smoothing * lead_of(s, &now[k]);
        finish_row(s, &now[k], miss[k]);
    }
    w->at = 1 - w->at;
}

void margin_rows_finish(const rows_state *s, rows_worker *w)
{
    store_group(s, w->item[1 - w->at]);
    s->context->kernels.terms->drain();
}
