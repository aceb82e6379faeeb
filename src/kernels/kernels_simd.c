/* kernels_simd.c: the kernels of one instruction set. The build line names the vocabulary header
 * (MARGIN_SIMD_HEADER), the table (MARGIN_SIMD_NAME) and the compiler flags. */
#include "kernels/kernels.h"

#include MARGIN_SIMD_HEADER

#include "kernels/packing.inc.h"
#include "kernels/pairs.inc.h"
#include "kernels/products.inc.h"
#include "kernels/terms.inc.h"

#include "kernels/dots.inc.h"
#include "kernels/planes.inc.h"

static const margin_packing packing = MARGIN_PACKING_HERE;
static const margin_products products = MARGIN_PRODUCTS_HERE;
static const margin_terms terms = MARGIN_TERMS_HERE;
static const margin_pairs pairs = MARGIN_PAIRS_HERE;
static const margin_planes planes = MARGIN_PLANES_HERE;

#define TABLE_NAME(name) margin_kernels_##name
#define TABLE(name)      TABLE_NAME(name)

extern const margin_kernels TABLE(MARGIN_SIMD_NAME);
const margin_kernels TABLE(MARGIN_SIMD_NAME) = {&packing, &products, &terms, &pairs, &planes};
