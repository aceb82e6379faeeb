/* kernels_scalar.c: the scalar kernels, one table a subject: the baseline of the speed figures and
 * the fallback. */
#include "kernels/kernels.h"

extern const margin_kernels margin_kernels_scalar;
const margin_kernels margin_kernels_scalar = {&margin_packing_scalar, &margin_products_scalar,
                                              &margin_terms_scalar, &margin_pairs_scalar,
                                              &margin_planes_scalar};
