/* terms.h: from inner products to terms: the exponential of each logit under its row's peak, their
 * sums and maxima, and the terms times a factor, which are the logits' gradient.
 *
 * There are three shapes of the same step: a tile, whose lanes are 16 rows; a piece of one row; and
 * planes (planes.h). All three turn an inner product into its term by the same function, which is
 * `one_term` in terms.inc.h and `term_of` in term_scalar.h.
 *
 * A rule for the negatives replaces each inner product by a non-decreasing function of it. It adds
 * its parameters to the two structs below, acts in margin_ruled, which term_of calls, and in
 * one_term, and multiplies the term that both store, which the gradients take, by its slope. Until
 * there is one, it is the inner product itself. */
#ifndef MARGIN_KERNELS_TERMS_H
#define MARGIN_KERNELS_TERMS_H

#include "tuning.h"

/* What is known of a row before its inner products, and turns them into terms:
 * term = exp(scale (inner product - peak)). (Scaling before the subtraction would lose every digit
 * of the difference for large logits.) */
typedef struct margin_term_row {
    float scale;
} margin_term_row;

/* The same for the 16 rows of a tile. */
typedef struct margin_term_rows {
    float scale[MARGIN_LANES];
} margin_term_rows;

/* Writes a row's parameters to lane `lane` of `rows`. */
static inline void margin_put_term_row(margin_term_rows *rows, size_t lane, margin_term_row row)
{
    rows->scale[lane] = row.scale;
}

/* Returns the parameters of lane `lane` of `rows`. */
static inline margin_term_row margin_get_term_row(const margin_term_rows *rows, size_t lane)
{
    const margin_term_row row = {.scale = rows->scale[lane]};
    return row;
}

/* Returns what the row's rule makes of the inner product x. */
static inline float margin_ruled(margin_term_row row, float x)
{
    (void)row;
    return x;
}

/* Terms that are still to be multiplied and written: to[i] = from[i] first second, the first region
 * first; `to` may be `from`. stream: they need not stay in the cache, and drain() comes before
 * another thread reads them. An empty region has left = 0. */
typedef struct margin_pending {
    struct {
        const float *from;
        float *to;
        size_t left;
    } region[2];
    float first, second;
    int stream;
} margin_pending;

typedef struct margin_terms {
    /* Writes the maximum of each lane over the tile's classes to max[16]. */
    void (*tile_max)(const float *tile, size_t classes, float *max);

    /* Replaces the tile's inner products by their terms under peak[16], and writes each lane's sum
     * over the classes to sum[16]. No inner product is above its row's peak; -infinity gives 0. */
    void (*tile_exp)(float *tile, size_t classes, const margin_term_rows *rows, const float *peak,
                     float *sum);

    /* Multiplies tile[.][lane] by factor[lane]. */
    void (*tile_scale)(float *tile, size_t classes, const float *factor);

    /* Returns 1 if no element of x is a NaN or an infinity, else 0. */
    int (*row_finite)(const float *x, size_t n);

    /* Returns what row_finite does; *max becomes the largest of itself and the elements that are no
     * NaN. */
    int (*row_max)(const float *x, size_t n, float *max);

    /* Writes the terms of n inner products of one row to `out`, which may be x, and returns their
     * sum, one float32 chain a lane. Fetches as many elements from `ahead` on, and meanwhile writes
     * about as many of what is pending. */
    float (*row_exp)(const float *x, size_t n, margin_term_row row, float peak, float *out,
                     const float *ahead, margin_pending *pending);

    /* Writes all that is pending. */
    void (*row_store)(margin_pending *pending);

    /* Fetches the cache line at x, which is read soon. */
    void (*prefetch)(const float *x);

    /* Makes what was streamed visible to other threads. */
    void (*drain)(void);
} margin_terms;

/* A table of the functions that the file at hand defines under the kernels' names. */
#define MARGIN_TERMS_HERE                                                                          \
    {                                                                                              \
        .tile_max = tile_max, .tile_exp = tile_exp, .tile_scale = tile_scale,                      \
        .row_finite = row_finite, .row_max = row_max, .row_exp = row_exp, .row_store = row_store,  \
        .prefetch = prefetch, .drain = drain,                                                      \
    }

extern const margin_terms margin_terms_scalar;

#endif
