/* peaks.c: the machine's multiply-add rate and copy bandwidth: the best of several samples, with
 * all threads running at once where there are more than one.
 *
 * Must not know the cases. */
#define _GNU_SOURCE
#include "peaks.h"

#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "data.h"
#include "loops.h"
#include "peers.h"

/* Per thread and in all: beyond any cache, within any memory. */
#define COPY_BYTES ((size_t)96 << 20)
#define COPY_BYTES_ALL ((size_t)768 << 20)
#define COPY_BYTES_ONCE ((size_t)4 << 20) /* a single sample is a smoke test, not a measurement */

enum { WAIT, GO, LEAVE };

typedef struct worker {
    pthread_t thread;
    atomic_int *signal;
    const speed_loops *loops; /* NULL: copy */
    size_t rounds, bytes;
    char *from, *to;
    volatile float result;
} worker;

static void work(worker *w)
{
    if (w->loops) {
        w->result = w->loops->multiply_add(w->rounds);
    } else {
        memcpy(w->to, w->from, w->bytes);
    }
}

static void *work_in_thread(void *argument)
{
    worker *w = argument;
    int signal;
    while ((signal = atomic_load(w->signal)) == WAIT) {
        sched_yield();
    }
    if (signal == GO) {
        work(w);
    }
    return NULL;
}

/* Seconds of one sample with all workers at once; negative if a thread cannot be had. */
static double sample(worker *workers, int threads)
{
    atomic_int signal = WAIT;
    int started = 1;
    for (; started < threads; started++) {
        workers[started].signal = &signal;
        if (pthread_create(&workers[started].thread, NULL, work_in_thread, &workers[started])) {
            break;
        }
    }
    const double before = speed_now();
    atomic_store(&signal, started == threads ? GO : LEAVE);
    work(&workers[0]);
    for (int k = 1; k < started; k++) {
        pthread_join(workers[k].thread, NULL);
    }
    return started == threads ? speed_now() - before : -1;
}

/* The shortest of `samples`; negative on failure. */
static double shortest(worker *workers, int threads, int samples)
{
    double best = -1;
    for (int k = 0; k < samples; k++) {
        const double seconds = sample(workers, threads);
        if (seconds < 0) {
            return -1;
        }
        best = best < 0 || seconds < best ? seconds : best;
    }
    return best;
}

static double fma_rate(worker *workers, const speed_loops *loops, int threads, int samples)
{
    const size_t rounds = (size_t)1 << 20; /* about 2 ms at two multiply-adds a cycle */
    for (int k = 0; k < threads; k++) {
        workers[k].loops = loops;
        workers[k].rounds = rounds;
    }
    const double seconds = shortest(workers, threads, samples);
    return seconds > 0 ? 1e-9 * threads * loops->flops_per_round * (double)rounds / seconds : -1;
}

static double copy_rate(worker *workers, int threads, int samples)
{
    for (int k = 0; k < threads; k++) {
        workers[k].loops = NULL;
    }
    const double seconds = shortest(workers, threads, samples);
    return seconds > 0 ? 1e-9 * threads * 2 * (double)workers[0].bytes / seconds : -1;
}

static int allocate(worker *workers, int threads, size_t bytes)
{
    for (int k = 0; k < threads; k++) {
        workers[k].bytes = bytes;
        workers[k].from = speed_allocate(bytes);
        workers[k].to = speed_allocate(bytes);
        if (!workers[k].from || !workers[k].to) {
            return -1;
        }
        memset(workers[k].from, k + 1, bytes);
        memset(workers[k].to, 0, bytes);
    }
    return 0;
}

static int measure_fma(json_t *peaks, worker *workers, const speed_loops *loops, int threads,
                       int samples, double *one, double *all)
{
    char count[16];
    json_t *rates = json_object();
    for (int t = 1; t <= threads; t += threads > 1 ? threads - 1 : 1) {
        const double rate = fma_rate(workers, loops, t, samples);
        snprintf(count, sizeof count, "%d", t);
        json_object_set_new(rates, count, json_real(rate));
        if (t == 1) {
            *one = rate > *one ? rate : *one;
        }
        if (t == threads) {
            *all = rate > *all ? rate : *all;
        }
    }
    json_object_set_new(peaks, margin_isa_name(loops->isa), rates);
    return *one > 0 && *all > 0 ? 0 : -1;
}

static int measure(json_t *object, worker *workers, int threads, int samples)
{
    json_t *peaks = json_object();
    double one = 0, all = 0;
    int failed = 0;
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++) {
        const speed_loops *loops = speed_loops_get((margin_isa)isa);
        if (loops) {
            failed |= measure_fma(peaks, workers, loops, threads, 4 * samples, &one, &all);
        }
    }
    const double copy_one = copy_rate(workers, 1, samples);
    const double copy_all = threads > 1 ? copy_rate(workers, threads, samples) : copy_one;
    json_object_set_new(object, "fma_peak_gflops", json_real(one));
    json_object_set_new(object, "fma_peak_gflops_all", json_real(all));
    json_object_set_new(object, "copy_bandwidth_gbs", json_real(copy_one));
    json_object_set_new(object, "copy_bandwidth_gbs_all", json_real(copy_all));
    json_object_set_new(object, "fma_peaks", peaks);
    return failed || copy_one <= 0 || copy_all <= 0 ? -1 : 0;
}

int speed_peaks_measure(json_t *object, int threads, int samples)
{
    worker *workers = calloc((size_t)threads, sizeof *workers);
    const size_t share = COPY_BYTES_ALL / (size_t)threads;
    const size_t bytes = samples == 1    ? COPY_BYTES_ONCE
                         : share < COPY_BYTES ? share
                                              : COPY_BYTES;
    const int failed = !workers || allocate(workers, threads, bytes) ||
                       measure(object, workers, threads, samples);
    for (int k = 0; k < threads && workers; k++) {
        free(workers[k].from);
        free(workers[k].to);
    }
    free(workers);
    return failed ? -1 : 0;
}

double speed_peaks_fma(const json_t *object, const char *isa, int threads)
{
    char count[16];
    snprintf(count, sizeof count, "%d", threads);
    const json_t *rates = json_object_get(json_object_get(object, "fma_peaks"), isa);
    return json_number_value(json_object_get(rates, count));
}
