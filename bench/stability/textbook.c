/* textbook.c: see measure.h. All arithmetic is float32, each derivative that of the formula as
 * written, as automatic differentiation would give it. */
#include "measure.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

static int has_angle(const margin_config *config)
{
    return margin_loss_get(config->loss)->has_angle;
}

static int is_plain(const margin_config *config)
{
    return !has_angle(config);
}

static int is_addition(const margin_config *config)
{
    return has_angle(config) && !(config->m1 < 1 || config->m1 > 1);
}

static int always(const margin_config *config)
{
    (void)config;
    return 1;
}

const textbook textbooks[TEXTBOOKS] = {
    {"plain", "s c - m; p = exp(z - max) / sum; gradient p - 1", is_plain, 0, 0, 0, 0, 0},
    {"acos", "cos(m1 acos(c) + m2); gradient through acos", has_angle, 0, 0, 0, 0, 0},
    {"sincos", "c cos(m) - sqrt(1 - c^2) sin(m)", is_addition, 1, 0, 0, 0, 0},
    {"clamp-7", "cos(m1 acos(c) + m2), c clamped to +-(1 - 1e-7)", has_angle, 0, 1e-7f, 0, 0, 0},
    {"clamp-4", "cos(m1 acos(c) + m2), c clamped to +-(1 - 1e-4)", has_angle, 0, 1e-4f, 0, 0, 0},
    {"detached", "as acos, the margin without gradient: dpsi/dc = 1", has_angle, 0, 0, 1, 0, 0},
    {"floor", "as clamp-7; loss -log(max(p, 1e-30))", always, 0, 1e-7f, 0, 1, 0},
    {"naive", "as floor; p = exp(z) / sum exp(z), no maximum", always, 0, 1e-7f, 0, 1, 1},
};

/* One row's working memory. */
typedef struct row_work {
    float *unit_x;    /* [D] */
    float *unit_w;    /* [C, D] */
    float *length_w;  /* [C] */
    float *cosine;    /* [C] */
    float *logit;     /* [C] */
    float *grad;      /* [C] dL/dcosine */
    float *direction; /* [D] */
} row_work;

static float dot(const float *a, const float *b, size_t n)
{
    float sum = 0;
    for (size_t k = 0; k < n; k++)
        sum += a[k] * b[k];
    return sum;
}

static float normalise(const float *v, size_t n, float *unit)
{
    const float length = sqrtf(dot(v, v, n));
    for (size_t k = 0; k < n; k++)
        unit[k] = v[k] / length;
    return length;
}

static void through_angle(const margin_config *config, float c, float *psi, float *slope)
{
    const float m1 = (float)config->m1, theta = acosf(c);
    const float phi = m1 * theta + (float)config->m2;
    const float sine = sqrtf(1 - c * c);
    *psi = cosf(phi);
    *slope = m1 * sinf(phi) / sine;
    if (config->past_pi == MARGIN_PAST_PI_MONOTONE) {
        const float k = floorf(phi / 3.14159265f);
        const float sign = fmodf(k, 2) > 0 ? -1 : 1;
        *psi = sign * *psi - 2 * k;
        *slope *= sign;
    }
}

static void without_angle(const margin_config *config, float c, float *psi, float *slope)
{
    const float m = (float)config->m2, sine = sqrtf(1 - c * c);
    *psi = c * cosf(m) - sine * sinf(m);
    *slope = cosf(m) + sinf(m) * c / sine;
}

static void target(const textbook *how, const margin_config *config, float cosine, float *psi,
                   float *slope)
{
    const float end = 1 - how->clamp;
    const int outside = how->clamp > 0 && (cosine > end || cosine < -end);
    const float c = outside ? copysignf(end, cosine) : cosine;
    *psi = cosine;
    *slope = 1;
    if (has_angle(config)) {
        (how->sincos ? without_angle : through_angle)(config, c, psi, slope);
        *slope = outside ? 0 : how->detached ? 1 : *slope;
    }
    *psi -= (float)config->m3;
}

/* Cross entropy: the loss, and dL/dlogit in `grad`. */
static float cross_entropy(const textbook *how, const float *logit, size_t n, size_t y, float *grad)
{
    float shift = how->naive ? 0 : logit[0], sum = 0;
    for (size_t j = 0; j < n && !how->naive; j++)
        shift = fmaxf(shift, logit[j]);
    for (size_t j = 0; j < n; j++) {
        grad[j] = expf(logit[j] - shift);
        sum += grad[j];
    }
    for (size_t j = 0; j < n; j++)
        grad[j] /= sum;
    const float p = grad[y];
    grad[y] -= 1;
    return how->floored ? -logf(p < 1e-30f ? 1e-30f : p) : logf(sum) - (logit[y] - shift);
}

/* out += (g - (g . unit) unit) / length, the gradient of the normalisation. */
static void add_projected(float *out, const float *g, const float *unit, float length, size_t n)
{
    const float along = dot(g, unit, n);
    for (size_t k = 0; k < n; k++)
        out[k] += (g[k] - along * unit[k]) / length;
}

static void raw_backward(const margin_head *head, const row_work *work, const float *x, float *dx)
{
    const size_t dim = head->dim;
    for (size_t j = 0; j < head->classes; j++) {
        for (size_t k = 0; k < dim; k++) {
            dx[k] += work->grad[j] * head->weights[j * dim + k];
            head->grad_weights[j * dim + k] += work->grad[j] * x[k];
        }
    }
}

static void unit_backward(const margin_head *head, const row_work *work, float length_x, float *dx)
{
    const size_t dim = head->dim;
    float *g = work->direction;
    memset(g, 0, dim * sizeof *g);
    for (size_t j = 0; j < head->classes; j++) {
        for (size_t k = 0; k < dim; k++)
            g[k] += work->grad[j] * work->unit_w[j * dim + k];
    }
    add_projected(dx, g, work->unit_x, length_x, dim);
    for (size_t j = 0; j < head->classes; j++) {
        for (size_t k = 0; k < dim; k++)
            g[k] = work->grad[j] * work->unit_x[k];
        add_projected(head->grad_weights + j * dim, g, work->unit_w + j * dim, work->length_w[j],
                      dim);
    }
}

static void one_row(const textbook *how, const margin_config *config, const margin_head *head,
                    const row_work *work, size_t i)
{
    const size_t dim = head->dim, y = (size_t)head->labels[i];
    const float *x = head->embeddings + i * dim;
    const int raw = config->loss == MARGIN_SOFTMAX;
    const float length = normalise(x, dim, work->unit_x), s = (float)config->scale;
    float psi, slope = 1;
    for (size_t j = 0; j < head->classes; j++) {
        const float *w = (raw ? head->weights : work->unit_w) + j * dim;
        work->cosine[j] = dot(raw ? x : work->unit_x, w, dim);
        work->logit[j] = s * work->cosine[j];
    }
    if (!raw) {
        target(how, config, work->cosine[y], &psi, &slope);
        work->logit[y] = s * psi;
    }
    head->row_loss[i] = cross_entropy(how, work->logit, head->classes, y, work->grad);
    for (size_t j = 0; j < head->classes; j++)
        work->grad[j] *= s * (j == y ? slope : 1) / (float)head->rows;
    if (raw) {
        raw_backward(head, work, x, head->grad_embeddings + i * dim);
    } else {
        unit_backward(head, work, length, head->grad_embeddings + i * dim);
    }
}

void textbook_run(const textbook *how, const margin_config *config, margin_head *head)
{
    const size_t dim = head->dim, classes = head->classes;
    float *memory = zeroed(2 * dim + classes * (dim + 4), sizeof *memory);
    const row_work work = {.unit_x = memory,
                           .direction = memory + dim,
                           .length_w = memory + 2 * dim,
                           .cosine = memory + 2 * dim + classes,
                           .logit = memory + 2 * dim + 2 * classes,
                           .grad = memory + 2 * dim + 3 * classes,
                           .unit_w = memory + 2 * dim + 4 * classes};
    memset(head->grad_embeddings, 0, head->rows * dim * sizeof *memory);
    memset(head->grad_weights, 0, classes * dim * sizeof *memory);
    for (size_t j = 0; j < classes; j++)
        work.length_w[j] = normalise(head->weights + j * dim, dim, work.unit_w + j * dim);
    for (size_t i = 0; i < head->rows; i++)
        one_row(how, config, head, &work, i);
    free(memory);
}
