/* repetitions.h: times the cases in interleaved repetitions, on Google Benchmark. Must not know how
 * a case runs (session.h) or what a row means (report.h). */
#ifndef SPEED_REPETITIONS_H
#define SPEED_REPETITIONS_H

#ifdef __cplusplus
extern "C" {
#endif

#include "session.h"
#include "speed_options.h"

/* To be called before all else: a failed allocation of C++ code, the loaded libraries' among it,
 * ends the program as one of C does. */
void speed_repetitions_guard(void);
/* Hands Google Benchmark its flags; ends the program where it does not know one. */
void speed_repetitions_begin(const speed_options *options);

/* The rounds of all cases that passed their check, each repetition at least so long; then, within a
 * share of their time (budget.h), again what was disturbed. Shows progress. Returns Google
 * Benchmark's JSON, case by case, a string to be freed. */
char *speed_repetitions_time(const speed_options *options, speed_plan *plan, speed_session *session,
                             double min_seconds);

#ifdef __cplusplus
}
#endif

#endif
