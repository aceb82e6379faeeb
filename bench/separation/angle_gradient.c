/* angle_gradient.c: angles and their gradients (see angle_gradient.h). Must not know what the angle
 * is of.
 *
 * With unit vectors a, b and theta between them, d theta / d raw a = -(b - cos a) / (|raw a| sin).
 */
#include "angle_gradient.h"

#include <math.h>

/* Below this sine the direction of the gradient is rounding. */
static const double least_sine = 1e-7;

unit_vectors make_units(const float *raw, size_t count, size_t dim, double **scratch)
{
    double *const units = *scratch, *const lengths = units + count * dim;
    *scratch = lengths + count;
    for (size_t i = 0; i < count; i++) {
        double square = 0.0;
        for (size_t k = 0; k < dim; k++) {
            units[i * dim + k] = (double)raw[i * dim + k];
            square += units[i * dim + k] * units[i * dim + k];
        }
        lengths[i] = sqrt(square);
        for (size_t k = 0; lengths[i] > 0.0 && k < dim; k++)
            units[i * dim + k] /= lengths[i];
    }
    return (unit_vectors){dim, units, lengths};
}

static void add_gradient(const double *own, const double *other, size_t dim, double cosine,
                         double factor, float *out)
{
    for (size_t k = 0; k < dim; k++)
        out[k] -= (float)(factor * (other[k] - cosine * own[k]));
}

double add_angle(unit_vectors a, size_t i, unit_vectors b, size_t j, double share, float *grad_a,
                 float *grad_b)
{
    const size_t dim = a.dim;
    const double *const one = a.units + i * dim, *const two = b.units + j * dim;
    double cosine = 0.0, apart = 0.0, along = 0.0;
    for (size_t k = 0; k < dim; k++) {
        cosine += one[k] * two[k];
        apart += (one[k] - two[k]) * (one[k] - two[k]);
        along += (one[k] + two[k]) * (one[k] + two[k]);
    }
    const double sine = 0.5 * sqrt(apart * along);
    if (sine > least_sine && a.lengths[i] > 0.0 && b.lengths[j] > 0.0) {
        if (grad_a != NULL)
            add_gradient(one, two, dim, cosine, share / (a.lengths[i] * sine), grad_a + i * dim);
        if (grad_b != NULL)
            add_gradient(two, one, dim, cosine, share / (b.lengths[j] * sine), grad_b + j * dim);
    }
    return share * 2.0 * atan2(sqrt(apart), sqrt(along));
}
