/* run.h: one run: data, network, training under one loss with one seed, and what was measured.
 * Must not know the command line, or other runs. */
#ifndef SEPARATION_RUN_H
#define SEPARATION_RUN_H

#include "run_measure.h"

/* 0; or -1 with result->error. Free the result with run_free in either case. */
int run_carry_out(const run_plan *plan, run_result *result);
void run_free(run_result *result);

#endif
