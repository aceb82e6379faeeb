/* verification.h: how well embeddings tell whether two samples are of one identity: TAR at FAR,
 * ROC, EER, AUC (roc.h says what they are) over all pairs of rows, over listed ones, or over scores
 * made elsewhere. Must not know where the embeddings came from.
 *
 * Pairs: every unordered pair of two different rows that take part, once. It is genuine when the
 * labels are equal, else impostor. The score is the cosine, with all its digits (score.h). Zero
 * vectors have no direction and take no part.
 *
 * Up to VERIFICATION_SORTED pairs are sorted. Of more, most are counted by the intervals between
 * scores of a sample of them, and sorted only where a result is decided; auc_error says how far AUC
 * may be off then. */
#ifndef MARGIN_COMMON_VERIFICATION_H
#define MARGIN_COMMON_VERIFICATION_H

#include <stddef.h>
#include <stdint.h>

#include "progress.h"
#include "roc.h"

enum {
    VERIFICATION_DECADES = 5, /* FAR from 1 to 1e-5 */
    VERIFICATION_STEPS = 10,  /* points of each decade */
    VERIFICATION_POINTS = VERIFICATION_DECADES * VERIFICATION_STEPS + 1,
    VERIFICATION_SORTED = 1 << 25
};

typedef struct verification_input {
    size_t rows, dim;
    const float *embeddings; /* [rows, dim], raw, finite */
    const int64_t *labels;   /* [rows]: identities, any numbers; -1: the row takes no part */
    int threads;             /* 0: as OpenMP decides; never changes a number */
    progress *line;          /* stepped once a row and pass (verification_work), or NULL */
    roc_point *points;       /* further limits, which fall, and their results; or NULL */
    size_t point_count;
    roc_cost *cost;    /* or NULL */
    roc_corner corner; /* or NULL */
    void *user;
    size_t sorted; /* pairs that are sorted at most; 0: VERIFICATION_SORTED */
} verification_input;

/* NaN where there is nothing to measure: no genuine pairs, or no impostor pairs. */
typedef struct verification {
    roc_result all;
    size_t zero_rows;  /* of those with a label; they take no part */
    uint64_t repeated; /* genuine pairs of equal directions */
    /* Point k has limit 10^(-k / VERIFICATION_STEPS). */
    roc_point roc[VERIFICATION_POINTS];
} verification;

/* The point of FAR 10^-decade, decade 0 .. VERIFICATION_DECADES. */
const roc_point *verification_at(const verification *v, int decade);

/* Returns the steps of progress that a measurement takes. */
size_t verification_work(const verification_input *in);

/* 0, or ENOMEM. */
int verification_measure(const verification_input *in, verification *out);

/* One comparison of a list. */
typedef struct comparison {
    score score;
    int genuine;
} comparison;

/* Measures listed comparisons instead of pairs; `value` reads a score. Of `in` it takes points,
 * cost and corner. */
int verification_of_list(const verification_input *in, const comparison *list, size_t count,
                         double (*value)(score s), verification *out);

#endif
