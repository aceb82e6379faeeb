/* exact.c: see exact.h. */
#include "exact.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "memory.h"
#include "oracle.h"
#include "workers.h"

enum { BLOCK_ROWS = 16 };

/* What the rows share, which are solved in blocks. */
typedef struct job {
    const margin_config *config;
    const inputs *in;
    const wide *x, *w, *norms;
    exact *out;
    double *parts; /* [BLOCK_ROWS, C, D] dW of each row of a block */
    int threads;
    size_t first, count; /* the block at hand */
} job;

double float_ulp(double x)
{
    int exponent;
    frexp(fmax(fabs(x), (double)FLT_MIN), &exponent);
    return ldexp(1, exponent - 24);
}

static double length(const double *v, size_t n)
{
    double most = 0, sum = 0;
    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs(v[k]));
    for (size_t k = 0; most > 0 && k < n; k++)
        sum += v[k] / most * (v[k] / most);
    return most * sqrt(sum);
}

/* The change by one ulp of each input, to first order. */
static double change(const double *gradient, const float *input, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += fabs(gradient[k]) * float_ulp((double)input[k]);
    return sum;
}

/* Takes over the answer to row i; its part of dW is the block's number `part`. */
static void keep_row(const job *j, size_t i, size_t part, const oracle_answer *a)
{
    const inputs *in = j->in;
    const size_t weights = in->classes * in->dim;
    double *dx = j->out->dx + i * in->dim, *dw = j->parts + part * weights;
    for (size_t k = 0; k < in->dim; k++)
        dx[k] = (double)a->grad_embeddings[k];
    for (size_t k = 0; k < weights; k++)
        dw[k] = (double)a->grad_weights[k];
    j->out->loss[i] = (double)*a->row_loss;
    j->out->angle[i] = (double)*a->row_angle;
    j->out->condition[i] =
        change(dx, in->embeddings + i * in->dim, in->dim) + change(dw, in->weights, weights);
    j->out->dw_row[i] = length(dw, weights);
}

static void solve_row(const job *j, size_t i, size_t part)
{
    const inputs *in = j->in;
    wide loss, angle, *memory = zeroed((in->classes + 1) * in->dim, sizeof *memory);
    oracle_answer answer = {.row_loss = &loss,
                            .row_angle = &angle,
                            .grad_embeddings = memory,
                            .grad_weights = memory + in->dim};
    const oracle_problem problem = {.rows = 1,
                                    .dim = in->dim,
                                    .classes = in->classes,
                                    .embeddings = j->x + i * in->dim,
                                    .weights = j->w,
                                    .labels = in->labels + i,
                                    .weight_norm = j->norms};
    if (oracle_solve(j->config, &problem, &answer) != 0) out_of_memory();
    keep_row(j, i, part, &answer);
    free(memory);
}

/* ---- scales and pulls, in double: a few digits are enough ---- */

static double float_length(const float *v, size_t n)
{
    double most = 0, sum = 0;
    for (size_t k = 0; k < n; k++)
        most = fmax(most, fabs((double)v[k]));
    for (size_t k = 0; most > 0 && k < n; k++)
        sum += (double)v[k] / most * ((double)v[k] / most);
    return most * sqrt(sum);
}

static double logit(const margin_config *config, const inputs *in, size_t i, size_t j,
                    double lengths, double scale)
{
    double product = 0;
    for (size_t k = 0; k < in->dim; k++)
        product += (double)in->embeddings[i * in->dim + k] * (double)in->weights[j * in->dim + k];
    if (is_raw(config)) return config->scale * product;
    return lengths > 0 ? scale * product / lengths : 0;
}

/* The target and the others each pull x with s (1 - p) / |x|; the weights are pulled with
 * s (1 - p) / |w_y| and s p_j / |w_j|. Raw logits: times the lengths. What is below float32 counts
 * as its least normal number, because it may underflow on the way. */
static void set_pulls(exact *out, const margin_config *config, const inputs *in, const double *size,
                      double longest, size_t i)
{
    const size_t label = (size_t)in->labels[i], n = in->dim;
    const int raw = is_raw(config);
    const double x = float_length(in->embeddings + i * n, n), s = config->scale;
    const double scale = raw ? s * x * longest : keeps_norm(config) ? x : s;
    double peak = -INFINITY, sum = 0, others = 0;
    for (size_t j = 0; j < in->classes; j++)
        peak = j == label ? peak : fmax(peak, logit(config, in, i, j, x * size[j], scale));
    for (size_t j = 0; j < in->classes; j++) {
        const double e = j == label ? 0 : exp(logit(config, in, i, j, x * size[j], scale) - peak);
        const double share = raw ? e : size[j] > 0 ? e / size[j] : 0;
        sum += e;
        others += share * share;
    }
    const double own = raw ? 1 : size[label] > 0 ? 1 / size[label] : 0;
    const double pull = sqrt(own * own + others / (sum * sum));
    const double least = fmax(-expm1(-out->loss[i]), (double)FLT_MIN);
    out->scale[i] = scale;
    out->miss[i] = -expm1(-out->loss[i]);
    out->pull_x[i] = x > 0 ? scale * least / x : 0;
    out->pull_w[i] = (raw ? s * x : scale) * least * pull;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* Of the block at hand each thread takes every `threads`-th row. */
static void solve_rows(void *context, int number)
{
    const job *j = context;
    for (size_t i = (size_t)number; i < j->count; i += (size_t)j->threads)
        solve_row(j, j->first + i, i);
}

/* Solves all rows; the mean over them of dW, its parts in row order. */
static void solve_all(job *j)
{
    exact *out = j->out;
    const size_t weights = out->classes * out->dim;
    const double share = 1 / (double)out->rows;
    for (; j->first < out->rows; j->first += j->count) {
        const size_t left = out->rows - j->first;
        j->count = left < BLOCK_ROWS ? left : BLOCK_ROWS;
        each_worker(j->threads, solve_rows, j);
        for (size_t i = 0; i < j->count; i++) {
            for (size_t k = 0; k < weights; k++)
                out->dw[k] += share * j->parts[i * weights + k];
        }
    }
}

static wide *widen(const float *v, size_t n)
{
    wide *out = zeroed(n, sizeof *out);
    for (size_t k = 0; k < n; k++)
        out[k] = v[k];
    return out;
}

static void make_room(exact *out, const inputs *in)
{
    const size_t n = in->rows;
    double *const memory = zeroed(n * (9 + in->dim), sizeof *memory);
    *out = (exact){.rows = n,
                   .dim = in->dim,
                   .classes = in->classes,
                   .loss = memory,
                   .angle = memory + n,
                   .condition = memory + 2 * n,
                   .dw_row = memory + 3 * n,
                   .dx_shift = memory + 4 * n,
                   .scale = memory + 5 * n,
                   .miss = memory + 6 * n,
                   .pull_x = memory + 7 * n,
                   .pull_w = memory + 8 * n,
                   .dx = memory + 9 * n,
                   .dw = zeroed(in->classes * in->dim, sizeof *out->dw)};
}

void exact_solve(exact *out, const margin_config *config, const inputs *in, int threads)
{
    const size_t weights = in->classes * in->dim;
    wide *x = widen(in->embeddings, in->rows * in->dim), *w = widen(in->weights, weights);
    wide *norms = zeroed(in->classes, sizeof *norms);
    const int most = in->rows < BLOCK_ROWS ? (int)in->rows : BLOCK_ROWS;
    double *parts = zeroed((size_t)most * weights, sizeof *parts);
    job j = {config, in, x, w, norms, out, parts, threads < most ? threads : most, 0, 0};
    if (j.threads < 1) j.threads = 1;
    double *size = zeroed(in->classes, sizeof *size), longest = 0;
    make_room(out, in);
    oracle_norms(w, in->classes, in->dim, norms);
    solve_all(&j);
    for (size_t k = 0; k < in->classes; k++) {
        size[k] = float_length(in->weights + k * in->dim, in->dim);
        longest = fmax(longest, size[k]);
    }
    for (size_t i = 0; i < in->rows; i++)
        set_pulls(out, config, in, size, longest, i);
    const double share = 1 / (double)out->rows; /* all else as means over the rows, too */
    for (size_t i = 0; i < out->rows; i++) {
        out->dw_row[i] *= share;
        out->pull_x[i] *= share;
        out->pull_w[i] *= share;
        out->dw_sum += out->dw_row[i];
    }
    for (size_t k = 0; k < out->rows * out->dim; k++)
        out->dx[k] *= share;
    free(x);
    free(w);
    free(norms);
    free(parts);
    free(size);
}

static double distance(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum = hypot(sum, a[k] - b[k]);
    return sum;
}

void exact_shift(exact *out, const margin_config *config, const inputs *in, int draws, int threads)
{
    for (int draw = 1; draw <= draws; draw++) {
        inputs moved;
        exact other;
        inputs_shift(&moved, in, (uint64_t)draw);
        exact_solve(&other, config, &moved, threads);
        inputs_free(&moved);
        for (size_t i = 0; i < out->rows; i++)
            out->dx_shift[i] = fmax(out->dx_shift[i], distance(out->dx + i * out->dim,
                                                               other.dx + i * out->dim, out->dim));
        out->dw_shift = fmax(out->dw_shift, distance(out->dw, other.dw, out->classes * out->dim));
        exact_free(&other);
    }
}

void exact_free(exact *out)
{
    free(out->loss);
    free(out->dw);
    *out = (exact){0};
}
