/* report.h: from Google Benchmark's JSON to speed.json, and to a table for people.
 *
 * Must not know how anything was measured. */
#ifndef SPEED_REPORT_H
#define SPEED_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "atomic_file.h"
#include "plan.h"

/* What the context of speed.json holds beside provenance and peaks: the level of the run, the
 * peers (null: not installed), what of the environment they were kept from, the library
 * that each unfused head uses, the shapes that were too large. */
void speed_report_describe(json_t *context, const speed_plan *plan, speed_level level,
                           int repetitions, const char *cleared);

/* Google Benchmark's text of the plan's cases, its rows case by case, with `context` merged into
 * its context block and statistics added to the rows. Each median row (each row, where there was
 * one repetition) is given spread, shares of peaks and ratios, as results/README.md lists them. A
 * ratio is the median of the ratios of paired repetitions; a quantity whose other side was not
 * measured is left out. The context gets gemm3_floor, packed_floor and unstable_cases. NULL and one
 * line in `fault` where the text cannot be used. */
json_t *speed_report_build(const char *google, const json_t *context, const speed_plan *plan,
                           char *fault);
/* The same of `report`, whose rows of repetitions stand case by case already. */
void speed_report_finish(json_t *report, const speed_plan *plan);
/* Its part in ratios.c: all of these members. */
void speed_ratios_add(json_t *report, const speed_plan *plan);

/* Rows that carry an error. */
size_t speed_report_errors(const json_t *report);

/* Writes the tables that the figures of speed and the run's report are made of beside the file
 * `results`, into `set`. Returns 0, or -1 and one line in `fault`. */
int speed_tables_write(const char *results, const json_t *report, const speed_plan *plan,
                       atomic_set *set, char *fault);

/* Time per loss and its ratios, shape by shape. */
void speed_summary_print(FILE *stream, const json_t *report, const speed_plan *plan);

#endif
