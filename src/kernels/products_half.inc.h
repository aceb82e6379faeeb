/* products_half.inc.h: the head's three matrix products with factors rounded to bfloat16 and sums
 * in float32, written once against a vocabulary and its pairs (src/simd/half_*.h). Contracts are in
 * products.h. Two steps of a sum are one: a(r, k) and a(r, k + 1) as a pair, times the pairs of
 * b[v][k] and b[v][k + 1].
 *
 * Factors are packed as pairs into memory of the call's own, some rows and two vectors at a time,
 * so that whoever calls needs no other layout. It knows no number of registers, and not what the
 * numbers mean. */
#ifndef MARGIN_KERNELS_PRODUCTS_HALF_INC_H
#define MARGIN_KERNELS_PRODUCTS_HALF_INC_H

#include "kernels/part.inc.h"
#include "kernels/tile.inc.h"

enum {
    HALF_ROWS = 128, /* rows that are packed together */
    HALF_PAIRS = 64, /* pairs of one sum at most */
    HALF_VECTORS = 2
};

/* What becomes of what c holds: overwritten, added to, multiplied by keep[r] and added to. */
enum half_mode { HALF_STORE, HALF_ADD, HALF_KEEP };

/* The pair k of row r is a[r a_row + k a_step]; those of vector v are at b + v HALF_PAIRS 16 + 16
 * k; c[r][v] is at c + r c_row + v c_vector. */
typedef struct half_operands {
    const uint32_t *a, *b;
    const float *keep;
    float *c;
    size_t a_row, a_step, c_row, c_vector, pairs;
    enum half_mode mode;
    margin_ahead *ahead; /* NULL: none */
} half_operands;

/* Writes the sum `acc` to c[r][v] as t->mode says. */
static inline void half_finish(const half_operands *t, size_t r, size_t v, vf acc)
{
    float *c = t->c + r * t->c_row + v * t->c_vector;
    if (t->mode == HALF_ADD) acc = v_add(v_load(c), acc);
    if (t->mode == HALF_KEEP) acc = v_fma(v_load(c), v_set1(t->keep[r]), acc);
    v_store(c, acc);
}

/* Moves t past n rows. */
static inline void pass_half_rows(half_operands *t, size_t n)
{
    t->a += n * t->a_row;
    t->c += n * t->c_row;
    if (t->mode == HALF_KEEP) t->keep += n;
}

#define HALF_START(r, v) vf acc##r##_##v = v_set1(0.0f);
#define HALF_LOAD(r, v)  const vh vector##v = vh_load(b + (v) * (size_t)HALF_PAIRS * 16);
#define HALF_STEP(r, v)  acc##r##_##v = vh_dot(acc##r##_##v, scalar, vector##v);
#define HALF_DONE(r, v)  half_finish(&t, r, v, acc##r##_##v);

#define HALF_START_ROW(r, V) VECTORS_##V(HALF_START, r)
#define HALF_STEP_ROW(r, V)                                                                        \
    {                                                                                              \
        const vh scalar = vh_set1(a[(r)*t.a_row]);                                                 \
        VECTORS_##V(HALF_STEP, r)                                                                  \
    }
#define HALF_DONE_ROW(r, V) VECTORS_##V(HALF_DONE, r)

/* Computes the tile of R rows and V vectors at the operands t. */
#define HALF_TILE(R, V)                                                                            \
    {                                                                                              \
        const uint32_t *a = t.a, *b = t.b;                                                         \
        if (t.ahead != NULL) fetch_ahead(t.ahead, (R) * (V)*t.pairs * 2);                          \
        ROWS_##R(HALF_START_ROW, V);                                                               \
        for (size_t k = 0; k < t.pairs; k++, a += t.a_step, b += 16) {                             \
            VECTORS_##V(HALF_LOAD, 0);                                                             \
            ROWS_##R(HALF_STEP_ROW, V);                                                            \
        }                                                                                          \
        ROWS_##R(HALF_DONE_ROW, V);                                                                \
    }

#define HALF_GROUP(V, TILES)                                                                       \
    if (vectors == (V)) {                                                                          \
        half_operands t = all;                                                                     \
        size_t left = rows;                                                                        \
        TILES                                                                                      \
    }
#define HALF_DOWN(R, V) EACH(R, left, pass_half_rows, t) HALF_TILE(R, V)

/* Multiplies `rows` rows by `vectors` vectors, HALF_VECTORS at most. */
static void multiply_halves(half_operands all, size_t rows, size_t vectors)
{
    V_HALF_TILES(HALF_GROUP, HALF_DOWN)
}

/* Packs row after row of n elements, which are in panels with `stride`, to a[row][HALF_PAIRS]:
 * neighbours are pairs, with zeros behind the last. */
static void pack_pairs(const float *from, size_t stride, size_t n, size_t rows, uint32_t *a)
{
    const vf zero = v_set1(0.0f);
    for (size_t r = 0; r < rows; r++, from += 16, a += HALF_PAIRS) {
        const float *at = from;
        for (size_t d = 0; d < n; d += 32, at += 2 * stride) {
            const vf first = load_up_to(at, n - d);
            const vf second = n - d > 16 ? load_up_to(at + stride, n - d - 16) : zero;
            vh_store(a + d / 2, vh_in_order(first, second));
        }
    }
}

/* Packs n lines of 16 elements from `from` on: line k and k + 1 side by side, the last one beside
 * zeros where n is odd. */
static void pack_lines(const float *from, size_t n, uint32_t *to)
{
    const vf zero = v_set1(0.0f);
    for (size_t k = 0; k < n; k += 2, to += 16)
        vh_store(to, vh_side_by_side(v_load(from + k * 16),
                                     k + 1 < n ? v_load(from + k * 16 + 16) : zero));
}

/* Multiplies rows, which are in panels (from, stride), by vectors of `steps` lines each, from
 * `lines` on with `distance`; `t` says what becomes of c. */
static void class_halves(half_operands t, const float *from, size_t stride, size_t rows,
                         const float *lines, size_t distance, size_t vectors, size_t steps)
{
    uint32_t a[HALF_ROWS * HALF_PAIRS], b[HALF_VECTORS * HALF_PAIRS * 16];
    t.a = a;
    t.a_row = HALF_PAIRS;
    t.a_step = 1;
    t.b = b;
    t.pairs = (steps + 1) / 2;
    for (size_t r = 0; r < rows; r += HALF_ROWS) {
        const size_t some = rows - r < HALF_ROWS ? rows - r : HALF_ROWS;
        half_operands here = t;
        here.c += r * t.c_row;
        pack_pairs(from + r * 16, stride, steps, some, a);
        for (size_t v = 0; v < vectors; v += HALF_VECTORS, here.c += HALF_VECTORS * t.c_vector) {
            const size_t two = vectors - v < HALF_VECTORS ? vectors - v : HALF_VECTORS;
            for (size_t k = 0; k < two; k++)
                pack_lines(lines + (v + k) * distance, steps, b + k * HALF_PAIRS * 16);
            multiply_halves(here, some, two);
        }
    }
}

static void tile_products(const float *lanes, size_t lane_stride, size_t strips,
                          const float *weights, size_t stride, size_t dim, size_t classes,
                          float *tile, size_t tile_stride, margin_ahead *ahead)
{
    for (size_t d = 0; d < dim; d += MARGIN_DIM_CHUNK) {
        const half_operands t = {.c = tile,
                                 .c_row = 16,
                                 .c_vector = tile_stride,
                                 .mode = d == 0 ? HALF_STORE : HALF_ADD,
                                 .ahead = ahead};
        class_halves(t, weights + d / 16 * stride, stride, classes, lanes + d * 16, lane_stride,
                     strips, dim - d < MARGIN_DIM_CHUNK ? dim - d : MARGIN_DIM_CHUNK);
    }
}

static void weight_products(const float *tiles, size_t tile_stride, const float *x, size_t stride,
                            size_t rows, size_t classes, size_t panels, int add, float *out,
                            size_t out_stride, margin_ahead *ahead)
{
    for (size_t r = 0; r < rows; r += MARGIN_ROW_CHUNK) {
        const half_operands t = {.c = out,
                                 .c_row = out_stride,
                                 .c_vector = 16,
                                 .mode = r == 0 && !add ? HALF_STORE : HALF_ADD,
                                 .ahead = ahead};
        class_halves(t, tiles + r / 16 * tile_stride, tile_stride, classes, x + r * 16, stride,
                     panels, rows - r < MARGIN_ROW_CHUNK ? rows - r : MARGIN_ROW_CHUNK);
    }
}

static void embedding_products(const float *tile, size_t rows, const float *weights, size_t stride,
                               size_t classes, size_t panels, const float *keep, float *out)
{
    uint32_t a[HALF_PAIRS * 16], b[HALF_VECTORS * HALF_PAIRS * 16];
    for (size_t j = 0; j < classes; j += 2 * (size_t)HALF_PAIRS) {
        const size_t left = classes - j;
        const size_t steps = left < 2 * (size_t)HALF_PAIRS ? left : 2 * (size_t)HALF_PAIRS;
        half_operands t = {.a = a,
                           .b = b,
                           .keep = keep,
                           .c = out,
                           .a_row = 1,
                           .a_step = 16,
                           .c_row = 16,
                           .c_vector = 256,
                           .pairs = (steps + 1) / 2,
                           .mode = j > 0          ? HALF_ADD
                                   : keep == NULL ? HALF_STORE
                                                  : HALF_KEEP};
        pack_lines(tile + j * 16, steps, a);
        for (size_t p = 0; p < panels; p += HALF_VECTORS, t.c += HALF_VECTORS * t.c_vector) {
            const size_t two = panels - p < HALF_VECTORS ? panels - p : HALF_VECTORS;
            for (size_t k = 0; k < two; k++)
                pack_lines(weights + (p + k) * stride + j * 16, steps, b + k * HALF_PAIRS * 16);
            multiply_halves(t, rows, two);
        }
    }
}

#endif
