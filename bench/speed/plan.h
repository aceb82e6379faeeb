/* plan.h: which cases a run has: the shapes, losses, instruction sets, threads and peers asked for.
 *
 * Must not know how a case is run. */
#ifndef SPEED_PLAN_H
#define SPEED_PLAN_H

#include <stdint.h>

#include "speed.h"

#define SPEED_MAX_THREAD_COUNTS 16

/* What was asked for; filled by speed_options. */
typedef struct speed_request {
    speed_level level;
    uint64_t seed;
    unsigned char loss[MARGIN_LOSS_COUNT]; /* 1: wanted */
    unsigned char isa[MARGIN_ISA_COUNT];   /* 1: wanted and usable */
    int threads[SPEED_MAX_THREAD_COUNTS];  /* rising */
    size_t thread_counts;
    int threads_given;  /* 0: the default; then numbers between the first and the last are for the
                           figure over threads only */
    const char *filter; /* POSIX extended regular expression, or NULL */
} speed_request;

typedef struct speed_plan {
    uint64_t seed;
    speed_shape *shapes;
    size_t shape_count;
    speed_case *cases; /* those of one shape together */
    size_t count, capacity;
    char skipped[256]; /* shapes beyond this machine's memory; "" if there are none */
} speed_plan;

/* Returns 0, or -1 and one line in `fault`. */
int speed_plan_build(speed_plan *plan, const speed_request *request, char *fault);
void speed_plan_free(speed_plan *plan);

/* Indices into plan->cases, `rounds` times plan->count of them: every round has every case once.
 * Cases that are compared with one another (of one shape and number of threads) follow one another,
 * so that a slow spell of the machine hits all of them or none; their order, and that of the
 * groups, is random, anew in each round, and depends on plan->seed only. Release with free. */
size_t *speed_rounds(const speed_plan *plan, size_t rounds);

/* CPUs that this process may run on. */
int speed_cpu_count(void);

#endif
