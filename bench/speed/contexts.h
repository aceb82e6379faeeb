/* contexts.h: a few library contexts kept from case to case.
 *
 * Interleaved repetitions return to a case again and again; making its context anew each time
 * would cost its workspace's page faults. Must not know problems or timing. */
#ifndef SPEED_CONTEXTS_H
#define SPEED_CONTEXTS_H

#include "speed.h"

#define SPEED_MAX_CONTEXTS 32

typedef struct speed_context {
    margin_loss loss;
    margin_isa isa;
    int threads;
    unsigned long last_used;
    margin_context *context;
} speed_context;

typedef struct speed_contexts {
    speed_context entry[SPEED_MAX_CONTEXTS];
    size_t count;
    unsigned long clock;
} speed_contexts;

/* The context of this case; the pool owns it until the next call. *fresh: 1 if it had to be made.
 * NULL: see *status. */
margin_context *speed_contexts_get(speed_contexts *pool, const speed_case *c, int *fresh,
                                   margin_status *status);
/* One of the caller's own. */
margin_context *speed_context_new(const speed_case *c, margin_status *status);
void speed_contexts_close(speed_contexts *pool);

#endif
