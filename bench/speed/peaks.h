/* peaks.h: what this machine can do at most, measured in the same run as the cases.
 *
 * Must not know the cases. */
#ifndef SPEED_PEAKS_H
#define SPEED_PEAKS_H

#include <jansson.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Adds to `object`: fma_peak_gflops and copy_bandwidth_gbs (one thread, best instruction set),
 * fma_peak_gflops_all and copy_bandwidth_gbs_all (`threads` threads at once), and fma_peaks:
 * {isa: {threads: GFLOP/s}}. float32; a multiply-add counts as two; bandwidth counts bytes read and
 * bytes written, in 1e9. The best of `samples` counts. Returns 0, or -1 when memory or threads are
 * short. */
int speed_peaks_measure(json_t *object, int threads, int samples);

/* From such an object: GFLOP/s of an instruction set and thread count; 0 if it was not measured. */
double speed_peaks_fma(const json_t *object, const char *isa, int threads);

#ifdef __cplusplus
}
#endif

#endif
