/* peer_gemm3.c: the three products of a head and nothing else: what a head is measured against.
 *
 * Must not know losses. */
#include "peers.h"

#include "clock.h"

int speed_gemm3_run(const speed_problem *p, const speed_blas *blas, const speed_outputs *o,
                    double seconds[3])
{
    const size_t n = p->shape->rows, d = p->shape->dim, c = p->shape->classes;
    const double start = seconds_now();
    int failed = blas->sgemm(0, 1, n, c, d, p->embeddings, d, p->weights, d, o->grad_logits, c);
    const double logits = seconds_now();
    failed |= blas->sgemm(0, 0, n, d, c, o->grad_logits, c, p->weights, d, o->grad_embeddings, d);
    const double rows = seconds_now();
    failed |= blas->sgemm(1, 0, c, d, n, o->grad_logits, c, p->embeddings, d, o->grad_weights, d);
    seconds[0] += logits - start;
    seconds[1] += rows - logits;
    seconds[2] += seconds_now() - rows;
    return failed ? -1 : 0;
}
