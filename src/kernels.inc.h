/* kernels.inc.h: the kernel set, written once against the vocabulary of src/simd.
 * Included by kernels_simd.c after a vocabulary header; contracts are in kernels.h. */
#ifndef MARGIN_KERNELS_INC_H
#define MARGIN_KERNELS_INC_H

#include <float.h>
#include <math.h>
#include <stdint.h>

static float sum_squares(const float *x, size_t n, float power)
{
    const vf p = v_set1(power);
    vf sum = v_set1(0.0f);
    size_t i = 0;
    for (; i + 16 <= n; i += 16) {
        const vf a = v_mul(v_load(x + i), p);
        sum = v_fma(a, a, sum);
    }
    if (i < n) {
        const vf a = v_mul(v_load_part(x + i, n - i, 0.0f), p);
        sum = v_fma(a, a, sum);
    }
    return v_sum(sum);
}

static void pack_row(const float *x, size_t n, float power, float high, float low, float *columns,
                     size_t stride)
{
    const vf p = v_set1(power), h = v_set1(high), l = v_set1(low);
    for (; n > 0; x += 16, columns += stride) {
        const size_t here = n < 16 ? n : 16;
        const vf a = v_mul(here == 16 ? v_load(x) : v_load_part(x, here, 0.0f), p);
        v_store(columns, v_fma(a, h, v_mul(a, l)));
        n -= here;
    }
}

/* ---- the matrix-product tile -------------------------------------------------------------------
 *
 * acc_r[lane] = sum over k of a(r, k) b[k][lane], one chain per output. a(r, k) is at
 * a[(k / 16) a_panel + r A_ROW + (k % 16) A_STEP]; b is contiguous. The accumulators are named, so
 * that they live in registers; how many rows a tile has is the vocabulary's choice and changes no
 * bit.
 */
#define REPEAT_1(M)  M(0)
#define REPEAT_2(M)  REPEAT_1(M) M(1)
#define REPEAT_3(M)  REPEAT_2(M) M(2)
#define REPEAT_4(M)  REPEAT_3(M) M(3)
#define REPEAT_5(M)  REPEAT_4(M) M(4)
#define REPEAT_6(M)  REPEAT_5(M) M(5)
#define REPEAT_16(M) REPEAT_6(M) M(6) M(7) M(8) M(9) M(10) M(11) M(12) M(13) M(14) M(15)

#define TILE_ZERO(r) vf acc##r = v_set1(0.0f);
#define TILE_STEP(r) acc##r = v_fma(v_set1(at[(r) * (size_t)A_ROW]), bv, acc##r);
#define TILE_DONE(r) finish(c + (r)*c_row, acc##r, keep == NULL ? 0.0f : keep[(r)], mode);

enum tile_mode { TILE_STORE, TILE_ADD, TILE_KEEP };

static inline void finish(float *c, vf acc, float keep, enum tile_mode mode)
{
    if (mode == TILE_ADD) acc = v_add(v_load(c), acc);
    if (mode == TILE_KEEP) acc = v_fma(v_load(c), v_set1(keep), acc);
    v_store(c, acc);
}

#define DEFINE_TILE(NAME, REPEAT)                                                                  \
    static inline void NAME(const float *a, size_t a_panel, const float *b, size_t steps,          \
                            const float *keep, enum tile_mode mode, float *c, size_t c_row)        \
    {                                                                                              \
        REPEAT(TILE_ZERO)                                                                          \
        for (; steps > 0; a += a_panel) {                                                          \
            const size_t here = steps < 16 ? steps : 16;                                           \
            const float *at = a;                                                                   \
            for (size_t k = 0; k < here; k++, at += A_STEP, b += 16) {                             \
                const vf bv = v_load(b);                                                           \
                REPEAT(TILE_STEP)                                                                  \
            }                                                                                      \
            steps -= here;                                                                         \
        }                                                                                          \
        REPEAT(TILE_DONE)                                                                          \
    }

/* Rows of the tile are classes (or weights' rows), steps run within a row. */
#define A_ROW  16
#define A_STEP 1
DEFINE_TILE(classes_1, REPEAT_1)
#ifdef V_TILE_16
DEFINE_TILE(classes_4, REPEAT_4)
DEFINE_TILE(classes_16, REPEAT_16)
#else
DEFINE_TILE(classes_2, REPEAT_2)
DEFINE_TILE(classes_6, REPEAT_6)
#endif
#undef A_ROW
#undef A_STEP

/* Rows of the tile are embeddings (lanes), steps run over classes. */
#define A_ROW  1
#define A_STEP 16
#ifdef V_TILE_16
DEFINE_TILE(lanes_16, REPEAT_16)
#else
DEFINE_TILE(lanes_5, REPEAT_5)
DEFINE_TILE(lanes_6, REPEAT_6)
#endif
#undef A_ROW
#undef A_STEP

/* All classes of a block, as many rows at a time as the registers hold. */
static inline void all_classes(const float *a, size_t a_panel, const float *b, size_t steps,
                               size_t classes, enum tile_mode mode, float *c, size_t c_row)
{
#ifdef V_TILE_16
    for (; classes >= 16; classes -= 16, a += 256, c += 16 * c_row) {
        classes_16(a, a_panel, b, steps, NULL, mode, c, c_row);
    }
    for (; classes >= 4; classes -= 4, a += 64, c += 4 * c_row) {
        classes_4(a, a_panel, b, steps, NULL, mode, c, c_row);
    }
#else
    for (; classes >= 6; classes -= 6, a += 96, c += 6 * c_row) {
        classes_6(a, a_panel, b, steps, NULL, mode, c, c_row);
    }
    for (; classes >= 2; classes -= 2, a += 32, c += 2 * c_row) {
        classes_2(a, a_panel, b, steps, NULL, mode, c, c_row);
    }
#endif
    for (; classes > 0; classes--, a += 16, c += c_row) {
        classes_1(a, a_panel, b, steps, NULL, mode, c, c_row);
    }
}

static void tile_products(const float *lanes, const float *weights, size_t stride, size_t dim,
                          size_t classes, float *tile)
{
    for (size_t d = 0; d < dim; d += MARGIN_DIM_CHUNK) {
        const size_t steps = dim - d < MARGIN_DIM_CHUNK ? dim - d : MARGIN_DIM_CHUNK;
        const float *a = weights + d / 16 * stride;
        all_classes(a, stride, lanes + d * 16, steps, classes, d == 0 ? TILE_STORE : TILE_ADD, tile,
                    16);
    }
}

static void embedding_products(const float *tile, const float *weights, size_t stride,
                               size_t classes, size_t panels, const float *keep, float *out)
{
    for (size_t p = 0; p < panels; p++, weights += stride, out += 256) {
#ifdef V_TILE_16
        lanes_16(tile, 256, weights, classes, keep, TILE_KEEP, out, 16);
#else
        lanes_6(tile, 256, weights, classes, keep, TILE_KEEP, out, 16);
        lanes_5(tile + 6, 256, weights, classes, keep + 6, TILE_KEEP, out + 96, 16);
        lanes_5(tile + 11, 256, weights, classes, keep + 11, TILE_KEEP, out + 176, 16);
#endif
    }
}

static void weight_products(const float *tiles, size_t tile_stride, const float *x, size_t stride,
                            size_t rows, size_t classes, size_t panels, float *out)
{
    for (size_t p = 0; p < panels; p++) {
        for (size_t r = 0; r < rows; r += MARGIN_ROW_CHUNK) {
            const size_t steps = rows - r < MARGIN_ROW_CHUNK ? rows - r : MARGIN_ROW_CHUNK;
            all_classes(tiles + r / 16 * tile_stride, tile_stride, x + p * stride + r * 16, steps,
                        classes, TILE_ADD, out + p * 16, panels * 16);
        }
    }
}

/* ---- gradients of rows ---- */

static void scale_columns(const float *x, const float *factor, size_t rows, size_t panels,
                          size_t stride, float *out)
{
    for (size_t p = 0; p < panels; p++) {
        for (size_t i = 0; i < rows; i++) {
            const size_t at = p * stride + i * 16;
            v_store(out + at, v_mul(v_load(x + at), v_set1(factor[i])));
        }
    }
}

static void combine(const float *rows, size_t distance, size_t stride, const float *factor,
                    size_t count, size_t n, float *out)
{
    for (size_t p = 0; p * 16 < n; p++) {
        vf sum = v_set1(0.0f);
        for (size_t k = 0; k < count; k++) {
            sum = v_fma(v_load(rows + k * distance + p * stride), v_set1(factor[k]), sum);
        }
        const size_t here = n - p * 16;
        if (here >= 16) {
            v_store(out + p * 16, sum);
        } else {
            v_store_part(out + p * 16, sum, here);
        }
    }
}

static inline vf load_up_to(const float *p, size_t n)
{
    return n >= 16 ? v_load(p) : v_load_part(p, n, 0.0f);
}

static void finish_row(const float *g, const float *unit, size_t stride, size_t n, float first,
                       float second, float *out)
{
    vf dot = v_set1(0.0f);
    for (size_t p = 0; unit != NULL && p * 16 < n; p++) {
        dot = v_fma(load_up_to(g + p * 16, n - p * 16), v_load(unit + p * stride), dot);
    }
    const vf along = v_set1(v_sum(dot)), f = v_set1(first), s = v_set1(second);
    const vf most = v_set1(FLT_MAX), least = v_set1(-FLT_MAX);
    for (size_t p = 0; p * 16 < n; p++) {
        const size_t here = n - p * 16;
        vf a = load_up_to(g + p * 16, here);
        if (unit != NULL) a = v_fnma(along, v_load(unit + p * stride), a);
        a = v_max(v_min(v_mul(v_mul(a, f), s), most), least);
        if (here >= 16) {
            v_store(out + p * 16, a);
        } else {
            v_store_part(out + p * 16, a, here);
        }
    }
}

/* ---- softmax over tiles and rows ---- */

static void tile_max(const float *tile, size_t classes, float *max)
{
    vf most = v_load(tile);
    for (size_t j = 1; j < classes; j++)
        most = v_max(v_load(tile + j * 16), most);
    v_store(max, most);
}

static void tile_exp(float *tile, size_t classes, const float *scale, const float *peak, float *sum)
{
    const vf s = v_load(scale), m = v_load(peak);
    vf even = v_set1(0.0f), odd = v_set1(0.0f);
    for (; classes >= 2; classes -= 2, tile += 32) {
        const vf a = v_exp(v_mul(v_sub(v_load(tile), m), s));
        const vf b = v_exp(v_mul(v_sub(v_load(tile + 16), m), s));
        v_store(tile, a);
        v_store(tile + 16, b);
        even = v_add(even, a);
        odd = v_add(odd, b);
    }
    if (classes > 0) {
        const vf a = v_exp(v_mul(v_sub(v_load(tile), m), s));
        v_store(tile, a);
        even = v_add(even, a);
    }
    v_store(sum, v_add(even, odd));
}

static float row_max(const float *x, size_t n)
{
    vf most = v_set1(-FLT_MAX);
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        most = v_max(v_load(x + i), most);
    if (i < n) most = v_max(v_load_part(x + i, n - i, -FLT_MAX), most);
    return v_max_across(most);
}

/* Blocks of 1024 are summed in float32, their sums in double. */
static double row_exp(const float *x, size_t n, float scale, float peak, float *out)
{
    const vf s = v_set1(scale), m = v_set1(peak);
    double total = 0.0;
    for (size_t i = 0; i < n;) {
        const size_t end = n - i < 1024 ? n : i + 1024;
        vf sum = v_set1(0.0f);
        for (; i + 16 <= end; i += 16) {
            const vf e = v_exp(v_mul(v_sub(v_load(x + i), m), s));
            if (out != NULL) v_store(out + i, e);
            sum = v_add(sum, e);
        }
        if (i < end) {
            const vf e = v_exp(v_mul(v_sub(v_load_part(x + i, end - i, -INFINITY), m), s));
            if (out != NULL) v_store_part(out + i, e, end - i);
            sum = v_add(sum, e);
            i = end;
        }
        total += (double)v_sum(sum);
    }
    return total;
}

static void row_scale(float *x, size_t n, float first, float second)
{
    const vf f = v_set1(first), g = v_set1(second);
    size_t i = 0;
    for (; i + 16 <= n; i += 16)
        v_store(x + i, v_mul(v_mul(v_load(x + i), f), g));
    if (i < n) {
        const vf a = v_mul(v_mul(v_load_part(x + i, n - i, 0.0f), f), g);
        v_store_part(x + i, a, n - i);
    }
}

#endif
