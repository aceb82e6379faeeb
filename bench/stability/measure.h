/* measure.h: how far an implementation's loss and gradients are from the oracle's, and how that
 * compares with the stated bounds. It must not know sweeps, files or tables. */
#ifndef MARGIN_STABILITY_MEASURE_H
#define MARGIN_STABILITY_MEASURE_H

#include "exact.h"
#include "inputs.h"
#include "margin.h"

/* X(enum suffix, name in the results). An error is |got - exact|, of a gradient the Euclidean
 * length of the difference; "best": over the condition-limited best, which is half an ulp of the
 * result plus what one ulp of each input makes of it. */
#define METRIC_TABLE(X)                                                                            \
    X(LOSS_ULP, loss_ulp) /* in float32 ulp of the exact loss */                                   \
    X(LOSS_REL, loss_rel) /* over the exact loss */                                                \
    X(LOSS_BEST, loss_best)                                                                        \
    X(GRAD_X, grad_x)         /* of a row of dX over the exact row's length */                     \
    X(GRAD_X_ULP, grad_x_ulp) /* in float32 ulp of the row's length */                             \
    X(GRAD_X_BEST, grad_x_best)                                                                    \
    X(GRAD_W, grad_w) /* of dW over the sum of the lengths of its rows' parts */                   \
    X(GRAD_W_ULP, grad_w_ulp)                                                                      \
    X(GRAD_W_BEST, grad_w_best)

typedef enum metric {
#define METRIC_ENUM(id, name) METRIC_##id,
    METRIC_TABLE(METRIC_ENUM)
#undef METRIC_ENUM
        METRICS
} metric;

extern const char *const metric_names[METRICS];

/* What is judged, each error as a share of its bound: at most 1 is within. The goals are those that
 * the project set out with; the promises are what docs/numerics.md states, and must be kept. */
typedef enum promise {
    PROMISE_FINITE, /* no NaN, no infinity: 0 is within, any is not */
    PROMISE_LOSS,   /* error <= 4 ulp + condition + 4.8e-7 (1 + s) (1 - p) */
    PROMISE_GRAD_X, /* error <= (2e-6 + 4.8e-7 s) max(length, pull) */
    PROMISE_GRAD_W,
    GOAL_LOSS,   /* error <= 4 ulp + condition */
    GOAL_GRAD_X, /* error <= (2e-6 + 1.2e-7 s) length */
    GOAL_GRAD_W,
    PROMISES
} promise;

extern const char *const promise_names[PROMISES];
extern const char *const promise_texts[PROMISES];

/* Which row it was, or which batch. */
typedef struct witness {
    uint64_t seed;                         /* of inputs_make */
    const char *sweep, *option, *gradient; /* of its cell */
    size_t dim, classes;
    double theta, scale; /* NaN: of no one row */
} witness;

/* Errors in bins of a quarter of an octave from 2^-40 on; bin 0 is below. */
enum { SPREAD_OCTAVES = 60, SPREAD_STEPS = 4, SPREAD_BINS = 1 + SPREAD_OCTAVES * SPREAD_STEPS };

/* The numbers of many batches of one implementation. */
typedef struct tally {
    size_t rows, batches;
    size_t values, nonfinite;
    double most[METRICS], sum[METRICS];
    size_t count[METRICS]; /* finite results only */
    unsigned spread[METRICS][SPREAD_BINS];
    double share[PROMISES];
    size_t tried[PROMISES], outside[PROMISES];
    witness at[PROMISES]; /* where share is attained */
} tally;

void tally_note(tally *t, metric which, double error);
/* Add another's numbers; both begin as zeros. */
void tally_add(tally *t, const tally *other);

/* The median error, to within a tenth; 0 below 2^-40, NaN of no errors. */
double tally_median(const tally *t, metric which);

/* ---- textbook.c: the losses as they are usually written down, in float32: what a careful library
 * is to be compared with. It must not know libmargin's sources nor the oracle ---- */

typedef struct textbook {
    const char *name;
    const char *formula;
    /* 1 if the formulation has something of its own to say about this configuration. */
    int (*applies)(const margin_config *config);
    int sincos;   /* cos(theta + m) as c cos m - sqrt(1 - c^2) sin m, without an angle */
    float clamp;  /* c held within +-(1 - clamp) first, no gradient beyond; 0: not */
    int detached; /* the margin without a gradient of its own: d psi / d c = 1 */
    int floored;  /* loss -log(max(p, 1e-30)) */
    int naive;    /* exp without subtracting the maximum */
} textbook;

enum { TEXTBOOKS = 8 };
extern const textbook textbooks[TEXTBOOKS];

/* Fill row_loss, grad_embeddings and grad_weights of `head` (none NULL, strides D, labels >= 0),
 * feature_norm = fixed only. */
void textbook_run(const textbook *how, const margin_config *config, margin_head *head);

/* ---- comparing ---- */

/* Run the library (config->isa, config->threads) or a textbook formulation, and compare.
 * The library's status. `where`: the batch. */
margin_status measure_library(const margin_config *config, const inputs *in, const exact *want,
                              const witness *where, tally *out);
void measure_textbook(const textbook *how, const margin_config *config, const inputs *in,
                      const exact *want, const witness *where, tally *out);

#endif
