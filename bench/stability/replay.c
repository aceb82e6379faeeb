/* replay.c: see replay.h. */
#include "replay.h"

#include <math.h>
#include <string.h>

#include "head_state.h"
#include "target.h"

int replay_is_few(const inputs *in)
{
    return in->dim <= MARGIN_SMALL_DIM && in->classes >= MARGIN_SMALL_CLASSES;
}

/* ---- cosines --------------------------------------------------------------------------------- */

static long double dot(const float *a, const float *b, size_t n)
{
    long double sum = 0;

    for (size_t k = 0; k < n; k++) {
        sum += (long double)a[k] * (long double)b[k];
    }
    return sum;
}

long double replay_length(const float *v, size_t n)
{
    return sqrtl(dot(v, v, n));
}

/* One chain of multiply-adds for each MARGIN_DIM_CHUNK dimensions. */
static float chained_dot(const float *a, const float *b, size_t n)
{
    float sum = 0;

    for (size_t first = 0; first < n; first += MARGIN_DIM_CHUNK) {
        float part = 0;
        for (size_t k = first; k < n && k < first + MARGIN_DIM_CHUNK; k++) {
            part = fmaf(a[k], b[k], part);
        }
        sum = first == 0 ? part : sum + part;
    }
    return sum;
}

/* 16 chains over every sixteenth dimension, added in halves. */
static float summed_across(const float *a, const float *b, size_t n)
{
    float lane[16] = {0};

    for (size_t k = 0; k < n; k++) {
        lane[k % 16] = fmaf(a[k], b[k], lane[k % 16]);
    }
    for (size_t half = 8; half > 0; half /= 2) {
        for (size_t i = 0; i < half; i++) {
            lane[i] += lane[i + half];
        }
    }
    return lane[0];
}

/* The vector as it goes into the products. */
static void pack(const margin_kernels *kernels, const float *v, double norm, size_t n, int raw,
                 float *out)
{
    float columns[REPLAY_DIM_MOST + 16] = {0};
    const margin_unit unit = margin_unit_of(v, norm);

    if (!raw) {
        kernels->packing->pack_row(v, n, unit.power, unit.high, unit.low, columns, 16);
    }
    memcpy(out, raw ? v : columns, n * sizeof *out);
}

/* head_small.c normalises weights in double. */
static double pack_weight(const margin_kernels *kernels, const inputs *in, size_t j, int raw,
                          float *out)
{
    const float *w = in->weights + j * in->dim;
    const int few = replay_is_few(in);
    const double norm = few ? sqrt((double)dot(w, w, in->dim)) : margin_norm(kernels, w, in->dim);

    if (!few || raw) {
        pack(kernels, w, norm, in->dim, raw, out);
        return norm;
    }
    for (size_t k = 0; k < in->dim; k++) {
        out[k] = norm > 0 ? (float)((double)w[k] * (1 / norm)) : 0;
    }
    return norm;
}

static long double over(long double product, long double norms, int raw)
{
    return raw ? product : norms > 0 ? product / norms : 0;
}

static void set_cosines(const margin_kernels *kernels, row *r)
{
    const inputs *in = r->in;
    const size_t n = in->dim;
    const float *x = in->embeddings + r->i * n;
    const float *target = in->weights + r->label * n;
    const double norm = margin_pair_of(kernels, x, target, n).norm_x;
    const int across = head_is_few(in->rows, in->dim, in->classes) && !replay_is_few(in);
    float unit_x[REPLAY_DIM_MOST], unit_w[REPLAY_DIM_MOST];

    pack(kernels, x, norm, n, r->raw, unit_x);
    for (size_t j = 0; j < in->classes; j++) {
        const double norm_w = pack_weight(kernels, in, j, r->raw, unit_w);
        const long double product = dot(x, in->weights + j * n, n);
        r->right[j] = over(product, r->norm * r->weight_norm[j], r->raw);
        r->cosine[NORMS][j] = over(product, (long double)norm * norm_w, r->raw);
        r->cosine[ELEMENTS][j] = dot(unit_x, unit_w, n);
        r->cosine[SUMS][j] =
            across ? summed_across(unit_x, unit_w, n) : chained_dot(unit_x, unit_w, n);
        r->cosine[NEAREST][j] = (float)r->right[j];
    }
}

/* ---- losses ---------------------------------------------------------------------------------- */

long double replay_others(const row *r, const long double *cosine, long double *share)
{
    long double most = -INFINITY, sum = 0;

    for (size_t j = 0; j < r->in->classes; j++) {
        most = j != r->label && cosine[j] > most ? cosine[j] : most;
    }
    for (size_t j = 0; j < r->in->classes; j++) {
        share[j] = j == r->label ? 0 : expl(r->scale * (cosine[j] - most));
        sum += share[j];
    }
    for (size_t j = 0; j < r->in->classes; j++) {
        share[j] /= sum;
    }
    return r->scale * most + logl(sum);
}

static void widen_rivals(row *r, variant which, long double least)
{
    for (size_t j = 0; j < r->in->classes; j++) {
        r->cosine[which][j] = r->share[j] > least ? r->right[j] : r->cosine[SUMS][j];
    }
}

void replay_cosines(const margin_kernels *kernels, row *r)
{
    set_cosines(kernels, r);
    replay_others(r, r->right, r->share);
    widen_rivals(r, HALF, 0.5L);
    widen_rivals(r, HUNDREDTH, 0.01L);
}

/* The rivals' part of dX, times N, into sum. */
static void pull(const row *r, const long double *share, long double miss, long double *sum)
{
    const inputs *in = r->in;
    const float *x = in->embeddings + r->i * in->dim;

    memset(sum, 0, in->dim * sizeof *sum);
    for (size_t j = 0; j < in->classes; j++) {
        const long double g = share[j] * miss * r->scale;
        const float *w = in->weights + j * in->dim;
        for (size_t k = 0; k < in->dim && (r->raw || r->weight_norm[j] > 0); k++) {
            const long double across = w[k] / r->weight_norm[j] - r->right[j] * x[k] / r->norm;
            sum[k] += r->raw ? g * w[k] : g * across / r->norm;
        }
    }
}

void replay_dx(const row *r, const long double *shares, long double loss, const float *got,
               double *from_exact, double *from_got)
{
    const size_t n = r->in->dim, rows = r->in->rows;
    const double *right = r->want->dx + r->i * n;
    const long double exact_miss = -expm1l(-(long double)r->want->loss[r->i]);
    const long double miss = -expm1l(-loss);
    long double before[REPLAY_DIM_MOST], after[REPLAY_DIM_MOST], error = 0, own = 0;

    pull(r, r->share, exact_miss, before);
    pull(r, shares, miss, after);
    for (size_t k = 0; k < n; k++) {
        const long double target = right[k] - before[k] / rows;
        const long double now = target * miss / exact_miss + after[k] / rows;
        error += (now - right[k]) * (now - right[k]);
        own += (now - got[k]) * (now - got[k]);
    }
    *from_exact = (double)sqrtl(error);
    *from_got = (double)sqrtl(own);
}
