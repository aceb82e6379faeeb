/* tables.h: the tables that the figures of speed and the report are made of.
 *
 * Must not know how anything was measured, or how a figure looks. */
#ifndef SPEED_TABLES_H
#define SPEED_TABLES_H

#include <jansson.h>

#include "atomic_file.h"
#include "plan.h"

/* Writes the tables of a report (report.h) of these cases beside the file `results`, into `set`.
 * Returns 0, or -1 and one line in `fault`. */
int speed_tables_write(const char *results, const json_t *report, const speed_plan *plan,
                       atomic_set *set, char *fault, size_t fault_size);

#endif
