/* tables.h: the tables that the figures of trainings and the report are made of. Must not know how
 * a run works or how a figure looks. */
#ifndef SEPARATION_TABLES_H
#define SEPARATION_TABLES_H

#include "claims.h"
#include "table.h"

void tables_of_runs(tables *out, const group_list *groups, const claim_list *claims);

#endif
