/* head_pack.c: raw rows of X and W into the layouts of kernels.h: normalised, or, for raw inner
 * products, brought to a safe size by a power of two. */
#include "head_state.h"

#include <math.h>
#include <string.h>

double margin_norm(const margin_kernels *kernels, const float *x, size_t n)
{
    const float fast = kernels->sum_squares(x, n, 1.0f);
    if (fast > 0x1p-80f && fast < 0x1p+100f) return sqrt((double)fast);
    double sum = 0.0; /* no square of a float32 leaves double's range */
    for (size_t i = 0; i < n; i++)
        sum += (double)x[i] * (double)x[i];
    if (!(sum < 1e300)) return NAN;
    if (sum == 0.0) return 0.0;
    /* Again at a safe size: a vector and its multiple by a power of two agree to the bit. */
    const double power = margin_power_for(sqrt(sum));
    return sqrt((double)kernels->sum_squares(x, n, (float)power)) / power;
}

double margin_power_for(double norm)
{
    if (!(norm > 0.0) || (norm > 0x1p-40 && norm < 0x1p+50)) return 1.0;
    int exponent;
    frexp(norm, &exponent);
    return ldexp(1.0, exponent > 126 ? -126 : exponent < -127 ? 127 : -exponent);
}

double margin_raw_power(const margin_head *call, double norm)
{
    return margin_power_for(call->bias != NULL ? fmax(norm, 1.0) : norm);
}

/* x, perhaps with a bias behind it, into columns. */
static void pack(const head_state *s, const float *x, const float *extra, double power,
                 double inverse, float *columns, size_t stride)
{
    const size_t n = s->call->dim;
    const float high = (float)inverse;
    s->kernels->pack_row(x, n, (float)power, high, (float)(inverse - (double)high), columns,
                         stride);
    if (extra == NULL) return;
    float *panel = columns + n / 16 * stride;
    if (n % 16 == 0) memset(panel, 0, 16 * sizeof(float));
    panel[n % 16] = (float)((double)*extra * power);
}

void margin_pack_weights(head_state *s, size_t first, size_t count, head_scratch *scratch)
{
    const size_t stride = s->plan.block * 16;
    for (size_t j = 0; j < count; j++) {
        const float *w = s->call->weights + (first + j) * s->call->weights_stride;
        const float *bias = s->call->bias == NULL ? NULL : s->call->bias + first + j;
        const double norm = margin_norm(s->kernels, w, s->call->dim);
        if (isnan(norm) && first + j < scratch->bad_class) scratch->bad_class = first + j;
        scratch->norms[j] = norm;
        if (s->raw) {
            pack(s, w, bias, 1.0 / s->weight_unpack, 1.0, scratch->weights + j * 16, stride);
        } else {
            const double power = margin_power_for(norm);
            const double inverse = norm > 0.0 ? 1.0 / (norm * power) : 0.0;
            pack(s, w, NULL, power, inverse, scratch->weights + j * 16, stride);
        }
    }
}

void margin_pack_embedding(head_state *s, size_t i)
{
    const size_t stride = s->plan.rows * 16, padded = s->plan.panels * 16;
    const head_row *row = &s->row[i];
    float *columns = s->columns + i * 16;
    if (row->label < 0) {
        for (size_t p = 0; p < s->plan.panels; p++)
            memset(columns + p * stride, 0, 16 * sizeof(float));
    } else {
        const float *x = s->call->embeddings + (s->first_row + i) * s->call->embeddings_stride;
        const double power = s->raw ? 1.0 / row->unpack : margin_power_for(row->norm);
        const double norm = row->norm > 0.0 ? 1.0 / (row->norm * power) : 0.0;
        const float one = 1.0f;
        pack(s, x, s->call->bias == NULL ? NULL : &one, power, s->raw ? 1.0 : norm, columns,
             stride);
    }
    float *lanes = s->lanes + i / 16 * padded * 16 + i % 16;
    for (size_t d = 0; d < padded; d++)
        lanes[d * 16] = columns[d / 16 * stride + d % 16];
}
