/* groups.h: finished runs that differ in the seed only, and what they say together. Must not know
 * what a group is for. */
#ifndef SEPARATION_GROUPS_H
#define SEPARATION_GROUPS_H

#include "plans.h"
#include "student.h"

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

/* Takes the finished runs of `plans` together. */
group_list groups_of(const plan_list *plans);
void groups_free(group_list *list);

/* Gives the result of the group's seed number k. */
const run_result *group_result(const group *g, size_t k);
/* Gives the wanted quantity of each seed, [g->count], to be freed. */
double *group_values(const group *g, const quantity *wanted);
interval group_interval(const group *g, const quantity *wanted);

/* Tells the number of the seed that stands for the others in pictures of `like` and of its kind,
 * the groups with features on the same data in as many dimensions: the one whose gap in the plane,
 * or angle within classes elsewhere, is the median of the seeds' means over all of its kind. */
size_t groups_typical(const group_list *list, const group *like);

/* Is the plan one of this figure's? */
int plan_in_figure(const run_plan *plan, const char *figure_name);

#endif
