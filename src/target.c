/* target.c: what target.h declares, in double: angles, tangents and losses of N pairs. */
#include "target.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "dmath.h"

/* Up to this |cos(theta)|, x . w gives the angle to the last digits of a double; else delta does.
 */
#define PLAIN_COSINE 0.9

/* From this sin(theta) on, alpha w - cos(theta) x keeps at least 36 of its 53 bits. */
#define PLAIN_SINE 0x1p-16

/* From this sin(theta) on a tangent is no more than twice as short as what it is the difference of.
 * Lengths within these bounds are ordinary factors in float32. */
#define WIDE_SINE    0.5
#define LEAST_LENGTH 0x1p-60
#define MOST_LENGTH  0x1p+60

/* How far a peak is put above the largest logit. Less makes it rise more often, more costs digits
 * in the exponent. */
#define HEADROOM 1.0

/* Below this part of |x| the vectors are parallel: the noise of delta is near 2^-83. */
#define PARALLEL 0x1p-70

float margin_to_float(double x)
{
    if (x > (double)FLT_MAX) return FLT_MAX;
    if (x < -(double)FLT_MAX) return -FLT_MAX;
    return (float)x;
}

/* The kernels' scale is never 0 (0 times a masked -infinity is NaN) and small enough that products
 * stay finite. */
margin_term_row margin_term_row_of(double scale, const margin_target *target)
{
    const margin_term_row row = {.scale = (float)fmin(fmax(scale, 0x1p-120), 0x1p+100)};
    (void)target;
    return row;
}

void margin_split_factor(double factor, float *first, float *second)
{
    const double size = fabs(factor);
    double power = 1.0;
    if (size > 0x1p100) power = 0x1p100;
    if (size > 0x1p200) power = 0x1p127;
    if (size < 0x1p-100) power = 0x1p-60;
    if (size < 0x1p-160) power = 0x1p-126;
    *first = margin_to_float(factor / power);
    *second = (float)power;
}

float margin_raise_peak(margin_term_row row, float max, float *peak)
{
    const float ruled = margin_ruled(row, max);
    if (!(ruled > *peak)) return 1.0f;
    const double old = (double)*peak, s = (double)row.scale;
    *peak = margin_to_float((double)ruled + HEADROOM / s);
    if (old == (double)MARGIN_NO_PEAK) return 0.0f;
    return (float)dm_exp(s * (old - (double)*peak));
}

/* Returns the top 29 bits of x, so that a product with a float32 is exact. */
static double top_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= ~(((uint64_t)1 << 24) - 1);
    memcpy(&x, &bits, sizeof x);
    return x;
}

margin_angle margin_angle_of(double cosine)
{
    const double sine = sqrt((1.0 - cosine) * (1.0 + cosine));
    const margin_angle angle = {sine, cosine};
    return angle;
}

/* Measures the angle of a pair near 0 or pi, by delta. */
static void measure_delta(const margin_pairs *pairs, margin_pair *p, const float *x, const float *w,
                          size_t n)
{
    double sums[3];
    p->delta.alpha_high = top_bits(p->alpha);
    p->delta.alpha_low = p->alpha - p->delta.alpha_high;
    p->delta.sigma = p->inner > 0.0 ? 1.0 : -1.0;
    pairs->delta_sums(&p->delta, x, w, n, sums);
    p->along_x = sums[1] / (p->norm_x * p->norm_x);
    p->along_w = sums[2] / (p->norm_w * p->norm_w);
    const double across2 = sums[0] - p->along_x * sums[1];
    const double across = across2 > 0.0 ? sqrt(across2) : 0.0;
    p->across = across > PARALLEL * p->norm_x ? across : 0.0;
    p->angle.sine = p->across / p->norm_x;
    p->angle.cosine = p->across == 0.0 ? p->delta.sigma : p->delta.sigma + p->along_x;
}

void margin_pair_start(const margin_pairs *pairs, const float *x, const float *w, size_t n,
                       margin_pair *pair)
{
    double sums[3];
    pairs->pair_sums(x, w, n, sums);
    pair->norm_x = sqrt(sums[0]);
    pair->norm_w = sqrt(sums[1]);
    pair->inner = sums[2];
}

void margin_pair_finish(const margin_pairs *pairs, const float *x, const float *w, size_t n,
                        margin_pair *pair)
{
    pair->angle = (margin_angle){1.0, 0.0};
    pair->across = 0.0;
    if (pair->norm_x == 0.0 || pair->norm_w == 0.0) return;
    pair->alpha = pair->norm_x / pair->norm_w;
    const double cosine = pair->inner / (pair->norm_x * pair->norm_w);
    if (fabs(cosine) > PLAIN_COSINE) {
        measure_delta(pairs, pair, x, w, n);
    } else {
        pair->angle = margin_angle_of(cosine);
        pair->across = pair->norm_x * pair->angle.sine;
    }
}

margin_pair margin_pair_of(const margin_pairs *pairs, const float *x, const float *w, size_t n)
{
    margin_pair pair;
    margin_pair_start(pairs, x, w, n, &pair);
    margin_pair_finish(pairs, x, w, n, &pair);
    return pair;
}

int margin_pair_is_wide(const margin_pair *pair)
{
    return pair->across != 0.0 && pair->angle.sine >= WIDE_SINE && pair->norm_w >= LEAST_LENGTH &&
           pair->norm_w <= MOST_LENGTH;
}

void margin_add_tangent_x(const margin_pairs *pairs, const margin_pair *pair, const float *x,
                          const float *w, size_t n, double factor, float *out)
{
    if (pair->across == 0.0 || factor == 0.0) return;
    const double f = factor / pair->across;
    if (pair->angle.sine < PLAIN_SINE) {
        pairs->add_tangent(&pair->delta, x, w, x, pair->along_x, f, n, out);
    } else {
        pairs->add_combination(x, -f * pair->angle.cosine, w, f * pair->alpha, n, out);
    }
}

void margin_add_tangent_w(const margin_pairs *pairs, const margin_pair *pair, const float *x,
                          const float *w, size_t n, double factor, float *out)
{
    if (pair->across == 0.0 || factor == 0.0) return;
    const double f = factor / pair->across;
    if (pair->angle.sine < PLAIN_SINE) {
        pairs->add_tangent(&pair->delta, x, w, w, pair->along_w, -pair->delta.sigma * f, n, out);
    } else {
        pairs->add_combination(x, f, w, -f * pair->angle.cosine * pair->alpha, n, out);
    }
}

/* The sum is that of exp(kernel scale (inner product - peak)): the kernels' scale is rounded, and
 * kept within bounds, so the largest inner product itself takes the exact one. */
double margin_log_sum_exp(margin_term_row row, double scale, const margin_negatives *negatives)
{
    if (negatives->sum == 0.0) return -HUGE_VAL;
    const double most = (double)margin_ruled(row, negatives->most);
    const double rise = (double)negatives->peak - most;
    return scale * most + ((double)row.scale * rise + dm_log(negatives->sum));
}

/* Goes loop by loop, so that the series of several rows are computed side by side. */
void margin_softplus(const double *excess, size_t rows, double *loss, double *miss)
{
    double e[MARGIN_LANES];
    for (size_t i = 0; i < rows; i++)
        e[i] = dm_exp(-fabs(excess[i]));
    for (size_t i = 0; i < rows; i++)
        loss[i] = dm_log1p(e[i]) + fmax(excess[i], 0.0);
    for (size_t i = 0; i < rows; i++)
        miss[i] = (excess[i] > 0.0 ? 1.0 : e[i]) / (1.0 + e[i]);
}
