/* vmf.c: exact von Mises-Fisher sampling by rejection (see vmf.h). Must not know what the
 * directions stand for.
 *
 * The proposal needs z ~ Beta((d - 1)/2, (d - 1)/2). That is (1 + u)/2 for one coordinate u of a
 * uniform direction, so one uniform direction serves both as the proposal and, by its other
 * coordinates, as the tangent: they are independent of u. No gamma variates are needed. */
#include "vmf.h"

#include <math.h>

static double dot(const double *a, const double *b, size_t count)
{
    double sum = 0.0;
    for (size_t i = 0; i < count; i++)
        sum += a[i] * b[i];
    return sum;
}

static void multiply(double *a, size_t count, double factor)
{
    for (size_t i = 0; i < count; i++)
        a[i] *= factor;
}

void sphere_uniform(philox_stream *stream, size_t dim, double *out)
{
    double square = 0.0;
    while (!(square > 0.0)) { /* practically always once */
        for (size_t i = 0; i < dim; i++)
            out[i] = philox_normal(stream);
        square = dot(out, out, dim);
    }
    multiply(out, dim, 1.0 / sqrt(square));
}

/* Draw the cosine to the mean; returns 1 - cosine, which keeps its digits at high concentration,
 * and leaves in `direction` the uniform direction that proposed it. */
static double draw_versine(philox_stream *stream, size_t dim, double concentration,
                           double *direction)
{
    const double below = (double)dim - 1.0;
    const double twice = 2.0 * concentration;
    /* Wood's b without the difference that cancels; 1 - x0 = 2b/(1 + b), 1 - x0^2 = 4b/(1 + b)^2 */
    const double b = below / (twice + sqrt(twice * twice + below * below));
    const double edge = 2.0 * b / (1.0 + b);
    for (;;) {
        sphere_uniform(stream, dim, direction);
        const double z = 0.5 * (1.0 + direction[0]);
        const double versine = 2.0 * b * z / (1.0 - (1.0 - b) * z);
        const double cosine = 1.0 - versine;
        const double ratio = (versine + cosine * edge) * (1.0 + b) * (1.0 + b) / (4.0 * b);
        const double log_density = concentration * (edge - versine) + below * log(ratio);
        if (log_density >= log(philox_uniform(stream))) return versine;
    }
}

/* Reflect so that the first axis goes to `mean`; a reflection keeps the tangent's law. */
static void turn_first_axis_to(const double *mean, size_t dim, double *vector)
{
    const double first = mean[0] - 1.0;
    const double square = first * first + dot(mean + 1, mean + 1, dim - 1);
    if (square > 0.0) {
        const double along = first * vector[0] + dot(mean + 1, vector + 1, dim - 1);
        const double factor = -2.0 * along / square;
        vector[0] += factor * first;
        for (size_t i = 1; i < dim; i++)
            vector[i] += factor * mean[i];
    }
}

void vmf_sample(philox_stream *stream, const double *mean, size_t dim, double concentration,
                double *out)
{
    const double versine = draw_versine(stream, dim, concentration, out);
    const double sine = sqrt(versine * (2.0 - versine));
    const double tangent = sqrt(dot(out + 1, out + 1, dim - 1));
    out[0] = 1.0 - versine;
    if (tangent > 0.0) multiply(out + 1, dim - 1, sine / tangent);
    turn_first_axis_to(mean, dim, out);
}
