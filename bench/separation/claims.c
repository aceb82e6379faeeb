/* claims.c: the claims and what is measured for them (see claims.h). Must not know how a run works,
 * nor how a verdict is shown. */
#include "claims.h"

#include <math.h>
#include <string.h>

#include "degrees.h"
#include "figures.h"
#include "free_features.h"
#include "quantities.h"

/* ---- the claims ---------------------------------------------------------------------------- */

static const char softmax[] = "softmax", normsoftmax[] = "normsoftmax s=64",
                  sphereface[] = "sphereface m=3 s=64", cosface[] = "cosface m=0.2 s=64",
                  arcface[] = "arcface m=0.5 s=64", with_intra[] = "normsoftmax s=64 +intra",
                  with_inter[] = "normsoftmax s=64 +inter", triplet[] = "triplet m=0.35";

typedef struct claim {
    const char *claim, *where, *measured, *unit;
    double paper, least, most;
    const char *figure;
    size_t dim;
    const char *of;           /* a quantity (quantities.h) */
    const char *label, *less; /* the quantity of `label`, less that of `less` (or NULL) */
} claim;

#define FIG3(text, what) text, "ArcFace, fig. 3", what, "degrees"
#define ORDER(row, first, second)                                                                  \
    "table 3's order: " row ", " first " below " second, "ArcFace, table 3",                       \
        second " less " first ", " row, "degrees"
#define MORE 0.0, INFINITY
#define LESS -INFINITY, 0.0

static const claim claims[] = {
    {FIG3("softmax leaves ambiguous boundaries", "median gap of test samples, softmax"), NAN,
     -INFINITY, 5.0, "fig3", 2, "gap", softmax, NULL},
    {FIG3("norm-softmax leaves ambiguous boundaries", "median gap of test samples, norm-softmax"),
     NAN, -INFINITY, 5.0, "fig3", 2, "gap", normsoftmax, NULL},
    {"norm-softmax leaves ambiguous boundaries", "ArcFace, fig. 3",
     "share of test samples in another class's arc, norm-softmax less ArcFace", "1", NAN, MORE,
     "fig3", 2, "overlap", normsoftmax, arcface},
    {FIG3("ArcFace's gap is clearly positive", "median gap of test samples, ArcFace"), NAN, MORE,
     "fig3", 2, "gap", arcface, NULL},
    {FIG3("ArcFace's gap is the largest", "gap of test samples, ArcFace less softmax"), NAN, MORE,
     "fig3", 2, "gap", arcface, softmax},
    {FIG3("ArcFace's gap is the largest", "gap of test samples, ArcFace less norm-softmax"), NAN,
     MORE, "fig3", 2, "gap", arcface, normsoftmax},
    {FIG3("ArcFace's gap is the largest", "gap of test samples, ArcFace less SphereFace (m = 3)"),
     NAN, MORE, "fig3", 2, "gap", arcface, sphereface},
    {FIG3("ArcFace's gap is the largest", "gap of test samples, ArcFace less CosFace (m = 0.2)"),
     NAN, MORE, "fig3", 2, "gap", arcface, cosface},
    {FIG3("ArcFace's gap is about m", "gap of training samples, ArcFace at m = 0.5"), 28.648, 22.9,
     34.4, "fig3", 2, "train_gap", arcface, NULL},
    {"W coincides with the embedding centre for ArcFace", "ArcFace, table 3",
     "W-EC, norm-softmax less ArcFace", "degrees", 44.26 - 14.29, MORE, "table3", 64, "train_w_ec",
     normsoftmax, arcface},
    {"W coincides with the embedding centre only for ArcFace", "ArcFace, table 3",
     "W-EC, norm-softmax + Intra less ArcFace", "degrees", 8.83 - 14.29, MORE, "table3", 64,
     "train_w_ec", with_intra, arcface},
    {"W coincides with the embedding centre only for ArcFace", "ArcFace, table 3",
     "W-EC, norm-softmax + Inter less ArcFace", "degrees", 46.85 - 14.29, MORE, "table3", 64,
     "train_w_ec", with_inter, arcface},
    {"Intra shrinks both", "ArcFace, table 3", "Intra, norm-softmax + Intra less norm-softmax",
     "degrees", 17.50 - 50.50, LESS, "table3", 64, "train_intra", with_intra, normsoftmax},
    {"Intra shrinks both", "ArcFace, table 3", "Inter, norm-softmax + Intra less norm-softmax",
     "degrees", 24.07 - 59.23, LESS, "table3", 64, "train_inter", with_intra, normsoftmax},
    {"Inter widens inter", "ArcFace, table 3", "W-Inter, norm-softmax + Inter less norm-softmax",
     "degrees", 75.66 - 69.66, MORE, "table3", 64, "train_w_inter", with_inter, normsoftmax},
    {"Inter widens inter", "ArcFace, table 3", "Inter, norm-softmax + Inter less norm-softmax",
     "degrees", 62.40 - 59.23, MORE, "table3", 64, "train_inter", with_inter, normsoftmax},
    {"Inter raises intra", "ArcFace, table 3", "Intra, norm-softmax + Inter less norm-softmax",
     "degrees", 52.74 - 50.50, MORE, "table3", 64, "train_intra", with_inter, normsoftmax},
    {"SphereFace m = 4 needs annealing", "SphereFace; ArcFace, section 3",
     "training accuracy at once, features keep their length", "1", NAN, -INFINITY, 0.99,
     "annealing", 64, "train_accuracy", "sphereface m=4 s=|x| at once", NULL},
    {"SphereFace m = 4 converges with annealing", "SphereFace", "training accuracy with annealing",
     "1", NAN, 0.99, INFINITY, "annealing", 64, "train_accuracy", "sphereface m=4 s=|x|", NULL},
    {"SphereFace m = 4 needs annealing at a fixed scale, too", "no paper: our question",
     "training accuracy at once, s = 64", "1", NAN, -INFINITY, 0.99, "annealing", 64,
     "train_accuracy", "sphereface m=4 s=64 at once", NULL},
    {"ArcFace needs no annealing", "ArcFace, section 3", "training accuracy at once, 64 dimensions",
     "1", NAN, 0.99, INFINITY, "annealing", 64, "train_accuracy", "arcface m=0.5 s=64 at once",
     NULL},
    {"ArcFace needs no annealing", "ArcFace, section 3", "training accuracy at once, 2 dimensions",
     "1", NAN, 0.99, INFINITY, "annealing", 2, "train_accuracy", "arcface m=0.5 s=64 at once",
     NULL},
    {"a margin helps with strangers", "ArcFace, table 2",
     "TAR at FAR 1e-3, ArcFace less norm-softmax", "1", NAN, MORE, "fig4a", 64, "tar_1e3", arcface,
     normsoftmax},
    {"a margin goes on helping with strangers in a longer training", "no paper: our question",
     "TAR at FAR 1e-3 after 60 epochs, ArcFace less norm-softmax", "1", NAN, MORE, "table3", 64,
     "tar_1e3", arcface, normsoftmax},
    {"norm-softmax is better at a smaller scale", "ArcFace (version 4), table 2",
     "TAR at FAR 1e-3, norm-softmax at s = 16 less s = 64", "1", NAN, MORE, "sweep", 64, "tar_1e3",
     "normsoftmax s=16", normsoftmax},
    {ORDER("W-EC", "Intra", "ArcFace"), 5.46, MORE, "table3", 64, "train_w_ec", arcface,
     with_intra},
    {ORDER("W-EC", "ArcFace", "NS"), 29.97, MORE, "table3", 64, "train_w_ec", normsoftmax, arcface},
    {ORDER("W-EC", "NS", "Inter"), 2.59, MORE, "table3", 64, "train_w_ec", with_inter, normsoftmax},
    {ORDER("W-Inter", "Intra", "NS"), 38.32, MORE, "table3", 64, "train_w_inter", normsoftmax,
     with_intra},
    {ORDER("W-Inter", "NS", "ArcFace"), 1.95, MORE, "table3", 64, "train_w_inter", arcface,
     normsoftmax},
    {ORDER("W-Inter", "ArcFace", "Inter"), 4.05, MORE, "table3", 64, "train_w_inter", with_inter,
     arcface},
    {ORDER("Intra1", "Intra", "ArcFace"), 20.95, MORE, "table3", 64, "train_intra", arcface,
     with_intra},
    {ORDER("Intra1", "ArcFace", "Triplet"), 2.74, MORE, "table3", 64, "train_intra", triplet,
     arcface},
    {ORDER("Intra1", "Triplet", "NS"), 9.31, MORE, "table3", 64, "train_intra", normsoftmax,
     triplet},
    {ORDER("Intra1", "NS", "Inter"), 2.24, MORE, "table3", 64, "train_intra", with_inter,
     normsoftmax},
    {ORDER("Inter1", "Intra", "Triplet"), 26.16, MORE, "table3", 64, "train_inter", triplet,
     with_intra},
    {ORDER("Inter1", "Triplet", "NS"), 9.00, MORE, "table3", 64, "train_inter", normsoftmax,
     triplet},
    {ORDER("Inter1", "NS", "Inter"), 3.17, MORE, "table3", 64, "train_inter", with_inter,
     normsoftmax},
    {ORDER("Inter1", "Inter", "ArcFace"), 3.43, MORE, "table3", 64, "train_inter", arcface,
     with_inter},
    {ORDER("Intra2", "Intra", "Triplet"), 14.48, MORE, "table3", 64, "unseen_intra", triplet,
     with_intra},
    {ORDER("Intra2", "Triplet", "ArcFace"), 0.63, MORE, "table3", 64, "unseen_intra", arcface,
     triplet},
    {ORDER("Intra2", "ArcFace", "NS"), 5.92, MORE, "table3", 64, "unseen_intra", normsoftmax,
     arcface},
    {ORDER("Intra2", "NS", "Inter"), 1.41, MORE, "table3", 64, "unseen_intra", with_inter,
     normsoftmax},
    {ORDER("Inter2", "Intra", "Triplet"), 29.66, MORE, "table3", 64, "unseen_inter", triplet,
     with_intra},
    {ORDER("Inter2", "Triplet", "NS"), 9.66, MORE, "table3", 64, "unseen_inter", normsoftmax,
     triplet},
    {ORDER("Inter2", "NS", "ArcFace"), 0.95, MORE, "table3", 64, "unseen_inter", arcface,
     normsoftmax},
    {ORDER("Inter2", "ArcFace", "Inter"), 1.35, MORE, "table3", 64, "unseen_inter", with_inter,
     arcface},
};

/* ---- runs that a claim is about ------------------------------------------------------------ */

static int belongs(const run_plan *plan, const char *figure_name)
{
    size_t index;
    return figure_find(figure_name, &index) && (plan->figures >> index & 1) != 0;
}

/* values[seed's place]: the metric of the runs of this label; returns how many there are. */
static size_t collect(const plan_list *plans, const claim *c, const char *label, double *values)
{
    size_t count = 0;
    for (size_t i = 0; i < plans->count && count < CLAIM_MOST_SEEDS; i++) {
        char own[RUN_LABEL];
        run_plan_label(&plans->plans[i], own);
        if (belongs(&plans->plans[i], c->figure) && plans->plans[i].dim == c->dim &&
            strcmp(own, label) == 0) {
            values[count++] = quantity_find(c->of)->of(&plans->results[i]);
        }
    }
    return count;
}

static claim_result start_result(const char *text, const char *where, const char *measured,
                                 const char *unit, double paper, double least, double most)
{
    return (claim_result){.claim = text,
                          .where = where,
                          .measured = measured,
                          .unit = unit,
                          .paper = paper,
                          .least = least,
                          .most = most};
}

static void finish_result(claim_result *result, size_t count,
                          void (*take)(void *, const claim_result *), void *user)
{
    result->found = interval_of(result->values, count);
    result->verdict = verdict_of(result->found, result->least, result->most);
    take(user, result);
}

static void judge(const plan_list *plans, const claim *c,
                  void (*take)(void *, const claim_result *), void *user)
{
    static double second[CLAIM_MOST_SEEDS];
    static claim_result result;
    result = start_result(c->claim, c->where, c->measured, c->unit, c->paper, c->least, c->most);
    const size_t count = collect(plans, c, c->label, result.values);
    if (count == 0 || (c->less != NULL && collect(plans, c, c->less, second) != count)) return;
    for (size_t i = 0; c->less != NULL && i < count; i++) {
        result.values[i] -= second[i]; /* seeds stand in the same order */
    }
    finish_result(&result, count, take, user);
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

static double gap_of(const plan_list *plans, const slope_claim *c, size_t index)
{
    const run_plan *const plan = &plans->plans[index];
    return c->free ? degrees(free_gap(&plan->aim.loss, plan->sphere.identities, plan->seed))
                   : quantity_find("train_gap")->of(&plans->results[index]);
}

/* The slope over the runs of one seed; NaN if there are fewer than two places. */
static double slope_of(const plan_list *plans, const slope_claim *c, uint64_t seed)
{
    double n = 0.0, x_sum = 0.0, y_sum = 0.0, xx = 0.0, xy = 0.0;
    for (size_t i = 0; i < plans->count; i++) {
        const run_plan *const plan = &plans->plans[i];
        if (belongs(plan, c->figure) && plan->aim.loss.loss == c->loss && plan->seed == seed) {
            const double x = c->against(plan), y = gap_of(plans, c, i);
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

static int is_first(const plan_list *plans, const slope_claim *c, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        const run_plan *const plan = &plans->plans[i];
        if (belongs(plan, c->figure) && plan->aim.loss.loss == c->loss &&
            plan->seed == plans->plans[index].seed) {
            return 0;
        }
    }
    return 1;
}

static void judge_slope(const plan_list *plans, const slope_claim *c,
                        void (*take)(void *, const claim_result *), void *user)
{
    static claim_result result;
    size_t count = 0;
    result = start_result(c->claim, c->where, c->measured, "1", c->paper, c->least, c->most);
    for (size_t i = 0; i < plans->count && count < CLAIM_MOST_SEEDS; i++) {
        const run_plan *const plan = &plans->plans[i];
        if (belongs(plan, c->figure) && plan->aim.loss.loss == c->loss && is_first(plans, c, i)) {
            const double slope = slope_of(plans, c, plan->seed);
            if (!isnan(slope)) result.values[count++] = slope;
        }
    }
    if (count > 0) finish_result(&result, count, take, user);
}

void claims_judge(const plan_list *plans, void (*take)(void *user, const claim_result *result),
                  void *user)
{
    for (size_t i = 0; i < sizeof claims / sizeof *claims; i++)
        judge(plans, &claims[i], take, user);
    for (size_t i = 0; i < sizeof slope_claims / sizeof *slope_claims; i++)
        judge_slope(plans, &slope_claims[i], take, user);
}
