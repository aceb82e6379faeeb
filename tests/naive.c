/* naive.c: see naive.h. */
#include "naive.h"

#include <math.h>

static double dot(const double *a, const double *b, size_t n)
{
    double sum = 0.0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

/* By the lengths of the sum and the difference of the unit vectors: accurate at both ends. */
static double angle(const double *a, const double *b, size_t n)
{
    const double length_a = sqrt(dot(a, a, n)), length_b = sqrt(dot(b, b, n));
    double plus = 0.0, minus = 0.0;
    for (size_t i = 0; i < n; i++) {
        const double u = a[i] / length_a, v = b[i] / length_b;
        plus += (u + v) * (u + v);
        minus += (u - v) * (u - v);
    }
    return 2.0 * atan2(sqrt(minus), sqrt(plus));
}

double naive_log_sum_exp(const double *x, size_t n)
{
    double most = -INFINITY, sum = 0.0;
    for (size_t i = 0; i < n; i++)
        most = fmax(most, x[i]);
    if (most == -INFINITY) return most;
    for (size_t i = 0; i < n; i++)
        sum += exp(x[i] - most);
    return most + log(sum);
}

double naive_row_loss(const double *logits, size_t classes, size_t y, double z)
{
    const double before = naive_log_sum_exp(logits, y);
    const double after = naive_log_sum_exp(logits + y + 1, classes - y - 1);
    const double excess = naive_log_sum_exp((double[]){before, after}, 2) - z;
    return excess > 0.0 ? excess + log1p(exp(-excess)) : log1p(exp(excess));
}

static double target_psi(const naive_head *h, size_t i, double theta)
{
    double psi = NAN;
    if (h->frozen != NULL) return cos(theta) + h->frozen[i];
    margin_psi(h->config, theta, &psi, NULL);
    return psi;
}

naive_row naive_head_row(const naive_head *h, size_t i)
{
    const margin_config *c = h->config;
    const int raw = !margin_loss_get(c->loss)->normalised;
    const double *x = h->x + i * h->dim, length = sqrt(dot(x, x, h->dim));
    const double scale = c->feature_norm == MARGIN_FEATURE_NORM_KEEP ? length : c->scale;
    const size_t y = (size_t)h->labels[i];
    naive_row r = {.theta = angle(x, h->w + y * h->dim, h->dim), .correct = 1};
    double logits[4096], best = -INFINITY;

    for (size_t j = 0; j < h->classes; j++) {
        const double *w = h->w + j * h->dim, inner = dot(x, w, h->dim);
        const double bias = h->bias == NULL ? 0.0 : h->bias[j];
        logits[j] = scale * (raw ? inner + bias : inner / (length * sqrt(dot(w, w, h->dim))));
        if (j != y) best = fmax(best, logits[j]);
    }
    r.correct = logits[y] >= best;
    r.loss =
        naive_row_loss(logits, h->classes, y, raw ? logits[y] : scale * target_psi(h, i, r.theta));
    return r;
}

double naive_head_loss(const naive_head *h)
{
    double sum = 0.0;
    size_t counted = 0;
    for (size_t i = 0; i < h->rows; i++) {
        if (h->labels[i] < 0) continue;
        counted++;
        sum += (h->row_weight == NULL ? 1.0 : (double)h->row_weight[i]) * naive_head_row(h, i).loss;
    }
    return h->row_weight == NULL && counted > 0 ? sum / (double)counted : sum;
}

void naive_head_freeze(naive_head *h, double *frozen)
{
    for (size_t i = 0; i < h->rows; i++) {
        if (h->labels[i] < 0) continue;
        const double theta = naive_head_row(h, i).theta;
        double psi = NAN;
        margin_psi(h->config, theta, &psi, NULL);
        frozen[i] = psi - cos(theta);
    }
    h->frozen = frozen;
}
