/* peers.c: heads and products of others (see peers.h). First the head that a good engineer writes
 * with a BLAS: normalise into copies, one product for the logits, a vectorised softmax over the
 * stored logits, two products back, and the normalisation's gradient. Every step is a pass over
 * memory of its own.
 *
 * The one file of the speed suite with threads of its own. Must not know the library's kernels. */
#include "clock.h"
#include "loops.h"
#include "peers.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#ifdef _OPENMP
#include <omp.h>
#endif

/* Puts psi in the place of the target's cosine; returns its slope by the cosine. */
static double put_target(const margin_config *config, int normalised, float *cosine)
{
    const double theta = acos(fmax(-1, fmin(1, *cosine)));
    double psi = *cosine, slope = 1;
    if (!normalised) return 1;
    margin_psi(config, theta, &psi, &slope);
    *cosine = (float)psi;
    return slope / -sin(theta);
}

/* A row of cosines to the derivatives of its loss by them; returns the loss. */
static float row_softmax(const speed_loops *loops, const margin_config *config, int normalised,
                         float *row, size_t classes, size_t label, float share)
{
    const float scale = (float)config->scale;
    const double slope = put_target(config, normalised, &row[label]);
    const float top = loops->largest(row, classes);
    const float target = scale * (row[label] - top);
    row[label] = top - 100 / scale; /* apart, for p - 1 of a converged row would be rounding only */
    const float others = loops->exponentials(row, classes, scale, top);
    const float sum = others + expf(target);
    loops->multiply(row, classes, share * scale / sum);
    row[label] = -share * scale * (others / sum) * (float)slope;
    return logf(sum) - target;
}

/* A share of the rows or classes: [first, last). */
typedef struct range {
    size_t first, last;
} range;

static range share_of(size_t count, int thread, int threads)
{
    return (range){count * (size_t)thread / (size_t)threads,
                   count * (size_t)(thread + 1) / (size_t)threads};
}

/* What all threads work on; x and w are the units, or the vectors themselves where nothing is
 * normalised. */
typedef struct job {
    const speed_problem *p;
    const margin_config *config;
    const speed_blas *blas;
    const speed_loops *loops;
    const speed_outputs *o;
    int normalised;
    const float *x, *w;
} job;

static void units(const job *j, const float *v, range r, float *out)
{
    const size_t dim = j->p->shape->dim;
    for (size_t i = r.first; i < r.last && j->normalised; i++)
        j->loops->unit(v + i * dim, dim, out + i * dim);
}

static void through_norms(const job *j, const float *v, const float *unit, range r, float *grad)
{
    const size_t dim = j->p->shape->dim;
    for (size_t i = r.first; i < r.last && j->normalised; i++) {
        const float *u = unit + i * dim;
        j->loops->project(grad + i * dim, u, dim, j->loops->dot(v + i * dim, u, dim));
    }
}

static int logits(const job *j, range classes)
{
    const size_t n = j->p->shape->rows, d = j->p->shape->dim, c = j->p->shape->classes;
    if (classes.first == classes.last) return 0;
    return j->blas->sgemm(j->blas, 0, 1, n, classes.last - classes.first, d, j->x, d,
                          j->w + classes.first * d, d, j->o->grad_logits + classes.first, c);
}

static void softmax(const job *j, range rows)
{
    const size_t n = j->p->shape->rows, c = j->p->shape->classes;
    for (size_t i = rows.first; i < rows.last; i++)
        j->o->row_loss[i] =
            row_softmax(j->loops, j->config, j->normalised, j->o->grad_logits + i * c, c,
                        (size_t)j->p->labels[i], 1 / (float)n);
}

static int row_gradients(const job *j, range rows)
{
    const size_t d = j->p->shape->dim, c = j->p->shape->classes;
    if (rows.first == rows.last) return 0;
    const int failed = j->blas->sgemm(j->blas, 0, 0, rows.last - rows.first, d, c,
                                      j->o->grad_logits + rows.first * c, c, j->w, d,
                                      j->o->grad_embeddings + rows.first * d, d);
    through_norms(j, j->p->embeddings, j->x, rows, j->o->grad_embeddings);
    return failed;
}

static int class_gradients(const job *j, range classes)
{
    const size_t n = j->p->shape->rows, d = j->p->shape->dim, c = j->p->shape->classes;
    if (classes.first == classes.last) return 0;
    const int failed = j->blas->sgemm(j->blas, 1, 0, classes.last - classes.first, d, n,
                                      j->o->grad_logits + classes.first, c, j->x, d,
                                      j->o->grad_weights + classes.first * d, d);
    through_norms(j, j->p->weights, j->w, classes, j->o->grad_weights);
    return failed;
}

/* One thread's share. Its threads are the head's own, because a library's pool and this one would
 * wait for one another's processors; what one thread needs of another lies behind a barrier. */
static int run_share(const job *j, int thread, int threads)
{
    const range rows = share_of(j->p->shape->rows, thread, threads);
    const range classes = share_of(j->p->shape->classes, thread, threads);
    units(j, j->p->embeddings, rows, j->o->unit_embeddings);
    units(j, j->p->weights, classes, j->o->unit_weights);
#pragma omp barrier
    int failed = logits(j, classes);
#pragma omp barrier
    softmax(j, rows);
#pragma omp barrier
    failed |= row_gradients(j, rows);
    failed |= class_gradients(j, classes);
    return failed;
}

int speed_unfused_run(const speed_problem *p, const margin_config *config, const speed_blas *blas,
                      int threads, const speed_outputs *o)
{
    const int normalised = margin_loss_get(config->loss)->normalised;
    const job j = {
        .p = p,
        .config = config,
        .blas = blas,
        .loops = speed_loops_best(),
        .o = o,
        .normalised = normalised,
        .x = normalised ? o->unit_embeddings : p->embeddings,
        .w = normalised ? o->unit_weights : p->weights,
    };
    int failed = 0;
#ifdef _OPENMP
#pragma omp parallel num_threads(threads) reduction(| : failed)
    failed |= run_share(&j, omp_get_thread_num(), omp_get_num_threads());
#else
    (void)threads;
    failed = run_share(&j, 0, 1);
#endif
    return failed ? -1 : 0;
}

/* ---- the three products alone: what a head is measured against --------------------------------
 */

/* `packed` is NULL where W is read as it lies. */
static int run_products(const speed_problem *p, const speed_blas *blas, const speed_packed *packed,
                        const speed_outputs *o, double seconds[3])
{
    const size_t n = p->shape->rows, d = p->shape->dim, c = p->shape->classes;
    const float *x = p->embeddings, *w = p->weights;
    float *const logits = o->grad_logits;
    const double start = seconds_now();
    int failed = packed ? speed_blas_compute(blas, n, c, d, x, d, packed->for_logits, logits, c)
                        : blas->sgemm(blas, 0, 1, n, c, d, x, d, w, d, logits, c);
    const double multiplied = seconds_now();
    failed |=
        packed ? speed_blas_compute(blas, n, d, c, logits, c, packed->for_dx, o->grad_embeddings, d)
               : blas->sgemm(blas, 0, 0, n, d, c, logits, c, w, d, o->grad_embeddings, d);
    const double rows = seconds_now();
    failed |= blas->sgemm(blas, 1, 0, c, d, n, logits, c, x, d, o->grad_weights, d);
    seconds[0] += multiplied - start;
    seconds[1] += rows - multiplied;
    seconds[2] += seconds_now() - rows;
    return failed ? -1 : 0;
}

int speed_gemm3_run(const speed_problem *p, const speed_blas *blas, const speed_outputs *o,
                    double seconds[3])
{
    return run_products(p, blas, NULL, o, seconds);
}

int speed_packed_open(speed_packed *packed, const speed_problem *p, const speed_blas *blas)
{
    const size_t n = p->shape->rows, d = p->shape->dim, c = p->shape->classes;
    packed->for_logits = speed_blas_pack(blas, 1, n, c, d, p->weights, d);
    packed->for_dx = speed_blas_pack(blas, 0, n, d, c, p->weights, d);
    return packed->for_logits && packed->for_dx ? 0 : -1;
}

void speed_packed_close(speed_packed *packed)
{
    free(packed->for_logits);
    free(packed->for_dx);
    *packed = (speed_packed){.for_dx = NULL};
}

int speed_packed_run(const speed_problem *p, const speed_blas *blas, const speed_packed *packed,
                     const speed_outputs *o, double seconds[3])
{
    return run_products(p, blas, packed, o, seconds);
}

/* ---- the head as one writes it down the first time: loops over rows, classes and dimensions,
 * logits stored, one thread, no vectors asked for ---- */

static void normalise(const float *v, size_t dim, int normalised, float *unit)
{
    float square = 0;
    for (size_t d = 0; d < dim; d++)
        square += v[d] * v[d];
    const float length = normalised ? sqrtf(square) : 1;
    for (size_t d = 0; d < dim; d++)
        unit[d] = v[d] / length;
}

static float dot(const float *a, const float *b, size_t dim)
{
    float sum = 0;
    for (size_t d = 0; d < dim; d++)
        sum += a[d] * b[d];
    return sum;
}

/* Turns a row of cosines into the derivatives of its loss by them; returns the loss. */
static float naive_softmax(const margin_config *config, int normalised, float *row, size_t classes,
                           size_t label, float share)
{
    const float scale = (float)config->scale;
    const double slope = put_target(config, normalised, &row[label]);
    float top = row[0], sum = 0;
    for (size_t j = 1; j < classes; j++)
        top = fmaxf(top, row[j]);
    const float target = scale * (row[label] - top);
    for (size_t j = 0; j < classes; j++) {
        row[j] = expf(scale * (row[j] - top));
        sum += row[j];
    }
    for (size_t j = 0; j < classes; j++)
        row[j] *= share * scale / sum;
    row[label] = (row[label] - share * scale) * (float)slope;
    return logf(sum) - target;
}

/* grad holds the derivative by the unit vector: project and scale it to the raw one. */
static void through_norm(const float *v, const float *unit, size_t dim, int normalised, float *grad)
{
    if (!normalised) return;
    const float length = sqrtf(dot(v, v, dim)), along = dot(grad, unit, dim);
    for (size_t d = 0; d < dim; d++)
        grad[d] = (grad[d] - along * unit[d]) / length;
}

static void naive_forward(const speed_problem *p, const margin_config *config, int normalised,
                          const speed_outputs *o)
{
    const size_t n = p->shape->rows, dim = p->shape->dim, classes = p->shape->classes;
    for (size_t i = 0; i < n; i++)
        normalise(p->embeddings + i * dim, dim, normalised, o->unit_embeddings + i * dim);
    for (size_t j = 0; j < classes; j++)
        normalise(p->weights + j * dim, dim, normalised, o->unit_weights + j * dim);
    for (size_t i = 0; i < n; i++) {
        float *row = o->grad_logits + i * classes;
        for (size_t j = 0; j < classes; j++)
            row[j] = dot(o->unit_embeddings + i * dim, o->unit_weights + j * dim, dim);
        o->row_loss[i] =
            naive_softmax(config, normalised, row, classes, (size_t)p->labels[i], 1 / (float)n);
    }
}

int speed_naive_run(const speed_problem *p, const margin_config *config, const speed_outputs *o)
{
    const size_t n = p->shape->rows, dim = p->shape->dim, classes = p->shape->classes;
    const int normalised = margin_loss_get(config->loss)->normalised;
    naive_forward(p, config, normalised, o);
    memset(o->grad_embeddings, 0, n * dim * sizeof(float));
    memset(o->grad_weights, 0, classes * dim * sizeof(float));
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < classes; j++) {
            const float g = o->grad_logits[i * classes + j];
            for (size_t d = 0; d < dim; d++) {
                o->grad_embeddings[i * dim + d] += g * o->unit_weights[j * dim + d];
                o->grad_weights[j * dim + d] += g * o->unit_embeddings[i * dim + d];
            }
        }
    }
    for (size_t i = 0; i < n; i++)
        through_norm(p->embeddings + i * dim, o->unit_embeddings + i * dim, dim, normalised,
                     o->grad_embeddings + i * dim);
    for (size_t j = 0; j < classes; j++)
        through_norm(p->weights + j * dim, o->unit_weights + j * dim, dim, normalised,
                     o->grad_weights + j * dim);
    return 0;
}
