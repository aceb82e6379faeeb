/* bootstrap.h: how much rates of accepted comparisons would differ with other samples: intervals of
 * 95 % from samples drawn again, with replacement, from the units at hand (Efron, 1979). Must not
 * know what is compared. */
#ifndef MARGIN_COMMON_BOOTSTRAP_H
#define MARGIN_COMMON_BOOTSTRAP_H

#include "verification.h"

typedef struct interval {
    double low, high; /* NaN where no draw had a value */
} interval;

typedef struct bootstrap_result {
    int draws;    /* 0: not measured */
    size_t units; /* of which are drawn as many again */
    interval auc, eer;
    interval *tar; /* of each point, [point_count] of the input; the caller's */
} bootstrap_result;

/* Draws identities: a pair of two counts as often as both were drawn together, one within an
 * identity as often as that. `labels` of `in` are 0 .. identities - 1 or -1. 0, ENOMEM, or E2BIG
 * where there are more than VERIFICATION_SORTED / 2 pairs. */
int bootstrap_identities(const verification_input *in, size_t identities, int draws,
                         bootstrap_result *out);
/* Draws comparisons. 0 or ENOMEM. */
int bootstrap_list(const verification_input *in, const comparison *list, size_t count, int draws,
                   bootstrap_result *out);

#endif
