/* pool.c: helpers on POSIX threads. One word says how many helpers may still join the loop at hand
 * and how many are at it. The caller publishes places, does its own part, takes back the places
 * that are left, and waits for those at it. So a helper that the machine does not run, that could
 * not be started, or that a fork left behind costs nothing.
 *
 * Between loops a helper looks for the next one for a short time, since waking one that sleeps
 * takes longer than most loops, then sleeps.
 */
#include "pool.h"

#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <time.h>

#include "simd/pause.h"

#if defined(__linux__) && !defined(MARGIN_NO_FUTEX)
#include <limits.h>
#include <linux/futex.h>
#include <sys/syscall.h>
#include <unistd.h>
#define HAVE_FUTEX 1
#else
#define HAVE_FUTEX 0
#endif

/* The word: helpers at work above, places below; all places: the end. */
#define ONE_AT_WORK 0x10000u
#define PLACES      0xffffu
#define THE_END     PLACES

#define CACHE_LINE 64
#define LOOK_NS    100000 /* as long as it takes to wake a thread that sleeps */

/* Who waits for the word. */
enum who { CALLER, HELPER, WHO_COUNT };

struct margin_pool {
    _Alignas(CACHE_LINE) atomic_uint word;
    _Alignas(CACHE_LINE) atomic_uint asleep[WHO_COUNT];
    /* The loop at hand: written while nobody can join. */
    margin_part part;
    void *state;
    unsigned helpers, most; /* started; to be started at most */
#if !HAVE_FUTEX
    pthread_mutex_t lock;
    pthread_cond_t changed[WHO_COUNT];
#endif
    pthread_t thread[];
};

/* ---- waiting ---- */

/* Sleeps until the word is no longer `seen`, or for no reason. */
static void sleep_on(margin_pool *pool, enum who who, unsigned seen)
{
    atomic_fetch_add(&pool->asleep[who], 1);
#if HAVE_FUTEX
    (void)syscall(SYS_futex, &pool->word, FUTEX_WAIT_BITSET_PRIVATE, seen, NULL, NULL, 1 << who);
#else
    (void)pthread_mutex_lock(&pool->lock);
    if (atomic_load(&pool->word) == seen) (void)pthread_cond_wait(&pool->changed[who], &pool->lock);
    (void)pthread_mutex_unlock(&pool->lock);
#endif
    atomic_fetch_sub(&pool->asleep[who], 1);
}

/* Wakes up to `count` of those asleep, after the word has changed. */
static void wake(margin_pool *pool, enum who who, unsigned count)
{
    if (atomic_load(&pool->asleep[who]) == 0) return;
#if HAVE_FUTEX
    (void)syscall(SYS_futex, &pool->word, FUTEX_WAKE_BITSET_PRIVATE, count, NULL, NULL, 1 << who);
#else
    (void)count;
    (void)pthread_mutex_lock(&pool->lock);
    (void)pthread_cond_broadcast(&pool->changed[who]);
    (void)pthread_mutex_unlock(&pool->lock);
#endif
}

/* A helper waits for a place, the caller for all helpers to be done. */
static int waits(enum who who, unsigned word)
{
    return who == HELPER ? (word & PLACES) == 0 : word >= ONE_AT_WORK;
}

static int64_t now_ns(void)
{
    struct timespec t;
    (void)clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000000 + t.tv_nsec;
}

/* Returns the word when there is nothing more to wait for. The time of day limits how long it is
 * looked at: where others have taken the core meanwhile, no more of it is wasted. */
static unsigned await(margin_pool *pool, enum who who)
{
    unsigned word = atomic_load(&pool->word);
    if (!waits(who, word)) return word;
    const int64_t end = now_ns() + LOOK_NS;
    do {
        for (int i = 0; i < 32; i++) {
            margin_pause();
            word = atomic_load(&pool->word);
            if (!waits(who, word)) return word;
        }
    } while (now_ns() < end);
    for (; waits(who, word); word = atomic_load(&pool->word))
        sleep_on(pool, who, word);
    return word;
}

/* ---- helpers ---- */

/* Ends a helper's part. The loop has nothing left: who comes now would only be waited for. */
static void leave(margin_pool *pool)
{
    unsigned word = atomic_load(&pool->word), left;
    do
        left = (word & ~PLACES) - ONE_AT_WORK;
    while (!atomic_compare_exchange_weak(&pool->word, &word, left));
    if (left == 0) wake(pool, CALLER, 1);
}

static void *help(void *argument)
{
    margin_pool *pool = argument;
    for (;;) {
        unsigned word = await(pool, HELPER);
        if (word == THE_END) return NULL;
        if (!atomic_compare_exchange_strong(&pool->word, &word, word - 1 + ONE_AT_WORK)) continue;
        pool->part(pool->state, word & PLACES);
        leave(pool);
    }
}

/* Starts helpers until there are `wanted`. They inherit that all signals are blocked but those of a
 * thread's own faults: a handler of the host's runs on the host's threads, unless it brings the
 * memory that a helper reads. A helper that is refused is not asked for again. */
static void start_helpers(margin_pool *pool, unsigned wanted)
{
    static const int faults[] = {SIGSEGV, SIGBUS, SIGFPE, SIGILL};
    sigset_t sent, callers;
    if (wanted > pool->most) wanted = pool->most;
    if (pool->helpers >= wanted) return;
    (void)sigfillset(&sent);
    for (size_t i = 0; i < sizeof faults / sizeof *faults; i++)
        (void)sigdelset(&sent, faults[i]);
    (void)pthread_sigmask(SIG_SETMASK, &sent, &callers);
    for (; pool->helpers < wanted; pool->helpers++) {
        if (pthread_create(&pool->thread[pool->helpers], NULL, help, pool) == 0) continue;
        pool->most = pool->helpers;
        break;
    }
    (void)pthread_sigmask(SIG_SETMASK, &callers, NULL);
}

/* ---- the pool ---- */

margin_pool *margin_pool_create(unsigned helpers)
{
    const size_t size = sizeof(margin_pool) + helpers * sizeof(pthread_t);
    margin_pool *pool =
        aligned_alloc(CACHE_LINE, (size + CACHE_LINE - 1) / CACHE_LINE * CACHE_LINE);
    if (pool == NULL) return NULL;
    atomic_init(&pool->word, 0);
    for (int who = 0; who < WHO_COUNT; who++)
        atomic_init(&pool->asleep[who], 0);
    pool->helpers = 0;
    pool->most = helpers;
#if !HAVE_FUTEX
    (void)pthread_mutex_init(&pool->lock, NULL);
    for (int who = 0; who < WHO_COUNT; who++)
        (void)pthread_cond_init(&pool->changed[who], NULL);
#endif
    return pool;
}

void margin_pool_run(margin_pool *pool, unsigned helpers, margin_part part, void *state)
{
    start_helpers(pool, helpers);
    if (helpers > pool->helpers) helpers = pool->helpers;
    pool->part = part;
    pool->state = state;
    atomic_store(&pool->word, helpers);
    const unsigned awake = pool->helpers - atomic_load(&pool->asleep[HELPER]);
    if (helpers > awake) wake(pool, HELPER, helpers - awake);
    part(state, 0);
    (void)atomic_fetch_and(&pool->word, ~PLACES);
    (void)await(pool, CALLER);
}

void margin_pool_destroy(margin_pool *pool, int here)
{
    if (here) {
        atomic_store(&pool->word, THE_END);
        wake(pool, HELPER, pool->helpers);
        for (unsigned i = 0; i < pool->helpers; i++)
            (void)pthread_join(pool->thread[i], NULL);
#if !HAVE_FUTEX
        for (int who = 0; who < WHO_COUNT; who++)
            (void)pthread_cond_destroy(&pool->changed[who]);
        (void)pthread_mutex_destroy(&pool->lock);
#endif
    }
    free(pool);
}
