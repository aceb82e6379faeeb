/* peer_unfused.c: the head that a good engineer writes with a BLAS: normalise into copies, one
 * product for the logits, a vectorised softmax over the stored logits, two products back, and the
 * normalisation's gradient. Every step is a pass over memory of its own.
 *
 * The one file of the speed suite with threads of its own. Must not know the library's kernels. */
#include "loops.h"
#include "peers.h"

#include <math.h>

/* The units of `count` vectors; `v` itself where nothing is normalised. */
static const float *units(const float *v, size_t count, size_t dim, int normalised, int threads,
                          float *out)
{
    const speed_loops *loops = speed_loops_best();
    if (!normalised) {
        return v;
    }
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t i = 0; i < count; i++) {
        loops->unit(v + i * dim, dim, out + i * dim);
    }
    (void)threads;
    return out;
}

static void through_norms(const float *v, const float *unit, size_t count, size_t dim, int threads,
                          float *grad)
{
    const speed_loops *loops = speed_loops_best();
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t i = 0; i < count; i++) {
        const float *u = unit + i * dim;
        loops->project(grad + i * dim, u, dim, loops->dot(v + i * dim, u, dim));
    }
    (void)threads;
}

/* A row of cosines to the derivatives of its loss by them; returns the loss. */
static float row_softmax(const speed_loops *loops, const margin_config *config, int normalised,
                         float *row, size_t classes, size_t label, float share)
{
    const float scale = (float)config->scale, c = row[label];
    double psi = c, slope = 1;
    if (normalised) {
        const double theta = acos(fmax(-1, fmin(1, c)));
        margin_psi(config, theta, &psi, &slope);
        slope /= -sin(theta);
    }
    row[label] = (float)psi;
    const float top = loops->largest(row, classes);
    const float target = scale * (row[label] - top);
    const float sum = loops->exponentials(row, classes, scale, top);
    loops->multiply(row, classes, share * scale / sum);
    row[label] = (row[label] - share * scale) * (float)slope;
    return logf(sum) - target;
}

static void softmax(const speed_problem *p, const margin_config *config, int normalised,
                    int threads, const speed_outputs *o)
{
    const speed_loops *loops = speed_loops_best();
    const size_t n = p->shape->rows, classes = p->shape->classes;
#pragma omp parallel for num_threads(threads) schedule(static)
    for (size_t i = 0; i < n; i++) {
        o->row_loss[i] = row_softmax(loops, config, normalised, o->grad_logits + i * classes,
                                     classes, (size_t)p->labels[i], 1 / (float)n);
    }
    (void)threads;
}

int speed_unfused_run(const speed_problem *p, const margin_config *config, const speed_blas *blas,
                      int threads, const speed_outputs *o)
{
    const size_t n = p->shape->rows, d = p->shape->dim, c = p->shape->classes;
    const int normalised = margin_loss_get(config->loss)->normalised;
    const float *x = units(p->embeddings, n, d, normalised, threads, o->unit_embeddings);
    const float *w = units(p->weights, c, d, normalised, threads, o->unit_weights);
    if (blas->sgemm(0, 1, n, c, d, x, d, w, d, o->grad_logits, c)) {
        return -1;
    }
    softmax(p, config, normalised, threads, o);
    if (blas->sgemm(0, 0, n, d, c, o->grad_logits, c, w, d, o->grad_embeddings, d) ||
        blas->sgemm(1, 0, c, d, n, o->grad_logits, c, x, d, o->grad_weights, d)) {
        return -1;
    }
    if (normalised) {
        through_norms(p->embeddings, x, n, d, threads, o->grad_embeddings);
        through_norms(p->weights, w, c, d, threads, o->grad_weights);
    }
    return 0;
}
