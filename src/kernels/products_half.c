/* products_half.c: products with factors rounded to bfloat16, of one instruction set. The build
 * line names the header of its pairs (MARGIN_HALF_HEADER), the table (MARGIN_HALF_NAME) and the
 * compiler flags. */
#include "kernels/products.h"

#include MARGIN_HALF_HEADER

#include "kernels/products_half.inc.h"

#include "kernels/dots.inc.h"

#define TABLE_NAME(name) margin_products_##name
#define TABLE(name)      TABLE_NAME(name)

extern const margin_products TABLE(MARGIN_HALF_NAME);
const margin_products TABLE(MARGIN_HALF_NAME) = MARGIN_PRODUCTS_HERE;
