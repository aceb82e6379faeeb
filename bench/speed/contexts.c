/* contexts.c: the pool of library contexts: the one used longest ago leaves first.
 *
 * Must not know problems or timing. */
#include "contexts.h"

#include <string.h>

/* What idle contexts may hold together, as far as their last calls tell. */
#define POOL_BYTES ((size_t)1 << 30)

static size_t held(const speed_contexts *pool)
{
    size_t bytes = 0;
    for (size_t i = 0; i < pool->count; i++) {
        bytes += margin_context_workspace_used(pool->entry[i].context);
    }
    return bytes;
}

static void drop_oldest(speed_contexts *pool)
{
    size_t oldest = 0;
    for (size_t i = 1; i < pool->count; i++) {
        if (pool->entry[i].last_used < pool->entry[oldest].last_used) {
            oldest = i;
        }
    }
    margin_destroy(pool->entry[oldest].context);
    pool->entry[oldest] = pool->entry[--pool->count];
}

static margin_status add(speed_contexts *pool, const speed_case *c)
{
    margin_config config;
    margin_context *context = NULL;
    margin_status status = margin_config_init(&config, c->loss);
    config.isa = c->isa;
    config.threads = c->threads;
    if (status == MARGIN_OK) {
        status = margin_create(&config, &context);
    }
    if (status == MARGIN_OK) {
        pool->entry[pool->count++] =
            (speed_context){.loss = c->loss, .isa = c->isa, .threads = c->threads,
                            .context = context};
    }
    return status;
}

margin_context *speed_contexts_get(speed_contexts *pool, const speed_case *c, margin_status *status)
{
    size_t i = 0;
    while (i < pool->count && (pool->entry[i].loss != c->loss || pool->entry[i].isa != c->isa ||
                               pool->entry[i].threads != c->threads)) {
        i++;
    }
    if (i == pool->count) {
        while (pool->count == SPEED_MAX_CONTEXTS || (pool->count && held(pool) > POOL_BYTES)) {
            drop_oldest(pool);
        }
        i = pool->count;
        *status = add(pool, c);
        if (*status != MARGIN_OK) {
            return NULL;
        }
    }
    *status = MARGIN_OK;
    pool->entry[i].last_used = ++pool->clock;
    return pool->entry[i].context;
}

void speed_contexts_close(speed_contexts *pool)
{
    while (pool->count) {
        drop_oldest(pool);
    }
    memset(pool, 0, sizeof *pool);
}
