/* problems.c: see problems.h. */
#include "problems.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

uint64_t random_bits(uint64_t *state)
{
    uint64_t z = *state += 0x9e3779b97f4a7c15u;

    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9u;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebu;
    return z ^ (z >> 31);
}

double random_uniform(uint64_t *state)
{
    return (double)(random_bits(state) >> 11) * 0x1p-53;
}

double random_normal(uint64_t *state)
{
    const double radius = sqrt(-2 * log(1 - random_uniform(state)));

    return radius * cos(6.283185307179586 * random_uniform(state));
}

static void *make(size_t count, size_t size)
{
    void *memory = calloc(count ? count : 1, size);

    if (!memory) {
        abort();
    }
    return memory;
}

static void fill_normal(float *v, size_t n, uint64_t *state)
{
    for (size_t k = 0; k < n; k++) {
        v[k] = (float)random_normal(state);
    }
}

static float length_of(const float *v, size_t n)
{
    double sum = 0;

    for (size_t k = 0; k < n; k++) {
        sum += (double)v[k] * (double)v[k];
    }
    return (float)sqrt(sum);
}

/* By a power of two, so that directions and collinearity stay exactly what they were. */
static void rescale(float *v, size_t n, int power)
{
    for (size_t k = 0; k < n; k++) {
        v[k] = ldexpf(v[k], power);
    }
}

static void multiple(float *x, const float *w, size_t n, float factor)
{
    for (size_t k = 0; k < n; k++) {
        x[k] = factor * w[k];
    }
}

/* x = factor w + relative |w| noise. */
static void nearby(float *x, const float *w, size_t n, float factor, float relative,
                   uint64_t *state)
{
    const float size = relative * length_of(w, n) / sqrtf((float)n);

    for (size_t k = 0; k < n; k++) {
        x[k] = factor * w[k] + size * (float)random_normal(state);
    }
}

/* x . w = 0 exactly, in any arithmetic that multiplies exactly before it adds. */
static void orthogonal(float *x, const float *w, size_t n)
{
    memset(x, 0, n * sizeof *x);
    if (n > 1) {
        x[0] = w[n - 1];
        x[n - 1] = -w[0];
    }
}

/* w's first component is zero (prepare_weights), so the angle is tiny to float32's full digits. */
static void barely_apart(float *x, const float *w, size_t n, float sign)
{
    multiple(x, w, n, sign);
    x[0] = 1e-12f * length_of(w, n);
}

enum { ROW_KINDS = 14, KIND_BARELY = 10, KIND_BARELY_OPPOSITE = 11, KIND_IGNORED = 12 };

static void adversarial_row(float *x, const float *w, size_t n, size_t kind, uint64_t *state)
{
    switch (kind) {
    case 0:
        multiple(x, w, n, 1);
        break;
    case 1:
        multiple(x, w, n, -1);
        break;
    case 2:
        multiple(x, w, n, 4);
        break;
    case 3: /* the next float in one component */
        multiple(x, w, n, 1);
        x[n / 2] = nextafterf(x[n / 2], INFINITY);
        break;
    case 4:
        nearby(x, w, n, -1, 1e-6f, state);
        break;
    case 5:
        nearby(x, w, n, 1, 1e-4f, state);
        break;
    case 6:
        nearby(x, w, n, -1, 3e-2f, state);
        break;
    case 7:
        orthogonal(x, w, n);
        break;
    case 8:
        memset(x, 0, n * sizeof *x);
        break;
    case 9:
        nearby(x, w, n, 3, 1e-7f, state);
        break;
    case KIND_BARELY:
        barely_apart(x, w, n, 1);
        break;
    case KIND_BARELY_OPPOSITE:
        barely_apart(x, w, n, -1);
        break;
    default:
        fill_normal(x, n, state);
        break; /* KIND_IGNORED and plain rows */
    }
}

static size_t kind_of(problem_spec spec, size_t row)
{
    return (row + (size_t)spec.seed) % ROW_KINDS;
}

/* Duplicates, a zero class, and what the rows to come need of their classes. */
static void prepare_weights(problem_spec spec, problem *p)
{
    const size_t stride = p->head.weights_stride;

    for (size_t i = 0; i < spec.rows && spec.dim > 1; i++) {
        const size_t kind = kind_of(spec, i);
        if (kind == KIND_BARELY || kind == KIND_BARELY_OPPOSITE) {
            p->weights[(size_t)p->labels[i] * stride] = 0;
        }
    }
    for (size_t j = 5; j < spec.classes; j += 7) {
        memcpy(p->weights + j * stride, p->weights + (j - 3) * stride, spec.dim * sizeof(float));
    }
    if (spec.classes > 3) {
        memset(p->weights + 3 * stride, 0, spec.dim * sizeof(float));
    }
}

static void adversarial_rows(problem_spec spec, problem *p, uint64_t *state)
{
    prepare_weights(spec, p);
    for (size_t i = 0; i < spec.rows; i++) {
        const size_t kind = kind_of(spec, i);
        float *x = p->embeddings + i * p->head.embeddings_stride;
        const float *w = p->weights + (size_t)p->labels[i] * p->head.weights_stride;
        adversarial_row(x, w, spec.dim, kind, state);
        p->labels[i] = kind == KIND_IGNORED ? -1 : p->labels[i];
    }
}

static void converged_rows(problem_spec spec, problem *p, uint64_t *state)
{
    for (size_t i = 0; i < spec.rows; i++) {
        const float *w = p->weights + (size_t)p->labels[i] * p->head.weights_stride;
        nearby(p->embeddings + i * p->head.embeddings_stride, w, spec.dim, 1,
               0.4f * (float)random_uniform(state), state);
    }
}

static void rescale_rows(float *v, size_t rows, size_t dim, size_t stride, int reach,
                         uint64_t *state)
{
    for (size_t i = 0; i < rows; i++) {
        rescale(v + i * stride, dim, (int)(random_bits(state) % (unsigned)(2 * reach + 1)) - reach);
    }
}

static void fill_padding(float *v, size_t rows, size_t dim, size_t stride)
{
    for (size_t i = 0; i < rows; i++) {
        for (size_t k = dim; k < stride; k++) {
            v[i * stride + k] = NAN;
        }
    }
}

static void allocate(problem_spec spec, problem *p)
{
    const size_t padding = spec.traits & PROBLEM_PADDED ? 3 : 0;
    margin_head *head = &p->head;

    head->size = sizeof *head;
    head->rows = spec.rows;
    head->dim = spec.dim;
    head->classes = spec.classes;
    head->embeddings_stride = spec.dim + padding;
    head->weights_stride = spec.dim + 2 * padding;
    head->embeddings = p->embeddings = make(spec.rows * head->embeddings_stride, sizeof(float));
    head->weights = p->weights = make(spec.classes * head->weights_stride, sizeof(float));
    head->labels = p->labels = make(spec.rows, sizeof(int64_t));
    if (spec.traits & PROBLEM_WEIGHTED) {
        head->row_weight = p->row_weight = make(spec.rows, sizeof(float));
    }
    if (spec.traits & PROBLEM_SMOOTHED) {
        head->class_weight = p->class_weight = make(spec.classes, sizeof(float));
        head->label_smoothing = 0.2;
    }
    if (spec.traits & PROBLEM_BIAS) {
        head->bias = p->bias = make(spec.classes, sizeof(float));
    }
}

static void fill(problem_spec spec, problem *p, uint64_t *state)
{
    for (size_t i = 0; i < spec.rows; i++) {
        fill_normal(p->embeddings + i * p->head.embeddings_stride, spec.dim, state);
        p->labels[i] = (int64_t)(random_bits(state) % spec.classes);
    }
    for (size_t j = 0; j < spec.classes; j++) {
        fill_normal(p->weights + j * p->head.weights_stride, spec.dim, state);
    }
    for (size_t i = 0; p->row_weight && i < spec.rows; i++) {
        p->row_weight[i] = i % 4 == 1 ? 0 : (float)random_normal(state); /* negative too */
    }
    for (size_t j = 0; p->class_weight && j < spec.classes; j++) {
        p->class_weight[j] = j % 5 == 2 ? 0 : (float)(0.25 + random_uniform(state));
    }
    if (p->bias) {
        fill_normal(p->bias, spec.classes, state);
    }
}

problem problem_make(problem_spec spec)
{
    const int reach = spec.traits & PROBLEM_NORMS ? 99 : 2;
    uint64_t state = spec.seed;
    problem p = {0};

    allocate(spec, &p);
    fill(spec, &p, &state);
    if (spec.traits & PROBLEM_ADVERSARIAL) {
        adversarial_rows(spec, &p, &state);
    } else if (spec.traits & PROBLEM_CONVERGED) {
        converged_rows(spec, &p, &state);
    }
    rescale_rows(p.embeddings, spec.rows, spec.dim, p.head.embeddings_stride, reach, &state);
    rescale_rows(p.weights, spec.classes, spec.dim, p.head.weights_stride, reach, &state);
    fill_padding(p.embeddings, spec.rows, spec.dim, p.head.embeddings_stride);
    fill_padding(p.weights, spec.classes, spec.dim, p.head.weights_stride);
    return p;
}

void problem_free(problem *p)
{
    free(p->embeddings);
    free(p->weights);
    free(p->bias);
    free(p->row_weight);
    free(p->class_weight);
    free(p->labels);
    *p = (problem){0};
}
