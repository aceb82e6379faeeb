/* parallel.c: loops shared by threads: the host's own, those of a pool of helpers (pool.c),
 * OpenMP's, or none, as the build and the configuration say. It knows nothing of what the loops do.
 */
#define _GNU_SOURCE /* sched_getaffinity */
#include "parallel.h"

#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <unistd.h>

#include "simd/environment.h"
#include "pool.h"

#if defined(MARGIN_THREADS_OPENMP)
#include <omp.h>
#endif

struct margin_items {
    size_t count;
    int shared; /* several workers take from here */
    size_t next;
    atomic_size_t shared_next;
};

int margin_take_item(margin_items *items, size_t *item)
{
    *item = items->shared ? atomic_fetch_add_explicit(&items->shared_next, 1, memory_order_relaxed)
                          : items->next++;
    return *item < items->count;
}

/* ---- who runs a loop ---- */

int margin_team_make(margin_team *team, int threads, margin_parallel_for host, void *host_user)
{
    *team = (margin_team){.host = host, .host_user = host_user, .process = (long)getpid()};
#if defined(MARGIN_THREADS_POOL)
    if (host == NULL && threads > 1) team->pool = margin_pool_create((unsigned)threads - 1);
    return host != NULL || threads <= 1 || team->pool != NULL;
#else
    (void)threads;
    return 1;
#endif
}

int margin_team_here(const margin_team *team)
{
    return team->process == (long)getpid();
}

void margin_team_end(margin_team *team)
{
#if defined(MARGIN_THREADS_POOL)
    if (team->pool != NULL) margin_pool_destroy(team->pool, margin_team_here(team));
#endif
    team->pool = NULL;
}

/* One loop, for those who run it. */
typedef struct loop {
    margin_worker work;
    void *state;
    margin_items items;
} loop;

static void take_part(void *state, size_t worker)
{
    loop *l = state;
    l->work(l->state, worker, &l->items);
}

/* Does the same on a thread of others, which may have any floating-point environment. (A helper of
 * the pool inherits that of the call that starts it.) */
static void take_part_elsewhere(void *state, size_t worker)
{
    margin_environment own;
    margin_environment_enter(&own);
    take_part(state, worker);
    margin_environment_leave(&own);
}

#if defined(MARGIN_THREADS_OPENMP)
static void share_openmp(int threads, loop *l)
{
#pragma omp parallel num_threads(threads)
    take_part_elsewhere(l, (size_t)omp_get_thread_num());
}
#endif

/* Runs the loop on `threads` workers, of whom each takes what the others leave: so it does not
 * matter how many of them run at a time. */
static void share(const margin_team *team, size_t threads, loop *l)
{
    if (team->host != NULL) {
        team->host(team->host_user, threads, take_part_elsewhere, l);
        return;
    }
#if defined(MARGIN_THREADS_OPENMP)
    share_openmp((int)threads, l);
#elif defined(MARGIN_THREADS_POOL)
    margin_pool_run(team->pool, (unsigned)threads - 1, take_part, l);
#else
    take_part(l, 0);
#endif
}

void margin_share(const margin_team *team, size_t threads, size_t count, margin_worker work,
                  void *state)
{
    loop l = {work, state, {.count = count, .shared = threads > 1}};
    if (threads > 1)
        share(team, threads, &l);
    else
        take_part(&l, 0);
}

typedef struct each {
    margin_item_task task;
    void *state;
} each;

static void take_each(void *state, size_t worker, margin_items *items)
{
    const each *e = state;
    for (size_t item; margin_take_item(items, &item);)
        e->task(e->state, item, worker);
}

void margin_share_each(const margin_team *team, size_t threads, size_t count, margin_item_task task,
                       void *state)
{
    each e = {task, state};
    margin_share(team, threads < count ? threads : count, count, take_each, &e);
}

/* ---- how many threads ---- */

enum { MOST_THREADS = 1024 }; /* that a configuration may ask for */

#if !defined(MARGIN_THREADS_OPENMP)
/* Returns the CPUs on which this thread may run. */
static long usable_cpus(void)
{
#if defined(__linux__)
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set) == 0) return CPU_COUNT(&set);
#endif
    return sysconf(_SC_NPROCESSORS_ONLN);
}

/* Returns the number that OMP_NUM_THREADS begins with, 0 if there is none. */
static long wished_threads(void)
{
    const char *text = getenv("OMP_NUM_THREADS");
    return text != NULL ? strtol(text, NULL, 10) : 0;
}
#endif

int margin_default_threads(void)
{
#if defined(MARGIN_THREADS_OPENMP)
    const long threads = omp_get_max_threads();
#else
    const long wished = wished_threads(), threads = wished > 0 ? wished : usable_cpus();
#endif
    if (threads < 1) return 1;
    return threads < MOST_THREADS ? (int)threads : MOST_THREADS;
}
