/* claims.h: what the papers say about separation, measured on finished runs, with a verdict. Must
 * not know how a run works, nor how a verdict is shown.
 *
 * A claim is a quantity of each seed (most are differences between two losses on the same data and
 * the same first network, so paired) and the range that it must lie in. Its mean has a 95 %
 * interval by Student's t. It holds if the whole interval lies in the range, it does not if none of
 * it does, and else it is undecided. */
#ifndef SEPARATION_CLAIMS_H
#define SEPARATION_CLAIMS_H

#include "groups.h"

/* Of a single seed, which has no interval, there is none. */
typedef enum verdict { VERDICT_HOLDS, VERDICT_DOES_NOT, VERDICT_UNDECIDED, VERDICT_NONE } verdict;

verdict verdict_of(interval measured, double least, double most);
const char *verdict_name(verdict value); /* NULL: there is none */

typedef struct claim_result {
    char claim[96], measured[96]; /* in words; what the numbers are */
    const char *where, *unit;     /* paper and place; "degrees", "1" */
    double paper;                 /* the paper's number for it; NaN: it has none */
    double least, most;           /* the range in which the claim holds */
    interval found;
    double *values; /* of each seed */
    verdict verdict;
} claim_result;

typedef struct claim_list {
    claim_result *results;
    size_t count;
} claim_list;

/* Judges every claim whose runs are all in the groups. */
claim_list claims_judge(const group_list *groups);
void claims_free(claim_list *list);

#endif
