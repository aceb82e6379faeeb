/* verification.h: how well embeddings tell whether two samples are of one identity: TAR at FAR,
 * ROC, EER, AUC over all pairs. Must not know where the embeddings came from.
 *
 * Pairs: every unordered pair of two different rows that take part, once. It is genuine when the
 * labels are equal, else impostor. The score is the cosine, rounded to a multiple of 2^-21 (the
 * noise of float32 cosines is of that size), so that memory is bounded however many pairs there
 * are; a zero vector has cosine 0 with everything.
 *
 * A pair is accepted when its score is at least the threshold: equal scores are accepted together.
 * FAR is accepted impostor pairs over all impostor pairs compared, TAR accepted genuine pairs over
 * all genuine pairs. */
#ifndef MARGIN_COMMON_VERIFICATION_H
#define MARGIN_COMMON_VERIFICATION_H

#include <stddef.h>
#include <stdint.h>

#include "progress.h"

enum {
    VERIFICATION_DECADES = 5, /* FAR from 1 to 1e-5 */
    VERIFICATION_STEPS = 10,  /* points of each decade */
    VERIFICATION_POINTS = VERIFICATION_DECADES * VERIFICATION_STEPS + 1
};

typedef struct verification_input {
    size_t rows, dim;
    const float *embeddings; /* [rows, dim], raw, finite */
    const int64_t *labels;   /* [rows]: identities, any numbers; -1: the row takes no part */
    int threads;             /* 0: as OpenMP decides; never changes a number */
    progress *line;          /* stepped once a row, so started with `rows` as total; or NULL */
} verification_input;

/* The lowest threshold whose FAR is at most `limit`. */
typedef struct verification_point {
    double limit;
    double far, tar;
    double threshold; /* a cosine; above 1 where no score is accepted */
} verification_point;

/* NaN where there is nothing to measure: no genuine pairs, or no impostor pairs. */
typedef struct verification {
    uint64_t genuine, impostor; /* pairs compared */
    double auc;                 /* share of (genuine, impostor) whose genuine score is the greater;
                                   equal scores count half */
    double eer;                 /* where FAR = 1 - TAR, on straight lines between thresholds */
    double eer_threshold;       /* the greatest with FAR >= 1 - TAR */
    /* Point k has limit 10^(-k / VERIFICATION_STEPS). Its far, tar and threshold are NaN where
     * limit * impostor < 1: so few pairs cannot show so small a rate. */
    verification_point roc[VERIFICATION_POINTS];
} verification;

/* The point of FAR 10^-decade, decade 0 .. VERIFICATION_DECADES. */
const verification_point *verification_at(const verification *v, int decade);

/* 0, or ENOMEM. */
int verification_measure(const verification_input *in, verification *out);

#endif
