/* dots.inc.h: the inner products of few embeddings, or with few classes (dot_products of
 * products.h), written once against the vocabulary of src/simd. Lanes are dimensions, so that no
 * lane is without an embedding and no embedding is packed twice; they are summed across in the end.
 * A tile is some embeddings times some classes, one chain of each lane for each pair, so that its
 * shape changes no bit. It knows no number of registers and no logit. */
#ifndef MARGIN_KERNELS_DOTS_INC_H
#define MARGIN_KERNELS_DOTS_INC_H

#include "kernels/tile.inc.h"

/* x: the first vector of a row; w: of a class; tile: where their inner product goes. */
typedef struct dot_operands {
    const float *x, *w;
    float *tile;
    size_t x_panel, w_panel, panels;
    int add;
} dot_operands;

/* Writes or adds the inner product, the sum of the lanes of `acc`, of row r and class v. */
static inline void put_dot(const dot_operands *t, size_t r, size_t v, vf acc)
{
    float *to = t->tile + v * 16 + r;
    *to = t->add ? *to + v_sum(acc) : v_sum(acc);
}

#define DOT_START(r, v) vf acc##r##_##v = v_set1(0.0f);
#define DOT_STEP(r, v)  acc##r##_##v = v_fma(row, v_load(w + (v)*16), acc##r##_##v);
#define DOT_DONE(r, v)  put_dot(&t, r, v, acc##r##_##v);

#define DOT_START_ROW(r, V) VECTORS_##V(DOT_START, r)
#define DOT_STEP_ROW(r, V)                                                                         \
    {                                                                                              \
        const vf row = v_load(x + (r)*16);                                                         \
        VECTORS_##V(DOT_STEP, r)                                                                   \
    }
#define DOT_DONE_ROW(r, V) VECTORS_##V(DOT_DONE, r)

/* Computes the inner products of R rows with V classes at the operands t. */
#define DOTS(R, V)                                                                                 \
    {                                                                                              \
        const float *x = t.x, *w = t.w;                                                            \
        ROWS_##R(DOT_START_ROW, V);                                                                \
        for (size_t p = 0; p < t.panels; p++, x += t.x_panel, w += t.w_panel) {                    \
            ROWS_##R(DOT_STEP_ROW, V);                                                             \
        }                                                                                          \
        ROWS_##R(DOT_DONE_ROW, V);                                                                 \
    }

/* Moves t past n rows. */
static inline void pass_dot_rows(dot_operands *t, size_t n)
{
    t->x += n * 16;
    t->tile += n;
}

/* Moves t past n classes. */
static inline void pass_dot_classes(dot_operands *t, size_t n)
{
    t->w += n * 16;
    t->tile += n * 16;
}

#define PASS_DOT_ROWS(R, TILES)                                                                    \
    EACH(R, rows, pass_dot_rows, all)                                                              \
    {                                                                                              \
        dot_operands t = all;                                                                      \
        size_t left = classes;                                                                     \
        TILES                                                                                      \
    }
#define ALONG_DOT_CLASSES(R, V)                                                                    \
    EACH(V, left, pass_dot_classes, t)                                                             \
    {                                                                                              \
        fetch_ahead(ahead, (R) * (V)*t.panels);                                                    \
        DOTS(R, V)                                                                                 \
    }

/* Multiplies `rows` rows by `classes` classes from `all` on; the rows at hand stay in L1 while the
 * classes pass. */
TILE_LOOP void all_dots(dot_operands all, size_t rows, size_t classes, margin_ahead *ahead)
{
    V_DOT_TILES(PASS_DOT_ROWS, ALONG_DOT_CLASSES)
}

static void dot_products(const float *x, size_t x_stride, size_t rows, const float *weights,
                         size_t stride, size_t panels, size_t classes, float *tile,
                         margin_ahead *ahead)
{
    for (size_t j = 0; j < classes; j++)
        v_store(tile + j * 16, v_set1(0.0f));
    for (size_t p = 0; p < panels; p += MARGIN_DIM_CHUNK) {
        const dot_operands all = {
            .x = x + p * x_stride,
            .w = weights + p * stride,
            .tile = tile,
            .x_panel = x_stride,
            .w_panel = stride,
            .panels = panels - p < MARGIN_DIM_CHUNK ? panels - p : MARGIN_DIM_CHUNK,
            .add = p > 0,
        };
        all_dots(all, rows, classes, ahead);
    }
}

#endif
