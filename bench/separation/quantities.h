/* quantities.h: the numbers of a run by name, angles in degrees: what groups of runs and claims are
 * about. Must not know what is done with them. */
#ifndef SEPARATION_QUANTITIES_H
#define SEPARATION_QUANTITIES_H

#include "run.h"

typedef struct quantity {
    const char *name; /* "intra": of test samples; "train_intra", "unseen_intra" */
    double (*of)(const run_result *result); /* NaN where the run has none */
} quantity;

extern const quantity all_quantities[]; /* up to one without a name */
/* NULL if there is none of this name. */
const quantity *quantity_find(const char *name);

#endif
