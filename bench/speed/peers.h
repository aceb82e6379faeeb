/* peers.h: heads and products as others would write them, on the same buffers.
 *
 * Must not know how they are timed or checked. */
#ifndef SPEED_PEERS_H
#define SPEED_PEERS_H

#include "blas.h"
#include "data.h"

/* A whole head: row_loss, grad_embeddings and grad_weights of `outputs` from the problem's X, W
 * and y, with the configured loss and margins (options at their defaults). Returns 0, or -1. The
 * unfused one calls `blas` from each of its own threads: it must be set to one thread. */
int speed_naive_run(const speed_problem *problem, const margin_config *config,
                    const speed_outputs *outputs);
int speed_unfused_run(const speed_problem *problem, const margin_config *config,
                      const speed_blas *blas, int threads, const speed_outputs *outputs);

/* L = X W' into grad_logits, dX = L W into grad_embeddings, dW = L' X into grad_weights.
 * seconds[3] are added to, product by product. Returns 0, or -1. */
int speed_gemm3_run(const speed_problem *problem, const speed_blas *blas,
                    const speed_outputs *outputs, double seconds[3]);

/* W packed for the first two of these products. */
typedef struct speed_packed {
    float *for_logits, *for_dx;
} speed_packed;

/* Packs with the number of threads that the library is set to. Returns 0, or -1. */
int speed_packed_open(speed_packed *packed, const speed_problem *problem, const speed_blas *blas);
void speed_packed_close(speed_packed *packed);
/* As speed_gemm3_run, with the packed W. */
int speed_packed_run(const speed_problem *problem, const speed_blas *blas,
                     const speed_packed *packed, const speed_outputs *outputs, double seconds[3]);

#endif
