/* kernels_simd.c: the kernel set of one instruction set. The build line names the vocabulary header
 * (MARGIN_SIMD_HEADER), the table (MARGIN_SIMD_NAME) and the compiler flags. */
#include "kernels.h"

#include MARGIN_SIMD_HEADER

#include "vmath.inc.h"

#include "kernels.inc.h"

#define TABLE_NAME(name) margin_kernels_##name
#define TABLE(name)      TABLE_NAME(name)

extern const margin_kernels TABLE(MARGIN_SIMD_NAME);
const margin_kernels TABLE(MARGIN_SIMD_NAME) = {
    .sum_squares = sum_squares,
    .pack_row = pack_row,
    .tile_products = tile_products,
    .tile_max = tile_max,
    .tile_exp = tile_exp,
    .embedding_products = embedding_products,
    .weight_products = weight_products,
    .scale_columns = scale_columns,
    .combine = combine,
    .finish_row = finish_row,
    .plane_products = plane_products,
    .plane_exp = plane_exp,
    .plane_weights = plane_weights,
    .plane_total = plane_total,
    .plane_finish = plane_finish,
    .pair_sums = pair_sums,
    .delta_sums = delta_sums,
    .add_tangent = add_tangent,
    .add_scaled = add_scaled,
    .row_max = row_max,
    .row_exp = row_exp,
    .row_scale = row_scale,
    .drain = drain,
    .row_finite = row_finite,
};
