/* claims.c: the claims and what is measured for them (see groups.h). Must not know how a run works,
 * nor how a verdict is shown. */
#include "groups.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "degrees.h"
#include "crowd.h"
#include "memory.h"

/* ---- the claims ---------------------------------------------------------------------------- */

static const char softmax[] = "softmax", normsoftmax[] = "normsoftmax s=64",
                  sphereface[] = "sphereface m=3 s=64", cosface[] = "cosface m=0.2 s=64",
                  arcface[] = "arcface m=0.5 s=64", with_intra[] = "normsoftmax s=64 +intra",
                  with_inter[] = "normsoftmax s=64 +inter", triplet[] = "triplet m=0.35";

typedef struct claim {
    const char *claim, *where, *measured, *unit;
    double paper, least, most;
    const char *figure;
    size_t dim, epochs;       /* shorter trainings than these epochs say nothing of it */
    const char *of;           /* a quantity (groups.h) */
    const char *label, *less; /* the quantity of `label`, less that of `less` (or NULL) */
} claim;

#define FIG3(text, what)     text, "ArcFace, fig. 3", what, "degrees"
#define TABLE3(text, what)   text, "ArcFace, table 3", what, "degrees"
#define RUNS_OF(figure, dim) figure, dim, 0
#define MORE                 0.0, INFINITY
#define LESS                 -INFINITY, 0.0

static const claim claims[] = {
    {FIG3("softmax leaves ambiguous boundaries", "median gap of test samples, softmax"), NAN,
     -INFINITY, 5.0, RUNS_OF("fig3", 2), "gap", softmax, NULL},
    {FIG3("norm-softmax leaves ambiguous boundaries", "median gap of test samples, norm-softmax"),
     NAN, -INFINITY, 5.0, RUNS_OF("fig3", 2), "gap", normsoftmax, NULL},
    {"norm-softmax leaves ambiguous boundaries", "ArcFace, fig. 3",
     "share of test samples in another class's arc, norm-softmax less ArcFace", "1", NAN, MORE,
     RUNS_OF("fig3", 2), "overlap", normsoftmax, arcface},
    {FIG3("ArcFace's gap is clearly positive", "median gap of test samples, ArcFace"), NAN, MORE,
     RUNS_OF("fig3", 2), "gap", arcface, NULL},
    {FIG3("ArcFace's gap is the largest", "gap of test samples, ArcFace less softmax"), NAN, MORE,
     RUNS_OF("fig3", 2), "gap", arcface, softmax},
    {FIG3("ArcFace's gap is the largest", "gap of test samples, ArcFace less norm-softmax"), NAN,
     MORE, RUNS_OF("fig3", 2), "gap", arcface, normsoftmax},
    {FIG3("ArcFace's gap is the largest", "gap of test samples, ArcFace less SphereFace (m = 3)"),
     NAN, MORE, RUNS_OF("fig3", 2), "gap", arcface, sphereface},
    {FIG3("ArcFace's gap is the largest", "gap of test samples, ArcFace less CosFace (m = 0.2)"),
     NAN, MORE, RUNS_OF("fig3", 2), "gap", arcface, cosface},
    {FIG3("ArcFace's gap is about m", "gap of training samples, ArcFace at m = 0.5"), 28.648, 22.9,
     34.4, RUNS_OF("fig3", 2), "train_gap", arcface, NULL},
    {TABLE3("W coincides with the embedding centre for ArcFace", "W-EC, norm-softmax less ArcFace"),
     44.26 - 14.29, MORE, RUNS_OF("table3", 64), "train_w_ec", normsoftmax, arcface},
    {TABLE3("W coincides with the embedding centre only for ArcFace",
            "W-EC, norm-softmax + Intra less ArcFace"),
     8.83 - 14.29, MORE, RUNS_OF("table3", 64), "train_w_ec", with_intra, arcface},
    {TABLE3("W coincides with the embedding centre only for ArcFace",
            "W-EC, norm-softmax + Inter less ArcFace"),
     46.85 - 14.29, MORE, RUNS_OF("table3", 64), "train_w_ec", with_inter, arcface},
    {TABLE3("Intra shrinks both", "Intra, norm-softmax + Intra less norm-softmax"), 17.50 - 50.50,
     LESS, RUNS_OF("table3", 64), "train_intra", with_intra, normsoftmax},
    {TABLE3("Intra shrinks both", "Inter, norm-softmax + Intra less norm-softmax"), 24.07 - 59.23,
     LESS, RUNS_OF("table3", 64), "train_inter", with_intra, normsoftmax},
    {TABLE3("Inter widens inter", "W-Inter, norm-softmax + Inter less norm-softmax"), 75.66 - 69.66,
     MORE, RUNS_OF("table3", 64), "train_w_inter", with_inter, normsoftmax},
    {TABLE3("Inter widens inter", "Inter, norm-softmax + Inter less norm-softmax"), 62.40 - 59.23,
     MORE, RUNS_OF("table3", 64), "train_inter", with_inter, normsoftmax},
    {TABLE3("Inter raises intra", "Intra, norm-softmax + Inter less norm-softmax"), 52.74 - 50.50,
     MORE, RUNS_OF("table3", 64), "train_intra", with_inter, normsoftmax},
    {"SphereFace m = 4 needs annealing", "SphereFace; ArcFace, section 3",
     "training accuracy at once, features keep their length", "1", NAN, -INFINITY, 0.99,
     RUNS_OF("annealing", 64), "train_accuracy", "sphereface m=4 s=|x| at once", NULL},
    {"SphereFace m = 4 converges with annealing", "SphereFace", "training accuracy with annealing",
     "1", NAN, 0.99, INFINITY, RUNS_OF("annealing", 64), "train_accuracy", "sphereface m=4 s=|x|",
     NULL},
    {"SphereFace m = 4 needs annealing at a fixed scale, too", "no paper: our question",
     "training accuracy at once, s = 64", "1", NAN, -INFINITY, 0.99, RUNS_OF("annealing", 64),
     "train_accuracy", "sphereface m=4 s=64 at once", NULL},
    {"ArcFace needs no annealing", "ArcFace, section 3", "training accuracy at once, 64 dimensions",
     "1", NAN, 0.99, INFINITY, RUNS_OF("annealing", 64), "train_accuracy",
     "arcface m=0.5 s=64 at once", NULL},
    {"ArcFace needs no annealing", "ArcFace, section 3", "training accuracy at once, 2 dimensions",
     "1", NAN, 0.99, INFINITY, RUNS_OF("annealing", 2), "train_accuracy",
     "arcface m=0.5 s=64 at once", NULL},
    {"a margin helps with strangers", "ArcFace, table 2",
     "TAR at FAR 1e-3, ArcFace less norm-softmax", "1", NAN, MORE, RUNS_OF("fig4a", 64), "tar_1e3",
     arcface, normsoftmax},
    {"a margin goes on helping with strangers in a longer training", "no paper: our question",
     "TAR at FAR 1e-3 after 60 epochs, ArcFace less norm-softmax", "1", NAN, MORE, "table3", 64, 60,
     "tar_1e3", arcface, normsoftmax},
    {"norm-softmax is better at a smaller scale", "ArcFace (version 4), table 2",
     "TAR at FAR 1e-3, norm-softmax at s = 16 less s = 64", "1", NAN, MORE, RUNS_OF("sweep", 64),
     "tar_1e3", "normsoftmax s=16", normsoftmax},
};

/* The paper's table 3: whatever stands next to each other in a row, by size, is a claim. */
typedef struct paper_column {
    const char *label, *name;
    double numbers[6]; /* NaN: not in the paper */
} paper_column;

static const paper_column paper_columns[] = {
    {normsoftmax, "NS", {44.26, 69.66, 50.50, 59.23, 33.97, 65.60}},
    {arcface, "ArcFace", {14.29, 71.61, 38.45, 65.83, 28.05, 66.55}},
    {with_intra, "Intra", {8.83, 31.34, 17.50, 24.07, 12.94, 26.28}},
    {with_inter, "Inter", {46.85, 75.66, 52.74, 62.40, 35.38, 67.90}},
    {triplet, "Triplet", {NAN, NAN, 41.19, 50.23, 27.42, 55.94}},
};
static const struct {
    const char *name, *of;
} paper_rows[] = {{"W-EC", "train_w_ec"},     {"W-Inter", "train_w_inter"},
                  {"Intra1", "train_intra"},  {"Inter1", "train_inter"},
                  {"Intra2", "unseen_intra"}, {"Inter2", "unseen_inter"}};

/* ---- judging ------------------------------------------------------------------------------- */

enum { MOST_CLAIMS = 96 };

typedef struct court {
    const group_list *groups;
    claim_list list;
} court;

/* Adds a claim with what `values`, which are taken over, say of it. */
static void conclude(court *at, claim_result result, const char *text, const char *measured,
                     double *values, size_t count)
{
    claim_result *const to = &at->list.results[at->list.count];
    if (count == 0 || at->list.count == MOST_CLAIMS) {
        free(values);
        return;
    }
    *to = result;
    snprintf(to->claim, sizeof to->claim, "%s", text);
    snprintf(to->measured, sizeof to->measured, "%s", measured);
    to->values = values;
    to->found = interval_of(values, count);
    to->verdict = verdict_of(to->found, to->least, to->most);
    at->list.count++;
}

/* The claim's quantity of each seed under the loss of this label, to be freed. */
static double *collect(court *at, const claim *c, const char *label, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < at->groups->count; i++) {
        const group *const g = &at->groups->groups[i];
        if (g->plan->dim != c->dim || strcmp(g->label, label) != 0 ||
            !plan_in_figure(g->plan, c->figure) || g->plan->how.epochs < c->epochs)
            continue;
        double *const values = group_values(g, quantity_find(c->of));
        while (*count < g->count && plan_in_figure(&g->plans->plans[g->runs[*count]], c->figure))
            ++*count;
        return values;
    }
    return NULL;
}

static void judge(court *at, const claim *c)
{
    size_t count, others;
    double *const values = collect(at, c, c->label, &count);
    if (c->less != NULL) {
        double *const less = collect(at, c, c->less, &others);
        count = count == others ? count : 0;
        for (size_t i = 0; i < count; i++)
            values[i] -= less[i]; /* seeds stand in the same order */
        free(less);
    }
    const claim_result result = {
        .where = c->where, .unit = c->unit, .paper = c->paper, .least = c->least, .most = c->most};
    conclude(at, result, c->claim, c->measured, values, count);
}

/* The column whose number in this row comes next after `least`; NULL: there is none. */
static const paper_column *next_column(size_t row, double least)
{
    const paper_column *next = NULL;
    for (size_t i = 0; i < sizeof paper_columns / sizeof *paper_columns; i++) {
        const paper_column *const column = &paper_columns[i];
        if (column->numbers[row] > least &&
            (next == NULL || column->numbers[row] < next->numbers[row]))
            next = column;
    }
    return next;
}

static void judge_order(court *at, size_t row)
{
    const char *const name = paper_rows[row].name;
    const paper_column *below = next_column(row, 0.0), *above;
    for (; (above = next_column(row, below->numbers[row])) != NULL; below = above) {
        char text[80], measured[80];
        snprintf(text, sizeof text, "table 3's order: %s, %s below %s", name, below->name,
                 above->name);
        snprintf(measured, sizeof measured, "%s less %s, %s", above->name, below->name, name);
        const double apart = round(100.0 * (above->numbers[row] - below->numbers[row])) / 100.0;
        const claim order = {
            text, "ArcFace, table 3",    measured,           "degrees",    apart,
            MORE, RUNS_OF("table3", 64), paper_rows[row].of, above->label, below->label};
        judge(at, &order);
    }
}

/* ---- slopes -------------------------------------------------------------------------------- */

/* How the gap of the training samples follows a quantity, by least squares within each seed. */
typedef struct slope_claim {
    const char *claim, *where, *measured;
    double paper, least, most;
    const char *figure;
    margin_loss loss;
    double (*against)(const run_plan *plan); /* degrees */
    int free; /* 1: the gap is that of features without a network, for the run's loss and classes */
} slope_claim;

static double against_margin(const run_plan *plan)
{
    return degrees(plan->aim.loss.m2);
}

static double against_spacing(const run_plan *plan)
{
    return 360.0 / (double)plan->sphere.identities;
}

static const slope_claim slope_claims[] = {
    {"ArcFace's gap grows with m", "ArcFace, section 3",
     "slope of the gap (training samples) against m from 0.1 to 0.7", 1.0, 0.0, INFINITY, "fig3",
     MARGIN_ARCFACE, against_margin, 0},
    {"ArcFace's margin is constant in angle", "ArcFace, fig. 5",
     "slope of the gap against the angle between neighbours, features without a network", 0.0, -0.1,
     0.1, "constancy", MARGIN_ARCFACE, against_spacing, 1},
    {"SphereFace's margin is not constant in angle", "ArcFace, fig. 5",
     "the same slope for SphereFace, m = 3", 0.5, 0.1, INFINITY, "constancy", MARGIN_SPHEREFACE,
     against_spacing, 1},
    {"CosFace's margin is not constant in angle", "ArcFace, fig. 5",
     "the same slope for CosFace, m = 0.2", NAN, -INFINITY, -0.1, "constancy", MARGIN_COSFACE,
     against_spacing, 1},
    {"a trained network keeps to ArcFace's margin at any angle", "no paper: our question",
     "slope of the gap of training samples against the angle between neighbours", 0.0, -0.1, 0.1,
     "constancy", MARGIN_ARCFACE, against_spacing, 0},
};

static int concerns(const slope_claim *c, const group *g)
{
    return plan_in_figure(g->plan, c->figure) && g->plan->aim.loss.loss == c->loss;
}

/* The slope over the runs of seed number k; NaN if there are fewer than two places. */
static double slope_of(court *at, const slope_claim *c, size_t k)
{
    double n = 0.0, x_sum = 0.0, y_sum = 0.0, xx = 0.0, xy = 0.0;
    for (size_t i = 0; i < at->groups->count; i++) {
        const group *const g = &at->groups->groups[i];
        if (concerns(c, g)) {
            const run_plan *const plan = &g->plans->plans[g->runs[k]];
            const double x = c->against(g->plan);
            const double y =
                c->free ? degrees(free_gap(&plan->aim.loss, plan->sphere.identities, plan->seed))
                        : quantity_find("train_gap")->of(group_result(g, k));
            n += 1.0;
            x_sum += x;
            y_sum += y;
            xx += x * x;
            xy += x * y;
        }
    }
    const double spread = xx - x_sum * x_sum / n;
    return n > 1.0 && spread > 1e-9 * xx ? (xy - x_sum * y_sum / n) / spread : NAN;
}

static void judge_slope(court *at, const slope_claim *c)
{
    size_t seeds = 0, count = 0;
    for (size_t i = 0; i < at->groups->count && seeds == 0; i++)
        if (concerns(c, &at->groups->groups[i])) seeds = at->groups->groups[i].count;
    double *const values = zeroed(seeds, sizeof *values);
    for (size_t k = 0; k < seeds; k++) {
        values[count] = slope_of(at, c, k);
        count += !isnan(values[count]);
    }
    const claim_result result = {
        .where = c->where, .unit = "1", .paper = c->paper, .least = c->least, .most = c->most};
    conclude(at, result, c->claim, c->measured, values, count);
}

/* ---- all ----------------------------------------------------------------------------------- */

claim_list claims_judge(const group_list *groups)
{
    court at = {groups, {zeroed(MOST_CLAIMS, sizeof(claim_result)), 0}};
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        judge(&at, &claims[i]);
    for (size_t row = 0; row < sizeof paper_rows / sizeof *paper_rows; row++)
        judge_order(&at, row);
    for (size_t i = 0; i < sizeof slope_claims / sizeof *slope_claims; i++)
        judge_slope(&at, &slope_claims[i]);
    return at.list;
}

void claims_free(claim_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->results[i].values);
    free(list->results);
    *list = (claim_list){0};
}

verdict verdict_of(interval measured, double least, double most)
{
    if (measured.count < 2) return VERDICT_NONE;
    if (isnan(measured.mean)) return VERDICT_UNDECIDED;
    if (measured.low > least && measured.high < most) return VERDICT_HOLDS;
    return measured.high <= least || measured.low >= most ? VERDICT_DOES_NOT : VERDICT_UNDECIDED;
}

const char *verdict_name(verdict value)
{
    static const char *const names[] = {"holds", "does not", "undecided", NULL};
    return names[value];
}
