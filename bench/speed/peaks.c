/* peaks.c: the machine's multiply-add rate, the rate of the library's own exponentials (terms.h) in
 * the first cache, and the machine's bandwidth: the best of several samples, with all threads of a
 * sample running at once.
 *
 * Must not know the cases. */
#include "peaks.h"

#include <math.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "dispatch.h"
#include "json_out.h"
#include "loops.h"
#include "memory.h"
#include "data.h"
#include "progress.h"

/* One array of a thread and all arrays: beyond any cache, within any memory. */
#define STREAM_BYTES      ((size_t)96 << 20)
#define STREAM_BYTES_ALL  ((size_t)1152 << 20)
#define STREAM_BYTES_ONCE ((size_t)1 << 20) /* a single sample is a smoke test, no measurement */

enum { WAIT, GO, LEAVE };
enum { FMA_ROUNDS = 1 << 21, EXP_CLASSES = 128, EXP_ROUNDS = 2000, ARRAYS = 3 };

typedef struct worker worker;

/* Something to sample: one run by one worker, and how much of its unit that is. */
typedef struct quantity {
    const char *name;
    void (*run)(worker *);
    double (*amount)(const worker *);
    int arrays; /* of a stream: read and written */
    int past;   /* 1: with stores past the caches */
} quantity;

struct worker {
    pthread_t thread;
    atomic_int *signal;
    const quantity *what;
    const speed_loops *loops;
    const margin_kernels *kernels; /* NULL: not built for this instruction set */
    size_t floats;                 /* of each array */
    float *array[ARRAYS];
    int once;
    volatile float result;
};

/* ---- what one worker does -------------------------------------------------------------------- */

static size_t rounds_of(const worker *w, size_t rounds)
{
    return w->once ? rounds / 100 : rounds;
}

static void run_fma(worker *w)
{
    w->result = w->loops->multiply_add(rounds_of(w, FMA_ROUNDS));
}

static double amount_fma(const worker *w)
{
    return w->loops->flops_per_round * (double)rounds_of(w, FMA_ROUNDS);
}

/* A tile in the first cache. Whatever comes out of (0, 1] goes back into it. */
static void run_exp(worker *w)
{
    float peak[MARGIN_LANES], sum[MARGIN_LANES];
    margin_term_rows rows = {0};
    for (size_t i = 0; i < MARGIN_LANES; i++) {
        margin_put_term_row(&rows, i, (margin_term_row){.scale = 16});
        peak[i] = 1;
    }
    for (size_t k = 0; k < rounds_of(w, EXP_ROUNDS); k++) {
        w->kernels->terms->tile_exp(w->array[0], EXP_CLASSES, &rows, peak, sum);
        w->result = sum[0];
    }
}

static double amount_exp(const worker *w)
{
    return (double)(EXP_CLASSES * MARGIN_LANES) * (double)rounds_of(w, EXP_ROUNDS);
}

static void run_read(worker *w)
{
    w->result = w->loops->read(w->array[0], w->floats);
}

static void run_copy(worker *w)
{
    w->loops->copy[w->what->past](w->array[1], w->array[0], w->floats);
}

static void run_triad(worker *w)
{
    w->loops->triad[w->what->past](w->array[2], w->array[0], w->array[1], 0.5f, w->floats);
}

static double amount_stream(const worker *w)
{
    return w->what->arrays * (double)sizeof(float) * (double)w->floats;
}

static const quantity multiply_add = {"fma", run_fma, amount_fma, 0, 0};
static const quantity exponential = {"exp", run_exp, amount_exp, 0, 0};
static const quantity streams[] = {
    {"read", run_read, amount_stream, 1, 0},      {"copy", run_copy, amount_stream, 2, 0},
    {"copy_nt", run_copy, amount_stream, 2, 1},   {"triad", run_triad, amount_stream, 3, 0},
    {"triad_nt", run_triad, amount_stream, 3, 1},
};

/* ---- all workers at once --------------------------------------------------------------------- */

static void *work_in_thread(void *argument)
{
    worker *w = argument;
    int signal;
    while ((signal = atomic_load(w->signal)) == WAIT)
        sched_yield();
    if (signal == GO) w->what->run(w);
    return NULL;
}

/* Seconds of one sample with all workers at once; negative if a thread cannot be had. */
static double sample(worker *workers, int threads)
{
    atomic_int signal = WAIT;
    int started = 1;
    for (; started < threads; started++) {
        workers[started].signal = &signal;
        if (pthread_create(&workers[started].thread, NULL, work_in_thread, &workers[started]))
            break;
    }
    const double before = seconds_now();
    atomic_store(&signal, started == threads ? GO : LEAVE);
    workers[0].what->run(&workers[0]);
    for (int k = 1; k < started; k++)
        pthread_join(workers[k].thread, NULL);
    return started == threads ? seconds_now() - before : -1;
}

/* In 1e9 per second, the best of `samples`; negative on failure. */
static double rate(worker *workers, const quantity *what, int threads, int samples)
{
    double best = -1;
    for (int k = 0; k < threads; k++)
        workers[k].what = what;
    for (int k = 0; k < samples; k++) {
        const double seconds = sample(workers, threads);
        if (seconds < 0) return -1;
        best = best < 0 || seconds < best ? seconds : best;
    }
    return 1e-9 * threads * what->amount(&workers[0]) / best;
}

/* ---- into the object ------------------------------------------------------------------------- */

/* The object under this key, made if need be. */
static json_t *child(json_t *object, const char *key)
{
    if (!json_object_get(object, key)) json_object_set_new(object, key, json_object());
    return json_object_get(object, key);
}

static const char *count_text(int threads, char text[16])
{
    snprintf(text, 16, "%d", threads);
    return text;
}

/* The better of an earlier call's and this one's; -1 if there is none. */
static int keep_best(json_t *object, const char *key, double value)
{
    if (value > json_number_value(json_object_get(object, key)))
        json_object_set_new(object, key, json_real(value));
    return value > 0 ? 0 : -1;
}

static int measure_loops(json_t *object, worker *workers, const speed_loops *loops, int threads,
                         int samples)
{
    const char *isa = margin_isa_name(loops->isa);
    char text[16];
    const char *count = count_text(threads, text);
    json_t *bandwidths = child(child(child(object, "bandwidths"), isa), count);
    for (int k = 0; k < threads; k++) {
        workers[k].loops = loops;
        workers[k].kernels = margin_dispatch(loops->isa);
    }
    int failed = keep_best(child(child(object, "fma_peaks"), isa), count,
                           rate(workers, &multiply_add, threads, 3 * samples));
    if (workers[0].kernels)
        failed |= keep_best(child(child(object, "exp_peaks"), isa), count,
                            rate(workers, &exponential, threads, 3 * samples));
    for (size_t k = 0; k < sizeof streams / sizeof *streams; k++) {
        const quantity *s = &streams[k];
        if (!s->past || loops->copy[1])
            failed |= keep_best(bandwidths, s->name, rate(workers, s, threads, samples));
    }
    return failed;
}

static void allocate(worker *workers, int threads, int once)
{
    const size_t share = STREAM_BYTES_ALL / (size_t)(threads * ARRAYS) / 4096 * 4096;
    const size_t bytes = once ? STREAM_BYTES_ONCE : share < STREAM_BYTES ? share : STREAM_BYTES;
    for (int k = 0; k < threads; k++) {
        workers[k].once = once;
        workers[k].floats = bytes / sizeof(float);
        for (int a = 0; a < ARRAYS; a++) {
            workers[k].array[a] = speed_allocate(bytes);
            memset(workers[k].array[a], 0, bytes);
        }
    }
}

int speed_peaks_measure(json_t *object, const int *threads, size_t count, int samples)
{
    const int most = threads[count - 1];
    worker *workers = zeroed((size_t)most, sizeof *workers);
    size_t done = 0, sets = 0;
    int failed = 0;
    progress line;
    allocate(workers, most, samples == 1);
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT; isa++)
        sets += speed_loops_get((margin_isa)isa) != NULL;
    progress_start(&line, "peaks", sets * count);
    for (int isa = MARGIN_ISA_AUTO + 1; isa < MARGIN_ISA_COUNT && !failed; isa++) {
        const speed_loops *loops = speed_loops_get((margin_isa)isa);
        for (size_t t = 0; t < count && loops && !failed; t++) {
            progress_step(&line, done++, margin_isa_name(loops->isa));
            failed = measure_loops(object, workers, loops, threads[t], samples);
        }
    }
    progress_end(&line);
    for (int k = 0; k < most; k++) {
        for (int a = 0; a < ARRAYS; a++)
            free(workers[k].array[a]);
    }
    free(workers);
    json_put(object,
             "fma_peak_gflops fma_peak_gflops_all copy_bandwidth_gbs copy_bandwidth_gbs_all",
             "gggg", speed_peaks_best(object, "fma_peaks", NULL, 1, NULL),
             speed_peaks_best(object, "fma_peaks", NULL, most, NULL), speed_peaks_copy(object, 1),
             speed_peaks_copy(object, most));
    return failed ? -1 : 0;
}

/* ---- out of the object ----------------------------------------------------------------------- */

double speed_peaks_best(const json_t *object, const char *what, const char *isa, int threads,
                        const char *way)
{
    char text[16];
    const char *count = count_text(threads, text), *name;
    json_t *rates;
    double best = 0;
    json_object_foreach(json_object_get(object, what), name, rates)
    {
        const json_t *found = json_object_get(rates, count);
        const double value = json_number_value(way ? json_object_get(found, way) : found);
        best = (!isa || strcmp(isa, name) == 0) && value > best ? value : best;
    }
    return best;
}

double speed_peaks_copy(const json_t *object, int threads)
{
    return fmax(speed_peaks_best(object, "bandwidths", NULL, threads, "copy"),
                speed_peaks_best(object, "bandwidths", NULL, threads, "copy_nt"));
}
