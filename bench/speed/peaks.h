/* peaks.h: what this machine can do at most, measured in the same run as the cases.
 *
 * Must not know the cases. */
#ifndef SPEED_PEAKS_H
#define SPEED_PEAKS_H

#include <jansson.h>

/* Adds to `object`, instruction set by instruction set ("avx2") and for each of the `count` numbers
 * of threads ("2"; all running at once):
 *   fma_peaks   {isa: {threads: GFLOP/s}}: float32, a multiply-add counts as two
 *   exp_peaks   {isa: {threads: 1e9 exponentials/s}}: of the library's kernel, in the first cache
 *   bandwidths  {isa: {threads: {read, copy, copy_nt, triad, triad_nt}}}: 1e9 bytes/s read and
 *               written, of arrays beyond the caches; nt: stores that bypass the caches
 * and of these the best over the instruction sets: fma_peak_gflops and copy_bandwidth_gbs (one
 * thread), fma_peak_gflops_all and copy_bandwidth_gbs_all (the most threads). The best of `samples`
 * counts, and of what `object` has from an earlier call: machines speed up and slow down during a
 * run. threads[] rises from 1. Returns 0, or -1 when threads are short. */
int speed_peaks_measure(json_t *object, const int *threads, size_t count, int samples);

/* From such an object: the rate under `what` of an instruction set (NULL: the greatest of any) with
 * so many threads, of bandwidths that of a `way` (else NULL); 0 if it was not measured. */
double speed_peaks_best(const json_t *object, const char *what, const char *isa, int threads,
                        const char *way);
/* GB/s of a copy with so many threads, the best way measured, likewise. */
double speed_peaks_copy(const json_t *object, int threads);

#endif
