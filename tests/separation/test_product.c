/* test_product.c: the matrix product in float32: the same bits as the plain triple loop, whatever
 * the shape of the tiles, for straight and transposed left factors. */
#include "mocka.h"
#include "product.h"

enum { MOST = 40 * 40 };

_Static_assert(sizeof(real) == sizeof(float), "this test wants the product in float");

static void fill(real *values, size_t count, unsigned state)
{
    for (size_t i = 0; i < count; i++) {
        state = state * 1664525u + 1013904223u;
        values[i] = (real)(state >> 8) / (real)(1u << 23) - 1;
    }
}

static void check(size_t rows, size_t columns, size_t steps, int transposed)
{
    real a[MOST], b[MOST], out[MOST + 1];
    const product_left left = {a, transposed ? 1 : steps, transposed ? rows : 1};
    fill(a, rows * steps, 1);
    fill(b, steps * columns, 2);
    out[rows * columns] = 12345;
    product(rows, columns, steps, left, b, out);
    for (size_t row = 0; row < rows; row++) {
        for (size_t column = 0; column < columns; column++) {
            volatile real sum = 0; /* one rounding a step, in order */
            for (size_t k = 0; k < steps; k++) {
                const volatile real term =
                    a[row * left.row_stride + k * left.step_stride] * b[k * columns + column];
                sum = sum + term;
            }
            if (sum != out[row * columns + column]) {
                fail_msg("%zux%zux%zu at (%zu, %zu): %.9g, not %.9g", rows, columns, steps, row,
                         column, (double)out[row * columns + column], (double)sum);
            }
        }
    }
    assert_true(out[rows * columns] == 12345);
}

static void same_bits_as_the_plain_loop(void **state)
{
    (void)state;
    for (size_t rows = 1; rows <= 9; rows++) {
        for (size_t columns = 1; columns <= 18; columns++) {
            check(rows, columns, 7, 0);
            check(rows, columns, 7, 1);
        }
    }
    check(40, 40, 40, 0);
    check(33, 24, 40, 1);
    check(4, 8, 1, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(same_bits_as_the_plain_loop)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
