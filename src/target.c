/* target.c: see target.h. */
#include "target.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

#include "dmath.h"

/* Below this part of |x| the vectors are parallel: the noise of delta is near 2^-83. */
#define PARALLEL 0x1p-70

float margin_to_float(double x)
{
    if (x > (double)FLT_MAX) return FLT_MAX;
    if (x < -(double)FLT_MAX) return -FLT_MAX;
    return (float)x;
}

float margin_kernel_scale(double scale)
{
    return (float)fmin(fmax(scale, 0x1p-120), 0x1p+100);
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

/* Four interleaved sums: short chains for the compiler, one fixed order for every machine. */
typedef struct sum4 {
    double part[4];
} sum4;

static double total(const sum4 *s)
{
    return (s->part[0] + s->part[2]) + (s->part[1] + s->part[3]);
}

static double delta_at(const margin_pair *p, double x, double w)
{
    return (w * p->alpha_high - p->sigma * x) + w * p->alpha_low;
}

/* The top 29 bits of x, so that a product with a float32 is exact. */
static double top_bits(double x)
{
    uint64_t bits;
    memcpy(&bits, &x, sizeof bits);
    bits &= ~(((uint64_t)1 << 24) - 1);
    memcpy(&x, &bits, sizeof x);
    return x;
}

static void set_angle(margin_pair *p, double xx, double dd)
{
    const double across2 = dd - p->along_x * p->along_x * xx;
    const double across = across2 > 0.0 ? sqrt(across2) : 0.0;
    p->across = across > PARALLEL * p->norm_x ? across : 0.0;
    p->angle.sine = p->across / p->norm_x;
    p->angle.cosine = p->sigma + p->along_x;
    if (p->across == 0.0) p->angle.cosine = p->sigma;
    if (fabs(p->angle.cosine) < 0.5) p->angle.cosine = p->inner / (p->norm_x * p->norm_w);
    p->angle.theta = dm_atan2(p->angle.sine, p->angle.cosine);
}

margin_pair margin_pair_of(const float *x, const float *w, size_t n)
{
    sum4 xx = {{0}}, ww = {{0}}, xw = {{0}}, dd = {{0}}, dx = {{0}}, dw = {{0}};
    for (size_t i = 0; i < n; i++) {
        const double a = (double)x[i], b = (double)w[i];
        xx.part[i % 4] += a * a;
        ww.part[i % 4] += b * b;
        xw.part[i % 4] += a * b;
    }
    margin_pair p = {.angle = {DM_PI / 2.0, 1.0, 0.0}, .inner = total(&xw), .sigma = 1.0};
    p.norm_x = sqrt(total(&xx));
    p.norm_w = sqrt(total(&ww));
    if (p.norm_x == 0.0 || p.norm_w == 0.0) return p;

    const double alpha = p.norm_x / p.norm_w;
    p.alpha_high = top_bits(alpha);
    p.alpha_low = alpha - p.alpha_high;
    p.sigma = p.inner > 0.0 ? 1.0 : -1.0;
    for (size_t i = 0; i < n; i++) {
        const double a = (double)x[i], b = (double)w[i], d = delta_at(&p, a, b);
        dd.part[i % 4] += d * d;
        dx.part[i % 4] += d * a;
        dw.part[i % 4] += d * b;
    }
    p.along_x = total(&dx) / total(&xx);
    p.along_w = total(&dw) / total(&ww);
    set_angle(&p, total(&xx), total(&dd));
    return p;
}

void margin_add_tangent_x(const margin_pair *pair, const float *x, const float *w, size_t n,
                          double factor, float *out)
{
    if (pair->across == 0.0 || factor == 0.0) return;
    const double f = factor / pair->across;
    for (size_t i = 0; i < n; i++) {
        const double a = (double)x[i], d = delta_at(pair, a, (double)w[i]);
        out[i] = margin_to_float((double)out[i] + f * (d - pair->along_x * a));
    }
}

void margin_add_tangent_w(const margin_pair *pair, const float *x, const float *w, size_t n,
                          double factor, float *out)
{
    if (pair->across == 0.0 || factor == 0.0) return;
    const double f = -pair->sigma * factor / pair->across;
    for (size_t i = 0; i < n; i++) {
        const double b = (double)w[i], d = delta_at(pair, (double)x[i], b);
        out[i] = margin_to_float((double)out[i] + f * (d - pair->along_w * b));
    }
}

void margin_add_scaled(const float *x, size_t n, double factor, float *out)
{
    if (factor == 0.0) return;
    for (size_t i = 0; i < n; i++) {
        out[i] = margin_to_float((double)out[i] + factor * (double)x[i]);
    }
}

void margin_softplus(double excess, double *loss, double *miss)
{
    const double e = dm_exp(excess > 0.0 ? -excess : excess);
    *loss = dm_log1p(e) + (excess > 0.0 ? excess : 0.0);
    *miss = excess > 0.0 ? 1.0 / (1.0 + e) : e / (1.0 + e);
}
