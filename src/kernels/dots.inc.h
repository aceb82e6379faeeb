/* dots.inc.h: the inner products of few embeddings, or with few classes. Lanes are dimensions, so
 * that none is without a row and no row is packed twice, and are summed across in the end.
 * Contracts are in products.h. The tile's shape changes no bit, as in products.inc.h. */
#ifndef MARGIN_KERNELS_DOTS_INC_H
#define MARGIN_KERNELS_DOTS_INC_H

#include "kernels/products.inc.h"

#define DOT_CLASSES_4(r, M) M(r, 0) M(r, 1) M(r, 2) M(r, 3)
#define DOT_CLASSES_2(r, M) M(r, 0) M(r, 1)
#define DOT_CLASSES_1(r, M) M(r, 0)
#define DOT_START(r, v)     vf acc##r##_##v = v_set1(0.0f);
#define DOT_STEP(r, v)      acc##r##_##v = v_fma(row, v_load(w + (v)*16), acc##r##_##v);
#define DOT_DONE(r, v)      put_dot(t, r, v, acc##r##_##v);

/* x: a row's first vector; w: a class's; tile: where their product goes. */
typedef struct dot_operands {
    const float *x, *w;
    float *tile;
    size_t x_panel, w_panel, panels;
    int add;
} dot_operands;

static inline void put_dot(const dot_operands *t, size_t r, size_t v, vf acc)
{
    float *to = t->tile + v * 16 + r;
    *to = t->add ? *to + v_sum(acc) : v_sum(acc);
}

#define DOT_ROW_START(r) DOT_CLASSES(r, DOT_START)
#define DOT_ROW_STEP(r)                                                                            \
    {                                                                                              \
        const vf row = v_load(x + (r)*16);                                                         \
        DOT_CLASSES(r, DOT_STEP)                                                                   \
    }
#define DOT_ROW_DONE(r) DOT_CLASSES(r, DOT_DONE)

#define DEFINE_DOTS(NAME, ROWS)                                                                    \
    static inline void NAME(const dot_operands *t)                                                 \
    {                                                                                              \
        const float *x = t->x, *w = t->w;                                                          \
        ROWS_##ROWS(DOT_ROW_START);                                                                \
        for (size_t p = 0; p < t->panels; p++, x += t->x_panel, w += t->w_panel) {                 \
            ROWS_##ROWS(DOT_ROW_STEP);                                                             \
        }                                                                                          \
        ROWS_##ROWS(DOT_ROW_DONE);                                                                 \
    }

#define DOT_CLASSES DOT_CLASSES_4
DEFINE_DOTS(dots_1x4, 1)
#ifdef V_TILE_WIDE
DEFINE_DOTS(dots_2x4, 2)
DEFINE_DOTS(dots_4x4, 4)
#else
#undef DOT_CLASSES
#define DOT_CLASSES DOT_CLASSES_2
DEFINE_DOTS(dots_2x2, 2)
#endif
#undef DOT_CLASSES
#define DOT_CLASSES DOT_CLASSES_1
DEFINE_DOTS(dots_1x1, 1)
DEFINE_DOTS(dots_2x1, 2)
#ifdef V_TILE_WIDE
DEFINE_DOTS(dots_4x1, 4)
#endif
#undef DOT_CLASSES

#define TAKE_DOTS(ROWS, CLASSES)                                                                   \
    for (; classes >= (CLASSES);                                                                   \
         classes -= (CLASSES), t.w += (CLASSES)*16, t.tile += (CLASSES)*16) {                      \
        fetch_ahead(ahead, (ROWS) * (CLASSES)*t.panels);                                           \
        dots_##ROWS##x##CLASSES(&t);                                                               \
    }

static inline size_t some_dots(dot_operands t, size_t rows, size_t classes, margin_ahead *ahead)
{
#ifdef V_TILE_WIDE
    if (rows >= 4) {
        TAKE_DOTS(4, 4)
        TAKE_DOTS(4, 1)
        return 4;
    }
    if (rows >= 2) {
        TAKE_DOTS(2, 4)
        TAKE_DOTS(2, 1)
        return 2;
    }
#else
    if (rows >= 2) {
        TAKE_DOTS(2, 2)
        TAKE_DOTS(2, 1)
        return 2;
    }
#endif
    TAKE_DOTS(1, 4)
    TAKE_DOTS(1, 1)
    return 1;
}

static void dot_products(const float *x, size_t x_stride, size_t rows, const float *weights,
                         size_t stride, size_t panels, size_t classes, float *tile,
                         margin_ahead *ahead)
{
    for (size_t j = 0; j < classes; j++)
        v_store(tile + j * 16, v_set1(0.0f));
    for (size_t p = 0; p < panels; p += MARGIN_DIM_CHUNK) {
        dot_operands t = {
            .x = x + p * x_stride,
            .w = weights + p * stride,
            .tile = tile,
            .x_panel = x_stride,
            .w_panel = stride,
            .panels = panels - p < MARGIN_DIM_CHUNK ? panels - p : MARGIN_DIM_CHUNK,
            .add = p > 0,
        };
        for (size_t r = 0; r < rows;) {
            const size_t taken = some_dots(t, rows - r, classes, ahead);
            r += taken;
            t.x += taken * 16;
            t.tile += taken;
        }
    }
}

#endif
