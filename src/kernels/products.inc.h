/* products.inc.h: the head's three matrix products on one register tile, written once against the
 * vocabulary of src/simd. Contracts are in products.h. It knows neither the number of registers nor
 * what the numbers mean.
 *
 * A tile is some rows times some vectors of 16 lanes:
 *   c[r][v] = sum over k of a(r, k) b[v][k]         a: a scalar, broadcast; b and c: vectors,
 * one chain of multiply-adds per output, so that the tile's shape, which is the vocabulary's
 * choice, changes no bit.
 *
 * a(r, k) is a[(k / 16) a_panel + r A_ROW + (k % 16) A_STEP]; b[v][k] is at b + v b_vector + 16 k;
 * c[r][v] is at c + r c_row + v c_vector.
 */
#ifndef MARGIN_KERNELS_PRODUCTS_INC_H
#define MARGIN_KERNELS_PRODUCTS_INC_H

#include "kernels/tile.inc.h"

/* What becomes of what c holds: overwritten, added to, multiplied by keep[r] and added to. */
enum tile_mode { TILE_STORE, TILE_ADD, TILE_KEEP };

typedef struct tile_operands {
    const float *a, *b, *keep;
    float *c;
    size_t a_panel, b_vector, c_row, c_vector, steps;
    enum tile_mode mode;
    margin_ahead *ahead;
} tile_operands;

/* Writes the sum `acc` to c[r][v] as t->mode says. */
static inline void tile_finish(const tile_operands *t, size_t r, size_t v, vf acc)
{
    float *c = t->c + r * t->c_row + v * t->c_vector;
    if (t->mode == TILE_ADD) acc = v_add(v_load(c), acc);
    if (t->mode == TILE_KEEP) acc = v_fma(v_load(c), v_set1(t->keep[r]), acc);
    v_store(c, acc);
}

/* Moves t past n rows that are classes. */
static inline void pass_classes(tile_operands *t, size_t n)
{
    t->a += n * 16;
    t->c += n * t->c_row;
}

/* Moves t past n vectors. */
static inline void pass_vectors(tile_operands *t, size_t n)
{
    t->b += n * t->b_vector;
    t->c += n * t->c_vector;
}

/* By the time the sums are done, c is in the cache. */
#define START(r, v)                                                                                \
    vf acc##r##_##v = v_set1(0.0f);                                                                \
    v_prefetch_write(t.c + (r)*t.c_row + (v)*t.c_vector);
#define LOAD(r, v) const vf vector##v = v_load(b + (v)*t.b_vector + k * 16);
#define STEP(r, v) acc##r##_##v = v_fma(scalar, vector##v, acc##r##_##v);
#define DONE(r, v) tile_finish(&t, r, v, acc##r##_##v);

#define START_ROW(r, V) VECTORS_##V(START, r)
#define STEP_ROW(r, V)                                                                             \
    {                                                                                              \
        const vf scalar = v_set1(at[(r) * (size_t)A_ROW]);                                         \
        VECTORS_##V(STEP, r)                                                                       \
    }
#define DONE_ROW(r, V) VECTORS_##V(DONE, r)

/* Computes the tile of R rows and V vectors at the operands t. */
#define TILE(R, V)                                                                                 \
    {                                                                                              \
        const float *a = t.a, *b = t.b;                                                            \
        ROWS_##R(START_ROW, V);                                                                    \
        for (size_t steps = t.steps; steps > 0; a += t.a_panel, b += 256) {                        \
            const size_t here = steps < 16 ? steps : 16;                                           \
            const float *at = a;                                                                   \
            for (size_t k = 0; k < here; k++, at += A_STEP) {                                      \
                VECTORS_##V(LOAD, 0);                                                              \
                ROWS_##R(STEP_ROW, V);                                                             \
            }                                                                                      \
            steps -= here;                                                                         \
        }                                                                                          \
        ROWS_##R(DONE_ROW, V);                                                                     \
    }

/* ---- the tile's rows are classes, its steps run within a class ---- */

#define A_ROW  16
#define A_STEP 1

#define CLASS_TILE(R, V)                                                                           \
    {                                                                                              \
        fetch_ahead(t.ahead, (R) * (V)*t.steps);                                                   \
        TILE(R, V)                                                                                 \
    }

#define PASS_VECTORS(V, TILES)                                                                     \
    EACH(V, vectors, pass_vectors, all)                                                            \
    {                                                                                              \
        tile_operands t = all;                                                                     \
        size_t left = classes;                                                                     \
        TILES                                                                                      \
    }
#define DOWN_CLASSES(R, V) EACH(R, left, pass_classes, t) CLASS_TILE(R, V)

/* Multiplies `classes` rows by `vectors` vectors from `all` on; the vectors at hand stay in L1
 * while the classes pass. */
TILE_LOOP void all_classes(tile_operands all, size_t classes, size_t vectors)
{
    V_CLASS_TILES(PASS_VECTORS, DOWN_CLASSES)
}

#define PASS_CLASSES(R, TILES)                                                                     \
    EACH(R, classes, pass_classes, all)                                                            \
    {                                                                                              \
        tile_operands t = all;                                                                     \
        size_t left = vectors;                                                                     \
        TILES                                                                                      \
    }
#define ALONG_VECTORS(R, V) EACH(V, left, pass_vectors, t) CLASS_TILE(R, V)

/* Does what all_classes does, and writes c in the order of memory. */
TILE_LOOP void classes_in_order(tile_operands all, size_t classes, size_t vectors)
{
    V_CLASS_LINES(PASS_CLASSES, ALONG_VECTORS)
}

static void tile_products(const float *lanes, size_t lane_stride, size_t strips,
                          const float *weights, size_t stride, size_t dim, size_t classes,
                          float *tile, size_t tile_stride, margin_ahead *ahead)
{
    for (size_t d = 0; d < dim; d += MARGIN_DIM_CHUNK) {
        const tile_operands t = {
            .a = weights + d / 16 * stride,
            .a_panel = stride,
            .b = lanes + d * 16,
            .b_vector = lane_stride,
            .c = tile,
            .c_row = 16,
            .c_vector = tile_stride,
            .steps = dim - d < MARGIN_DIM_CHUNK ? dim - d : MARGIN_DIM_CHUNK,
            .mode = d == 0 ? TILE_STORE : TILE_ADD,
            .ahead = ahead,
        };
        all_classes(t, classes, strips);
    }
}

static void weight_products(const float *tiles, size_t tile_stride, const float *x, size_t stride,
                            size_t rows, size_t classes, size_t panels, int add, float *out,
                            size_t out_stride, margin_ahead *ahead)
{
    for (size_t r = 0; r < rows; r += MARGIN_ROW_CHUNK) {
        const tile_operands t = {
            .a = tiles + r / 16 * tile_stride,
            .a_panel = tile_stride,
            .b = x + r * 16,
            .b_vector = stride,
            .c = out,
            .c_row = out_stride,
            .c_vector = 16,
            .steps = rows - r < MARGIN_ROW_CHUNK ? rows - r : MARGIN_ROW_CHUNK,
            .mode = r == 0 && !add ? TILE_STORE : TILE_ADD,
            .ahead = ahead,
        };
        if (rows <= V_FEW_STEPS) {
            classes_in_order(t, classes, panels);
        } else {
            all_classes(t, classes, panels);
        }
    }
}

#undef A_ROW
#undef A_STEP

/* ---- the tile's rows are embeddings of a strip, its steps run over the classes ---- */

#define A_ROW  1
#define A_STEP 16

/* Returns the operands of the embeddings from lane `first` on. */
static inline tile_operands from_lane(const tile_operands *all, size_t first)
{
    tile_operands t = *all;
    t.a += first;
    t.c += first * t.c_row;
    if (t.mode == TILE_KEEP) t.keep += first;
    return t;
}

#define IF_FEW(R, TILES)                                                                           \
    if (rows <= (R)) {                                                                             \
        tile_operands t = all;                                                                     \
        size_t left = vectors;                                                                     \
        TILES                                                                                      \
        return 1;                                                                                  \
    }
#define LANES_ALONG_VECTORS(R, V) EACH(V, left, pass_vectors, t) TILE(R, V)

/* Multiplies the first `rows` lanes by `vectors` vectors if the vocabulary has tiles for so few;
 * returns whether it has. */
TILE_LOOP int few_lanes(tile_operands all, size_t rows, size_t vectors)
{
    V_FEW_LANES(IF_FEW, LANES_ALONG_VECTORS)
    return 0;
}

#define PASS_VECTORS_BUT(V, but, TILES)                                                            \
    while (vectors >= (V) && vectors != (but)) {                                                   \
        TILES                                                                                      \
        vectors -= (V);                                                                            \
        pass_vectors(&all, V);                                                                     \
    }
#define SOME_LANES(first, R, V)                                                                    \
    if (rows > (first)) {                                                                          \
        const tile_operands t = from_lane(&all, first);                                            \
        TILE(R, V)                                                                                 \
    }

/* Multiplies at least the first `rows` lanes by `vectors` vectors. */
TILE_LOOP void all_lanes(tile_operands all, size_t rows, size_t vectors)
{
    V_LANE_TILES(PASS_VECTORS_BUT, SOME_LANES)
}

static void embedding_products(const float *tile, size_t rows, const float *weights, size_t stride,
                               size_t classes, size_t panels, const float *keep, float *out)
{
    const tile_operands t = {
        .a = tile,
        .a_panel = 256,
        .b = weights,
        .b_vector = stride,
        .keep = keep,
        .c = out,
        .c_row = 16,
        .c_vector = 256,
        .steps = classes,
        .mode = keep == NULL ? TILE_STORE : TILE_KEEP,
    };
    if (!few_lanes(t, rows, panels)) all_lanes(t, rows, panels);
}

#undef A_ROW
#undef A_STEP

#endif
