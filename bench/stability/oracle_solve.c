/* oracle_solve.c: the head in wide arithmetic: vectors and labels to loss and gradients. It must
 * not know float32, strides or anything of libmargin's sources.
 *
 * With u = x/|x| and v = w/|w| the plain cosine has the gradient (v - c u)/|x|, and the target's
 * angle the gradient -t/|x|, t the unit tangent at u towards v. At theta = 0 and pi there is no
 * such direction and t = 0; a zero vector has no direction either: cosine 0, gradient 0. */
#include <stdlib.h>

#include "oracle.h"

/* ---- cross entropy of one row of logits ------------------------------------------------------
 *
 * With L = log sum_{j != y} exp(l_j) the loss is log(1 + exp(L - l_y)), and the derivative by the
 * target's logit is -1 / (1 + exp(l_y - L)). */

void oracle_softmax(const wide *logits, size_t classes, size_t label, wide *loss, wide *grad)
{
    if (classes == 1) { /* a certainty costs nothing */
        *loss = 0;
        grad[0] = 0;
        return;
    }
    wide largest = logits[label == 0 ? 1 : 0], sum = 0; /* of the others */
    for (size_t j = 0; j < classes; j++)
        largest = j != label && logits[j] > largest ? logits[j] : largest;

    for (size_t j = 0; j < classes; j++) {
        grad[j] = j == label ? 0 : wide_exp(logits[j] - largest);
        sum += grad[j];
    }
    const wide gap = largest + wide_log(sum) - logits[label];
    const wide small = wide_exp(-wide_abs(gap));

    *loss = (gap > 0 ? gap : 0) + wide_log1p(small);
    const wide share = wide_exp(largest - logits[label] - *loss); /* exp(l_j - l_y - loss) */
    for (size_t j = 0; j < classes; j++)
        grad[j] *= share;
    grad[label] = -(gap > 0 ? 1 : small) / (1 + small);
}

void oracle_smooth(const wide *logits, size_t classes, size_t label, wide e, wide *loss, wide *grad)
{
    const wide all = *loss + logits[label]; /* log-sum-exp of all logits */
    const wide each = e / (wide)classes;
    wide sum = 0;
    for (size_t j = 0; j < classes; j++) {
        const wide wanted = each + (j == label ? 1 - e : 0);
        sum += wanted * (all - logits[j]);
        grad[j] -= wanted - (j == label ? 1 : 0);
    }
    if (e > 0) *loss = sum;
}

/* ---- the head -------------------------------------------------------------------------------- */

typedef struct solver {
    const margin_config *config;
    const oracle_problem *problem;
    oracle_answer *answer;
    const wide *weight_norm; /* [C] |w_j| */
    wide *product;           /* [C] w_j . x of the row at hand */
    wide *cosine;            /* [C] */
    wide *logit;             /* [C] */
    wide *grad;              /* [C] dL/dlogit */
    wide *tangent;           /* [D] */
    wide total;              /* of the counted rows' class weights; 1 where that is 0 */
} solver;

/* What a row knows of itself besides the arrays. */
typedef struct row_facts {
    const wide *x;
    const wide *target; /* w_y */
    size_t label;
    wide norm;   /* |x| */
    wide factor; /* what multiplies the cosines: s or |x| */
    wide angle;
    wide psi, slope;
    wide weight; /* dLoss/dL_i */
} row_facts;

static wide class_weight(const oracle_problem *p, int64_t label)
{
    return p->class_weight ? p->class_weight[label] : 1;
}

static wide dot(const wide *a, const wide *b, size_t n)
{
    wide sum = 0;
    for (size_t i = 0; i < n; i++)
        sum += a[i] * b[i];
    return sum;
}

static wide norm_of(const wide *a, size_t n)
{
    return wide_sqrt(dot(a, a, n));
}

static void add_scaled(wide *sum, wide factor, const wide *a, size_t n)
{
    for (size_t i = 0; i < n; i++)
        sum[i] += factor * a[i];
}

/* out = the part of b that is orthogonal to a (a != 0); returns its length. First the multiple of
 * a that zeroes the component where a is largest is taken off: for float32 components the products
 * are exact, so collinear vectors give exactly zero and nearly collinear ones keep all digits. */
static wide orthogonal_part(const wide *a, const wide *b, size_t n, wide *out)
{
    size_t largest = 0;
    for (size_t i = 1; i < n; i++)
        largest = wide_abs(a[i]) > wide_abs(a[largest]) ? i : largest;
    for (size_t i = 0; i < n; i++)
        out[i] = (b[i] * a[largest] - a[i] * b[largest]) / a[largest];
    add_scaled(out, -dot(out, a, n) / dot(a, a, n), a, n);
    return norm_of(out, n);
}

static void forward(solver *s, row_facts *row)
{
    const oracle_problem *p = s->problem;
    const int raw = is_raw(s->config);
    const int keep = keeps_norm(s->config) && !raw;
    row->norm = norm_of(row->x, p->dim);
    row->factor = keep ? row->norm : (wide)s->config->scale;
    for (size_t j = 0; j < p->classes; j++) {
        const wide norms = row->norm * s->weight_norm[j];
        s->product[j] = dot(row->x, p->weights + j * p->dim, p->dim);
        s->cosine[j] = norms > 0 ? s->product[j] / norms : 0;
        s->logit[j] = row->factor * s->cosine[j];
        if (raw) s->logit[j] = row->factor * (s->product[j] + (p->bias ? p->bias[j] : 0));
    }
    row->angle = wide_pi() / 2;
    if (row->norm > 0 && s->weight_norm[row->label] > 0) {
        const wide apart = orthogonal_part(row->x, row->target, p->dim, s->tangent);
        row->angle = wide_atan2(apart * row->norm, s->product[row->label]);
    }
    oracle_target(s->config, s->cosine[row->label], row->angle, &row->psi, &row->slope);
    if (!raw) s->logit[row->label] = row->factor * row->psi;
}

static wide lead_of(const solver *s, size_t label)
{
    const wide *score = is_raw(s->config) ? s->logit : s->cosine;
    wide lead = (wide)INFINITY;
    for (size_t j = 0; j < s->problem->classes; j++) {
        const wide ahead = score[label] - score[j];
        lead = j != label && ahead < lead ? ahead : lead;
    }
    return lead;
}

/* The gradient of factor * angle(a, b) by a: -factor t/|a|, t the tangent at a towards b. */
static void add_angle_gradient(const solver *s, wide *sum, wide factor, const wide *a,
                               const wide *b)
{
    const size_t dim = s->problem->dim;
    const wide length = orthogonal_part(a, b, dim, s->tangent);
    if (length > 0) add_scaled(sum, -factor / (norm_of(a, dim) * length), s->tangent, dim);
}

/* The gradient of factor * cos(a, b) by a. */
static void add_cosine_gradient(wide *sum, wide factor, const wide *a, wide norm_a, const wide *b,
                                wide norm_b, wide cosine, size_t dim)
{
    add_scaled(sum, factor / (norm_a * norm_b), b, dim);
    add_scaled(sum, -factor * cosine / (norm_a * norm_a), a, dim);
}

static void backward_raw(const solver *s, const row_facts *row, wide *dx)
{
    const oracle_problem *p = s->problem;
    const oracle_answer *out = s->answer;
    for (size_t j = 0; j < p->classes; j++) {
        const wide g = row->weight * row->factor * s->grad[j];
        if (dx) add_scaled(dx, g, p->weights + j * p->dim, p->dim);
        if (out->grad_weights) add_scaled(out->grad_weights + j * p->dim, g, row->x, p->dim);
        if (out->grad_bias) out->grad_bias[j] += g;
    }
}

static void backward_class(const solver *s, const row_facts *row, size_t j, wide *dx)
{
    const size_t dim = s->problem->dim;
    const wide *w = s->problem->weights + j * dim;
    wide *dw = s->answer->grad_weights ? s->answer->grad_weights + j * dim : NULL;
    const wide g = row->weight * row->factor * s->grad[j];
    if (!(row->norm > 0) || !(s->weight_norm[j] > 0)) return;
    if (dx && j == row->label) {
        add_angle_gradient(s, dx, g * row->slope, row->x, w);
    } else if (dx) {
        add_cosine_gradient(dx, g, row->x, row->norm, w, s->weight_norm[j], s->cosine[j], dim);
    }
    if (dw && j == row->label) {
        add_angle_gradient(s, dw, g * row->slope, w, row->x);
    } else if (dw) {
        add_cosine_gradient(dw, g, w, s->weight_norm[j], row->x, row->norm, s->cosine[j], dim);
    }
}

/* feature_norm = keep: the logits also grow with |x|, whose gradient is u. */
static void backward_norm(const solver *s, const row_facts *row, wide *dx)
{
    wide by_norm = 0;
    for (size_t j = 0; j < s->problem->classes; j++)
        by_norm += s->grad[j] * (j == row->label ? row->psi : s->cosine[j]);
    if (row->norm > 0) add_scaled(dx, row->weight * by_norm / row->norm, row->x, s->problem->dim);
}

static void backward(const solver *s, const row_facts *row, wide *dx)
{
    if (is_raw(s->config)) {
        backward_raw(s, row, dx);
        return;
    }
    for (size_t j = 0; j < s->problem->classes; j++)
        backward_class(s, row, j, dx);
    if (dx && keeps_norm(s->config)) backward_norm(s, row, dx);
}

static void solve_row(solver *s, size_t i)
{
    const oracle_problem *p = s->problem;
    oracle_answer *out = s->answer;
    row_facts row = {.x = p->embeddings + i * p->dim, .label = (size_t)p->labels[i]};
    wide loss = 0;
    row.target = p->weights + row.label * p->dim;
    row.weight = (p->row_weight ? p->row_weight[i] : 1 / s->total) * class_weight(p, p->labels[i]);
    forward(s, &row);
    oracle_softmax(s->logit, p->classes, row.label, &loss, s->grad);
    oracle_smooth(s->logit, p->classes, row.label, p->label_smoothing, &loss, s->grad);
    backward(s, &row, out->grad_embeddings ? out->grad_embeddings + i * p->dim : NULL);
    if (out->row_loss) out->row_loss[i] = loss;
    if (out->row_angle) out->row_angle[i] = row.angle;
    if (out->row_lead) out->row_lead[i] = lead_of(s, row.label);
    out->loss += row.weight * loss;
    out->mean_loss += loss / (wide)out->counted;
}

static void clear_wide(wide *array, size_t count)
{
    for (size_t i = 0; array && i < count; i++)
        array[i] = 0;
}

static void clear_answer(const oracle_problem *p, oracle_answer *out)
{
    clear_wide(out->row_loss, p->rows);
    clear_wide(out->row_angle, p->rows);
    clear_wide(out->grad_embeddings, p->rows * p->dim);
    clear_wide(out->grad_weights, p->classes * p->dim);
    clear_wide(out->grad_bias, p->classes);
    clear_wide(out->row_lead, p->rows);
    out->loss = out->mean_loss = 0;
    out->counted = 0;
    for (size_t i = 0; i < p->rows; i++)
        out->counted += p->labels[i] >= 0;
}

void oracle_norms(const wide *weights, size_t classes, size_t dim, wide *norms)
{
    for (size_t j = 0; j < classes; j++)
        norms[j] = norm_of(weights + j * dim, dim);
}

int oracle_solve(const margin_config *config, const oracle_problem *problem, oracle_answer *answer)
{
    const size_t classes = problem->classes;
    solver s = {.config = config, .problem = problem, .answer = answer};
    if (!oracle_knows(config->loss)) return ORACLE_UNKNOWN_LOSS;
    wide *memory = calloc(5 * classes + problem->dim, sizeof *memory);
    if (!memory) return ORACLE_NO_MEMORY;
    s.product = memory + classes;
    s.cosine = memory + 2 * classes;
    s.logit = memory + 3 * classes;
    s.grad = memory + 4 * classes;
    s.tangent = memory + 5 * classes;
    s.weight_norm = problem->weight_norm;
    if (!s.weight_norm) {
        oracle_norms(problem->weights, classes, problem->dim, memory);
        s.weight_norm = memory;
    }
    clear_answer(problem, answer);
    for (size_t i = 0; i < problem->rows; i++)
        s.total += problem->labels[i] >= 0 ? class_weight(problem, problem->labels[i]) : 0;
    s.total = s.total > 0 ? s.total : 1;
    for (size_t i = 0; i < problem->rows; i++)
        if (problem->labels[i] >= 0) solve_row(&s, i);
    free(memory);
    return 0;
}
