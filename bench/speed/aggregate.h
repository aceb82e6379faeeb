/* aggregate.h: the statistics rows of Google Benchmark's format, for repetitions that ran apart.
 *
 * Must not know what the rows mean. */
#ifndef SPEED_AGGREGATE_H
#define SPEED_AGGREGATE_H

#include <jansson.h>

/* A new array: the rows, which come case by case; after those of one run_name, where there is more
 * than one with a time, their mean, median, stddev and cv, as Google Benchmark writes them. NULL
 * when memory is short. */
json_t *speed_aggregate(const json_t *rows);

#endif
