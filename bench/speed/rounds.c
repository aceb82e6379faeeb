/* rounds.c: the order of the repetitions (see plan.h): random, group by group.
 *
 * Must not know what a case is but its shape and threads. */
#include "plan.h"

#include <stdlib.h>

#include "memory.h"
#include "random.h"

/* A run of cases in the plan with the same shape and threads. */
typedef struct group {
    size_t first, count;
} group;

static size_t find_groups(const speed_plan *plan, group *groups)
{
    size_t count = 0;
    for (size_t i = 0; i < plan->count; i++) {
        const speed_case *c = &plan->cases[i];
        if (i == 0 || c->shape != c[-1].shape || c->threads != c[-1].threads)
            groups[count++] = (group){i, 0};
        groups[count - 1].count++;
    }
    return count;
}

size_t *speed_rounds(const speed_plan *plan, size_t rounds)
{
    size_t *order = zeroed(rounds * plan->count + 1, sizeof *order), used = 0;
    group *groups = zeroed(plan->count + 1, sizeof *groups);
    uint64_t state = plan->seed;
    const size_t count = find_groups(plan, groups);
    for (size_t round = 0; round < rounds; round++) {
        for (size_t i = count; i > 1; i--) {
            const size_t k = random_below(&state, i);
            const group other = groups[k];
            groups[k] = groups[i - 1];
            groups[i - 1] = other;
        }
        for (const group *g = groups; g < groups + count; g++) {
            size_t *const to = order + used;
            for (size_t i = 0; i < g->count; i++) {
                const size_t k = random_below(&state, i + 1);
                to[i] = to[k];
                to[k] = g->first + i;
            }
            used += g->count;
        }
    }
    free(groups);
    return order;
}
