/* products.inc.h: the head's three matrix products on one register tile, written once against the
 * vocabulary of src/simd. Contracts are in products.h.
 *
 * A tile is some rows times some vectors of 16 lanes:
 *   c[r][v] = sum over k of a(r, k) b[v][k]         a: a scalar, broadcast; b and c: vectors,
 * one chain of multiply-adds per output, so that the tile's shape, which is the vocabulary's
 * choice, changes no bit. The accumulators are named, so that they live in registers.
 *
 * a(r, k) is a[(k / 16) a_panel + r A_ROW + (k % 16) A_STEP]; b[v][k] is at b + v b_vector + 16 k;
 * c[r][v] is at c + r c_row + v c_vector.
 */
#ifndef MARGIN_KERNELS_PRODUCTS_INC_H
#define MARGIN_KERNELS_PRODUCTS_INC_H

/* What becomes of what c holds: overwritten, added to, multiplied by keep[r] and added to. */
enum tile_mode { TILE_STORE, TILE_ADD, TILE_KEEP };

typedef struct tile_operands {
    const float *a, *b, *keep;
    float *c;
    size_t a_panel, b_vector, c_row, c_vector, steps;
    enum tile_mode mode;
    margin_ahead *ahead;
} tile_operands;

/* The lines that so many multiply-adds pay for. */
static inline void fetch_ahead(margin_ahead *ahead, size_t work)
{
    size_t lines = work / ahead->pace + 1;
    for (size_t i = 0; i < 2; i++) {
        const char *p = ahead->region[i].next, *const end = ahead->region[i].end;
        for (; lines > 0 && p < end; lines--, p += 64)
            v_prefetch_read(p);
        ahead->region[i].next = p;
    }
}

static inline void tile_finish(const tile_operands *t, size_t r, size_t v, vf acc)
{
    float *c = t->c + r * t->c_row + v * t->c_vector;
    if (t->mode == TILE_ADD) acc = v_add(v_load(c), acc);
    if (t->mode == TILE_KEEP) acc = v_fma(v_load(c), v_set1(t->keep[r]), acc);
    v_store(c, acc);
}

/* Up to so many rows, dW is written in the order of memory: it costs more to write than to compute.
 * Measured break-even. */
#ifdef V_TILE_WIDE
enum { FEW_STEPS = 16 };
#else
enum { FEW_STEPS = 2 };
#endif

#define ROWS_1(M)  M(0)
#define ROWS_2(M)  ROWS_1(M) M(1)
#define ROWS_4(M)  ROWS_2(M) M(2) M(3)
#define ROWS_5(M)  ROWS_4(M) M(4)
#define ROWS_6(M)  ROWS_5(M) M(5)
#define ROWS_8(M)  ROWS_6(M) M(6) M(7)
#define ROWS_14(M) ROWS_8(M) M(8) M(9) M(10) M(11) M(12) M(13)

/* By the time the sums are done, c is in the cache. */
#define START(r, v)                                                                                \
    vf acc##r##_##v = v_set1(0.0f);                                                                \
    v_prefetch_write(t->c + (r)*t->c_row + (v)*t->c_vector);
#define LOAD(v)    const vf vector##v = v_load(b + (v)*t->b_vector + k * 16);
#define STEP(r, v) acc##r##_##v = v_fma(scalar, vector##v, acc##r##_##v);
#define DONE(r, v) tile_finish(t, r, v, acc##r##_##v);

#define SCALAR(r)  const vf scalar = v_set1(at[(r) * (size_t)A_ROW]);
#define LOAD_1     LOAD(0)
#define LOAD_2     LOAD_1 LOAD(1)
#define LOAD_3     LOAD_2 LOAD(2)
#define LOAD_4     LOAD_3 LOAD(3)
#define START_1(r) START(r, 0)
#define START_2(r) START_1(r) START(r, 1)
#define START_3(r) START_2(r) START(r, 2)
#define START_4(r) START_3(r) START(r, 3)
#define STEP_1(r)                                                                                  \
    {                                                                                              \
        SCALAR(r) STEP(r, 0)                                                                       \
    }
#define STEP_2(r)                                                                                  \
    {                                                                                              \
        SCALAR(r) STEP(r, 0) STEP(r, 1)                                                            \
    }
#define STEP_3(r)                                                                                  \
    {                                                                                              \
        SCALAR(r) STEP(r, 0) STEP(r, 1) STEP(r, 2)                                                 \
    }
#define STEP_4(r)                                                                                  \
    {                                                                                              \
        SCALAR(r) STEP(r, 0) STEP(r, 1) STEP(r, 2) STEP(r, 3)                                      \
    }
#define DONE_1(r) DONE(r, 0)
#define DONE_2(r) DONE_1(r) DONE(r, 1)
#define DONE_3(r) DONE_2(r) DONE(r, 2)
#define DONE_4(r) DONE_3(r) DONE(r, 3)

#define DEFINE_TILE(NAME, ROWS, VECTORS)                                                           \
    static inline void NAME(const tile_operands *t)                                                \
    {                                                                                              \
        const float *a = t->a, *b = t->b;                                                          \
        ROWS_##ROWS(START_##VECTORS) for (size_t left = t->steps; left > 0;                        \
                                          a += t->a_panel, b += 256)                               \
        {                                                                                          \
            const size_t here = left < 16 ? left : 16;                                             \
            const float *at = a;                                                                   \
            for (size_t k = 0; k < here; k++, at += A_STEP) {                                      \
                LOAD_##VECTORS ROWS_##ROWS(STEP_##VECTORS)                                         \
            }                                                                                      \
            left -= here;                                                                          \
        }                                                                                          \
        ROWS_##ROWS(DONE_##VECTORS)                                                                \
    }

/* ---- the tile's rows are classes, its steps run within a class ---- */

#define A_ROW  16
#define A_STEP 1
DEFINE_TILE(classes_1x1, 1, 1)
DEFINE_TILE(classes_1x4, 1, 4)
#ifdef V_TILE_WIDE
DEFINE_TILE(classes_4x4, 4, 4)
DEFINE_TILE(classes_4x1, 4, 1)
DEFINE_TILE(classes_14x1, 14, 1)
DEFINE_TILE(classes_1x2, 1, 2)
DEFINE_TILE(classes_4x2, 4, 2)
DEFINE_TILE(classes_14x2, 14, 2)
#else
DEFINE_TILE(classes_2x1, 2, 1)
DEFINE_TILE(classes_6x1, 6, 1)
#endif
#undef A_ROW
#undef A_STEP

/* As many of the classes left as tiles of `rows` hold. */
#define TAKE(ROWS, VECTORS)                                                                        \
    for (; classes >= (ROWS); classes -= (ROWS), t.a += (ROWS)*16, t.c += (ROWS)*t.c_row) {        \
        fetch_ahead(t.ahead, (ROWS) * (VECTORS)*t.steps);                                          \
        classes_##ROWS##x##VECTORS(&t);                                                            \
    }

static inline void all_classes_1(tile_operands t, size_t classes)
{
#ifdef V_TILE_WIDE
    TAKE(14, 1)
    TAKE(4, 1)
#else
    TAKE(6, 1)
    TAKE(2, 1)
#endif
    TAKE(1, 1)
}

#ifdef V_TILE_WIDE
static inline void all_classes_2(tile_operands t, size_t classes)
{
    TAKE(14, 2)
    TAKE(4, 2)
    TAKE(1, 2)
}
#endif

/* All classes times all vectors; b's vectors at hand stay in L1 while the classes pass. */
static inline void all_classes(tile_operands t, size_t classes, size_t vectors)
{
#ifdef V_TILE_WIDE
    for (; vectors >= 2; vectors -= 2, t.b += 2 * t.b_vector, t.c += 2 * t.c_vector)
        all_classes_2(t, classes);
#endif
    for (; vectors > 0; vectors--, t.b += t.b_vector, t.c += t.c_vector)
        all_classes_1(t, classes);
}

#define TAKE_ALONG(CLASSES, VECTORS)                                                               \
    for (; vectors >= (VECTORS);                                                                   \
         vectors -= (VECTORS), t.b += (VECTORS)*t.b_vector, t.c += (VECTORS)*t.c_vector) {         \
        fetch_ahead(t.ahead, (CLASSES) * (VECTORS)*t.steps);                                       \
        classes_##CLASSES##x##VECTORS(&t);                                                         \
    }

/* One or, where registers are wide, four classes times all vectors: how many is returned. */
static inline size_t some_classes(tile_operands t, size_t classes, size_t vectors)
{
#ifdef V_TILE_WIDE
    if (classes >= 4) {
        TAKE_ALONG(4, 4)
        TAKE_ALONG(4, 1)
        return 4;
    }
#endif
    (void)classes;
    TAKE_ALONG(1, 4)
    TAKE_ALONG(1, 1)
    return 1;
}

/* As all_classes, for few steps. */
static inline void classes_in_order(tile_operands t, size_t classes, size_t vectors)
{
    while (classes > 0) {
        const size_t taken = some_classes(t, classes, vectors);
        classes -= taken;
        t.a += taken * 16;
        t.c += taken * t.c_row;
    }
}

static void tile_products(const float *lanes, size_t lane_stride, size_t panels,
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
        all_classes(t, classes, panels);
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
        if (rows <= FEW_STEPS) {
            classes_in_order(t, classes, panels);
        } else {
            all_classes(t, classes, panels);
        }
    }
}

/* ---- the tile's rows are embeddings of a panel, its steps run over the classes ---- */

#define A_ROW  1
#define A_STEP 16
DEFINE_TILE(lanes_1x1, 1, 1)
DEFINE_TILE(lanes_1x4, 1, 4)
DEFINE_TILE(lanes_2x1, 2, 1)
DEFINE_TILE(lanes_4x1, 4, 1)
#ifdef V_TILE_WIDE
DEFINE_TILE(lanes_2x4, 2, 4)
DEFINE_TILE(lanes_4x4, 4, 4)
DEFINE_TILE(lanes_8x1, 8, 1)
DEFINE_TILE(lanes_8x2, 8, 2)
DEFINE_TILE(lanes_8x3, 8, 3)
#else
DEFINE_TILE(lanes_2x2, 2, 2)
DEFINE_TILE(lanes_5x1, 5, 1)
DEFINE_TILE(lanes_6x1, 6, 1)
#endif
#undef A_ROW
#undef A_STEP

/* The operands from lane `first` on. */
static inline tile_operands from_lane(const tile_operands *t, size_t first)
{
    tile_operands r = *t;
    r.a += first;
    r.c += first * r.c_row;
    if (r.mode == TILE_KEEP) r.keep += first;
    return r;
}

/* As many of the vectors left as tiles of `vectors` hold. */
#define TAKE_VECTORS(LANES, VECTORS)                                                               \
    for (; vectors >= (VECTORS);                                                                   \
         vectors -= (VECTORS), t.b += (VECTORS)*t.b_vector, t.c += (VECTORS)*t.c_vector)           \
        lanes_##LANES##x##VECTORS(&t);

/* The first `rows` lanes, of at most 4, times all vectors. */
static inline void few_lanes(tile_operands t, size_t rows, size_t vectors)
{
    if (rows == 1) {
        TAKE_VECTORS(1, 4)
        TAKE_VECTORS(1, 1)
    } else if (rows == 2) {
#ifdef V_TILE_WIDE
        TAKE_VECTORS(2, 4)
#else
        TAKE_VECTORS(2, 2)
#endif
        TAKE_VECTORS(2, 1)
    } else {
#ifdef V_TILE_WIDE
        TAKE_VECTORS(4, 4)
#endif
        TAKE_VECTORS(4, 1)
    }
}

/* At least the first `rows` lanes times some vectors: how many is returned. */
static inline size_t all_lanes(const tile_operands *t, size_t rows, size_t vectors)
{
#ifdef V_TILE_WIDE
    const size_t take = vectors == 2 || vectors == 4 ? 2 : vectors >= 3 ? 3 : 1;
    for (size_t lane = 0; lane < rows; lane += 8) {
        const tile_operands half = from_lane(t, lane);
        if (take == 3) lanes_8x3(&half);
        if (take == 2) lanes_8x2(&half);
        if (take == 1) lanes_8x1(&half);
    }
    return take;
#else
    (void)vectors;
    const tile_operands second = from_lane(t, 6), third = from_lane(t, 11);
    lanes_6x1(t);
    if (rows > 6) lanes_5x1(&second);
    if (rows > 11) lanes_5x1(&third);
    return 1;
#endif
}

static void embedding_products(const float *tile, size_t rows, const float *weights, size_t stride,
                               size_t classes, size_t panels, const float *keep, float *out)
{
    tile_operands t = {
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
    if (rows <= 4) {
        few_lanes(t, rows, panels);
        return;
    }
    while (panels > 0) {
        const size_t taken = all_lanes(&t, rows, panels);
        panels -= taken;
        t.b += taken * t.b_vector;
        t.c += taken * t.c_vector;
    }
}

#endif
