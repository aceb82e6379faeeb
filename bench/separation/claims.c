/* claims.c: the claims, and what is measured for them (see claims.h). Must not know how a run
 * works, nor how a verdict comes about. */
#include "claims.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "degrees.h"
#include "demand.h"
#include "figures.h"
#include "memory.h"

/* ---- the claims ---------------------------------------------------------------------------- */

static const char softmax[] = "softmax", normsoftmax[] = "normsoftmax s=64",
                  arcface[] = "arcface m=0.5 s=64", with_intra[] = "normsoftmax s=64 +intra",
                  with_inter[] = "normsoftmax s=64 +inter", triplet[] = "triplet m=0.35";
/* They ask for ArcFace's gap: the plan of fig3 computes these margins. */
static const char sphereface[] = "sphereface m=4.504 s=64", cosface[] = "cosface m=0.1894 s=64";

typedef struct claim {
    const char *claim, *where, *measured, *unit;
    double paper, least, most;
    const char *figure;
    size_t dim, epochs; /* shorter trainings than these epochs say nothing of it */
    const char *of;     /* a quantity (groups.h) */
    /* The quantity of `label`, less that of `less` (or NULL); or, where there is no label, its
     * slope within each seed by least squares, over the figure's runs of `loss`, against degrees.
     */
    const char *label, *less;
    margin_loss loss;
    double (*against)(const run_plan *plan); /* NaN: not among them */
} claim;

/* What the loss's margin asks for, where that is something. */
static double against_demand(const run_plan *plan)
{
    const double gap = degrees(demand_gap(&plan->aim.loss, plan->sphere.identities));
    return gap > 0.0 ? gap : NAN;
}

static double against_spacing(const run_plan *plan)
{
    return 360.0 / (double)plan->sphere.identities;
}

#define FIG3(text, what, unit)      text, "ArcFace, fig. 3", what, unit, NAN
#define TABLE3(text, what, paper)   text, "ArcFace, table 3", what, "degrees", paper
#define TRAINED(text, where, what)  text, where, what, "1", NAN
#define RUNS_OF(figure, dim)        figure, dim, 0
#define OF(quantity, label, less)   quantity, label, less, MARGIN_SOFTMAX, NULL
#define SLOPE(quantity, loss, axis) quantity, NULL, NULL, loss, axis
#define MORE                        0.0, INFINITY
#define LESS                        -INFINITY, 0.0

static const claim claims[] = {
    {FIG3("softmax leaves ambiguous boundaries", "median gap, softmax", "degrees"), -INFINITY, 5.0,
     RUNS_OF("arcface-fig3", 2), OF("gap", softmax, NULL)},
    {FIG3("norm-softmax leaves ambiguous boundaries", "median gap, norm-softmax", "degrees"),
     -INFINITY, 5.0, RUNS_OF("arcface-fig3", 2), OF("gap", normsoftmax, NULL)},
    {FIG3("norm-softmax leaves ambiguous boundaries",
          "share of samples in another class's arc, norm-softmax less ArcFace", "1"),
     MORE, RUNS_OF("arcface-fig3", 2), OF("overlap", normsoftmax, arcface)},
    {FIG3("ArcFace's gap is clearly positive", "median gap, ArcFace", "degrees"), MORE,
     RUNS_OF("arcface-fig3", 2), OF("gap", arcface, NULL)},
    {FIG3("ArcFace's gap is the largest", "median gap, ArcFace less softmax", "degrees"), MORE,
     RUNS_OF("arcface-fig3", 2), OF("gap", arcface, softmax)},
    {FIG3("ArcFace's gap is the largest", "median gap, ArcFace less norm-softmax", "degrees"), MORE,
     RUNS_OF("arcface-fig3", 2), OF("gap", arcface, normsoftmax)},
    {FIG3("ArcFace's gap is the largest",
          "median gap, ArcFace less SphereFace that asks for as much (m = 4.50)", "degrees"),
     MORE, RUNS_OF("arcface-fig3", 2), OF("gap", arcface, sphereface)},
    {FIG3("ArcFace's gap is the largest",
          "median gap, ArcFace less CosFace that asks for as much (m = 0.189)", "degrees"),
     MORE, RUNS_OF("arcface-fig3", 2), OF("gap", arcface, cosface)},
    {"ArcFace's gap grows with m", "ArcFace, section 3",
     "slope of the median gap against m, 0.1 to 0.7", "1", NAN, MORE, RUNS_OF("arcface-fig3", 2),
     SLOPE("gap", MARGIN_ARCFACE, against_demand)},
    {"ArcFace's gap follows m one for one", "ArcFace, section 3",
     "the same slope, to be within 0.8 to 1.2", "1", 1.0, 0.8, 1.2, RUNS_OF("arcface-fig3", 2),
     SLOPE("gap", MARGIN_ARCFACE, against_demand)},
    {"SphereFace's gap follows what it asks for one for one", "no paper: our question",
     "slope of the median gap against the gap that m asks for, 15 to 28.6", "1", NAN, 0.8, 1.2,
     RUNS_OF("arcface-fig3", 2), SLOPE("gap", MARGIN_SPHEREFACE, against_demand)},
    {"CosFace's gap follows what it asks for one for one", "no paper: our question",
     "slope of the median gap against the gap that m asks for, 15 to 30.3", "1", NAN, 0.8, 1.2,
     RUNS_OF("arcface-fig3", 2), SLOPE("gap", MARGIN_COSFACE, against_demand)},
    {"a trained network keeps to ArcFace's margin at any angle", "no paper: our question",
     "slope of the median gap against the angle between neighbours", "1", 0.0, -0.1, 0.1,
     RUNS_OF("constancy", 2), SLOPE("gap", MARGIN_ARCFACE, against_spacing)},
    {TABLE3("ArcFace brings W nearer to the embedding centre", "W-EC, norm-softmax less ArcFace",
            44.26 - 14.29),
     MORE, RUNS_OF("arcface-table3", 64), OF("w_ec", normsoftmax, arcface)},
    {TABLE3("only ArcFace brings W so near to the embedding centre",
            "W-EC, norm-softmax + Intra less ArcFace", 8.83 - 14.29),
     MORE, RUNS_OF("arcface-table3", 64), OF("w_ec", with_intra, arcface)},
    {TABLE3("only ArcFace brings W so near to the embedding centre",
            "W-EC, norm-softmax + Inter less ArcFace", 46.85 - 14.29),
     MORE, RUNS_OF("arcface-table3", 64), OF("w_ec", with_inter, arcface)},
    {TABLE3("Intra shrinks both", "Intra, norm-softmax + Intra less norm-softmax", 17.50 - 50.50),
     LESS, RUNS_OF("arcface-table3", 64), OF("intra", with_intra, normsoftmax)},
    {TABLE3("Intra shrinks both", "Inter, norm-softmax + Intra less norm-softmax", 24.07 - 59.23),
     LESS, RUNS_OF("arcface-table3", 64), OF("inter", with_intra, normsoftmax)},
    {TABLE3("Inter widens inter", "W-Inter, norm-softmax + Inter less norm-softmax", 75.66 - 69.66),
     MORE, RUNS_OF("arcface-table3", 64), OF("w_inter", with_inter, normsoftmax)},
    {TABLE3("Inter widens inter", "Inter, norm-softmax + Inter less norm-softmax", 62.40 - 59.23),
     MORE, RUNS_OF("arcface-table3", 64), OF("inter", with_inter, normsoftmax)},
    {TABLE3("Inter raises intra", "Intra, norm-softmax + Inter less norm-softmax", 52.74 - 50.50),
     MORE, RUNS_OF("arcface-table3", 64), OF("intra", with_inter, normsoftmax)},
    {TRAINED("SphereFace m = 4 needs annealing", "SphereFace; ArcFace, section 3",
             "accuracy at once, features keep their length, 64 dimensions"),
     -INFINITY, 0.99, RUNS_OF("annealing", 64),
     OF("train_accuracy", "sphereface m=4 s=|x| at once", NULL)},
    {TRAINED("SphereFace m = 4 needs annealing", "SphereFace; ArcFace, section 3",
             "accuracy at once, features keep their length, 2 dimensions"),
     -INFINITY, 0.99, RUNS_OF("annealing", 2),
     OF("train_accuracy", "sphereface m=4 s=|x| at once", NULL)},
    {TRAINED("SphereFace m = 4 converges with annealing", "SphereFace",
             "accuracy with annealing, 64 dimensions"),
     0.99, INFINITY, RUNS_OF("annealing", 64), OF("train_accuracy", "sphereface m=4 s=|x|", NULL)},
    {TRAINED("SphereFace m = 4 needs annealing at a fixed scale, too", "no paper: our question",
             "accuracy at once, s = 64, 64 dimensions"),
     -INFINITY, 0.99, RUNS_OF("annealing", 64),
     OF("train_accuracy", "sphereface m=4 s=64 at once", NULL)},
    {TRAINED("ArcFace needs no annealing", "ArcFace, section 3", "accuracy at once, 64 dimensions"),
     0.99, INFINITY, RUNS_OF("annealing", 64),
     OF("train_accuracy", "arcface m=0.5 s=64 at once", NULL)},
    {TRAINED("ArcFace needs no annealing", "ArcFace, section 3", "accuracy at once, 2 dimensions"),
     0.99, INFINITY, RUNS_OF("annealing", 2),
     OF("train_accuracy", "arcface m=0.5 s=64 at once", NULL)},
    {TRAINED("a margin helps with strangers", "ArcFace, table 2",
             "TAR at FAR 1e-3, ArcFace less norm-softmax"),
     MORE, RUNS_OF("arcface-fig4a", 64), OF("tar_1e3", arcface, normsoftmax)},
    {TRAINED("a margin goes on helping with strangers in a longer training",
             "no paper: our question",
             "TAR at FAR 1e-3 after 60 epochs, ArcFace less norm-softmax"),
     MORE, "arcface-table3", 64, 60, OF("tar_1e3", arcface, normsoftmax)},
    {TRAINED("norm-softmax is better at a smaller scale", "ArcFace (version 4), table 2",
             "TAR at FAR 1e-3, norm-softmax at s = 16 less s = 64"),
     MORE, RUNS_OF("sweep", 64), OF("tar_1e3", "normsoftmax s=16", normsoftmax)},
};

enum { CLAIMS = sizeof claims / sizeof *claims };

/* The paper's table 3: whatever stands next to each other in a row, by size, is a claim, where none
 * of those above is about it. */
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
} paper_rows[] = {{"W-EC", "w_ec"},    {"W-Inter", "w_inter"},     {"Intra1", "intra"},
                  {"Inter1", "inter"}, {"Intra2", "unseen_intra"}, {"Inter2", "unseen_inter"}};

/* ---- what is measured ---------------------------------------------------------------------- */

enum { MOST_CLAIMS = 96, THE_RUN = -1 };

typedef struct court {
    const group_list *groups;
    int setting; /* THE_RUN, or a setting of figure_sensitivity.c: the toy under that */
    claim_list list;
} court;

static int is_among(const court *at, const claim *c, const run_plan *plan)
{
    if (plan->dim != c->dim || plan->how.epochs < c->epochs) return 0;
    return at->setting == THE_RUN ? plan_in_figure(plan, c->figure)
                                  : strcmp(c->figure, "arcface-fig3") == 0 &&
                                        sensitivity_has(plan, (size_t)at->setting);
}

/* The group's seeds that the claim is about, which come first. */
static size_t seeds_of(const court *at, const claim *c, const group *g)
{
    size_t count = 0;
    while (count < g->count && is_among(at, c, &g->plans->plans[g->runs[count]]))
        count++;
    return count;
}

/* The quantity of each seed under the loss of this label, to be freed; NULL: there is no such. */
static double *collect(const court *at, const claim *c, const quantity *of, const char *label,
                       size_t *count)
{
    *count = 0;
    for (const group *g = at->groups->groups; g < at->groups->groups + at->groups->count; g++) {
        if (strcmp(g->label, label) != 0 || !is_among(at, c, g->plan)) continue;
        *count = seeds_of(at, c, g);
        return group_values(g, of);
    }
    return NULL;
}

static double *differences(const court *at, const claim *c, const quantity *of, size_t *count)
{
    size_t others;
    double *const values = collect(at, c, of, c->label, count);
    if (c->less == NULL) return values;
    double *const less = collect(at, c, of, c->less, &others);
    *count = *count == others ? *count : 0;
    for (size_t i = 0; i < *count; i++)
        values[i] -= less[i]; /* seeds stand in the same order */
    free(less);
    return values;
}

/* The slope over the runs of seed number k; NaN if there are fewer than two places. */
static double slope_of(const court *at, const claim *c, const quantity *of, size_t k)
{
    double n = 0.0, x_sum = 0.0, y_sum = 0.0, xx = 0.0, xy = 0.0;
    for (const group *g = at->groups->groups; g < at->groups->groups + at->groups->count; g++) {
        if (g->plan->aim.loss.loss != c->loss || k >= seeds_of(at, c, g)) continue;
        const double x = c->against(g->plan);
        if (isnan(x)) continue;
        const double y = of->of(group_result(g, k));
        n += 1.0;
        x_sum += x;
        y_sum += y;
        xx += x * x;
        xy += x * y;
    }
    const double spread = xx - x_sum * x_sum / n;
    return n > 1.0 && spread > 1e-9 * xx ? (xy - x_sum * y_sum / n) / spread : NAN;
}

static double *slopes(const court *at, const claim *c, const quantity *of, size_t *count)
{
    size_t seeds = 0;
    for (const group *g = at->groups->groups; g < at->groups->groups + at->groups->count; g++)
        if (g->plan->aim.loss.loss == c->loss && seeds_of(at, c, g) > seeds)
            seeds = seeds_of(at, c, g);
    double *const values = zeroed(seeds, sizeof *values);
    *count = 0;
    for (size_t k = 0; k < seeds; k++) {
        values[*count] = slope_of(at, c, of, k);
        *count += !isnan(values[*count]);
    }
    return values;
}

/* What the claim says of a quantity, of each seed, to be freed; NULL where there is none. */
static double *measure(const court *at, const claim *c, const char *of, size_t *count)
{
    const quantity *const wanted = quantity_find(of);
    double *const values = (c->label != NULL ? differences : slopes)(at, c, wanted, count);
    if (*count > 0) return values;
    free(values);
    return NULL;
}

/* ---- the parts of the samples -------------------------------------------------------------- */

/* The same quantity of the other samples of seen identities; NULL: there is none. */
static const quantity *elsewhere(const char *of)
{
    char name[64];
    if (strcmp(of, "w_inter") == 0) return NULL;
    if (strncmp(of, "train_", 6) == 0) return quantity_find(of + 6);
    snprintf(name, sizeof name, "train_%s", of);
    return quantity_find(name);
}

static const char *split_of(const char *of)
{
    if (strncmp(of, "train_", 6) == 0) return "train";
    return elsewhere(of) != NULL ? "test" : strcmp(of, "w_inter") == 0 ? NULL : "unseen";
}

static judgement measured_on(const court *at, const claim *c, const char *of)
{
    judgement out = {.split = split_of(of), .p = NAN, .p_holm = NAN};
    size_t count;
    out.values = measure(at, c, of, &count);
    if (out.values != NULL) out.found = interval_of(out.values, count);
    return out;
}

static void measure_least_gap(const court *at, const claim *c, claim_result *to)
{
    size_t count;
    double *const values = strcmp(c->of, "gap") == 0 ? measure(at, c, "gap_min", &count) : NULL;
    if (values != NULL) to->least_gap = interval_of(values, count);
    free(values);
}

/* The toy's claims once more, where the run has what they need. */
static void measure_settings(court *at, const claim *c, claim_result *to)
{
    to->settings = zeroed(sensitivity_count(), sizeof *to->settings);
    for (size_t k = 0; k < sensitivity_count(); k++) {
        size_t count;
        at->setting = (int)k;
        double *const values = c->label != NULL ? measure(at, c, c->of, &count) : NULL;
        if (values != NULL) {
            const interval found = interval_of(values, count);
            to->settings[to->setting_count++] =
                (claim_setting){sensitivity_name(k), found, verdict_of(found, c->least, c->most)};
        }
        free(values);
    }
    at->setting = THE_RUN;
}

static void hear(court *at, const claim *c)
{
    const judgement here = measured_on(at, c, c->of);
    const quantity *const other = elsewhere(c->of);
    if (here.values == NULL || at->list.count == MOST_CLAIMS) {
        free(here.values);
        return;
    }
    claim_result *const to = &at->list.results[at->list.count++];
    *to = (claim_result){.where = c->where,
                         .unit = c->unit,
                         .paper = c->paper,
                         .least = c->least,
                         .most = c->most,
                         .here = here};
    if (other != NULL) to->other = measured_on(at, c, other->name);
    snprintf(to->claim, sizeof to->claim, "%s", c->claim);
    snprintf(to->measured, sizeof to->measured, "%s", c->measured);
    measure_least_gap(at, c, to);
    measure_settings(at, c, to);
}

/* ---- table 3 ------------------------------------------------------------------------------- */

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

static int is_heard(const char *of, const char *a, const char *b)
{
    for (size_t i = 0; i < CLAIMS; i++) {
        const claim *const c = &claims[i];
        if (c->less != NULL && strcmp(c->figure, "arcface-table3") == 0 && strcmp(c->of, of) == 0 &&
            ((strcmp(c->label, a) == 0 && strcmp(c->less, b) == 0) ||
             (strcmp(c->label, b) == 0 && strcmp(c->less, a) == 0)))
            return 1;
    }
    return 0;
}

static void hear_order(court *at, size_t row)
{
    const char *const name = paper_rows[row].name, *const of = paper_rows[row].of;
    const paper_column *below = next_column(row, 0.0), *above;
    for (; (above = next_column(row, below->numbers[row])) != NULL; below = above) {
        char text[80], measured[80];
        if (is_heard(of, above->label, below->label)) continue;
        snprintf(text, sizeof text, "table 3's order: %s, %s below %s", name, below->name,
                 above->name);
        snprintf(measured, sizeof measured, "%s less %s, %s", above->name, below->name, name);
        const double apart = round(100.0 * (above->numbers[row] - below->numbers[row])) / 100.0;
        const claim order = {TABLE3(text, measured, apart), MORE, RUNS_OF("arcface-table3", 64),
                             OF(of, above->label, below->label)};
        hear(at, &order);
    }
}

/* ---- all ----------------------------------------------------------------------------------- */

claim_list claims_judge(const group_list *groups)
{
    court at = {groups, THE_RUN, {zeroed(MOST_CLAIMS, sizeof(claim_result)), 0}};
    for (size_t i = 0; i < CLAIMS; i++)
        hear(&at, &claims[i]);
    for (size_t row = 0; row < sizeof paper_rows / sizeof *paper_rows; row++)
        hear_order(&at, row);
    claims_decide(&at.list);
    return at.list;
}
