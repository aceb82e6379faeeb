/* workers.h: a few threads at one piece of work. POSIX threads and not OpenMP, whose threads spin
 * between pieces as short as the oracle's. It must not know the work. */
#ifndef MARGIN_STABILITY_WORKERS_H
#define MARGIN_STABILITY_WORKERS_H

#include <pthread.h>

enum { WORKERS_MOST = 64 };

typedef struct worker {
    pthread_t thread;
    int number, started;
    void (*work)(void *context, int number);
    void *context;
} worker;

static void *worker_run(void *argument)
{
    worker *me = argument;
    me->work(me->context, me->number);
    return NULL;
}

/* Calls work(context, k) for k from 0 to `threads` - 1, at most WORKERS_MOST: the first on
 * the caller's own thread, and others, too, for which there is no thread to be had. */
static inline void each_worker(int threads, void (*work)(void *context, int number), void *context)
{
    worker workers[WORKERS_MOST];
    for (int k = threads; k-- > 0;) {
        workers[k] = (worker){.number = k, .work = work, .context = context};
        workers[k].started =
            k > 0 && pthread_create(&workers[k].thread, NULL, worker_run, &workers[k]) == 0;
        if (!workers[k].started) worker_run(&workers[k]);
    }
    for (int k = 1; k < threads; k++)
        if (workers[k].started) pthread_join(workers[k].thread, NULL);
}

#endif
