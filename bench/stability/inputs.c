/* inputs.c: see inputs.h.
 *
 * Where the angle is small it must survive the rounding to float32: the target's weight lives in
 * the first half of the dimensions, the direction in which the embedding leaves it in the second
 * half, and the first half of the embedding is the weight's itself, times a power of two. Elsewhere
 * the last dimension, where both would be zero, takes up what rounding did to the angle: a small
 * component there turns the embedding by its square, so it can turn it by 1e-14. */
#include "inputs.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "calls.h"
#include "memory.h"
#include "random.h"

const char *const placement_names[PLACEMENTS] = {
    "random",   "duplicate weights", "close weights",      "rival at cosine 1",
    "opposite", "zero embedding",    "zero target weight", "zero other weight"};

/* Classes below this are targets; each other class belongs to the target `targets` below. In two
 * and three dimensions exact small angles start from an axis only: a target for each, both ways. */
static size_t targets_of(const recipe *how)
{
    const size_t half = (how->classes + 1) / 2, axes = 2 * how->dim;
    return how->dim < 4 && axes < half ? axes : half;
}

/* Where class j is found. */
static size_t place_of(const recipe *how, size_t j)
{
    return (j + how->turn) % how->classes;
}

static float *weight_of(inputs *in, const recipe *how, size_t j)
{
    return in->weights + place_of(how, j) * in->dim;
}

/* In few dimensions target j lies on axis j: bring a vector there from the first one, or back. */
static void turn_axes(float *v, size_t dim, size_t j, int back)
{
    const size_t by = dim < 4 ? j % dim : 0;
    float turned[3];
    for (size_t k = 0; k < dim && by > 0; k++)
        turned[(k + (back ? dim - by : by)) % dim] = v[k];
    if (by > 0) memcpy(v, turned, dim * sizeof *v);
}

static double length(const float *v, size_t n)
{
    double sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += (double)v[k] * (double)v[k];
    return sqrt(sum);
}

static void scale_to(float *out, const float *v, double factor, size_t n)
{
    for (size_t k = 0; k < n; k++)
        out[k] = (float)(factor * (double)v[k]);
}

/* ---- embeddings ------------------------------------------------------------------------------ */

/* x = factor (along w + across |w| t), t a random unit vector in the second half but its last. */
static void embed(float *x, const float *w, size_t dim, double along, double across, double factor,
                  uint64_t *state)
{
    const size_t half = dim / 2, rest = dim > 2 ? dim - half - 1 : 1;
    double t[512];
    double square = 0;
    for (size_t k = 0; k < rest; k++) {
        t[k] = random_normal(state);
        square += t[k] * t[k];
    }
    const double size = length(w, half) / sqrt(square);
    for (size_t k = 0; k < half; k++)
        x[k] = (float)(factor * along * (double)w[k]);
    for (size_t k = 0; k < rest; k++)
        x[half + k] = (float)(factor * across * size * t[k]);
    if (dim > 2) x[dim - 1] = 0;
}

/* Set the last component so that the angle is as wanted; it is a little too small before. */
static void correct(float *x, const float *w, size_t dim, double offset)
{
    const long double tangent = tanl((long double)offset);
    long double xx = 0, ww = 0, xw = 0;
    for (size_t k = 0; k < dim; k++) {
        xx += (long double)x[k] * x[k];
        ww += (long double)w[k] * w[k];
        xw += (long double)x[k] * w[k];
    }
    const long double along2 = xw / ww * xw;
    const long double missing = along2 * tangent * tangent - (xx - along2);
    if (dim > 2 && missing > 0 && missing < 1e-4L * xx) x[dim - 1] = (float)sqrtl(missing);
}

static void embed_at(float *x, const float *w, size_t dim, sweep_angle angle, double factor,
                     uint64_t *state)
{
    const double sign = angle.from_pi ? -1 : 1;
    const double less = dim > 2 ? angle.offset - 2e-7 : angle.offset;
    if (angle.offset < 1e-2) {
        embed(x, w, dim, sign, tan(angle.offset), factor, state);
    } else if (PI / 2 - angle.offset < 1e-14) {
        embed(x, w, dim, 0, 1, factor, state); /* exactly orthogonal */
    } else if (PI / 2 - angle.offset < 1e-4) {
        embed(x, w, dim, sign * (PI / 2 - angle.offset), 1, factor, state);
    } else {
        embed(x, w, dim, sign * cos(less), sin(less), factor, state);
        correct(x, w, dim, angle.offset);
    }
}

/* ---- weights --------------------------------------------------------------------------------- */

static int wobble(const recipe *how, uint64_t *state)
{
    return how->wobble > 0 ? random_between(state, -how->wobble, how->wobble) : 0;
}

static void make_weights(inputs *in, const recipe *how, uint64_t *state)
{
    const size_t targets = targets_of(how), dim = in->dim;
    for (size_t j = 0; j < in->classes; j++) {
        float *w = weight_of(in, how, j);
        const float *target = weight_of(in, how, j < targets ? j : (j - targets) % targets);
        const size_t filled = j < targets ? dim / 2 : dim;
        const double size = ldexp(1, how->power_w + wobble(how, state));
        const int close = j >= targets && how->others == PLACE_CLOSE;
        for (size_t k = 0; k < filled; k++) {
            const double noise = random_normal(state);
            w[k] = (float)(close ? (double)target[k] * (1 + 1e-3 * noise) : size * noise);
        }
        if (j >= targets && how->others == PLACE_DUPLICATE) scale_to(w, target, 2, dim);
        if (j < targets) turn_axes(w, dim, j, 0);
    }
    if (how->others == PLACE_ZERO_OTHER)
        memset(weight_of(in, how, in->classes - 1), 0, dim * sizeof(float));
}

static void make_embeddings(inputs *in, const recipe *how, uint64_t *state)
{
    const size_t targets = targets_of(how), dim = in->dim;
    const size_t step = how->spread && targets > in->rows ? targets / in->rows : 1;
    for (size_t i = 0; i < in->rows; i++) {
        const size_t target = i * step % targets;
        float *x = in->embeddings + i * dim, *w = weight_of(in, how, target);
        const double factor = ldexp(1, how->power_x - how->power_w + wobble(how, state));
        in->labels[i] = (int64_t)place_of(how, target);
        turn_axes(w, dim, target, 1);
        embed_at(x, w, dim, how->angles[i], factor, state);
        turn_axes(w, dim, target, 0);
        turn_axes(x, dim, target, 0);
    }
    if (how->others == PLACE_ZERO_X) memset(in->embeddings, 0, dim * sizeof(float));
    if (how->others == PLACE_ZERO_TARGET) memset(weight_of(in, how, 0), 0, dim * sizeof(float));
}

/* ---- the whole ------------------------------------------------------------------------------- */

static void make_room(inputs *in, size_t rows, size_t dim, size_t classes)
{
    *in = (inputs){rows,
                   dim,
                   classes,
                   zeroed(rows * dim, sizeof(float)),
                   zeroed(classes * dim, sizeof(float)),
                   zeroed(rows, sizeof(int64_t))};
}

void inputs_make(inputs *in, const recipe *how, uint64_t seed)
{
    uint64_t state = seed;
    make_room(in, how->rows, how->dim, how->classes);
    make_weights(in, how, &state);
    make_embeddings(in, how, &state);
    if (how->others != PLACE_RIVAL && how->others != PLACE_OPPOSITE) return;
    /* The other classes in, or against, the directions of the first embeddings. */
    const size_t targets = targets_of(how), dim = in->dim;
    const double sign = how->others == PLACE_RIVAL ? 1 : -1;
    for (size_t j = targets; j < in->classes && j - targets < in->rows; j++)
        scale_to(weight_of(in, how, j), in->embeddings + (j - targets) * dim,
                 ldexp(sign, how->power_w - how->power_x), dim);
}

static void shift(float *out, const float *in, size_t n, uint64_t *state)
{
    for (size_t k = 0; k < n; k++)
        out[k] = nextafterf(in[k], random_below(state, 2) ? INFINITY : -INFINITY);
}

void inputs_shift(inputs *out, const inputs *in, uint64_t seed)
{
    uint64_t state = seed;
    make_room(out, in->rows, in->dim, in->classes);
    shift(out->embeddings, in->embeddings, in->rows * in->dim, &state);
    shift(out->weights, in->weights, in->classes * in->dim, &state);
    memcpy(out->labels, in->labels, in->rows * sizeof *in->labels);
}

void inputs_free(inputs *in)
{
    free(in->embeddings);
    free(in->weights);
    free(in->labels);
    *in = (inputs){0};
}

margin_head head_of(const inputs *in)
{
    return head_of_arrays(in->rows, in->dim, in->classes, in->embeddings, in->weights, in->labels);
}
