/* parallel.h: loops over items that several threads share. parallel.c and pool.c are the only files
 * that know a threading library. */
#ifndef MARGIN_PARALLEL_H
#define MARGIN_PARALLEL_H

#include <stddef.h>

#include "margin.h"

/* Who runs the loops of a context. */
typedef struct margin_team {
    margin_parallel_for host; /* the caller's own; NULL: the library's */
    void *host_user;
    struct margin_pool *pool; /* NULL: none is built, or one thread is all */
    long process;             /* that made the team */
} margin_team;

/* Makes a team of at most `threads` threads on `host`, with host_user, or where that is NULL on
 * what the library was built for. Starts no thread. Returns 0 if memory is short. */
int margin_team_make(margin_team *team, int threads, margin_parallel_for host, void *host_user);
/* Returns 1 if the team's threads are here: 0 in a child of fork, where loops get one thread. */
int margin_team_here(const margin_team *team);
/* Ends the team's threads and releases it. */
void margin_team_end(margin_team *team);

/* The items of one loop, of which each is taken once. */
typedef struct margin_items margin_items;

/* Takes the next item. Returns 0 when none is left, else 1 with the item's number in *item. A
 * worker gets its items in rising order. */
int margin_take_item(margin_items *items, size_t *item);

/* What each thread does in a loop: take items until none is left. `worker` counts from 0. */
typedef void (*margin_worker)(void *state, size_t worker, margin_items *items);

/* Runs `work` on at most `threads` workers over `count` items, and returns when all are done: what
 * they wrote is then visible to the caller and to the workers of later loops. One thread enters no
 * threading library. */
void margin_share(const margin_team *team, size_t threads, size_t count, margin_worker work,
                  void *state);

/* What is done with one item, for loops whose workers keep nothing from item to item. */
typedef void (*margin_item_task)(void *state, size_t item, size_t worker);

/* Runs `task` for each of `count` items on at most `threads` workers. */
void margin_share_each(const margin_team *team, size_t threads, size_t count, margin_item_task task,
                       void *state);

/* Returns how many threads the library takes when it is not told. */
int margin_default_threads(void);

#endif
