/* product.c: a register-blocked matrix product in plain C (see product.h). Must not know layers. */
#include "product.h"

#include <string.h>

/* Sixteen bytes, which every CPU we build for can hold in a register. */
typedef real lanes __attribute__((vector_size(16)));

enum { LANES = 16 / sizeof(real), TILE_ROWS = 4, TILE_COLUMNS = 2 * LANES };

static lanes load(const real *from)
{
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

static void store(real *to, lanes low, lanes high)
{
    memcpy(to, &low, sizeof low);
    memcpy(to + LANES, &high, sizeof high);
}

/* Eight named sums, because gcc keeps an array of them in memory at -O2: half the speed. */
static void full_tile(size_t steps, size_t columns, product_left left, const real *right, real *out)
{
    lanes low_0 = {0}, low_1 = {0}, low_2 = {0}, low_3 = {0};
    lanes high_0 = {0}, high_1 = {0}, high_2 = {0}, high_3 = {0};
    for (size_t step = 0; step < steps; step++) {
        const real *const a = left.data + step * left.step_stride;
        const lanes low = load(right + step * columns);
        const lanes high = load(right + step * columns + LANES);
        low_0 += a[0] * low;
        high_0 += a[0] * high;
        low_1 += a[left.row_stride] * low;
        high_1 += a[left.row_stride] * high;
        low_2 += a[2 * left.row_stride] * low;
        high_2 += a[2 * left.row_stride] * high;
        low_3 += a[3 * left.row_stride] * low;
        high_3 += a[3 * left.row_stride] * high;
    }
    store(out, low_0, high_0);
    store(out + columns, low_1, high_1);
    store(out + 2 * columns, low_2, high_2);
    store(out + 3 * columns, low_3, high_3);
}

static void edge_tile(size_t tile_rows, size_t tile_columns, size_t steps, size_t columns,
                      product_left left, const real *right, real *out)
{
    for (size_t row = 0; row < tile_rows; row++) {
        for (size_t column = 0; column < tile_columns; column++) {
            real sum = 0;
            for (size_t step = 0; step < steps; step++) {
                sum += left.data[row * left.row_stride + step * left.step_stride] *
                       right[step * columns + column];
            }
            out[row * columns + column] = sum;
        }
    }
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

void product(size_t rows, size_t columns, size_t steps, product_left left, const real *right,
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
