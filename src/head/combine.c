/* combine.c: the shards of a row, of one process or of many, to one log-sum-exp of its negatives
 * and from there to its loss. It reads nothing of the negatives but head_stats. */
#include <float.h>
#include <math.h>

#include "dmath.h"
#include "head/geometry.h"

double margin_head_shard_factor(const head_rows *rows, const head_stats *shard, size_t i,
                                float peak)
{
    const float own = shard->peak[i];
    return own == peak
               ? 1.0
               : dm_exp((double)head_term_row(rows, i).scale * ((double)own - (double)peak));
}

head_merge margin_head_merge(const head_rows *rows, head_stats *first, const head_stats *second,
                             size_t i)
{
    const double a = first->sum[i], b = second->sum[i];
    first->most[i] = fmaxf(first->most[i], second->most[i]);
    if (!(b > 0.0)) return (head_merge){1.0f, 0.0f};
    const float peak = a > 0.0 ? fmaxf(first->peak[i], second->peak[i]) : second->peak[i];
    const double by_a = a > 0.0 ? margin_head_shard_factor(rows, first, i, peak) : 0.0;
    const double by_b = margin_head_shard_factor(rows, second, i, peak);
    first->sum[i] = a * by_a + b * by_b;
    first->peak[i] = peak;
    return (head_merge){(float)by_a, (float)by_b};
}

/* Sets the peak, the sum and the largest inner product of row i over all shards. */
static void combine_row(const head_rows *rows, const head_stats *stats, size_t shards, size_t i,
                        head_result *r)
{
    r->peak = -INFINITY;
    r->most = -FLT_MAX;
    for (size_t p = 0; p < shards; p++) {
        if (stats[p].sum[i] > 0.0) r->peak = fmaxf(r->peak, stats[p].peak[i]);
        r->most = fmaxf(r->most, stats[p].most[i]);
    }
    r->sum = 0.0;
    for (size_t p = 0; p < shards; p++) {
        const double sum = stats[p].sum[i];
        if (sum > 0.0) r->sum += sum * margin_head_shard_factor(rows, &stats[p], i, r->peak);
    }
}

/* Sets the log-sum-exp of row i's negatives and returns the excess; -infinity for a row that does
 * not count. */
static double excess_of(const head_call *call, const head_rows *rows, size_t i, head_result *r)
{
    const head_row *row = &rows->row[i];
    r->others = -HUGE_VAL;
    if (row->label < 0) return -HUGE_VAL;
    const margin_negatives negatives = {r->peak, r->most, r->sum};
    r->others = margin_log_sum_exp(head_term_row(rows, i), row->scale, &negatives);
    return r->others - call->geometry->target_logit(call, row);
}

/* Goes loop by loop: while one row's logarithm waits for itself, those of others are computed. */
void margin_head_combine(const head_call *call, const head_rows *rows, const head_stats *stats,
                         size_t shards, size_t first, size_t count, head_result *results)
{
    double excess[MARGIN_LANES] = {0}, loss[MARGIN_LANES], miss[MARGIN_LANES];
    head_result *result = results + first;
    for (size_t k = 0; k < count; k++)
        combine_row(rows, stats, shards, first + k, &result[k]);
    for (size_t k = 0; k < count; k++)
        excess[k] = excess_of(call, rows, first + k, &result[k]);
    margin_softplus(excess, count, loss, miss);
    for (size_t k = 0; k < count; k++) {
        result[k].loss = loss[k];
        result[k].miss = miss[k];
        result[k].share = 0.0;
    }
}
