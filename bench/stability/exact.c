/* exact.c: see exact.h. */
#include "exact.h"

#include <float.h>
#include <math.h>
#include <pthread.h>
#include <stdlib.h>

#include "oracle.h"

enum { BLOCK_ROWS = 16, THREADS_MOST = BLOCK_ROWS };

/* What the threads share: of a block of rows each takes every `threads`-th. */
typedef struct job {
    const margin_config *config;
    const inputs *in;
    const wide *x, *w, *norms;
    exact *out;
    double *parts; /* [BLOCK_ROWS, C, D] dW of each row of a block */
    int threads;
    size_t first, end; /* the block at hand */
} job;

typedef struct worker {
    const job *job;
    int number;
    int status;
} worker;

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

static void keep_row(const job *j, size_t i, const oracle_answer *a)
{
    const inputs *in = j->in;
    const size_t weights = in->classes * in->dim;
    double *dx = j->out->dx + i * in->dim, *dw = j->parts + (i - j->first) * weights;
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

static void *solve_rows(void *argument)
{
    worker *me = argument;
    const job *j = me->job;
    const inputs *in = j->in;
    wide loss, angle, *memory = calloc((in->classes + 1) * in->dim, sizeof *memory);
    oracle_answer answer = {.row_loss = &loss,
                            .row_angle = &angle,
                            .grad_embeddings = memory,
                            .grad_weights = memory ? memory + in->dim : NULL};
    me->status = memory ? 0 : ORACLE_NO_MEMORY;
    for (size_t i = j->first + (size_t)me->number; me->status == 0 && i < j->end;
         i += (size_t)j->threads) {
        const oracle_problem problem = {.rows = 1,
                                        .dim = in->dim,
                                        .classes = in->classes,
                                        .embeddings = j->x + i * in->dim,
                                        .weights = j->w,
                                        .labels = in->labels + i,
                                        .weight_norm = j->norms};
        me->status = oracle_solve(j->config, &problem, &answer);
        if (me->status == 0) keep_row(j, i, &answer);
    }
    free(memory);
    return NULL;
}

static int solve_block(const job *j)
{
    pthread_t thread[THREADS_MOST];
    worker workers[THREADS_MOST];
    int started = 1, status = 0;
    for (int k = 0; k < j->threads; k++)
        workers[k] = (worker){j, k, 0};
    while (started < j->threads &&
           pthread_create(&thread[started], NULL, solve_rows, &workers[started]) == 0) {
        started++;
    }
    for (int k = started; k < j->threads; k++) {
        solve_rows(&workers[k]); /* no thread to be had */
    }
    solve_rows(&workers[0]);
    for (int k = 1; k < started; k++)
        pthread_join(thread[k], NULL);
    for (int k = 0; k < j->threads; k++)
        status = status ? status : workers[k].status;
    return status;
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

static int set_all_pulls(exact *out, const margin_config *config, const inputs *in)
{
    double *size = malloc(in->classes * sizeof *size), longest = 0;
    for (size_t j = 0; size && j < in->classes; j++) {
        size[j] = float_length(in->weights + j * in->dim, in->dim);
        longest = fmax(longest, size[j]);
    }
    for (size_t i = 0; size && i < in->rows; i++)
        set_pulls(out, config, in, size, longest, i);
    free(size);
    return size ? 0 : ORACLE_NO_MEMORY;
}

/* ---- the whole ------------------------------------------------------------------------------- */

/* The mean over the rows of dW: its parts in row order. */
static int solve_all(job *j)
{
    exact *out = j->out;
    const size_t weights = out->classes * out->dim;
    const double share = 1 / (double)out->rows;
    int status = 0;
    for (; status == 0 && j->first < out->rows; j->first = j->end) {
        j->end = j->first + BLOCK_ROWS < out->rows ? j->first + BLOCK_ROWS : out->rows;
        status = solve_block(j);
        for (size_t i = 0; status == 0 && i < j->end - j->first; i++) {
            for (size_t k = 0; k < weights; k++)
                out->dw[k] += share * j->parts[i * weights + k];
        }
    }
    return status;
}

/* The mean over the rows of all else. */
static void average(exact *out)
{
    const double share = 1 / (double)out->rows;
    for (size_t i = 0; i < out->rows; i++) {
        out->dw_row[i] *= share;
        out->pull_x[i] *= share;
        out->pull_w[i] *= share;
        out->dw_sum += out->dw_row[i];
    }
    for (size_t k = 0; k < out->rows * out->dim; k++)
        out->dx[k] *= share;
}

static wide *widen(const float *v, size_t n)
{
    wide *out = malloc(n * sizeof *out);
    for (size_t k = 0; out && k < n; k++)
        out[k] = v[k];
    return out;
}

static int make_room(exact *out, const inputs *in)
{
    *out = (exact){.rows = in->rows, .dim = in->dim, .classes = in->classes};
    out->loss = calloc(in->rows * (9 + in->dim), sizeof *out->loss);
    out->dw = calloc(in->classes * in->dim, sizeof *out->dw);
    if (!out->loss || !out->dw) {
        exact_free(out);
        return -1;
    }
    out->angle = out->loss + in->rows;
    out->condition = out->loss + 2 * in->rows;
    out->dw_row = out->loss + 3 * in->rows;
    out->dx_shift = out->loss + 4 * in->rows;
    out->scale = out->loss + 5 * in->rows;
    out->miss = out->loss + 6 * in->rows;
    out->pull_x = out->loss + 7 * in->rows;
    out->pull_w = out->loss + 8 * in->rows;
    out->dx = out->loss + 9 * in->rows;
    return 0;
}

int exact_solve(exact *out, const margin_config *config, const inputs *in, int threads)
{
    wide *x = widen(in->embeddings, in->rows * in->dim);
    wide *w = widen(in->weights, in->classes * in->dim);
    const size_t block = in->rows < BLOCK_ROWS ? in->rows : BLOCK_ROWS;
    double *parts = malloc(block * in->classes * in->dim * sizeof *parts);
    const int most = (int)block;
    wide *norms = malloc(in->classes * sizeof *norms);
    job j = {.config = config,
             .in = in,
             .x = x,
             .w = w,
             .norms = norms,
             .out = out,
             .parts = parts,
             .threads = threads < 1      ? 1
                        : threads < most ? threads
                                         : most};
    int status = make_room(out, in) == 0 && x && w && norms && parts ? 0 : ORACLE_NO_MEMORY;
    if (status == 0) {
        oracle_norms(w, in->classes, in->dim, norms);
        status = solve_all(&j);
    }
    if (status == 0) status = set_all_pulls(out, config, in);
    if (status == 0) {
        average(out);
    } else {
        exact_free(out);
    }
    free(x);
    free(w);
    free(norms);
    free(parts);
    return status;
}

static double distance(const double *a, const double *b, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum = hypot(sum, a[k] - b[k]);
    return sum;
}

int exact_shift(exact *out, const margin_config *config, const inputs *in, int draws, int threads)
{
    for (int draw = 1; draw <= draws; draw++) {
        inputs moved;
        exact other;
        if (inputs_shift(&moved, in, (uint64_t)draw) != 0) return ORACLE_NO_MEMORY;
        const int status = exact_solve(&other, config, &moved, threads);
        inputs_free(&moved);
        if (status != 0) return status;
        for (size_t i = 0; i < out->rows; i++)
            out->dx_shift[i] = fmax(out->dx_shift[i], distance(out->dx + i * out->dim,
                                                               other.dx + i * out->dim, out->dim));
        out->dw_shift = fmax(out->dw_shift, distance(out->dw, other.dw, out->classes * out->dim));
        exact_free(&other);
    }
    return 0;
}

void exact_free(exact *out)
{
    free(out->loss);
    free(out->dw);
    *out = (exact){0};
}
