/* times.h: a case is compared, then sampled, always by its runner. Must not know other cases. */
#ifndef KERNELS_TIMES_H
#define KERNELS_TIMES_H

#include "cases.h"

/* Compares the kernel with the scalar one at its size and some misalignments; the first difference,
 * or a write outside an array, becomes c->fault. */
void times_check(timed_case *c, const margin_kernels *scalar);

/* Chooses how many calls a sample has so that it lasts about this long. */
void times_calibrate(timed_case *c, double seconds);

/* Takes a sample, on arrays and numbers of its own. */
void times_sample(timed_case *c, size_t round);

/* Sorts the samples, and computes median and quartiles. */
void times_summarise(timed_case *c);

#endif
