/* replay.h: the rivals' cosines of a row as the SIMD kernels compute them, bit by bit, and with one
 * rounding after the other taken away. So replay.c knows how head_pack.c, head_small.c and the
 * products compute. It must not know what is counted. */
#ifndef MARGIN_STABILITY_REPLAY_H
#define MARGIN_STABILITY_REPLAY_H

#include <stddef.h>

#include "exact.h"
#include "inputs.h"
#include "kernels/kernels.h"

enum { REPLAY_DIM_MOST = 512 };

/* Whose roundings a row of cosines has. */
typedef enum variant {
    NORMS,     /* those of the two norms, */
    ELEMENTS,  /* and of the normalised elements, */
    SUMS,      /* and of the float32 sums over D: the library's */
    NEAREST,   /* the exact cosine, rounded once */
    HALF,      /* as SUMS, but exact for a rival with more than half of the others' probability */
    HUNDREDTH, /* or more than a hundredth */
    VARIANTS
} variant;

/* A row, as far as the rivals go. */
typedef struct row {
    const inputs *in;
    const exact *want;
    size_t i, label;
    int raw;
    long double scale, norm;
    const long double *weight_norm;        /* [C] */
    long double *cosine[VARIANTS], *right; /* [C] each; the exact ones */
    long double *share;                    /* [C] of the others' probability */
} row;

/* 1: the library takes the way of few dimensions. */
int replay_is_few(const inputs *in);
long double replay_length(const float *v, size_t n);
/* All cosines and shares but those of HALF and HUNDREDTH, then these. */
void replay_cosines(const margin_kernels *kernels, row *r);
/* Log-sum-exp of the rivals' logits; share [C]: of each in it. */
long double replay_others(const row *r, const long double *cosine, long double *share);
/* How far dX with the probabilities that follow from `shares` [C] and `loss` is from the exact row,
 * and from `got`, the library's. */
void replay_dx(const row *r, const long double *shares, long double loss, const float *got,
               double *from_exact, double *from_got);

#endif
