/* report.h: finished runs as JSON and as a table. Must not know how a run works. */
#ifndef SEPARATION_REPORT_H
#define SEPARATION_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "claims.h"
#include "plans.h"
#include "quantities.h"

/* One run as a new JSON object. */
json_t *report_run(const run_plan *plan, const run_result *result);
/* Of each run the place of the first that differs from it in the seed only, as a new array. */
size_t *report_leaders(const plan_list *plans);
/* The mean and 95 % interval of a quantity over the runs of this leader. */
interval report_interval(const plan_list *plans, const size_t *leaders, size_t leader,
                         const quantity *wanted);
/* Runs that differ in the seed only: mean and 95 % interval of each quantity, as a new array. */
json_t *report_groups(const plan_list *plans);
/* The names of figures by their bits, as a new array. */
json_t *report_figures(uint32_t figures);
/* The claims with their verdicts, as a new array; and as lines for people. */
json_t *report_claims(const plan_list *plans);
void report_claims_table(FILE *out, const json_t *claims);
/* What the numbers mean and what was chosen, as a new array of sentences. */
json_t *report_notes(void);

void report_table_head(FILE *out);
void report_table_row(FILE *out, const run_plan *plan, const run_result *result);
/* Data, losses and their settings on a circle of 8 classes. */
void report_list(FILE *out, const unsigned char *losses, const loss_override *override);

#endif
