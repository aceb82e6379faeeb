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
    for (size_t i = 0; i < pool->count; i++)
        bytes += margin_context_workspace_used(pool->entry[i].context);
    return bytes;
}

static void drop_oldest(speed_contexts *pool)
{
    size_t oldest = 0;
    for (size_t i = 1; i < pool->count; i++) {
        if (pool->entry[i].last_used < pool->entry[oldest].last_used) oldest = i;
    }
    margin_destroy(pool->entry[oldest].context);
    pool->entry[oldest] = pool->entry[--pool->count];
}

margin_context *speed_context_new(const speed_case *c, margin_status *status)
{
    margin_config config;
    margin_context *context = NULL;
    *status = margin_config_init(&config, c->loss);
    config.isa = c->isa;
    config.threads = c->threads;
    if (*status == MARGIN_OK) *status = margin_create(&config, &context);
    return context;
}

margin_context *speed_contexts_get(speed_contexts *pool, const speed_case *c, int *fresh,
                                   margin_status *status)
{
    size_t i = 0;
    while (i < pool->count && (pool->entry[i].loss != c->loss || pool->entry[i].isa != c->isa ||
                               pool->entry[i].threads != c->threads)) {
        i++;
    }
    *fresh = i == pool->count;
    *status = MARGIN_OK;
    if (*fresh) {
        while (pool->count == SPEED_MAX_CONTEXTS || (pool->count && held(pool) > POOL_BYTES))
            drop_oldest(pool);
        margin_context *context = speed_context_new(c, status);
        if (!context) return NULL;
        i = pool->count++;
        pool->entry[i] = (speed_context){
            .loss = c->loss, .isa = c->isa, .threads = c->threads, .context = context};
    }
    pool->entry[i].last_used = ++pool->clock;
    return pool->entry[i].context;
}

void speed_contexts_close(speed_contexts *pool)
{
    while (pool->count)
        drop_oldest(pool);
    memset(pool, 0, sizeof *pool);
}
