/* tune.h: `bench_kernels --tune`: the schedule of src/tuning.h that suits this machine. */
#ifndef KERNELS_TUNE_H
#define KERNELS_TUNE_H

#include "settings.h"

/* Measures every field whose name has s->filter in it, on each wanted instruction set but scalar
 * where that was not asked for, with the others as they are; prints the ratios and a row of
 * src/tuning.c, and writes both to s->out. Returns the exit status. */
int tune_run(const settings *s, int argc, char **argv);

#endif
