/* plain_head.c: the whole classification head in plain loops and double: the place to start
 * reading. libmargin computes the same, faster and in float32, and the tests hold it to what stands
 * here.
 *
 * N rows (embeddings x_i, labels y_i), D dimensions, C classes (weights w_j). Forward, for each
 * row:
 *
 *   u = x / |x|, v_j = w_j / |w_j|         unit vectors [D]
 *   c_j = u . v_j                          cosines [C]; softmax has x . w_j + b_j in their place
 *   z = s psi(theta)                       the target's logit, theta its angle; psi is the loss
 *   R = log sum of exp(s c_j) over j != y  log-sum-exp of the other logits
 *   loss = log(1 + exp(R - z))             log-sum-exp of all less z, but nothing cancels
 *        + e (z - mean of all C logits)    label smoothing: e / C of the row goes to every class
 *
 * and backward, with p_j the probabilities and 1 - p_y = 1 / (1 + exp(z - R)):
 *
 *   d loss / d c_j = s (p_j - e / C)
 *   and for the target -s (1 - p_y - e (C - 1) / C) psi'(theta) / -sin(theta)
 *   d c_j / d x = (v_j - c_j u) / |x|      what is across x; likewise for w_j
 *
 * It must not know kernels, blocks or threads. */
#include "plain_head.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

double plain_dot(const double *a, const double *b, size_t dim)
{
    double sum = 0.0;
    for (size_t d = 0; d < dim; d++)
        sum += a[d] * b[d];
    return sum;
}

/* By the sum and the difference of the two, made equally long: acos is blind near 0 and pi. */
double plain_angle(const double *a, const double *b, size_t dim)
{
    const double length_a = sqrt(plain_dot(a, a, dim)), length_b = sqrt(plain_dot(b, b, dim));
    double plus = 0.0, minus = 0.0;
    for (size_t d = 0; d < dim; d++) {
        const double p = a[d] * length_b + b[d] * length_a, m = a[d] * length_b - b[d] * length_a;
        plus += p * p;
        minus += m * m;
    }
    return 2.0 * atan2(sqrt(minus), sqrt(plus));
}

double plain_row(const margin_config *config, double scale, const double *cosine, size_t classes,
                 size_t target, double theta, double e, double *slope)
{
    double psi = cosine[target], by_cosine = 1.0, most = -INFINITY, sum = 0.0;
    double mean = 0.0; /* of all logits */
    if (margin_loss_get(config->loss)->normalised) {
        margin_psi(config, theta, &psi, &by_cosine); /* by theta; d theta / d cos = -1 / sin */
        by_cosine = sin(theta) > 0.0 ? -by_cosine / sin(theta) : 0.0;
    }
    for (size_t j = 0; j < classes; j++)
        if (j != target) most = fmax(most, scale * cosine[j]);
    for (size_t j = 0; j < classes; j++)
        if (j != target) sum += exp(scale * cosine[j] - most);
    for (size_t j = 0; j < classes; j++)
        mean += scale * (j == target ? psi : cosine[j]) / (double)classes;
    const double gap = most + log(sum) - scale * psi; /* R - z */
    const double pull = scale / (1.0 + exp(-gap));    /* s (1 - p), p the target's probability */
    const double even = scale * e / (double)classes;  /* what smoothing takes from each class */
    for (size_t j = 0; j < classes; j++)
        slope[j] = j == target ? (scale * e - even - pull) * by_cosine
                               : pull * exp(scale * cosine[j] - most) / sum - even;
    return (gap > 0.0 ? gap + log1p(exp(-gap)) : log1p(exp(gap))) + e * (scale * psi - mean);
}

/* Divides each of `count` vectors [D] by its length and keeps 1 / length, 0 of a zero vector; `raw`
 * leaves them as they are. */
static void normalise(const double *from, size_t count, size_t dim, int raw, double *to,
                      double *per_length)
{
    for (size_t i = 0; i < count; i++) {
        const double length = sqrt(plain_dot(from + i * dim, from + i * dim, dim));
        per_length[i] = raw ? 1.0 : length > 0.0 ? 1.0 / length : 0.0;
        for (size_t d = 0; d < dim; d++)
            to[i * dim + d] = from[i * dim + d] * per_length[i];
    }
}

/* Returns the configuration with the margin that is given to a row i of class y. */
static margin_config config_of_row(const plain_head *h, size_t i, size_t y)
{
    margin_config own = *h->config;
    double *const margin[] = {&own.m1, &own.m2, &own.m3};
    const int index = margin_loss_get(own.loss)->margin_index; /* which one the loss has */
    if (h->row_margin) *margin[index - 1] = (double)h->row_margin[i];
    if (h->class_margin) *margin[index - 1] = (double)h->class_margin[y];
    return own;
}

static void count_rows(const plain_head *h, double *counted, double *total)
{
    *counted = *total = 0.0;
    for (size_t i = 0; i < h->rows; i++) {
        if (h->labels[i] < 0) continue;
        *counted += 1.0;
        *total += h->class_weight ? (double)h->class_weight[h->labels[i]] : 1.0;
    }
    if (*total == 0.0) *total = 1.0; /* then every weight is 0 */
}

void plain_head_run(plain_head *h)
{
    const size_t N = h->rows, D = h->dim, C = h->classes;
    const int raw = !margin_loss_get(h->config->loss)->normalised;
    const int keep = h->config->feature_norm == MARGIN_FEATURE_NORM_KEEP; /* s = |x| */
    double *u = calloc(N * D, sizeof *u), *v = calloc(C * D, sizeof *v);  /* [N, D], [C, D] */
    double *per_x = calloc(N, sizeof *per_x), *per_w = calloc(C, sizeof *per_w); /* 1/|x|, 1/|w| */
    double *c = calloc(C, sizeof *c), *g = calloc(C, sizeof *g); /* of a row: c_j, d loss / d c_j */
    double counted, total; /* rows with a label; the sum of their classes' weights */
    count_rows(h, &counted, &total);
    normalise(h->x, N, D, raw, u, per_x);
    normalise(h->w, C, D, raw, v, per_w);
    memset(h->dx, 0, N * D * sizeof *h->dx);
    memset(h->dw, 0, C * D * sizeof *h->dw);
    memset(h->db, 0, C * sizeof *h->db);
    h->objective = h->mean = 0.0;
    h->tied = 0;
    for (size_t i = 0; i < N; i++) {
        h->row_loss[i] = h->theta[i] = h->correct[i] = 0;
        if (h->labels[i] < 0) continue;
        const size_t y = (size_t)h->labels[i];
        const margin_config own = config_of_row(h, i, y);
        const double s = h->row_scale ? (double)h->row_scale[i] : own.scale;
        const double scale = keep ? 1.0 / per_x[i] : s;
        const double weight = (h->row_weight ? (double)h->row_weight[i] : 1.0 / total) *
                              (h->class_weight ? (double)h->class_weight[y] : 1.0);
        const double *ui = u + i * D;
        /* forward */
        for (size_t j = 0; j < C; j++)
            c[j] = plain_dot(ui, v + j * D, D) + (h->bias ? h->bias[j] : 0.0);
        h->theta[i] = plain_angle(h->x + i * D, h->w + y * D, D);
        int larger = 0, equal = 0; /* of the other cosines */
        for (size_t j = 0; j < C; j++) {
            larger |= j != y && c[j] > c[y];
            equal |= j != y && c[j] == c[y];
        }
        h->correct[i] = !larger && !equal;
        h->tied += !larger && equal;
        h->row_loss[i] = plain_row(&own, scale, c, C, y, h->theta[i], h->label_smoothing, g);
        h->objective += weight * h->row_loss[i];
        h->mean += h->row_loss[i] / counted;
        /* backward */
        double psi = 0.0;
        margin_psi(&own, h->theta[i], &psi, NULL);
        for (size_t j = 0; j < C; j++) {
            const double *vj = v + j * D, along = raw ? 0.0 : c[j], gj = weight * g[j];
            /* where |x| is the scale: d loss / d |x|, along u */
            const double by_length = keep && j != y ? gj * (c[j] - psi) / scale : 0.0;
            for (size_t d = 0; d < D; d++) {
                h->dx[i * D + d] += gj * (vj[d] - along * ui[d]) * per_x[i] + by_length * ui[d];
                h->dw[j * D + d] += gj * (ui[d] - along * vj[d]) * per_w[j];
            }
            h->db[j] += gj;
        }
    }
    double *const all[] = {u, v, per_x, per_w, c, g};
    for (size_t k = 0; k < 6; k++)
        free(all[k]);
}
