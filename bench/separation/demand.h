/* demand.h: what a margin asks for on a circle. Must not know how anything is trained.
 *
 * Two neighbours stand one spacing apart, 2 pi / classes. Each loss wants a gap between them: where
 * the samples of both, pulled towards their own class, just meet its condition. */
#ifndef SEPARATION_DEMAND_H
#define SEPARATION_DEMAND_H

#include <stddef.h>

#include "margin.h"

/* The gap in radians that the loss's one margin asks for; NaN where there is none so wide, and for
 * a loss whose margin is no single number. */
double demand_gap(const margin_config *loss, size_t classes);
/* The margin with which the loss asks for this gap; NaN likewise. */
double demand_margin(margin_loss loss, double gap, size_t classes);

#endif
