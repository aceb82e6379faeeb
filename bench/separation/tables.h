/* tables.h: the tables that the figures of separation and the report are made of. Must not know how
 * a run works or how a figure looks. */
#ifndef SEPARATION_TABLES_H
#define SEPARATION_TABLES_H

#include <jansson.h>

#include "plans.h"
#include "table.h"

/* Writes the tables of finished runs and of the figures' numbers (the JSON's `figures`) beside the
 * file `results`. Ends the program if that fails. */
void tables_write(const char *results, const plan_list *plans, const json_t *figures);

/* Those of figures without training. */
void tables_of_curves(tables *out, const json_t *figures);

#endif
