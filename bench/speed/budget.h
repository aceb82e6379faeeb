/* budget.h: how long a repetition is, for all of a run to end in its time. Must not know how a case
 * runs. */
#ifndef SPEED_BUDGET_H
#define SPEED_BUDGET_H

#include "speed_options.h"

/* Share of the time of all repetitions that those which were disturbed may take again. */
#define SPEED_AGAIN 0.3

/* Runs of a case that last so long. */
size_t speed_iterations(const speed_case *c, double min_seconds);
/* The longest repetitions that the time allows: short ones are at the mercy of interrupts.
 * `seconds_left` is for all of them and for those made again. */
double speed_min_seconds(const speed_options *options, const speed_plan *plan, double seconds_left);

#endif
