/* floats.h: the library's elementary functions on every float32 of their range: the largest error,
 * the input that attains it, and how the errors are distributed. It must not know losses. */
#ifndef MARGIN_STABILITY_FLOATS_H
#define MARGIN_STABILITY_FLOATS_H

#include <jansson.h>
#include <stdio.h>

#include "margin.h"

/* Errors in ulp, signed, in bins of 1/32 from -1.25 to 1.25; the outermost take what is beyond. */
enum { ULP_BINS = 80 };
static const double ulp_first = -1.25, ulp_width = 1.0 / 32;

typedef struct float_sweep {
    const char *name;
    const char *isa; /* "none" for the functions in double */
    float from, to;  /* the range that is judged */
    unsigned step;   /* 1: every float */
    double bound;    /* ulp */
    size_t tried;
    double worst; /* ulp; infinite if a result was not finite */
    float at;
    size_t nonzero; /* exp only: results below `from` that are not exactly 0 */
    size_t bins[ULP_BINS];
} float_sweep;

enum { FLOAT_SWEEPS = MARGIN_ISA_COUNT + 2 };

/* exp through the kernel table of each instruction set that `wanted` allows (MARGIN_ISA_AUTO: every
 * usable one) over `exp_step`-th floats, log and log1p, which are in double, over `log_step`-th;
 * returns how many sweeps there were. Shows progress. The result does not depend on the number of
 * threads. */
size_t sweep_floats(float_sweep sweeps[FLOAT_SWEEPS], margin_isa wanted, unsigned exp_step,
                    unsigned log_step, int threads);

int float_sweep_kept(const float_sweep *sweep);
void float_sweeps_print(const float_sweep *sweeps, size_t count, FILE *stream);
json_t *float_sweeps_json(const float_sweep *sweeps, size_t count);

#endif
