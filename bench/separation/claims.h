/* claims.h: what the papers say about separation, measured on finished runs, with a verdict. Must
 * not know how a run works, nor how a verdict is shown.
 *
 * A claim is a quantity of each seed (most are differences between two losses on the same data and
 * the same first network, so paired) and the range that it must lie in. Its mean has a 95 %
 * interval by Student's t. It holds if the whole interval lies in the range, it does not if none of
 * it does, and else, or with a single seed, it is undecided. */
#ifndef SEPARATION_CLAIMS_H
#define SEPARATION_CLAIMS_H

#include "plans.h"

enum { CLAIM_MOST_SEEDS = 1000 };

typedef enum verdict { VERDICT_HOLDS, VERDICT_DOES_NOT, VERDICT_UNDECIDED } verdict;

typedef struct interval {
    size_t count;
    double mean, low, high; /* NaN ends if count < 2 */
} interval;

interval interval_of(const double *values, size_t count);
/* Student's t: the quantile 0.975 for this many degrees of freedom, >= 1. */
double student_quantile(size_t freedom);
verdict verdict_of(interval measured, double least, double most);
const char *verdict_name(verdict value);

typedef struct claim_result {
    const char *claim, *where; /* in words; paper and place */
    const char *measured;      /* what the numbers are */
    const char *unit;          /* "degrees", "1" */
    double paper;              /* the paper's number for it; NaN: it has none */
    double least, most;        /* the range in which the claim holds */
    interval found;
    double values[CLAIM_MOST_SEEDS]; /* of each seed */
    verdict verdict;
} claim_result;

/* Judge every claim whose runs are all in the list. Calls `take` for each. */
void claims_judge(const plan_list *plans, void (*take)(void *user, const claim_result *result),
                  void *user);

#endif
