/* aggregate.h: the statistics rows of Google Benchmark's format, for repetitions that ran apart.
 *
 * Must not know what the rows mean. */
#ifndef SPEED_AGGREGATE_H
#define SPEED_AGGREGATE_H

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A new array: the rows by family_index and repetition_index; after those of one run_name, where
 * there is more than one, its mean, median, stddev and cv, as Google Benchmark writes them. NULL
 * when memory is short. */
json_t *speed_aggregate(const json_t *rows);

/* 1 for the row that stands for a case: its median, or its only repetition. */
int speed_row_stands_for_case(const json_t *row);

/* Members of a row; "" and 0 where they are missing. */
const char *speed_row_text(const json_t *row, const char *key);
double speed_row_number(const json_t *row, const char *key);

#ifdef __cplusplus
}
#endif

#endif
