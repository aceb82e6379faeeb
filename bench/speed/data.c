/* data.c: deterministic inputs with the statistics of a network in training.
 *
 * Class weights are random directions, so a row's cosines with the other classes spread like
 * 1/sqrt(D); each embedding is turned towards its class to a cosine between 0.3 and 0.7. The rows
 * level gets cosines of the same distribution. Must not know what a case does with them. */
#include "data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "memory.h"
#include "random.h"

#define HUGE_PAGE ((size_t)2 << 20)

void *speed_allocate(size_t bytes)
{
    const size_t alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : 64;
    if (bytes > SIZE_MAX - alignment) out_of_memory();
    const size_t rounded = (bytes + alignment) / alignment * alignment;
    void *memory = aligned_alloc(alignment, rounded);
    if (memory == NULL) out_of_memory();
    if (alignment == HUGE_PAGE) {
        /* Page faults cost more than exponentials on virtual machines; a refusal is no error. */
        (void)madvise(memory, rounded, MADV_HUGEPAGE);
    }
    return memory;
}

static float *allocate_floats(size_t count)
{
    return speed_allocate(count * sizeof(float));
}

double speed_shape_bytes(const speed_shape *shape)
{
    const double n = (double)shape->rows, d = (double)shape->dim, c = (double)shape->classes;
    return sizeof(float) * (3 * n * d + 3 * c * d + 2 * n * c) + sizeof(double) * n * c;
}

/* ---- random numbers -------------------------------------------------------------------------- */

static double next_uniform(uint64_t *state)
{
    return (double)(random_bits(state) >> 11) * 0x1p-53;
}

/* Mean 0, variance 1, close to normal: the sum of four uniforms cut from one word, because the
 * largest shapes want 10^8 of them. */
static double next_normal(uint64_t *state)
{
    const uint64_t word = random_bits(state);
    const uint64_t sum =
        (word & 0xffff) + (word >> 16 & 0xffff) + (word >> 32 & 0xffff) + (word >> 48);
    return ((double)sum + 2.0 - 0x1p17) * (0x1p-16 * 1.7320508075688772);
}

static uint64_t stream(uint64_t seed, uint64_t purpose, uint64_t a, uint64_t b)
{
    uint64_t state = seed;
    const uint64_t parts[] = {purpose, a, b};
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        state = random_bits(&state) ^ parts[i];
    return state;
}

/* ---- one problem ------------------------------------------------------------------------------*/

static double norm(const float *v, size_t dim)
{
    double square = 0;
    for (size_t d = 0; d < dim; d++)
        square += (double)v[d] * v[d];
    return sqrt(square);
}

/* x = length (c w/|w| + sin t), t a random unit vector perpendicular to w. */
static void fill_embedding(float *x, const float *w, size_t dim, double c, uint64_t *state)
{
    const double length = 4 + 12 * next_uniform(state), w_norm = norm(w, dim);
    double along = 0;
    for (size_t d = 0; d < dim; d++) {
        x[d] = (float)next_normal(state);
        along += x[d] * (w[d] / w_norm);
    }
    for (size_t d = 0; d < dim; d++)
        x[d] = (float)(x[d] - along * (w[d] / w_norm));
    const double across = norm(x, dim);
    const double sine = across > 0 ? sqrt(1 - c * c) / across : 0;
    for (size_t d = 0; d < dim; d++)
        x[d] = (float)(length * (c * (w[d] / w_norm) + sine * x[d]));
}

static void fill_problem(speed_problem *p, uint64_t seed)
{
    const speed_shape *s = p->shape;
    uint64_t state = stream(seed, 2, s->rows * s->dim, s->classes);
    for (size_t i = 0; i < s->rows; i++) {
        const size_t label = (size_t)(next_uniform(&state) * (double)s->classes);
        const double c = 0.3 + 0.4 * next_uniform(&state);
        p->labels[i] = (int64_t)label;
        p->target[i] = (float)c;
        fill_embedding(p->embeddings + i * s->dim, p->weights + label * s->dim, s->dim, c, &state);
    }
}

static void fill_cosines(speed_problem *p, uint64_t seed)
{
    const speed_shape *s = p->shape;
    uint64_t state = stream(seed, 3, s->rows * s->dim, s->classes);
    const double unit = 1 / sqrt((double)s->dim);
    for (size_t i = 0; i < s->rows; i++) {
        float *row = p->cosines + i * s->classes;
        for (size_t j = 0; j < s->classes; j++)
            row[j] = (float)fmax(-0.999, fmin(0.999, unit * next_normal(&state)));
        row[p->labels[i]] = p->target[i];
    }
}

/* ---- all of them ------------------------------------------------------------------------------*/

static size_t max_size(size_t a, size_t b)
{
    return a > b ? a : b;
}

static void allocate_outputs(speed_data *data, const speed_shape *shapes, size_t count)
{
    speed_outputs *o = &data->outputs;
    size_t n = 1, nd = 1, cd = 1, nc = 1;
    for (size_t i = 0; i < count; i++) {
        n = max_size(n, shapes[i].rows);
        nd = max_size(nd, shapes[i].rows * shapes[i].dim);
        cd = max_size(cd, shapes[i].classes * shapes[i].dim);
        nc = max_size(nc, shapes[i].rows * shapes[i].classes);
    }
    o->row_loss = allocate_floats(n);
    o->grad_embeddings = allocate_floats(nd);
    o->grad_weights = allocate_floats(cd);
    o->grad_logits = allocate_floats(nc);
    o->unit_embeddings = allocate_floats(nd);
    o->unit_weights = allocate_floats(cd);
    data->scratch[0] = (speed_scratch){o->grad_logits, nc * sizeof(float)};
    data->scratch[1] = (speed_scratch){o->unit_embeddings, nd * sizeof(float)};
    data->scratch[2] = (speed_scratch){o->unit_weights, cd * sizeof(float)};
}

void speed_data_open(speed_data *data, const speed_shape *shapes, size_t count, uint64_t seed)
{
    *data = (speed_data){
        .seed = seed, .count = count, .problems = zeroed(count, sizeof *data->problems)};
    allocate_outputs(data, shapes, count);
    for (size_t i = 0; i < count; i++) {
        data->problems[i].shape = &shapes[i];
        size_t k = 0;
        while (k < data->dims && data->dim[k] != shapes[i].dim)
            k++;
        if (k == SPEED_MAX_DIMS) abort(); /* no plan has so many */
        data->dim[k] = shapes[i].dim;
        data->dim_classes[k] = max_size(data->dim_classes[k], shapes[i].classes);
        data->dims = max_size(data->dims, k + 1);
    }
}

void speed_data_close(speed_data *data)
{
    for (size_t i = 0; i < data->count; i++) {
        free(data->problems[i].embeddings);
        free(data->problems[i].labels);
        free(data->problems[i].target);
        free(data->problems[i].cosines);
    }
    free(data->problems);
    for (size_t k = 0; k < data->dims; k++)
        free(data->weights[k]);
    free(data->outputs.row_loss);
    free(data->outputs.grad_embeddings);
    free(data->outputs.grad_weights);
    free(data->outputs.grad_logits);
    free(data->outputs.unit_embeddings);
    free(data->outputs.unit_weights);
    memset(data, 0, sizeof *data);
}

void speed_data_release_scratch(const speed_data *data)
{
    const uintptr_t page = 4096;
    for (size_t k = 0; k < sizeof data->scratch / sizeof *data->scratch; k++) {
        const uintptr_t start = (uintptr_t)data->scratch[k].memory;
        const uintptr_t first = (start + page - 1) / page * page;
        const uintptr_t last = (start + data->scratch[k].bytes) / page * page;
        if (first < last) (void)madvise((void *)first, last - first, MADV_DONTNEED);
    }
}

static const float *shared_weights(speed_data *data, size_t dim)
{
    size_t k = 0;
    while (data->dim[k] != dim)
        k++;
    if (!data->weights[k]) {
        data->weights[k] = allocate_floats(data->dim_classes[k] * dim);
        /* Classes come in order, so a shape with fewer classes of the same D sees a prefix. */
        uint64_t state = stream(data->seed, 1, dim, 0);
        const double unit = 1 / sqrt((double)dim);
        for (size_t i = 0; i < data->dim_classes[k] * dim; i++)
            data->weights[k][i] = (float)(unit * next_normal(&state));
    }
    return data->weights[k];
}

const speed_problem *speed_data_problem(speed_data *data, size_t index, int with_cosines)
{
    speed_problem *p = &data->problems[index];
    if (!p->embeddings) {
        p->weights = shared_weights(data, p->shape->dim);
        p->embeddings = allocate_floats(p->shape->rows * p->shape->dim);
        p->labels = speed_allocate(p->shape->rows * sizeof *p->labels);
        p->target = allocate_floats(p->shape->rows);
        fill_problem(p, data->seed);
    }
    if (with_cosines && !p->cosines) {
        p->cosines = allocate_floats(p->shape->rows * p->shape->classes);
        fill_cosines(p, data->seed);
    }
    return p;
}
