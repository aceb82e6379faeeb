/* tables.h: the tables that the figures of stability and the report are made of. It must not know
 * how anything was measured, or how a figure looks. */
#ifndef MARGIN_STABILITY_TABLES_H
#define MARGIN_STABILITY_TABLES_H

#include "floats.h"
#include "record.h"
#include "table.h"

/* The target-logit curves of the figures: psi of every whole degree, and its slope by the cosine,
 * which is null at the ends, where the sine is 0: first the curves of ArcFace's figure 4b, then
 * each past_pi for arcface. Arithmetic of the library, no measurement. */
json_t *curves_json(void);

/* Writes the tables, and sorts the records' points. Faults are in out. */
void write_tables(tables *out, const records *r, const verdict *v, const float_sweep *floats,
                  size_t float_count);

#endif
