/* simd_emulated.h: the vocabulary's specification, in plain C. Built for tests only.
 *
 * A `vf` is 16 lanes of float32: one AVX-512 register, two AVX2, four NEON. Every header of this
 * folder defines exactly the names below and gives the same bits in every lane; the kernels are
 * written once against them. A header knows no kernel and no loss.
 *
 * In the register headers a vf must be a struct of *named* members: gcc 12 keeps a struct that
 * holds an array of registers in memory (measured elsewhere: 3.9 times slower).
 *
 * Rounding is to nearest even, multiply-add has one rounding. NaN payloads are not part of the
 * contract. A new operation needs two users first, or one in a hot loop that no other operations
 * can serve: v_exp2_eighths (a look-up), v_zero_below (a comparison), v_transpose_4 (lanes change
 * places), v_load_bfloat16 and v_load_float16 (other numbers) have one each.
 */
#ifndef MARGIN_SIMD_H
#define MARGIN_SIMD_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- shapes of the register tiles ----
 *
 * A header also lists the tiles that fit its registers; products.inc.h and dots.inc.h make their
 * loops from the lists. Shapes change no bit, only time. T(R, V) is a tile of R rows and V vectors.
 * GROUP(n, tiles) is a step of the outer loop: it takes n of what that loop counts, while as many
 * are left, and runs through all of the inner loop with its tiles, each as often as it fits, in the
 * order of the list. So the last GROUP, and the last tile of each, must serve one.
 *
 *   V_CLASS_TILES   Inner products and dW: rows are classes. Outer loop: vectors; inner: classes.
 *   V_CLASS_LINES   dW of at most V_FEW_STEPS embeddings, which costs more to write than to compute
 *                   (measured): the order of memory. Outer loop: classes; inner: vectors.
 *   V_LANE_TILES    dX: rows are the lanes of a panel. GROUP(n, but, tiles) takes n vectors unless
 *                   just `but` are left; T(first, R, V) serves the R lanes from `first` on, and the
 *                   tiles of a GROUP all 16 lanes.
 *   V_FEW_LANES     dX where a panel has few embeddings: GROUP(n, tiles) is for n or fewer, and its
 *                   tiles run through all vectors. More than the last n take V_LANE_TILES.
 *   V_DOT_TILES     Inner products of few embeddings: rows are embeddings, vectors are classes.
 *                   Outer loop: embeddings; inner: classes.
 */
#include "simd/tiles_8.h"

/* ---- float32 ---- */

typedef struct vf {
    float lane[16];
} vf;

/* Returns x in all lanes. */
static inline vf v_set1(float x)
{
    vf r;
    for (int i = 0; i < 16; i++)
        r.lane[i] = x;
    return r;
}

/* v_load reads 16 floats at p, at any alignment; v_store writes them. */
static inline vf v_load(const float *p)
{
    vf r;
    memcpy(r.lane, p, sizeof r.lane);
    return r;
}

static inline void v_store(float *p, vf a)
{
    memcpy(p, a.lane, sizeof a.lane);
}

/* v_load_bfloat16 and v_load_float16 read 16 numbers of 16 bits at p, at any even address: the
 * upper halves of float32 numbers, and IEEE 754 binary16. Every one of them is a float32. */
static inline vf v_load_bfloat16(const uint16_t *p)
{
    vf r;
    for (int i = 0; i < 16; i++) {
        const uint32_t bits = (uint32_t)p[i] << 16;
        memcpy(&r.lane[i], &bits, sizeof bits);
    }
    return r;
}

static inline vf v_load_float16(const uint16_t *p)
{
    vf r;
    for (int i = 0; i < 16; i++) {
        const int exponent = p[i] >> 10 & 31, fraction = p[i] & 1023;
        float size = ldexpf((float)(exponent > 0 ? fraction + 1024 : fraction),
                            (exponent > 0 ? exponent : 1) - 25);
        if (exponent == 31) size = fraction == 0 ? INFINITY : NAN;
        r.lane[i] = copysignf(size, p[i] & 0x8000 ? -1.0f : 1.0f);
    }
    return r;
}

/* v_load_part reads the first n lanes (0 <= n < 16) at p and sets the rest to `fill`; v_store_part
 * writes the first n. Neither touches what is beyond n. */
static inline vf v_load_part(const float *p, size_t n, float fill)
{
    vf r = v_set1(fill);
    for (size_t i = 0; i < n; i++)
        r.lane[i] = p[i];
    return r;
}

static inline void v_store_part(float *p, vf a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        p[i] = a.lane[i];
}

/* Writes `a` to p, a multiple of 64 bytes, so that it need not stay in the cache; v_drain orders
 * such stores before all that follows. */
static inline void v_stream(float *p, vf a)
{
    v_store(p, a);
}

static inline void v_drain(void)
{
}

/* Fetches the 64 bytes round p, which will soon be written. Like the next two it changes no value
 * and takes any address. */
static inline void v_prefetch_write(const float *p)
{
    (void)p;
}

/* Fetches the 64 bytes round p, which will soon be read, into the nearest cache. */
static inline void v_prefetch_near(const void *p)
{
    (void)p;
}

/* Fetches the 64 bytes round p, which will be read later, into a cache further out. */
static inline void v_prefetch_read(const void *p)
{
    (void)p;
}

/* Transposes 4 x 4: to[16 j + i] = from[16 i + j] for i and j below 4. `to` is not `from`. */
static inline void v_transpose_4(const float *from, float *to)
{
    for (int i = 0; i < 4; i++) {
        for (int j = 0; j < 4; j++)
            to[16 * j + i] = from[16 * i + j];
    }
}

static inline vf v_add(vf a, vf b)
{
    for (int i = 0; i < 16; i++)
        a.lane[i] += b.lane[i];
    return a;
}

static inline vf v_sub(vf a, vf b)
{
    for (int i = 0; i < 16; i++)
        a.lane[i] -= b.lane[i];
    return a;
}

static inline vf v_mul(vf a, vf b)
{
    for (int i = 0; i < 16; i++)
        a.lane[i] *= b.lane[i];
    return a;
}

/* v_fma returns a b + c, v_fnma returns c - a b, each rounded once. */
static inline vf v_fma(vf a, vf b, vf c)
{
    for (int i = 0; i < 16; i++)
        c.lane[i] = fmaf(a.lane[i], b.lane[i], c.lane[i]);
    return c;
}

static inline vf v_fnma(vf a, vf b, vf c)
{
    for (int i = 0; i < 16; i++)
        c.lane[i] = fmaf(-a.lane[i], b.lane[i], c.lane[i]);
    return c;
}

/* Returns a > b ? a : b, so b where either is a NaN and where both are zero. */
static inline vf v_max(vf a, vf b)
{
    for (int i = 0; i < 16; i++)
        a.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
    return a;
}

/* Returns a < b ? a : b, so b in the same cases. */
static inline vf v_min(vf a, vf b)
{
    for (int i = 0; i < 16; i++)
        a.lane[i] = a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i];
    return a;
}

/* Returns +0 where a < least, else x: also where a is a NaN. */
static inline vf v_zero_below(vf a, vf least, vf x)
{
    for (int i = 0; i < 16; i++)
        x.lane[i] = a.lane[i] < least.lane[i] ? 0.0f : x.lane[i];
    return x;
}

/* Returns 2^(k / 8) for z = 1.5 2^20 + k / 8, whose low bits are k. entry[i] holds the bits of
 * 2^(i / 8) less i 2^20; to entry[k mod 8] are added k 2^20, an eighth of a step of the exponent
 * for each k. Where the result is no normal number it is unspecified. */
static inline vf v_exp2_eighths(const uint32_t entry[8], vf z)
{
    for (int i = 0; i < 16; i++) {
        uint32_t k;
        memcpy(&k, &z.lane[i], sizeof k);
        const uint32_t bits = entry[k % 8] + (k << 20);
        memcpy(&z.lane[i], &bits, sizeof bits);
    }
    return z;
}

/* v_sum adds the lanes in a fixed tree: lane i and i + 8, then i + 4, i + 2, i + 1; v_max_across
 * returns the largest of them by the same tree. */
static inline float v_sum(vf a)
{
    for (int half = 8; half > 0; half /= 2) {
        for (int i = 0; i < half; i++)
            a.lane[i] += a.lane[i + half];
    }
    return a.lane[0];
}

static inline float v_max_across(vf a)
{
    for (int half = 8; half > 0; half /= 2) {
        for (int i = 0; i < half; i++) {
            a.lane[i] = a.lane[i] > a.lane[i + half] ? a.lane[i] : a.lane[i + half];
        }
    }
    return a.lane[0];
}

/* ---- double: of a target pair only ---- */

/* 8 lanes of float64, in order in memory: one AVX-512 register, two AVX2, four NEON. */
typedef struct vd {
    double lane[8];
} vd;

static inline vd vd_set1(double x)
{
    vd r;
    for (int i = 0; i < 8; i++)
        r.lane[i] = x;
    return r;
}

/* Reads 8 floats at p, at any alignment. */
static inline vd vd_widen(const float *p)
{
    vd r;
    for (int i = 0; i < 8; i++)
        r.lane[i] = (double)p[i];
    return r;
}

/* Rounds to float32: `low` into lanes 0 to 7, `high` into lanes 8 to 15. */
static inline vf v_narrow(vd low, vd high)
{
    vf r;
    for (int i = 0; i < 8; i++) {
        r.lane[i] = (float)low.lane[i];
        r.lane[i + 8] = (float)high.lane[i];
    }
    return r;
}

static inline vd vd_add(vd a, vd b)
{
    for (int i = 0; i < 8; i++)
        a.lane[i] += b.lane[i];
    return a;
}

static inline vd vd_mul(vd a, vd b)
{
    for (int i = 0; i < 8; i++)
        a.lane[i] *= b.lane[i];
    return a;
}

/* Returns a b + c, rounded once. */
static inline vd vd_fma(vd a, vd b, vd c)
{
    for (int i = 0; i < 8; i++)
        c.lane[i] = fma(a.lane[i], b.lane[i], c.lane[i]);
    return c;
}

/* Adds the lanes in a fixed tree: lane i and i + 4, then i + 2, i + 1. */
static inline double vd_sum(vd a)
{
    for (int half = 4; half > 0; half /= 2) {
        for (int i = 0; i < half; i++)
            a.lane[i] += a.lane[i + half];
    }
    return a.lane[0];
}

#endif
