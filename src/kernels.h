/* kernels.h: what a kernel set is: one const table per instruction set, every contract written
 * once.
 *
 * A kernel knows no loss, no label, no thread and allocates nothing. All lengths count elements.
 *
 * Layouts (16 = the logical vector's lanes):
 *   columns   A matrix [rows, n] as [ceil(n / 16)][rows][16]: panel p holds columns 16 p to
 *             16 p + 15 of every row; `stride` elements from panel to panel; the tail is zero.
 *   lanes     16 embeddings as [n][16]: element d of all 16 side by side.
 *   tile      cosines of 16 embeddings with some classes as [classes][16].
 *   planes    A matrix [rows, n] as [n][stride]: column d of all rows side by side, with zeros up
 *             to a multiple of 32.
 *
 * So the weights in `columns` and the tile are each read unpacked by two matrix products: lanes are
 * embeddings in the first product and dimensions in the other two.
 */
#ifndef MARGIN_KERNELS_H
#define MARGIN_KERNELS_H

#include <stddef.h>

enum {
    MARGIN_LANES = 16,
    /* Elements of one summation chain of a cosine. A chain's rounding error grows with its length;
     * partial sums of 64 keep a cosine near 1 at D = 512 within 1e-7 (a single chain: 4e-7). */
    MARGIN_DIM_CHUNK = 64,
    /* Rows of one summation chain of dW: a row block is a multiple of it, so that the workspace's
     * size cannot change a bit. */
    MARGIN_ROW_CHUNK = 128
};

/* Memory that the caller reads after the product at hand: the product fetches it towards the cache,
 * a few lines with each register tile, the first region first; one line for `pace` multiply-adds of
 * 16 lanes. An empty region has next = end. */
typedef struct margin_ahead {
    struct {
        const char *next, *end;
    } region[2];
    size_t pace;
} margin_ahead;

/* Products that are still to be written: to[i] = from[i] first second, the first region first; `to`
 * may be `from`. stream: they need not stay in the cache, and drain() comes before another thread
 * reads them. An empty region has left = 0. */
typedef struct margin_pending {
    struct {
        const float *from;
        float *to;
        size_t left;
    } region[2];
    float first, second;
    int stream;
} margin_pending;

/* A unit vector u[i] = vector[i] power (high + low), rounded as pack_row does. */
typedef struct margin_unit {
    const float *vector;
    float power, high, low;
} margin_unit;

/* A vector of an ordinary length needs no power of two: its squares are within float32. */
static inline int margin_is_ordinary(double norm)
{
    return norm > 0x1p-40 && norm < 0x1p+50;
}

/* What brings a vector to length 1, where `norm` is that of the vector times `power`; 0: nothing.
 */
static inline margin_unit margin_unit_at(const float *vector, double norm, float power)
{
    const double inverse = norm > 0.0 ? 1.0 / norm : 0.0;
    const float high = (float)inverse;
    const margin_unit unit = {vector, power, high, (float)(inverse - (double)high)};
    return unit;
}

/* delta[i] = (w[i] alpha_high - sigma x[i]) + w[i] alpha_low, whose products with float32 are exact
 * but for the last: see target.h. */
typedef struct margin_delta {
    double alpha_high, alpha_low, sigma;
} margin_delta;

typedef struct margin_kernels {
    /* sum of (x[i] power)^2. */
    float (*sum_squares)(const float *x, size_t n, float power);

    /* One row into `columns`: x[i] power (high + low), rounded once after an exact x[i] power. */
    void (*pack_row)(const float *x, size_t n, float power, float high, float low, float *columns,
                     size_t stride);

    /* Row by row: its norm, and the row at length 1 into `columns`; up to the first row that is not
     * ordinary. How many were done. */
    size_t (*pack_units)(const float *w, size_t w_stride, size_t n, size_t count, double *norm,
                         float *columns, size_t stride);

    /* 16 rows in `columns` into `lanes`. */
    void (*pack_lanes)(const float *columns, size_t stride, size_t panels, float *lanes);

    /* Inner products of `panels` times 16 embeddings (lanes, [dim][16], `lane_stride` from panel to
     * panel) with `classes` weights (columns): tiles, `tile_stride` apart. */
    void (*tile_products)(const float *lanes, size_t lane_stride, size_t panels,
                          const float *weights, size_t stride, size_t dim, size_t classes,
                          float *tile, size_t tile_stride, margin_ahead *ahead);

    /* The same for the first `rows` of 16 embeddings in columns, into one tile; its other lanes are
     * 0. 16 chains of at most MARGIN_DIM_CHUNK elements each. */
    void (*few_products)(const float *x, size_t x_stride, size_t rows, const float *weights,
                         size_t stride, size_t panels, size_t classes, float *tile,
                         margin_ahead *ahead);

    /* Maximum of each lane over the tile's classes, into max[16]. */
    void (*tile_max)(const float *tile, size_t classes, float *max);

    /* tile = exp(scale[lane] (tile - peak[lane])) in place, and its sum over classes into sum[16].
     * tile <= peak[lane], finite; -infinity in the tile gives 0. (Scale times tile first would lose
     * every digit of the difference for large logits.) */
    void (*tile_exp)(float *tile, size_t classes, const float *scale, const float *peak,
                     float *sum);

    /* tile[.][lane] *= factor[lane]. */
    void (*tile_scale)(float *tile, size_t classes, const float *factor);

    /* The product of dX: out[p][lane][16] = keep[lane] out[p][lane][16]
     *                                       + sum over classes of tile[.][lane] weights[p][.][16]
     * for `panels` panels of weights (columns), at least for lanes below `rows`; what the others
     * become is undefined. keep NULL: out is not read. */
    void (*embedding_products)(const float *tile, size_t rows, const float *weights, size_t stride,
                               size_t classes, size_t panels, const float *keep, float *out);

    /* The product of dW: out[class][16 panels] (+)= sum over rows of tile[row][class] x[row], where
     * the tiles of 16 rows are `tile_stride` apart, x is in columns (`stride`) and classes of out
     * are `out_stride` apart. Each MARGIN_ROW_CHUNK rows are one chain. add 0: out is not read. */
    void (*weight_products)(const float *tiles, size_t tile_stride, const float *x, size_t stride,
                            size_t rows, size_t classes, size_t panels, int add, float *out,
                            size_t out_stride, margin_ahead *ahead);

    /* out = x with row i multiplied by factor[i]; both in columns with the same stride. */
    void (*scale_columns)(const float *x, const float *factor, size_t rows, size_t panels,
                          size_t stride, float *out);

    /* out[n] = by_w w[n] + sum over k < count of factor[k] row_k, row_k in columns at
     * rows + k * distance. w NULL: without it. */
    void (*combine)(const float *w, float by_w, const float *rows, size_t distance, size_t stride,
                    const float *factor, size_t count, size_t n, float *out);

    /* out[i] = (g[i] - (g . u) u[i]) first second, clamped to +-FLT_MAX; out may be g. unit->low is
     * not needed. unit NULL: nothing is projected out. */
    void (*finish_row)(const float *g, const margin_unit *unit, size_t n, float first, float second,
                       float *out);

    /* Row by row as finish_row with the unit of w, times `numerator` / norm; up to the first row
     * whose w or whose factor is not ordinary. How many were done. out may be g. */
    size_t (*finish_units)(const float *g, size_t g_stride, const float *w, size_t w_stride,
                           const double *norm, double numerator, size_t n, size_t count, float *out,
                           size_t out_stride);

    /* Few dimensions; n is a multiple of 32 classes.
     * out[j] = sum over d of planes[d][j] x[d], the largest of which is returned. */
    float (*plane_products)(const float *planes, size_t stride, size_t dim, const float *x,
                            size_t n, float *out);
    /* out = exp(scale (x - peak)), its sum returned; inner[d] = sum over j of out[j] planes[d][j].
     * As tile_exp. */
    float (*plane_exp)(const float *x, size_t n, float scale, float peak, const float *planes,
                       size_t stride, size_t dim, float *out, float *inner);
    /* out[d][j] = sum over rows of e[row][j] x[row][d], one chain; rows of x are 16 apart. */
    void (*plane_weights)(const float *e, size_t e_stride, size_t rows, const float *x, size_t dim,
                          size_t n, float *out, size_t stride);
    /* sum[j] (+)= the sum over k < count of parts[k distance + j], in rising order. */
    void (*plane_total)(const float *parts, size_t distance, size_t count, size_t n, int add,
                        float *sum);
    /* Class by class: g = (g - (g . u) u) factor[j], clamped to +-FLT_MAX; u in planes. planes
     * NULL: nothing is projected out. */
    void (*plane_finish)(float *g, const float *planes, size_t stride, size_t dim, size_t n,
                         const float *factor);

    /* A target pair, in double: sums of x x, w w, x w, and of delta delta, delta x, delta w. */
    void (*pair_sums)(const float *x, const float *w, size_t n, double *sums);
    void (*delta_sums)(const margin_delta *delta, const float *x, const float *w, size_t n,
                       double *sums);
    /* out += factor (delta - along base), clamped to +-FLT_MAX; base is x or w. */
    void (*add_tangent)(const margin_delta *delta, const float *x, const float *w,
                        const float *base, double along, double factor, size_t n, float *out);
    /* out += by_x x + by_w w, clamped likewise. */
    void (*add_combination)(const float *x, double by_x, const float *w, double by_w, size_t n,
                            float *out);

    /* Rows level, one contiguous piece of a row. */
    /* 1 if no element is a NaN or an infinity. */
    int (*row_finite)(const float *x, size_t n);
    /* The same; *max becomes the largest of itself and the elements that are no NaN. */
    int (*row_max)(const float *x, size_t n, float *max);
    /* out = exp(scale (x - peak)), its sum, one float32 chain a lane; out may be x. Fetches as many
     * elements from `ahead` on, and meanwhile writes what is pending, about as many. */
    float (*row_exp)(const float *x, size_t n, float scale, float peak, float *out,
                     const float *ahead, margin_pending *pending);
    /* All that is pending. */
    void (*row_store)(margin_pending *pending);
    void (*drain)(void);
} margin_kernels;

/* A table of the functions that the file at hand defines under the kernels' names. */
#define MARGIN_KERNELS_HERE                                                                        \
    {                                                                                              \
        .sum_squares = sum_squares, .pack_row = pack_row, .pack_units = pack_units,                \
        .pack_lanes = pack_lanes, .tile_products = tile_products, .few_products = few_products,    \
        .tile_max = tile_max, .tile_exp = tile_exp, .tile_scale = tile_scale,                      \
        .embedding_products = embedding_products, .weight_products = weight_products,              \
        .scale_columns = scale_columns, .combine = combine, .finish_row = finish_row,              \
        .finish_units = finish_units, .plane_products = plane_products, .plane_exp = plane_exp,    \
        .plane_weights = plane_weights, .plane_total = plane_total, .plane_finish = plane_finish,  \
        .pair_sums = pair_sums, .delta_sums = delta_sums, .add_tangent = add_tangent,              \
        .add_combination = add_combination, .row_finite = row_finite, .row_max = row_max,          \
        .row_exp = row_exp, .row_store = row_store, .drain = drain,                                \
    }

#endif
