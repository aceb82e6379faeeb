/* geometry.h: what differs between the geometries in which inner products are logits: how vectors
 * are packed, what the target's logit is, and how gradients leave. A call chooses one; no stage
 * asks which. The unit sphere and the kept norm are in geometry_unit.c, raw inner products in
 * geometry_raw.c. */
#ifndef MARGIN_HEAD_GEOMETRY_H
#define MARGIN_HEAD_GEOMETRY_H

#include "head/head.h"

/* The negatives' mean class weight of a row, as packed: the sum of portion[p] times part p. */
typedef struct head_mean {
    head_parts parts;
    size_t count;
    float portion[MARGIN_SHARDS];
} head_mean;

/* One row's dX on its way. */
typedef struct head_gradient_row {
    const head_row *row;
    const float *x, *w; /* the embedding and its class weight */
    head_mean mean;
    double pull; /* d total loss / d row loss, times the target's miss */
    float *line; /* [panels 16], for the mean */
    float *out;  /* [D] */
} head_gradient_row;

typedef struct head_geometry {
    /* ---- before the classes ---- */

    /* Returns the largest norm of a class weight and size of a bias, of which the packed class
     * weights' power of two is made; 0 where each is brought to length 1. It may
     * overwrite `lines`. */
    double (*class_size)(const head_call *call, const head_lines *lines);
    /* Returns the part of row `row` of all rows in head_call.gradient_measure: its head_row.scale,
     * but for class_measure. */
    double (*row_measure)(const head_call *call, size_t row, const head_lines *lines);
    /* Sets row->scale and row->unpack, after the pair was measured. */
    void (*set_scale)(const head_call *call, head_row *row);
    /* Packs embedding x of `row` into panels. */
    void (*pack_embedding)(const head_call *call, const head_row *row, const float *x,
                           float *panels, size_t stride);
    /* Packs `count` class weights from class `first` on into panels, and writes their norms to
     * `norms` [count]. */
    void (*pack_classes)(const head_call *call, size_t first, size_t count, double *norms,
                         float *panels, size_t stride, head_scratch *scratch);
    /* Returns what a class weight of this norm is multiplied by on the planes path. */
    double (*class_factor)(const head_call *call, double norm);

    /* ---- after the classes ---- */

    /* Returns the target's logit. */
    double (*target_logit)(const head_call *call, const head_row *row);
    /* Returns what it would be as a negative's: without any margin. */
    double (*plain_logit)(const head_call *call, const head_row *row);
    /* Returns what prediction shows of an inner product of packed vectors: the cosine, or the
     * logit. */
    double (*shown)(const head_row *row, float dot);
    /* Returns what an embedding of this norm and this s is multiplied by, so that its inner
     * products with class weights (on the sphere of length 1) are logits. */
    double (*row_factor)(double s, double norm);
    /* Writes dX of a row whose pull is not 0. */
    void (*write_gradient)(const head_call *call, const head_gradient_row *g);
    /* Returns the negatives' share of dW for this pull, and writes the target's to *target; both
     * counted in gradient_measure. */
    double (*shares)(const head_call *call, const head_row *row, double pull, double *target);
    /* Adds to dX of a row, `out`, what label smoothing gives. */
    void (*smooth_gradient)(const head_call *call, const head_smooth_row *r, float *out);
    /* Returns what label smoothing with e = 1 adds to the target's share of a row of weight 1. */
    double (*smooth_share)(const head_call *call, const head_row *row);
    /* Returns what a target's share is multiplied by so that a product of packed embeddings can
     * take it; 0: no product can without losing digits. */
    double (*entry)(const head_row *row);
    /* Adds the target's part of a row, x, to `out`, the row of dW of its class weight w. `pair` is
     * the row's, or NULL: it is measured if need be. */
    void (*add_target)(const head_call *call, const float *x, const float *w,
                       const margin_pair *pair, double share, float *out);
    /* Writes the finished rows of dW of `count` classes from `first` on to `out`, which may be
     * their sums g: up to the first one that is not ordinary. Returns how many. */
    size_t (*finish_classes)(const head_call *call, size_t first, size_t count, const double *norms,
                             const float *g, size_t g_stride, float *out, size_t out_stride);
    /* Returns what a class's sum is multiplied by for dW. */
    double (*finish_factor)(const head_call *call, double norm);
    /* A class's sum is projected across its class weight. */
    int projects;
} head_geometry;

extern const head_geometry margin_geometry_unit, margin_geometry_kept, margin_geometry_raw;

/* Writes by_w w + the mean to g->line; w may be NULL. */
void margin_mean_of_negatives(const head_call *call, const head_gradient_row *g, const float *w,
                              float by_w);

#endif
