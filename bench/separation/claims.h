/* claims.h: what the papers say about separation, measured on finished runs, with a verdict. Must
 * not know how a verdict is shown.
 *
 * A claim is a number of each seed (most are differences between two losses on the same data and
 * the same first network, so paired; others are slopes within a seed) and the range that it must
 * lie in. It holds if the whole 95 % interval of its mean lies in the range, it does not if none of
 * it does, and is undecided else; and since a run judges many claims at once, it is undecided, too,
 * where its p by Holm over all of them is not below 0.05.
 *
 * Gaps, overlaps and angles are those of the test samples of seen identities; what the training
 * samples say stands beside them. What a claim says of the training itself, such as that it
 * converges, is judged on the training samples, and the test samples stand beside. */
#ifndef SEPARATION_CLAIMS_H
#define SEPARATION_CLAIMS_H

#include "groups.h"

/* Of a single seed, which has no interval, there is none. */
typedef enum verdict { VERDICT_HOLDS, VERDICT_DOES_NOT, VERDICT_UNDECIDED, VERDICT_NONE } verdict;

const char *verdict_name(verdict value); /* NULL: there is none */

/* What one part of the data says of a claim. */
typedef struct judgement {
    const char *split; /* "test", "train" (seen identities), "unseen"; NULL: of no samples */
    double *values;    /* of each seed; NULL: nothing is known */
    interval found;
    double p;      /* Student's t test against the bound that decides; NaN: one seed */
    double p_holm; /* by Holm over all claims, each by this part where it has one */
    verdict by_interval, verdict;
} judgement;

/* A claim about the toy once more under other settings (figure_sensitivity.c), by its interval. */
typedef struct claim_setting {
    const char *name;
    interval found;
    verdict verdict;
} claim_setting;

typedef struct claim_result {
    char claim[96], measured[96]; /* in words; what the numbers are */
    const char *where, *unit;     /* paper and place; "degrees", "1" */
    double paper;                 /* the paper's number for it; NaN: it has none */
    double least, most;           /* the range in which the claim holds, without its ends */
    judgement here, other;        /* what is judged, and the other part of the samples */
    interval least_gap;           /* where a median gap is judged: the same of the least one */
    claim_setting *settings;
    size_t setting_count;
    char changes[640]; /* what would change the verdict; empty for one seed */
} claim_result;

typedef struct claim_list {
    claim_result *results;
    size_t count;
} claim_list;

/* Judges every claim whose runs are all in the groups. */
claim_list claims_judge(const group_list *groups);
void claims_free(claim_list *list);

/* ---- verdicts.c: from numbers to verdicts. It must not know what the numbers are of ---- */

verdict verdict_of(interval measured, double least, double most);
/* Fills p, p_holm, the verdicts and `changes` of all claims. */
void claims_decide(claim_list *list);

#endif
