/* measure.c: see measure.h. */
#include "measure.h"

#include <float.h>
#include <math.h>
#include <stdlib.h>

#include "memory.h"

const char *const metric_names[METRICS] = {
#define METRIC_NAME(id, name) #name,
    METRIC_TABLE(METRIC_NAME)
#undef METRIC_NAME
};

const char *const promise_names[PROMISES] = {"finite",    "loss",        "grad_x",     "grad_w",
                                             "loss_goal", "grad_x_goal", "grad_w_goal"};
const char *const promise_texts[PROMISES] = {
    "no NaN and no infinity for finite inputs",
    "error of a row's loss <= 4 ulp + its change by one ulp of each input + 4.8e-7 (1 + s) (1 - p)",
    "error of a row of dX <= (2e-6 + 4.8e-7 s) of its length or its pull",
    "error of dW <= (2e-6 + 4.8e-7 s) of its rows' lengths or pulls",
    "error of a row's loss <= 4 ulp + its change by one ulp of each input",
    "error of a row of dX <= (2e-6 + 1.2e-7 s) of its length",
    "error of dW <= (2e-6 + 1.2e-7 s) of its rows' lengths",
};

/* What float32 cosines of the other classes may be off by: the goal, and the promise, 8 x 2^-24. */
static const double goal_unit = 1.2e-7, promised_unit = 4.8e-7;

typedef struct answers {
    float *row_loss, *dx, *dw;
} answers;

/* ---- tallies --------------------------------------------------------------------------------- */

void tally_note(tally *t, metric which, double value)
{
    const double step = (log2(value) + 40) * SPREAD_STEPS;
    const int bin = !(step >= 0) ? 0 : step < SPREAD_BINS - 2 ? 1 + (int)step : SPREAD_BINS - 1;
    t->spread[which][bin]++;
    t->most[which] = fmax(t->most[which], value);
    t->sum[which] += value;
    t->count[which]++;
}

static void judge(tally *t, promise which, double share, const witness *where)
{
    t->tried[which]++;
    t->outside[which] += !(share <= 1);
    if (!(share <= t->share[which])) {
        t->share[which] = share;
        t->at[which] = *where;
    }
}

void tally_add(tally *t, const tally *other)
{
    t->rows += other->rows;
    t->batches += other->batches;
    t->values += other->values;
    t->nonfinite += other->nonfinite;
    for (int k = 0; k < METRICS; k++) {
        t->most[k] = fmax(t->most[k], other->most[k]);
        t->sum[k] += other->sum[k];
        t->count[k] += other->count[k];
        for (int bin = 0; bin < SPREAD_BINS; bin++)
            t->spread[k][bin] += other->spread[k][bin];
    }
    for (int k = 0; k < PROMISES; k++) {
        t->tried[k] += other->tried[k];
        t->outside[k] += other->outside[k];
        if (!(other->share[k] <= t->share[k])) {
            t->share[k] = other->share[k];
            t->at[k] = other->at[k];
        }
    }
}

double tally_median(const tally *t, metric which)
{
    size_t below = 0;
    int bin = 0;
    if (t->count[which] == 0) return NAN;
    while (2 * (below += t->spread[which][bin]) < t->count[which])
        bin++;
    return bin == 0 ? 0 : exp2((bin - 0.5) / SPREAD_STEPS - 40);
}

/* ---- lengths --------------------------------------------------------------------------------- */

static double clip(double x)
{
    return fmax(-(double)FLT_MAX, fmin((double)FLT_MAX, x));
}

/* Length of `right` and of what `got` differs by; what is beyond float32 is to be +-FLT_MAX. */
static double distance(const float *got, const double *right, size_t n, double *size)
{
    double apart = 0, unit = (double)FLT_MIN;
    *size = 0;
    for (size_t k = 0; k < n; k++)
        unit = fmax(unit, fabs(clip(right[k])));
    for (size_t k = 0; k < n; k++) {
        const double want = clip(right[k]), error = ((double)got[k] - want) / unit;
        apart += error * error;
        *size += want / unit * (want / unit);
    }
    *size = unit * sqrt(*size);
    return unit * sqrt(apart);
}

static size_t count_nonfinite(const float *v, size_t n)
{
    size_t count = 0;
    for (size_t k = 0; k < n; k++)
        count += !isfinite(v[k]);
    return count;
}

/* ---- comparing ------------------------------------------------------------------------------- */

/* Least size of a gradient that is judged: below, its parts underflow on the way. */
static const double least = (double)FLT_MIN;

static double gradient_bound(double unit, double scale)
{
    return 2e-6 + unit * scale;
}

static void compare_loss(tally *t, float got, const exact *want, size_t i, const witness *where)
{
    const double right = clip(want->loss[i]);
    const double apart = fabs((double)got - right), ulp = float_ulp(right);
    const double allowed = 4 * ulp + want->condition[i];
    const double rounding = promised_unit * (1 + want->scale[i]) * want->miss[i];
    tally_note(t, METRIC_LOSS_ULP, apart / ulp);
    tally_note(t, METRIC_LOSS_REL, apart / fmax(right, least));
    tally_note(t, METRIC_LOSS_BEST, apart / (ulp / 2 + want->condition[i]));
    judge(t, PROMISE_LOSS, apart / (allowed + rounding), where);
    judge(t, GOAL_LOSS, apart / allowed, where);
}

static void note_gradient(tally *t, metric first, double apart, double size, double moved)
{
    const double ulp = float_ulp(fmax(size, least));
    tally_note(t, first, apart / fmax(size, least));
    tally_note(t, first + 1, apart / ulp);
    if (moved > 0) tally_note(t, first + 2, apart / (ulp / 2 + moved));
}

static void compare_row(tally *t, const answers *got, const inputs *in, const exact *want, size_t i,
                        const witness *where)
{
    const float *dx = got->dx + i * in->dim;
    const double scale = want->scale[i];
    double size;
    if (isfinite(got->row_loss[i])) compare_loss(t, got->row_loss[i], want, i, where);
    if (count_nonfinite(dx, in->dim) > 0) return;
    const double apart = distance(dx, want->dx + i * in->dim, in->dim, &size);
    const double whole = fmin(fmax(size, want->pull_x[i]), (double)FLT_MAX);
    note_gradient(t, METRIC_GRAD_X, apart, size, want->dx_shift[i]);
    judge(t, PROMISE_GRAD_X, apart / (gradient_bound(promised_unit, scale) * fmax(whole, least)),
          where);
    judge(t, GOAL_GRAD_X, apart / (gradient_bound(goal_unit, scale) * fmax(size, least)), where);
}

static void compare_weights(tally *t, const answers *got, const inputs *in, const exact *want,
                            const witness *where)
{
    const size_t n = in->classes * in->dim;
    double size, goal = gradient_bound(goal_unit, 1) * least, allowed = goal;
    if (count_nonfinite(got->dw, n) > 0) return;
    for (size_t i = 0; i < in->rows; i++) {
        const double whole = fmax(want->dw_row[i], want->pull_w[i]);
        goal += gradient_bound(goal_unit, want->scale[i]) * fmin(want->dw_row[i], (double)FLT_MAX);
        allowed += gradient_bound(promised_unit, want->scale[i]) * fmin(whole, (double)FLT_MAX);
    }
    const double apart = distance(got->dw, want->dw, n, &size);
    note_gradient(t, METRIC_GRAD_W, apart, fmin(want->dw_sum, (double)FLT_MAX), want->dw_shift);
    judge(t, PROMISE_GRAD_W, apart / allowed, where);
    judge(t, GOAL_GRAD_W, apart / goal, where);
}

/* What is not finite is counted, and has no error. */
static void compare(tally *t, const answers *got, const inputs *in, const exact *want,
                    const witness *where)
{
    const size_t entries = in->rows * in->dim, weights = in->classes * in->dim;
    const size_t bad = count_nonfinite(got->row_loss, in->rows) +
                       count_nonfinite(got->dx, entries) + count_nonfinite(got->dw, weights);
    witness batch = *where;
    batch.dim = in->dim;
    batch.classes = in->classes;
    batch.theta = batch.scale = NAN;
    t->rows += in->rows;
    t->batches++;
    t->values += in->rows + entries + weights;
    t->nonfinite += bad;
    judge(t, PROMISE_FINITE, bad > 0 ? INFINITY : 0, &batch);
    for (size_t i = 0; i < in->rows; i++) {
        witness row = batch;
        row.theta = want->angle[i];
        row.scale = want->scale[i];
        compare_row(t, got, in, want, i, &row);
    }
    compare_weights(t, got, in, want, &batch);
}

/* ---- running --------------------------------------------------------------------------------- */

static void make_answers(answers *a, const inputs *in, margin_head *head)
{
    a->row_loss = zeroed(in->rows * (1 + in->dim) + in->classes * in->dim, sizeof *a->row_loss);
    a->dx = a->row_loss + in->rows;
    a->dw = a->dx + in->rows * in->dim;
    *head = head_of(in);
    head->row_loss = a->row_loss;
    head->grad_embeddings = a->dx;
    head->grad_weights = a->dw;
}

margin_status measure_library(const margin_config *config, const inputs *in, const exact *want,
                              const witness *where, tally *out)
{
    margin_context *context = NULL;
    answers got;
    margin_head head;
    make_answers(&got, in, &head);
    margin_status status = margin_create(config, &context);
    if (status == MARGIN_OK) status = margin_head_run(context, &head);
    if (status == MARGIN_OK) compare(out, &got, in, want, where);
    margin_destroy(context);
    free(got.row_loss);
    return status;
}

void measure_textbook(const textbook *how, const margin_config *config, const inputs *in,
                      const exact *want, const witness *where, tally *out)
{
    answers got;
    margin_head head;
    make_answers(&got, in, &head);
    textbook_run(how, config, &head);
    compare(out, &got, in, want, where);
    free(got.row_loss);
}
