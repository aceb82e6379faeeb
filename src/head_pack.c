/* head_pack.c: raw rows of X and W into the layouts of kernels.h: normalised, or, for raw inner
 * products, brought to a safe size by a power of two. */
#include "head_state.h"

#include <math.h>
#include <string.h>

double margin_norm(const margin_kernels *kernels, const float *x, size_t n)
{
    const double fast = sqrt((double)kernels->packing->sum_squares(x, n, 1.0f));
    if (margin_is_ordinary(fast)) return fast;
    double sum = 0.0; /* no square of a float32 leaves double's range */
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    if (!(sum < 1e300)) return NAN;
    if (sum == 0.0) return 0.0;
    /* Again at a safe size: a vector and its multiple by a power of two agree to the bit. */
    const double power = margin_power_for(sqrt(sum));
    return sqrt((double)kernels->packing->sum_squares(x, n, (float)power)) / power;
}

double margin_power_for(double norm)
{
    if (!(norm > 0.0) || margin_is_ordinary(norm)) return 1.0;
    int exponent;
    frexp(norm, &exponent);
    return ldexp(1.0, exponent > 126 ? -126 : exponent < -127 ? 127 : -exponent);
}

double margin_raw_power(const margin_head *call, double norm)
{
    return margin_power_for(call->bias != NULL ? fmax(norm, 1.0) : norm);
}

margin_unit margin_unit_of(const float *x, double norm)
{
    const double power = margin_power_for(norm);
    return margin_unit_at(x, norm * power, (float)power);
}

/* A vector into columns. */
static void pack(const head_state *s, const margin_unit *unit, float *columns, size_t stride)
{
    s->kernels->packing->pack_row(unit->vector, s->call->dim, unit->power, unit->high, unit->low,
                                  columns, stride);
}

/* For raw inner products: a vector times a power of two, with its bias behind it. */
static void pack_raw(const head_state *s, const float *x, const float *bias, double power,
                     float *columns, size_t stride)
{
    const size_t n = s->call->dim;
    const margin_unit unit = {x, (float)power, 1.0f, 0.0f};
    pack(s, &unit, columns, stride);
    if (bias == NULL) return;
    float *panel = columns + n / 16 * stride;
    if (n % 16 == 0) memset(panel, 0, 16 * sizeof(float));
    panel[n % 16] = (float)((double)*bias * power);
}

/* Any class. */
static void pack_weight(head_state *s, size_t j, float *columns, size_t stride,
                        head_scratch *scratch)
{
    const margin_head *call = s->call;
    const float *w = call->weights + j * call->weights_stride;
    s->norms[j] = margin_norm(s->kernels, w, call->dim);
    if (isnan(s->norms[j]) && j < scratch->bad_class) scratch->bad_class = j;
    if (s->raw) {
        const float *bias = call->bias == NULL ? NULL : call->bias + j;
        pack_raw(s, w, bias, 1.0 / s->weight_unpack, columns, stride);
    } else {
        const margin_unit unit = margin_unit_of(w, s->norms[j]);
        pack(s, &unit, columns, stride);
    }
}

void margin_pack_weights(head_state *s, size_t block, float *columns, head_scratch *scratch)
{
    const margin_head *call = s->call;
    const size_t stride = s->plan.block * 16, first = head_block_first(&s->plan, block);
    const size_t count = head_block_count(&s->plan, block, call->classes);
    const float *w = call->weights + first * call->weights_stride;
    for (size_t j = 0; j < count; j++) {
        if (!s->raw)
            j += s->kernels->packing->pack_units(w + j * call->weights_stride, call->weights_stride,
                                                 call->dim, count - j, s->norms + first + j,
                                                 columns + j * 16, stride);
        if (j < count) pack_weight(s, first + j, columns + j * 16, stride, scratch);
    }
}

const float *margin_block_weights(head_state *s, size_t block, head_scratch *scratch)
{
    const head_plan *p = &s->plan;
    if (p->keep_packed) return s->packed + block * p->block * p->panels * 16;
    margin_pack_weights(s, block, scratch->weights, scratch);
    return scratch->weights;
}

void margin_fetch_weights(const head_state *s, size_t first, size_t count, margin_ahead *ahead)
{
    const margin_head *call = s->call;
    if (first >= call->classes) return;
    const size_t there = call->classes - first < count ? call->classes - first : count;
    const float *from = call->weights + first * call->weights_stride;
    ahead->region[0].next = (const char *)from;
    ahead->region[0].end = (const char *)(from + (there - 1) * call->weights_stride + call->dim);
}

void margin_pack_embedding(head_state *s, size_t i)
{
    const size_t stride = head_row_stride(&s->plan);
    const head_row *row = &s->row[i];
    float *columns = s->columns + i * 16;
    const float *x = s->call->embeddings + (s->first_row + i) * s->call->embeddings_stride;
    if (row->label < 0) {
        for (size_t p = 0; p < s->plan.panels; p++)
            memset(columns + p * stride, 0, 16 * sizeof(float));
    } else if (s->raw) {
        const float one = 1.0f;
        pack_raw(s, x, s->call->bias == NULL ? NULL : &one, 1.0 / row->unpack, columns, stride);
    } else {
        const margin_unit unit = margin_unit_of(x, row->norm);
        pack(s, &unit, columns, stride);
    }
}
