/* judge.c: see judge.h. */
#include "judge.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"
#include "progress.h"

enum { CHAINS = 8, CLASSES_BETWEEN = 1024, OTHER_CLASSES = 6 };

/* A row on its way through the classes: its direction, and the negatives' terms, which are under
 * the largest logit so far. */
typedef struct judged_row {
    double *unit; /* [D] */
    double norm, peak, sum;
    double *mean, share; /* [D] sum of terms times directions; of terms times cosines */
    double loss, *dx;    /* [D] */
} judged_row;

struct judge {
    margin_config config;
    double rate;
    size_t dim, rows, classes;
    judged_row *row;
    size_t *class;   /* [classes] that are looked at */
    float *old_rows; /* [classes, D]: before the step */
};

static double dot(const double *a, const double *b, size_t n)
{
    double chain[CHAINS] = {0}, sum = 0.0;
    size_t d = 0;
    for (; d + CHAINS <= n; d += CHAINS)
        for (size_t k = 0; k < CHAINS; k++)
            chain[k] += a[d + k] * b[d + k];
    for (; d < n; d++)
        sum += a[d] * b[d];
    for (size_t k = 0; k < CHAINS; k++)
        sum += chain[k];
    return sum;
}

/* Writes the direction of v to unit [n], and returns its length. */
static double normalise(const float *v, double *unit, size_t n)
{
    for (size_t d = 0; d < n; d++)
        unit[d] = (double)v[d];
    const double norm = sqrt(dot(unit, unit, n));
    for (size_t d = 0; d < n; d++)
        unit[d] /= norm;
    return norm;
}

/* Adds a negative to what is known of a row. */
static void take_negative(judged_row *r, const double *unit, double cosine, double s, size_t dim)
{
    const double logit = s * cosine;
    if (logit > r->peak) {
        const double factor = exp(r->peak - logit);
        r->sum *= factor;
        r->share *= factor;
        for (size_t d = 0; d < dim; d++)
            r->mean[d] *= factor;
        r->peak = logit;
    }
    const double term = exp(logit - r->peak);
    r->sum += term;
    r->share += term * cosine;
    for (size_t d = 0; d < dim; d++)
        r->mean[d] += term * unit[d];
}

/* What the target's logit z says of a row whose negatives' log-sum-exp is `others`: its loss, 1 -
 * p, and the derivative of psi with respect to the cosine. */
typedef struct target {
    double loss, miss, slope;
} target;

static target target_of(const margin_config *config, double cosine, double others)
{
    const double theta = acos(fmax(-1.0, fmin(1.0, cosine)));
    double psi, slope;
    margin_psi(config, theta, &psi, &slope);
    const double gap = others - config->scale * psi;
    return (target){.loss = gap > 0 ? gap + log1p(exp(-gap)) : log1p(exp(gap)),
                    .miss = 1.0 / (1.0 + exp(-gap)),
                    .slope = -slope / sin(theta)};
}

/* Finishes a row: loss, and its dX of the mean over `rows` rows. `unit` is its class weight's. */
static void finish_row(const judge *j, judged_row *r, const double *unit, size_t rows)
{
    const double cosine = dot(r->unit, unit, j->dim);
    const target t = target_of(&j->config, cosine, r->peak + log(r->sum));
    const double factor = j->config.scale * t.miss / (r->norm * (double)rows);
    for (size_t d = 0; d < j->dim; d++)
        r->dx[d] = factor * ((r->mean[d] - r->share * r->unit[d]) / r->sum -
                             t.slope * (unit[d] - cosine * r->unit[d]));
    r->loss = t.loss;
}

static void take_all_classes(judge *j, const problem *p, const weights *w)
{
    float *line = zeroed(j->dim, sizeof *line);
    double *unit = zeroed(j->dim, sizeof *unit);
    progress bar;
    progress_start(&bar, "the same in double", w->classes);
    for (size_t class = 0; class < w->classes; class ++) {
        weights_row(w, class, line);
        normalise(line, unit, j->dim);
        for (size_t i = 0; i < j->rows; i++)
            if ((size_t)p->labels[i] != class)
                take_negative(&j->row[i], unit, dot(unit, j->row[i].unit, j->dim), j->config.scale,
                              j->dim);
        if (class % CLASSES_BETWEEN == 0) progress_step(&bar, class, NULL);
    }
    progress_end(&bar);
    for (size_t i = 0; i < j->rows; i++) {
        weights_row(w, (size_t)p->labels[i], line);
        normalise(line, unit, j->dim);
        finish_row(j, &j->row[i], unit, p->rows);
    }
    free(line);
    free(unit);
}

/* Remembers class weights: those of the rows' labels, and some at equal distances. */
static void keep_classes(judge *j, const problem *p, const weights *w)
{
    j->classes = p->rows + OTHER_CLASSES;
    j->class = zeroed(j->classes, sizeof *j->class);
    j->old_rows = zeroed(j->classes * j->dim, sizeof *j->old_rows);
    for (size_t k = 0; k < j->classes; k++) {
        j->class[k] = k < p->rows ? (size_t)p->labels[k]
                                  : (k - p->rows) * (w->classes - 1) / (OTHER_CLASSES - 1);
        weights_row(w, j->class[k], j -> old_rows + k * j -> dim);
    }
}

judge *judge_make(const settings *s, const problem *p, const weights *w)
{
    judge *j = zeroed(1, sizeof *j);
    margin_config_init(&j->config, s->loss);
    j->rate = s->learning_rate;
    j->dim = s->dim;
    j->rows = s->judged;
    j->row = zeroed(j->rows, sizeof *j->row);
    for (size_t i = 0; i < j->rows; i++) {
        judged_row *r = &j->row[i];
        r->unit = zeroed(j->dim, sizeof(double));
        r->mean = zeroed(j->dim, sizeof(double));
        r->dx = zeroed(j->dim, sizeof(double));
        r->norm = normalise(p->embeddings + i * j->dim, r->unit, j->dim);
        r->peak = -INFINITY;
    }
    take_all_classes(j, p, w);
    keep_classes(j, p, w);
    return j;
}

void judge_free(judge *j)
{
    for (size_t i = 0; i < j->rows; i++) {
        free(j->row[i].unit);
        free(j->row[i].mean);
        free(j->row[i].dx);
    }
    free(j->row);
    free(j->class);
    free(j->old_rows);
    free(j);
}

/* ---- after the step ---- */

/* Returns the larger of two numbers; NaN where one is. */
static double larger(double a, double b)
{
    return isnan(a) || b <= a ? a : b;
}

/* Adds what row i brings to the gradient of a class, whose direction is `unit`. The log-sum-exp of
 * its negatives is the library's, which the judged rows have proved. */
static void add_row(const judge *j, const problem *p, size_t i, size_t class, const double *unit,
                    double norm, double *gradient)
{
    double *x = zeroed(j->dim, sizeof *x), *own = zeroed(j->dim, sizeof *own);
    normalise(p->embeddings + i * j->dim, x, j->dim);
    const double cosine = dot(x, unit, j->dim), s = j->config.scale;
    /* The row's own class weight is among those that were kept. */
    normalise(j->old_rows + i * j->dim, own, j->dim);
    const target t = target_of(&j->config, dot(x, own, j->dim), (double)p->row_others[i]);
    const double part =
        (size_t)p->labels[i] == class ? -t.slope : exp(s * cosine - (double)p->row_others[i]);
    const double factor = s * t.miss * part / (norm * (double)p->rows);
    for (size_t d = 0; d < j->dim; d++)
        gradient[d] += factor * (x[d] - cosine * unit[d]);
    free(x);
    free(own);
}

/* Returns how far a class weight is from where SGD must have brought it, in units of what rounding
 * may do: of the new element to its type, and of the gradient to float32. */
static double distance_of(const judge *j, const problem *p, const weights *w, size_t k)
{
    double *unit = zeroed(j->dim, sizeof *unit), *gradient = zeroed(j->dim, sizeof *gradient);
    float *new_row = zeroed(j->dim, sizeof *new_row);
    const float *old_row = j->old_rows + k * j->dim;
    const double norm = normalise(old_row, unit, j->dim);
    const double half_unit = w->type == MARGIN_TYPE_FLOAT32 ? 0x1p-24 : 0x1p-8;
    double worst = 0.0;
    for (size_t i = 0; i < p->rows; i++)
        add_row(j, p, i, j->class[k], unit, norm, gradient);
    const double length = sqrt(dot(gradient, gradient, j->dim));
    weights_row(w, j->class[k], new_row);
    for (size_t d = 0; d < j->dim; d++) {
        const double want = (double)old_row[d] - j->rate * gradient[d];
        const double allowed = 1.01 * half_unit * fmax(fabs(want), fabs((double)old_row[d])) +
                               1e-4 * j->rate * length + 1e-30;
        worst = larger(worst, fabs((double)new_row[d] - want) / allowed);
    }
    free(unit);
    free(gradient);
    free(new_row);
    return worst;
}

/* Returns the difference between a row's dX and the judge's, over the latter. */
static double dx_error(const judge *j, const judged_row *r, const float *dx)
{
    double apart = 0.0;
    for (size_t d = 0; d < j->dim; d++)
        apart += ((double)dx[d] - r->dx[d]) * ((double)dx[d] - r->dx[d]);
    return sqrt(apart / dot(r->dx, r->dx, j->dim));
}

judgement judge_compare(const judge *j, const problem *p, const weights *w)
{
    judgement found = {.rows = j->rows, .classes = j->classes};
    for (size_t i = 0; i < j->rows; i++) {
        const double dx = dx_error(j, &j->row[i], p->grad_embeddings + i * j->dim);
        found.loss = larger(found.loss, fabs((double)p->row_loss[i] - j->row[i].loss));
        found.dx = larger(found.dx, dx);
    }
    for (size_t k = 0; k < j->classes; k++)
        found.weights = larger(found.weights, distance_of(j, p, w, k));
    found.fine = found.loss <= JUDGE_LOSS && found.dx <= JUDGE_DX && found.weights <= 1.0;
    return found;
}
