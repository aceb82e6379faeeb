/* processes.h: other processes than this one: the same run made by several, one after another, and
 * a neighbour that sweeps the caches. Must not know what is measured. */
#ifndef SPEED_PROCESSES_H
#define SPEED_PROCESSES_H

#include <jansson.h>

#include "speed_options.h"

/* Makes the run of these arguments, which has so many `cases`, in options->processes fresh
 * processes in turns, each with its share of the repetitions: code, stack and pages lie elsewhere
 * in each. Returns the rows of all, case by case as in one file, each with the number of its
 * `process`, and the first one's context; NULL and one line in `fault` where one failed. */
json_t *speed_processes_run(const speed_options *options, size_t cases, int argc, char **argv,
                            char *fault);

/* Starts a process that reads and writes twice the last cache over and over, as a busy neighbour
 * on the machine does, until this process ends. Returns 0, or -1 and one line in `fault`. */
int speed_neighbour_start(char *fault);

#endif
