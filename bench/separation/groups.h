/* groups.h: finished runs that differ in the seed only, and what they say together. Must not know
 * what a group is for. */
#ifndef SEPARATION_GROUPS_H
#define SEPARATION_GROUPS_H

#include "plans.h"

/* The numbers of a run by name, angles in degrees. */
typedef struct quantity {
    const char *name; /* "intra": of test samples; "train_intra", "unseen_intra" */
    double (*of)(const run_result *result); /* NaN where the run has none */
} quantity;

extern const quantity all_quantities[]; /* up to one without a name */
/* NULL if there is none of this name. */
const quantity *quantity_find(const char *name);

typedef struct group {
    const plan_list *plans;
    size_t *runs, count;      /* its runs' places in the list, a run for each seed */
    const run_plan *plan;     /* of the first seed */
    const run_result *result; /* likewise */
    const char *loss;         /* "arcface"; "triplet", too */
    char label[RUN_LABEL], key[RUN_KEY];
} group;

typedef struct group_list {
    group *groups; /* in the order of their first runs */
    size_t count;
} group_list;

/* A mean over seeds and its 95 % interval by Student's t. */
typedef struct interval {
    size_t count;
    double mean, low, high; /* NaN ends if count < 2 */
} interval;

/* Takes the finished runs of `plans` together. */
group_list groups_of(const plan_list *plans);
void groups_free(group_list *list);

/* Gives the result of the group's seed number k. */
const run_result *group_result(const group *g, size_t k);
/* Gives the wanted quantity of each seed, [g->count], to be freed. */
double *group_values(const group *g, const quantity *wanted);
interval group_interval(const group *g, const quantity *wanted);
interval interval_of(const double *values, size_t count);

/* Tells the number of the seed that stands for the others in pictures of `like` and of its kind,
 * the groups with features on the same data in as many dimensions: the one whose gap in the plane,
 * or angle within classes elsewhere, is the median of the seeds' means over all of its kind. */
size_t groups_typical(const group_list *list, const group *like);

/* Is the plan one of this figure's? */
int plan_in_figure(const run_plan *plan, const char *figure_name);

/* ---- claims.c: what the papers say about separation, measured on finished runs, with a verdict.
 * It must not know how a verdict is shown.
 *
 * A claim is a quantity of each seed (most are differences between two losses on the same data and
 * the same first network, so paired) and the range that it must lie in. Its mean has a 95 %
 * interval by Student's t. It holds if the whole interval lies in the range, it does not if none of
 * it does, and else it is undecided. ---- */

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
