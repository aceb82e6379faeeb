/* problem.c: see problem.h. */
#include "problem.h"

#include <math.h>

#include "context.h"
#include "noise.h"

static size_t padding_of(unsigned layout)
{
    return layout == 0 ? 0 : layout * 5 % 13 + 1;
}

/* Offsets of arrays of 8-byte elements must keep their alignment. */
static guard make_labels(size_t rows, unsigned layout)
{
    return guard_bytes(rows * sizeof(int64_t), layout * sizeof(int64_t));
}

static guard make_matrix(size_t rows, size_t columns, unsigned layout)
{
    return guard_make(rows * (columns + padding_of(layout)) - padding_of(layout), layout);
}

static void fill_labels(noise *n, guard *labels, size_t rows, size_t classes, int ignored)
{
    int64_t *y = labels->data;
    for (size_t i = 0; i < rows; i++) {
        y[i] = (int64_t)noise_index(n, classes);
        if (ignored && i % 7 == 3) y[i] = -1;
    }
}

static void fill_weights(noise *n, problem *p)
{
    const double spread = 1.0 / sqrt((double)p->call.dim);
    for (size_t j = 0; j < p->call.classes; j++) {
        const double length = noise_between(n, 0.3, 3.0);
        noise_fill(n, p->weights.at + j * p->call.weights_stride, p->call.dim, length * spread);
    }
}

/* x = length (pull w / |w| + noise): a strong pull gives angles near 0, a negative one near pi. */
static void fill_embeddings(noise *n, problem *p)
{
    const margin_head *call = &p->call;
    const double spread = 1.0 / sqrt((double)call->dim);
    for (size_t i = 0; i < call->rows; i++) {
        const int64_t y = call->labels[i] < 0 ? 0 : call->labels[i];
        const float *w = p->weights.at + (size_t)y * call->weights_stride;
        float *x = p->embeddings.at + i * call->embeddings_stride;
        const double length = noise_between(n, 0.3, 3.0), pull = noise_between(n, -2.0, 2.0);
        double squares = 0.0;
        for (size_t d = 0; d < call->dim; d++)
            squares += (double)w[d] * (double)w[d];
        const double toward = squares > 0.0 ? pull / sqrt(squares) : 0.0;
        for (size_t d = 0; d < call->dim; d++) {
            x[d] = (float)(length * (toward * (double)w[d] + spread * noise_normal(n)));
        }
    }
}

static void fill_class_weights(noise *n, guard *weights, size_t classes)
{
    for (size_t j = 0; j < classes; j++)
        weights->at[j] = j % 5 == 3 ? 0.0f : (float)noise_between(n, 0.25, 4.0);
}

problem problem_make(size_t rows, size_t dim, size_t classes, uint64_t seed, unsigned layout,
                     int ignored)
{
    const size_t stride = dim + padding_of(layout);
    problem p = {
        .call = {.size = sizeof(margin_head), .rows = rows, .dim = dim, .classes = classes}};
    noise n = {seed};

    p.embeddings = make_matrix(rows, dim, layout);
    p.weights = make_matrix(classes, dim, layout);
    p.bias = guard_make(classes, layout);
    p.labels = make_labels(rows, layout);
    p.row_weight = guard_make(rows, layout);
    p.class_weight = guard_make(classes, layout);
    p.row_loss = guard_make(rows, layout);
    p.row_angle = guard_make(rows, layout);
    p.row_correct = guard_bytes(rows, layout);
    p.grad_embeddings = make_matrix(rows, dim, layout);
    p.grad_weights = make_matrix(classes, dim, layout);
    p.grad_bias = guard_make(classes, layout);

    p.call.embeddings = p.embeddings.at;
    p.call.weights = p.weights.at;
    p.call.labels = p.labels.data;
    p.call.row_loss = p.row_loss.at;
    p.call.row_angle = p.row_angle.at;
    p.call.row_correct = p.row_correct.data;
    p.call.grad_embeddings = p.grad_embeddings.at;
    p.call.grad_weights = p.grad_weights.at;
    p.call.embeddings_stride = p.call.weights_stride = stride;
    p.call.grad_embeddings_stride = p.call.grad_weights_stride = stride;

    fill_labels(&n, &p.labels, rows, classes, ignored);
    fill_weights(&n, &p);
    fill_embeddings(&n, &p);
    noise_fill(&n, p.bias.at, classes, 0.5);
    for (size_t i = 0; i < rows; i++)
        p.row_weight.at[i] = (float)noise_between(&n, 0.0, 2.0);
    fill_class_weights(&n, &p.class_weight, classes);
    return p;
}

void problem_use_bias(problem *p)
{
    p->call.bias = p->bias.at;
    p->call.grad_bias = p->grad_bias.at;
}

void problem_use_row_weight(problem *p)
{
    p->call.row_weight = p->row_weight.at;
}

void problem_use_class_weight(problem *p)
{
    p->call.class_weight = p->class_weight.at;
}

margin_status problem_context(const margin_config *config, margin_context **out)
{
    const margin_status status = margin_create(config, out);
    if (status == MARGIN_OK) (*out)->schedule.wake_ns = 1e-9;
    return status;
}

margin_status problem_run(problem *p, const margin_config *config)
{
    margin_context *context;
    margin_status status = problem_context(config, &context);
    if (status == MARGIN_OK) status = margin_head_run(context, &p->call);
    margin_destroy(context);
    return status;
}

int problem_untouched(const problem *p)
{
    return guard_untouched(&p->row_loss) && guard_untouched(&p->row_angle) &&
           guard_untouched(&p->row_correct) && guard_untouched(&p->grad_embeddings) &&
           guard_untouched(&p->grad_weights) && guard_untouched(&p->grad_bias) &&
           p->call.loss == 0.0 && p->call.mean_loss == 0.0 && p->call.counted == 0 &&
           p->call.tied == 0;
}

/* The elements between the rows of an output belong to the caller. */
static int padding_intact(const guard *matrix, size_t columns, size_t stride)
{
    for (size_t at = columns; at < matrix->count; at += stride) {
        const unsigned char *const from = (const unsigned char *)(matrix->at + at);
        if (!guard_same(from, from + (stride - columns) * sizeof(float))) return 0;
    }
    return 1;
}

int problem_free(problem *p)
{
    guard *const all[] = {&p->embeddings,  &p->weights,      &p->bias,         &p->labels,
                          &p->row_weight,  &p->class_weight, &p->row_loss,     &p->row_angle,
                          &p->row_correct, &p->grad_bias,    &p->grad_weights, &p->grad_embeddings};
    const size_t stride = p->call.grad_embeddings_stride, dim = p->call.dim;
    int intact = padding_intact(&p->grad_embeddings, dim, stride);
    intact &= padding_intact(&p->grad_weights, dim, stride);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        intact &= guard_free(all[i]);
    return intact;
}

/* ---- rows level -------------------------------------------------------------------------------*/

rows_problem rows_problem_make(size_t rows, size_t classes, uint64_t seed, unsigned layout,
                               int ignored)
{
    const size_t stride = classes + padding_of(layout);
    rows_problem p = {.call = {.size = sizeof(margin_rows), .rows = rows, .classes = classes}};
    noise n = {seed};

    p.logits = make_matrix(rows, classes, layout);
    p.labels = make_labels(rows, layout);
    p.row_scale = guard_make(rows, layout);
    p.row_weight = guard_make(rows, layout);
    p.class_weight = guard_make(classes, layout);
    p.row_loss = guard_make(rows, layout);
    p.grad_logits = make_matrix(rows, classes, layout);

    p.call.logits = p.logits.at;
    p.call.labels = p.labels.data;
    p.call.row_loss = p.row_loss.at;
    p.call.grad_logits = p.grad_logits.at;
    p.call.logits_stride = p.call.grad_logits_stride = stride;

    fill_labels(&n, &p.labels, rows, classes, ignored);
    for (size_t i = 0; i < rows; i++) {
        noise_fill(&n, p.logits.at + i * stride, classes, 0.125);
        const float target = (float)noise_between(&n, -1.0, 1.0);
        if (p.call.labels[i] >= 0) p.logits.at[i * stride + (size_t)p.call.labels[i]] = target;
        p.row_scale.at[i] = (float)noise_between(&n, 0.0, 40.0);
        p.row_weight.at[i] = (float)noise_between(&n, 0.0, 2.0);
    }
    fill_class_weights(&n, &p.class_weight, classes);
    return p;
}

margin_status rows_problem_run(rows_problem *p, const margin_config *config)
{
    margin_context *context;
    margin_status status = problem_context(config, &context);
    if (status == MARGIN_OK) status = margin_rows_run(context, &p->call);
    margin_destroy(context);
    return status;
}

int rows_problem_untouched(const rows_problem *p)
{
    return guard_untouched(&p->row_loss) && guard_untouched(&p->grad_logits) &&
           p->call.loss == 0.0 && p->call.mean_loss == 0.0 && p->call.counted == 0;
}

int rows_problem_free(rows_problem *p)
{
    guard *const all[] = {&p->logits,       &p->labels,   &p->row_scale,  &p->row_weight,
                          &p->class_weight, &p->row_loss, &p->grad_logits};
    int intact = padding_intact(&p->grad_logits, p->call.classes, p->call.logits_stride);
    for (size_t i = 0; i < sizeof all / sizeof *all; i++)
        intact &= guard_free(all[i]);
    return intact;
}

/* ---- hashes -----------------------------------------------------------------------------------*/

static uint64_t mix_bytes(uint64_t hash, const void *data, size_t bytes)
{
    const unsigned char *p = data;
    for (size_t i = 0; i < bytes; i++)
        hash = (hash ^ p[i]) * 0x100000001b3u;
    return hash;
}

static uint64_t mix_matrix(uint64_t hash, const float *a, size_t rows, size_t columns,
                           size_t stride)
{
    for (size_t i = 0; i < rows; i++)
        hash = mix_bytes(hash, a + i * stride, columns * sizeof *a);
    return hash;
}

/* Without weights the two are one. */
static uint64_t mix_losses(uint64_t hash, double loss, double mean_loss)
{
    hash = mix_bytes(hash, &loss, sizeof loss);
    return mean_loss == loss ? hash : mix_bytes(hash, &mean_loss, sizeof mean_loss);
}

static const uint64_t hash_start = 0xcbf29ce484222325u;

problem_hash problem_hash_of(const problem *p)
{
    const margin_head *call = &p->call;
    problem_hash h = {hash_start, hash_start, hash_start};
    h.loss = mix_losses(h.loss, call->loss, call->mean_loss);
    h.loss = mix_bytes(h.loss, call->row_loss, call->rows * sizeof *call->row_loss);
    h.loss = mix_bytes(h.loss, call->row_angle, call->rows * sizeof *call->row_angle);
    h.loss = mix_bytes(h.loss, call->row_correct, call->rows);
    h.grad_embeddings = mix_matrix(h.grad_embeddings, call->grad_embeddings, call->rows, call->dim,
                                   call->grad_embeddings_stride);
    h.grad_weights = mix_matrix(h.grad_weights, call->grad_weights, call->classes, call->dim,
                                call->grad_weights_stride);
    if (call->grad_bias != NULL) {
        h.grad_weights =
            mix_bytes(h.grad_weights, call->grad_bias, call->classes * sizeof *call->grad_bias);
    }
    return h;
}

problem_hash rows_problem_hash_of(const rows_problem *p)
{
    const margin_rows *call = &p->call;
    problem_hash h = {hash_start, hash_start, hash_start};
    h.loss = mix_losses(h.loss, call->loss, call->mean_loss);
    h.loss = mix_bytes(h.loss, call->row_loss, call->rows * sizeof *call->row_loss);
    h.grad_embeddings = mix_matrix(h.grad_embeddings, call->grad_logits, call->rows, call->classes,
                                   call->grad_logits_stride);
    return h;
}
