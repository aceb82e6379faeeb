/* measure.h: how far an implementation's loss and gradients are from the oracle's. It must not know
 * sweeps, files or tables. */
#ifndef MARGIN_STABILITY_MEASURE_H
#define MARGIN_STABILITY_MEASURE_H

#include "inputs.h"
#include "margin.h"
#include "oracle.h"
#include "textbook.h"

/* Worst over the rows of a batch; NaN where no row gave a finite number. */
typedef struct errors {
    double loss_ulp;  /* |loss - exact| in units of the last place of the exact loss in float32 */
    double loss_rel;  /* |loss - exact| / exact */
    double grad_x;    /* |dX_i - exact| / |exact| of a row, Euclidean */
    double grad_w;    /* |dW - exact| / |exact| of the whole array */
    double nonfinite; /* share of NaN and infinities among all values, 0 to 1 */
} errors;

/* s, or what stands for it: s max|x||w| for softmax, max|x| for feature_norm = keep. */
double effective_scale(const margin_config *config, const inputs *in);

/* The stated bounds, for an effective scale: relative error of the loss, and of the gradients. */
double loss_bound(double scale);
double gradient_bound(double scale);

/* 1 if every error is within its bound and everything is finite. */
int within_bounds(const errors *e, double scale);

/* Run the library (config->isa, config->threads) or a textbook formulation, and compare.
 * MARGIN_OK, or the library's status (MARGIN_ERROR_MEMORY of a textbook). */
margin_status measure_library(const margin_config *config, const inputs *in,
                              const oracle_output *exact, errors *out);
margin_status measure_textbook(const textbook *how, const margin_config *config, const inputs *in,
                               const oracle_output *exact, errors *out);

#endif
