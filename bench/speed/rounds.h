/* rounds.h: the order in which the repetitions of the cases are run.
 *
 * Must not know what a case is but its shape and threads. */
#ifndef SPEED_ROUNDS_H
#define SPEED_ROUNDS_H

#include "plan.h"

/* Indices into plan->cases, `rounds` times plan->count of them: every round has every case once.
 * Cases that are compared with one another (of one shape and number of threads) follow one another,
 * so that a slow spell of the machine hits all of them or none; their order, and that of the
 * groups, is random, anew in each round, and depends on plan->seed only. Release with free; NULL
 * when memory is short. */
size_t *speed_rounds(const speed_plan *plan, size_t rounds);

#endif
