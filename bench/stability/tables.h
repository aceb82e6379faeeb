/* tables.h: the tables that the figures of stability and the report are made of. It must not know
 * how anything was measured, or how a figure looks. */
#ifndef MARGIN_STABILITY_TABLES_H
#define MARGIN_STABILITY_TABLES_H

#include "floats.h"
#include "record.h"
#include "table.h"
#include "verdict.h"

/* Writes the tables, and sorts the records' points. Faults are in out. */
void write_tables(tables *out, const records *r, const verdict *v, const float_sweep *floats,
                  size_t float_count);

#endif
