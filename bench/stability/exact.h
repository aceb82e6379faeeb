/* exact.h: the oracle's answer for a batch, row by row, with what it needs to be judged by: how far
 * one ulp of each input moves it. It must not know the library, sweeps or files. */
#ifndef MARGIN_STABILITY_EXACT_H
#define MARGIN_STABILITY_EXACT_H

#include <stddef.h>

#include "inputs.h"
#include "margin.h"

typedef struct exact {
    size_t rows, dim, classes;
    double *loss;      /* [N] */
    double *angle;     /* [N] */
    double *condition; /* [N] the loss's change by one ulp of each input: sum |dL/dinput| ulp */
    double *dx;        /* [N, D], of the mean over the rows as the library returns it */
    double *dw;        /* [C, D], likewise */
    double *dw_row;    /* [N] length of each row's part of dW */
    double dw_sum;     /* their sum */
    double *scale;     /* [N] s, or what stands for it: s |x| max|w| for softmax, |x| for keep */
    double *miss;      /* [N] 1 - p of the target */
    double *pull_x;    /* [N] length of what pulls dX_i before it cancels: s (1 - p) / |x|, */
    double *pull_w;    /* [N] and of row i's part of dW: the same with |w| of the classes in turn */
    double *dx_shift;  /* [N] how far dX_i moves when each input moves by one ulp by chance, */
    double dw_shift;   /* and dW; both 0 until exact_shift */
} exact;

/* Rows are shared out to `threads`; the result does not depend on their number. The oracle must
 * know the loss. Release with exact_free. */
void exact_solve(exact *out, const margin_config *config, const inputs *in, int threads);
/* Fill dx_shift and dw_shift: the largest over `draws` random shifts of the inputs. */
void exact_shift(exact *out, const margin_config *config, const inputs *in, int draws, int threads);
void exact_free(exact *out);

/* The distance from |x| to the next float32; below the normal numbers that of the least of them. */
double float_ulp(double x);

#endif
