/* simd_probe.h: the vocabulary of src/simd as functions on memory, so that one program can hold
 * two vocabularies side by side. All arrays have 16 elements unless said otherwise. */
#ifndef MARGIN_TESTS_SIMD_PROBE_H
#define MARGIN_TESTS_SIMD_PROBE_H

#include <stddef.h>
#include <stdint.h>

typedef struct simd_probe {
    void (*set1)(float x, float *out);
    void (*copy)(const float *in, float *out);
    void (*load_part)(const float *in, size_t n, float fill, float *out);
    /* 16 numbers of 16 bits. */
    void (*load_bfloat16)(const uint16_t *in, float *out);
    void (*load_float16)(const uint16_t *in, float *out);
    void (*store_part)(const float *in, size_t n, float *out);
    void (*add)(const float *a, const float *b, float *out);
    void (*sub)(const float *a, const float *b, float *out);
    void (*mul)(const float *a, const float *b, float *out);
    void (*max)(const float *a, const float *b, float *out);
    void (*min)(const float *a, const float *b, float *out);
    void (*stream)(const float *in, float *out); /* out at a multiple of 64 bytes */
    void (*exp2_eighths)(const uint32_t *entry, const float *z, float *out); /* entry[8] */
    void (*fma)(const float *a, const float *b, const float *c, float *out);
    void (*fnma)(const float *a, const float *b, const float *c, float *out);
    void (*zero_below)(const float *a, const float *least, const float *x, float *out);
    /* 4 rows of 4 floats, 16 apart. */
    void (*transpose_4)(const float *from, float *to);
    float (*sum)(const float *a);
    float (*max_across)(const float *a);
    /* In double: arrays of 8, but the 16 floats that narrow writes. */
    void (*d_set1)(double x, double *out);
    void (*d_widen)(const float *in, double *out);
    void (*d_narrow)(const double *low, const double *high, float *out);
    void (*d_add)(const double *a, const double *b, double *out);
    void (*d_mul)(const double *a, const double *b, double *out);
    void (*d_fma)(const double *a, const double *b, const double *c, double *out);
    double (*d_sum)(const double *a);
    /* v_exp of kernels/exp.inc.h; n a multiple of 16. */
    void (*exp)(const float *t, size_t n, float scale, float *out);
} simd_probe;

#endif
