/* product.c: a register-blocked matrix product in C (see product.h). Must not know layers. */
#include "product.h"

/* Thirty-two bytes: one register where there is AVX2, two elsewhere. Loads and stores need no
 * alignment. */
typedef real lanes __attribute__((vector_size(32)));
typedef real loose __attribute__((vector_size(32), aligned(sizeof(real)), may_alias));

enum { LANES = 32 / sizeof(real), TILE_ROWS = 4, TILE_COLUMNS = 2 * LANES };

/* gcc compiles it for AVX2, too, and chooses when the program starts. A sum is one chain whatever
 * the width of a register, and nothing is contracted, so both give the same bits. Not under the
 * address sanitizer, which is not ready when the choice is made. */
#if defined(__x86_64__) && defined(__gnu_linux__) && defined(__GNUC__) && !defined(__clang__) &&   \
    !defined(__SANITIZE_ADDRESS__)
#define WIDE __attribute__((target_clones("avx2", "default")))
#else
#define WIDE
#endif
#define INTO_EACH static inline __attribute__((always_inline))

/* Eight named sums, because gcc keeps an array of them in memory at -O2: half the speed. */
INTO_EACH void full_tile(size_t steps, size_t columns, product_left left, const real *right,
                         real *out)
{
    lanes low_0 = {0}, low_1 = {0}, low_2 = {0}, low_3 = {0};
    lanes high_0 = {0}, high_1 = {0}, high_2 = {0}, high_3 = {0};
    for (size_t step = 0; step < steps; step++) {
        const real *const a = left.data + step * left.step_stride;
        const lanes low = *(const loose *)(right + step * columns);
        const lanes high = *(const loose *)(right + step * columns + LANES);
        low_0 += a[0] * low;
        high_0 += a[0] * high;
        low_1 += a[left.row_stride] * low;
        high_1 += a[left.row_stride] * high;
        low_2 += a[2 * left.row_stride] * low;
        high_2 += a[2 * left.row_stride] * high;
        low_3 += a[3 * left.row_stride] * low;
        high_3 += a[3 * left.row_stride] * high;
    }
    real *const tops[TILE_ROWS] = {out, out + columns, out + 2 * columns, out + 3 * columns};
    *(loose *)tops[0] = low_0;
    *(loose *)(tops[0] + LANES) = high_0;
    *(loose *)tops[1] = low_1;
    *(loose *)(tops[1] + LANES) = high_1;
    *(loose *)tops[2] = low_2;
    *(loose *)(tops[2] + LANES) = high_2;
    *(loose *)tops[3] = low_3;
    *(loose *)(tops[3] + LANES) = high_3;
}

INTO_EACH void edge_tile(size_t tile_rows, size_t tile_columns, size_t steps, size_t columns,
                         product_left left, const real *right, real *out)
{
    for (size_t row = 0; row < tile_rows; row++) {
        for (size_t column = 0; column < tile_columns; column++) {
            real sum = 0;
            for (size_t step = 0; step < steps; step++)
                sum += left.data[row * left.row_stride + step * left.step_stride] *
                       right[step * columns + column];
            out[row * columns + column] = sum;
        }
    }
}

INTO_EACH size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

WIDE void product(size_t rows, size_t columns, size_t steps, product_left left, const real *right,
                  real *out)
{
    for (size_t column = 0; column < columns; column += TILE_COLUMNS) {
        const size_t tile_columns = smaller(TILE_COLUMNS, columns - column);
        for (size_t row = 0; row < rows; row += TILE_ROWS) {
            const size_t tile_rows = smaller(TILE_ROWS, rows - row);
            product_left part = left;
            part.data += row * left.row_stride;
            real *const to = out + row * columns + column;
            if (tile_rows == TILE_ROWS && tile_columns == TILE_COLUMNS) {
                full_tile(steps, columns, part, right + column, to);
            } else {
                edge_tile(tile_rows, tile_columns, steps, columns, part, right + column, to);
            }
        }
    }
}
