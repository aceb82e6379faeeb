/* directions.c: vectors as directions (see directions.h). Must not know what a direction stands
 * for. */
#include "directions.h"

#include <math.h>
#include <string.h>

int direction_normalise(double *vector, size_t dim)
{
    double square = 0.0;
    for (size_t i = 0; i < dim; i++)
        square += vector[i] * vector[i];
    const double length = sqrt(square);
    for (size_t i = 0; length > 0.0 && i < dim; i++)
        vector[i] /= length;
    return length > 0.0;
}

void directions_of(const float *rows, size_t count, size_t dim, double *out)
{
    for (size_t i = 0; i < count * dim; i++)
        out[i] = (double)rows[i];
    for (size_t i = 0; i < count; i++)
        direction_normalise(out + i * dim, dim);
}

double direction_angle(const double *a, const double *b, size_t dim)
{
    double apart = 0.0, along = 0.0;
    for (size_t i = 0; i < dim; i++) {
        apart += (a[i] - b[i]) * (a[i] - b[i]);
        along += (a[i] + b[i]) * (a[i] + b[i]);
    }
    return 2.0 * atan2(sqrt(apart), sqrt(along));
}

/* Two lanes that every CPU we build for holds in a register. */
typedef double lanes __attribute__((vector_size(16)));

static lanes load(const double *from)
{
    lanes value;
    memcpy(&value, from, sizeof value);
    return value;
}

/* Even and odd elements apart, then their sum; `last` is the element that has no partner. */
static double total(lanes sum, double last)
{
    return sum[0] + sum[1] + last;
}

double direction_gap(const double *a, const double *b, double sign, size_t dim)
{
    lanes first = {0}, second = {0};
    const lanes times = {sign, sign};
    size_t k = 0;
    for (; k + 4 <= dim; k += 4) {
        const lanes near = load(a + k) - times * load(b + k);
        const lanes next = load(a + k + 2) - times * load(b + k + 2);
        first += near * near;
        second += next * next;
    }
    double rest = 0.0;
    for (; k < dim; k++)
        rest += (a[k] - sign * b[k]) * (a[k] - sign * b[k]);
    return total(first + second, rest);
}

/* Eight cosines at once, in named sums because gcc keeps an array of them in memory. */
static void tile(const double *const a[4], const double *const b[2], size_t dim, double out[4][2])
{
    lanes s00 = {0}, s01 = {0}, s10 = {0}, s11 = {0}, s20 = {0}, s21 = {0}, s30 = {0}, s31 = {0};
    const size_t even = dim & ~(size_t)1;
    for (size_t k = 0; k < even; k += 2) {
        const lanes b0 = load(b[0] + k), b1 = load(b[1] + k);
        const lanes a0 = load(a[0] + k), a1 = load(a[1] + k);
        const lanes a2 = load(a[2] + k), a3 = load(a[3] + k);
        s00 += a0 * b0;
        s01 += a0 * b1;
        s10 += a1 * b0;
        s11 += a1 * b1;
        s20 += a2 * b0;
        s21 += a2 * b1;
        s30 += a3 * b0;
        s31 += a3 * b1;
    }
    const lanes sums[4][2] = {{s00, s01}, {s10, s11}, {s20, s21}, {s30, s31}};
    for (int i = 0; i < 4; i++)
        for (int j = 0; j < 2; j++)
            out[i][j] = total(sums[i][j], even < dim ? a[i][even] * b[j][even] : 0.0);
}

void direction_cosines(const double *a, size_t a_count, const double *b, size_t b_count, size_t dim,
                       double *out)
{
    for (size_t row = 0; row < a_count; row += 4) {
        const double *left[4];
        for (size_t i = 0; i < 4; i++) /* past the edge: the last one again, and not stored */
            left[i] = a + (row + i < a_count ? row + i : a_count - 1) * dim;
        for (size_t column = 0; column < b_count; column += 2) {
            const size_t next = column + 1 < b_count ? column + 1 : column;
            const double *const right[2] = {b + column * dim, b + next * dim};
            double cosines[4][2];
            tile(left, right, dim, cosines);
            for (size_t i = 0; i < 4 && row + i < a_count; i++)
                for (size_t j = 0; j < 2 && column + j < b_count; j++)
                    out[(row + i) * b_count + column + j] = cosines[i][j];
        }
    }
}
