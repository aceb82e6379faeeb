/* ratios.h: what a case's repetitions say: their spread, and how they compare with others'.
 *
 * Must not know how anything was measured. */
#ifndef SPEED_RATIOS_H
#define SPEED_RATIOS_H

#include <jansson.h>

/* To each row that stands for a case, as report.h says; gemm3_floor and unstable_cases to the
 * context. Returns 0, or -1 when memory is short. */
int speed_ratios_add(json_t *context, const json_t *rows);

#endif
