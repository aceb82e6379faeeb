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
 * contract. A new operation needs two users first.
 */
#ifndef MARGIN_SIMD_H
#define MARGIN_SIMD_H

#include <math.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* ---- shapes of the register tiles ----
 *
 * A header also lists which tiles, rows times vectors, fit its registers; products.inc.h and
 * dots.inc.h make their loops of the lists. They change no bit, only time. In a list T(R, V) is a
 * tile, and GROUP(n, tiles) the tiles that serve n at a time of what the outer loop counts; each
 * loop takes as many as it can of what comes first. So the last GROUP and, in each, the last T
 * serve 1.
 *
 *   V_CLASS_TILES   R classes, V vectors; vectors in the outer loop: inner products and dW.
 *   V_CLASS_LINES   The same with classes in the outer loop: dW is written in the order of memory
 *                   where V_FEW_STEPS rows or fewer make it cost more to write than to compute.
 *   V_LANE_TILES    dX: T(first, R, V) are the R lanes from `first` on, and a GROUP has tiles for
 *                   all 16; GROUP(n, but, tiles) takes n vectors unless `but` are left.
 *   V_FEW_LANES     dX of few rows: GROUP(n, tiles) serves n rows or fewer, V vectors at a time.
 *   V_DOT_TILES     R rows, V classes; rows in the outer loop: inner products of few rows.
 */
#include "simd/tiles_8.h"

/* ---- float32 ---- */

typedef struct vf {
    float lane[16];
} vf;

/* All lanes x. */
static inline vf v_set1(float x)
{
    vf r;
    for (int i = 0; i < 16; i++)
        r.lane[i] = x;
    return r;
}

/* 16 floats from / to memory, any alignment. */
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

/* The first n lanes (0 <= n < 16) from memory and the rest `fill`; nothing beyond n is touched. */
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

/* A store that need not stay in the cache, at a multiple of 64 bytes; v_drain() orders such stores
 * before all that follows. */
static inline void v_stream(float *p, vf a)
{
    v_store(p, a);
}

static inline void v_drain(void)
{
}

/* The 64 bytes round p will be written soon; read later. No effect on any value. */
static inline void v_prefetch_write(const float *p)
{
    (void)p;
}

/* The 64 bytes round p will be read soon, from the nearest cache. No effect on any value. */
static inline void v_prefetch_near(const void *p)
{
    (void)p;
}

/* The same into a cache further out. */
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

/* a b + c and c - a b, each rounded once. */
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

/* a > b ? a : b, so b where either is NaN and where both are zero. */
static inline vf v_max(vf a, vf b)
{
    for (int i = 0; i < 16; i++)
        a.lane[i] = a.lane[i] > b.lane[i] ? a.lane[i] : b.lane[i];
    return a;
}

/* a < b ? a : b. */
static inline vf v_min(vf a, vf b)
{
    for (int i = 0; i < 16; i++)
        a.lane[i] = a.lane[i] < b.lane[i] ? a.lane[i] : b.lane[i];
    return a;
}

/* +0 where a < least, else x: x where a is a NaN. */
static inline vf v_zero_below(vf a, vf least, vf x)
{
    for (int i = 0; i < 16; i++)
        x.lane[i] = a.lane[i] < least.lane[i] ? 0.0f : x.lane[i];
    return x;
}

/* 2^(k / 8) for z = 1.5 2^20 + k / 8, whose low bits are k: entry[k mod 8] is a float's bits less
 * (k mod 8) 2^20, and k 2^20 is added, an eighth of a step of the exponent. Where the result is no
 * normal number it is unspecified. */
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

/* Across lanes, in a fixed tree: lane i with i + 8, then i + 4, i + 2, i + 1. */
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

/* 8 lanes, in order in memory: one AVX-512 register, two AVX2, four NEON. */
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

/* 8 floats from memory, any alignment. */
static inline vd vd_widen(const float *p)
{
    vd r;
    for (int i = 0; i < 8; i++)
        r.lane[i] = (double)p[i];
    return r;
}

/* Rounded to float32: lanes 0 to 7 of the result from `low`, 8 to 15 from `high`. */
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

/* a b + c, rounded once. */
static inline vd vd_fma(vd a, vd b, vd c)
{
    for (int i = 0; i < 8; i++)
        c.lane[i] = fma(a.lane[i], b.lane[i], c.lane[i]);
    return c;
}

/* As v_sum: lane i with i + 4, then i + 2, i + 1. */
static inline double vd_sum(vd a)
{
    for (int half = 4; half > 0; half /= 2) {
        for (int i = 0; i < half; i++)
            a.lane[i] += a.lane[i + half];
    }
    return a.lane[0];
}

#endif
