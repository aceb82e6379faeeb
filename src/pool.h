/* pool.h: a context's own helpers, threads that take a part of its loops when they have the time.
 * Nobody waits for a helper that has not begun. */
#ifndef MARGIN_POOL_H
#define MARGIN_POOL_H

#include <stddef.h>

typedef struct margin_pool margin_pool;

/* What the caller (worker 0) and each helper that comes (from 1 on) do in a loop. */
typedef void (*margin_part)(void *state, size_t worker);

/* Returns a pool for at most `helpers` helpers, none of which is started yet; NULL: no memory. */
margin_pool *margin_pool_create(unsigned helpers);

/* Calls `part` for worker 0 here, and for up to `helpers` others as they come; returns when all
 * that began are done. A loop must be whole even if none comes. A helper keeps the floating-point
 * environment in which it was started. */
void margin_pool_run(margin_pool *pool, unsigned helpers, margin_part part, void *state);

/* Releases the pool and ends its helpers, unless they are not `here`: a child of fork has none. */
void margin_pool_destroy(margin_pool *pool, int here);

#endif
