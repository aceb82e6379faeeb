/* kernels.h: what the kernels of one instruction set are: five tables, one for each subject, and
 * the layouts that they share.
 *
 * A kernel knows no loss, no label, no thread and allocates nothing. All lengths count elements.
 * A subject is NAME.h (contracts and table), NAME.inc.h (the template for every vocabulary of
 * src/simd) and NAME_scalar.c (the same in plain loops). A context holds a copy of this struct, so
 * that one table can be exchanged without the others.
 *
 * Layouts (16 = the logical vector's lanes; docs/architecture.md draws them):
 *   panels    A matrix [rows, n] as [ceil(n / 16)][rows][16]: panel p holds elements 16 p to
 *             16 p + 15 of every row; `stride` elements from panel to panel; the tail is zero.
 *   lanes     16 embeddings as [n][16]: element d of all 16 side by side.
 *   tile      Inner products of 16 embeddings with some classes as [classes][16].
 *   planes    A matrix [rows, n] as [n][stride]: element d of all rows side by side, with zeros up
 *             to a multiple of 32.
 *
 * So the class weights in `panels` and the tile are each read unpacked by two matrix products:
 * lanes are embeddings in the first product and dimensions in the other two.
 */
#ifndef MARGIN_KERNELS_KERNELS_H
#define MARGIN_KERNELS_KERNELS_H

#include "kernels/packing.h"
#include "kernels/pairs.h"
#include "kernels/planes.h"
#include "kernels/products.h"
#include "kernels/terms.h"

typedef struct margin_kernels {
    const margin_packing *packing;
    const margin_products *products;
    const margin_terms *terms;
    const margin_pairs *pairs;
    const margin_planes *planes;
} margin_kernels;

#endif
