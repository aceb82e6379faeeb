/* dispatch.h: which kernels run, and the schedule that goes with them. */
#ifndef MARGIN_DISPATCH_H
#define MARGIN_DISPATCH_H

#include "kernels/kernels.h"
#include "margin.h"
#include "tuning.h"

/* Returns the kernels of `isa` if they were built and this CPU can run them, else NULL. */
const margin_kernels *margin_dispatch(margin_isa isa);

/* Returns the products of `isa` whose factors are rounded to this type, or not at all (float32);
 * NULL if it has none, they were not built, or this CPU cannot run them. */
const margin_products *margin_dispatch_products(margin_isa isa, margin_type factors);

/* Returns the schedule of `isa`: see tuning.h. */
margin_schedule margin_schedule_of(margin_isa isa);

/* Returns what AUTO means now: MARGIN_ISA in the environment if set, else the best usable one;
 * MARGIN_ISA_COUNT where the environment names something unknown. */
margin_isa margin_dispatch_auto(void);

#endif
