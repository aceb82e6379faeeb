/* report.h: finished runs as JSON, as the tables of figures, and as a table for people. Must not
 * know how a run works. */
#ifndef SEPARATION_REPORT_H
#define SEPARATION_REPORT_H

#include <jansson.h>
#include <stdio.h>

#include "claims.h"
#include "table.h"

/* The runs, each with its statistics and figures; one of its group's seeds has its features. */
json_t *report_runs(const plan_list *plans, const group_list *groups);
/* Runs that differ in the seed only: mean and 95 % interval of each quantity. */
json_t *report_groups(const group_list *groups);
/* report_claims.c: the claims with their verdicts; and as lines for people. */
json_t *report_claims(const claim_list *claims);
void report_claims_table(FILE *out, const claim_list *claims);
/* What the numbers mean and what was chosen, in sentences. */
json_t *report_notes(void);

void report_table(FILE *out, const plan_list *plans);
/* Data, losses and their settings on a circle of 8 classes. */
void report_list(FILE *out, const unsigned char *losses, const loss_override *override);

/* tables_gaps.c: the toy's gaps over the share of samples that an arc holds, means over the seeds;
 * the toy under other settings; the claims. */
json_t *report_gaps(const group_list *groups);
void table_of_gaps(tables *out, const group_list *groups);
void table_of_settings(tables *out, const group_list *groups);
void table_of_claims(tables *out, const claim_list *claims);

/* The tables that the figures of trainings and the report are made of. */
void tables_of_runs(tables *out, const group_list *groups, const claim_list *claims);

/* ---- figure_geometry.c ---- */

/* The geometry of a run along the epochs, and that of all groups over the seeds as a table. */
json_t *geometry_columns(const run_result *result);
void geometry_table(tables *out, const group_list *groups);

/* ---- figure_noise.c ---- */

/* Those of the figures noise, tails and room. */
void noise_tables(tables *out, const group_list *groups);

/* ---- report_strangers.c: what a run says of identities that it has not seen, put into its object.
 * It must not know how that is measured. ---- */

void report_strangers(json_t *object, const run_result *result);

#endif
