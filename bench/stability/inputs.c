/* inputs.c: see inputs.h.
 *
 * Where the angle is small it must survive the rounding to float32: the target's weight lives in
 * the first half of the dimensions, the direction in which the embedding leaves it in the second
 * half, and the first half of the embedding is the weight's itself, times a power of two. */
#include "inputs.h"

#include <math.h>
#include <string.h>

enum { HALF = INPUT_DIM / 2 };

static const double PI = 3.14159265358979324;

/* splitmix64. */
static uint64_t next(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

static double uniform(uint64_t *state)
{
    return ((double)(next(state) >> 11) + 0.5) * 0x1p-53;
}

static double normal(uint64_t *state)
{
    const double radius = sqrt(-2 * log(uniform(state)));

    return radius * cos(2 * PI * uniform(state));
}

static double fill(double *v, size_t n, uint64_t *state)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++) {
        v[k] = normal(state);
        sum += v[k] * v[k];
    }
    return sqrt(sum);
}

static double length(const float *v, size_t n)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++) {
        sum += (double)v[k] * (double)v[k];
    }
    return sqrt(sum);
}

/* x = along w + across |w| t, t a random unit vector in the second half. */
static void embed(float *x, const float *w, double along, double across, double factor,
                  uint64_t *state)
{
    double t[HALF];
    const double size = length(w, HALF) / fill(t, HALF, state);

    for (size_t k = 0; k < HALF; k++) {
        x[k] = (float)(factor * along * (double)w[k]);
        x[HALF + k] = (float)(factor * across * size * t[k]);
    }
}

static void embed_at(float *x, const float *w, sweep_angle angle, double factor, uint64_t *state)
{
    const double sign = angle.from_pi ? -1 : 1;

    if (angle.offset < PI / 4) {
        embed(x, w, sign, tan(angle.offset), factor, state);
    } else if (PI / 2 - angle.offset < 1e-12) {
        embed(x, w, 0, 1, factor, state); /* exactly orthogonal */
    } else {
        embed(x, w, sign * cos(angle.offset), sin(angle.offset), factor, state);
    }
}

void make_inputs(inputs *in, uint64_t seed, const sweep_angle *angles, size_t rows, int power,
                 int vary)
{
    uint64_t state = seed;
    double w[INPUT_DIM];

    memset(in, 0, sizeof *in);
    in->rows = rows;
    for (size_t j = 0; j < INPUT_CLASSES; j++) {
        const size_t filled = j < rows ? HALF : INPUT_DIM;
        fill(w, filled, &state);
        for (size_t k = 0; k < filled; k++) {
            in->weights[j * INPUT_DIM + k] = (float)w[k];
        }
    }
    for (size_t i = 0; i < rows; i++) {
        const int wobble = vary ? (int)(next(&state) % 7) - 3 : 0;
        in->labels[i] = (int64_t)i;
        embed_at(in->embeddings + i * INPUT_DIM, in->weights + i * INPUT_DIM, angles[i],
                 ldexp(1, power + wobble), &state);
    }
}

margin_head head_of(const inputs *in)
{
    return (margin_head){.rows = in->rows,
                         .dim = INPUT_DIM,
                         .classes = INPUT_CLASSES,
                         .embeddings = in->embeddings,
                         .weights = in->weights,
                         .labels = in->labels};
}
