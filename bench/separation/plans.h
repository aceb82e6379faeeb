/* plans.h: a list of runs, each made once however many figures want it, and carried out spread over
 * threads. Must not know what a run is for.
 *
 * Threads work on whole runs. Where there are fewer runs than threads, a run's heads and measures
 * share what is left; its numbers do not depend on how many that are. */
#ifndef SEPARATION_PLANS_H
#define SEPARATION_PLANS_H

#include "run.h"

#define SEPARATION_PROGRAM "bench_separation"

typedef struct plan_list {
    uint32_t figures; /* the figures that the plans added now are for */
    run_plan *plans;
    char (*keys)[RUN_KEY]; /* of each plan */
    run_result *results;   /* of plans_carry_out */
    size_t count, room;
} plan_list;

/* An equal run that is in the list already serves both. Ends the program if memory does not
 * suffice. */
void plan_list_add(plan_list *list, const run_plan *plan);
void plan_list_free(plan_list *list);

/* Ends the program if a run takes more memory than there is. Says on stderr, if it `speaks`, that
 * the runs will take many hours. (cost.c) */
void plans_check_cost(const plan_list *list, int speaks);

/* 0: as many threads as OpenMP decides. Shows progress. Ends the program at the first run that
 * fails. */
void plans_carry_out(plan_list *list, int threads);

/* A run_plan's `embedded`, with the folder as `user`: FOLDER/DATA-DIMd-LABEL-seedS-PART-X.npy with
 * X embeddings, labels and, where there are some, weights. Any thread. Ends the program if a file
 * cannot be written. */
void dump_embedded(const char *folder, const run_plan *plan, const run_embedded *what);

#endif
