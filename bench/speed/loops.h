/* loops.h: plain vector loops, compiled once per instruction set: the machine's peak rate, and what
 * an unfused head does beside its products.
 *
 * Must not know losses, nor the library's kernels: these loops judge them. */
#ifndef SPEED_LOOPS_H
#define SPEED_LOOPS_H

#include <stddef.h>

#include "margin.h"

typedef struct speed_loops {
    margin_isa isa;
    double flops_per_round;
    /* `rounds` rounds of independent multiply-adds; the value only keeps them alive. */
    float (*multiply_add)(size_t rounds);
    float (*dot)(const float *a, const float *b, size_t count);
    /* unit = v / |v|; returns |v|. */
    float (*unit)(const float *v, size_t count, float *unit);
    /* The largest value; the values in place to exp(scale (v - top)), returns their sum. */
    float (*largest)(const float *v, size_t count);
    float (*exponentials)(float *v, size_t count, float scale, float top);
    void (*multiply)(float *v, size_t count, float factor);
    /* grad = (grad - (grad . unit) unit) / length */
    void (*project)(float *grad, const float *unit, size_t count, float length);
    /* Streams: the sum of v; to = a; to = a + factor b. The second of each pair stores past the
     * caches and is NULL where the instruction set has no such store. Arrays of whole cache lines,
     * aligned to them. */
    float (*read)(const float *v, size_t count);
    void (*copy[2])(float *to, const float *a, size_t count);
    void (*triad[2])(float *to, const float *a, const float *b, float factor, size_t count);
} speed_loops;

/* NULL where the loops were not built for this instruction set or this CPU lacks it. */
const speed_loops *speed_loops_get(margin_isa isa);
/* The best of this CPU, never NULL. */
const speed_loops *speed_loops_best(void);

#endif
