/* context.h: what a context holds: the choices that margin_create made, and the workspace. */
#ifndef MARGIN_CONTEXT_H
#define MARGIN_CONTEXT_H

#include "kernels/kernels.h"
#include "loss.h"
#include "margin.h"
#include "parallel.h"
#include "tuning.h"

struct margin_context {
    margin_config config;     /* isa and threads resolved */
    margin_setting setting;   /* of config */
    margin_kernels kernels;   /* the tables of config.isa */
    margin_schedule schedule; /* of config.isa */
    margin_team team;         /* of config.threads */
    const margin_loss_info *info;
    margin_fault fault;
    int most_threads; /* with which it was created */
    char *workspace; /* `reserved` bytes, aligned to a line, or to a huge page where it fills one */
    size_t reserved; /* at most config.workspace_bytes, but for whole pages */
    size_t used;     /* bytes that the last head call took */
    void *step;      /* of a shard between its stages, head/shards.c; NULL: none so far */
    int step_open;   /* nothing else has used the workspace since its last stage */
};

/* Makes room for `bytes` in the workspace, of which nothing is kept. Returns MARGIN_ERROR_MEMORY,
 * recorded, if there is none. */
margin_status margin_reserve(margin_context *context, size_t bytes);

/* Returns the threads for a call that takes one of them `ns` nanoseconds: at most config.threads.
 */
size_t margin_threads_for(const margin_context *context, double ns);

static inline size_t margin_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Returns how many groups of `b` cover `a`. */
static inline size_t margin_divide_up(size_t a, size_t b)
{
    return (a + b - 1) / b;
}

#endif
