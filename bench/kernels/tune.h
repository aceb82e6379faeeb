/* tune.h: `bench_kernels --tune`: the schedule of src/tuning.h that suits this machine. */
#ifndef KERNELS_TUNE_H
#define KERNELS_TUNE_H

#include "cases.h"
#include "tuning.h"

/* Measures every field whose name has s->filter in it, on each wanted instruction set but scalar
 * where that was not asked for, with the others as they are; prints the ratios and a row of
 * src/tuning.c, and writes both to s->out. Returns the exit status. */
int tune_run(const settings *s, int argc, char **argv);

/* ---- probe.c: calls of the whole library, of one shape on one instruction set, under any
 * schedule ---- */

typedef struct probe_shape {
    size_t rows, dim, classes; /* dim 0: the rows level */
} probe_shape;

typedef struct probe {
    probe_shape shape;
    margin_context *context;
    float *embeddings, *weights, *logits; /* and their gradients */
    float *grad_embeddings, *grad_weights, *grad_logits;
    int64_t *labels;
    double loss;
} probe;

/* Makes inputs and a context with so many threads (0: the library's choice). */
void probe_open(probe *p, const probe_shape *shape, margin_isa isa, int threads);
void probe_close(probe *p);

/* Runs `calls` calls under this schedule, each after `nap` seconds of sleep, and returns the
 * nanoseconds of one; negative where a call fails. */
double probe_time(probe *p, const margin_schedule *schedule, size_t calls, double nap);

/* Returns a hash of the loss and the gradients of the last call: no schedule may change it. */
uint64_t probe_bits(const probe *p);

/* Returns what the library reckons that a call of this shape takes one core, in nanoseconds:
 * the sums of src/head/run.c and src/rows/rows.c. */
double probe_reckon(const margin_schedule *schedule, const probe_shape *shape);

#endif
