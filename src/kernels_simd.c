/* kernels_simd.c: the kernel set of one instruction set. The build line names the vocabulary header
 * (MARGIN_SIMD_HEADER), the table (MARGIN_SIMD_NAME) and the compiler flags. */
#include "kernels.h"

#include MARGIN_SIMD_HEADER

#include "vmath.inc.h"

#include "kernels.inc.h"

#define TABLE_NAME(name) margin_kernels_##name
#define TABLE(name)      TABLE_NAME(name)

extern const margin_kernels TABLE(MARGIN_SIMD_NAME);
const margin_kernels TABLE(MARGIN_SIMD_NAME) = MARGIN_KERNELS_HERE;
