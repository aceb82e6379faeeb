/* figure_noise.c: false labels and samples that are nobody's, long tails, and whether a dimension
 * has room for the classes (see figures.h): trainings and tables. Must not know how a run works or
 * how a figure looks. */
#include "figures.h"
#include "report.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "advice.h"
#include "memory.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* A training of a hundred identities in 64 dimensions, or what it has in their place. */
typedef struct trial {
    const char *name; /* of its series, before the margin */
    margin_loss loss;
    const char *kind; /* of its margin: "default", "small", "advised" */
    double margin, scale, flipped, outliers, imbalance;
    size_t dim, identities;
    double x; /* what it stands over */
} trial;

enum { MOST_TRIALS = 96 };

typedef struct trial_list {
    trial trials[MOST_TRIALS];
    size_t count;
} trial_list;

/* As many training samples in all whatever the imbalance. */
static void apply(const trial *t, run_plan *plan)
{
    const double ratio = t->imbalance;
    run_plan_set_margin(plan, t->margin);
    plan->aim.loss.scale = t->scale;
    plan->sphere.flipped = t->flipped;
    plan->sphere.outliers = t->outliers;
    plan->sphere.imbalance = ratio;
    plan->sphere.identities = t->identities;
    plan->dim = t->dim;
    if (ratio > 1.0)
        plan->train = (size_t)lround((double)plan->train * log(ratio) / (1.0 - 1.0 / ratio));
}

static void add_trials(const figure_request *request, const trial_list *list, plan_list *plans)
{
    separation_options options;
    const figure_request many = figure_of_many(request, &options);
    for (size_t i = 0; i < list->count; i++) {
        run_plan plan = faces(&many, list->trials[i].loss);
        apply(&list->trials[i], &plan);
        add_seeds(&many, plan, 0, plans);
    }
}

/* They take minutes: not among all figures, unless it is to be a full run. */
static int is_wanted(const figure_request *request)
{
    return request->alone || request->options->level == LEVEL_FULL;
}

/* ---- the trials, series by series ------------------------------------------------------------ */

/* No margin; a small one, and the default. */
static const trial margins[] = {
    {.loss = MARGIN_NORMSOFTMAX, .kind = "default"},
    {.loss = MARGIN_COSFACE, .kind = "small", .margin = 0.1},
    {.loss = MARGIN_COSFACE, .kind = "default", .margin = 0.35},
    {.loss = MARGIN_ARCFACE, .kind = "small", .margin = 0.2},
    {.loss = MARGIN_ARCFACE, .kind = "default", .margin = 0.5},
};

static trial *add(trial_list *list, const trial *like, const char *name, double x)
{
    trial *const t = &list->trials[list->count++];
    *t = *like;
    t->name = name;
    t->scale = 64.0;
    t->imbalance = 1.0;
    t->dim = 64;
    t->identities = 100;
    t->x = x;
    return t;
}

static void list_noise(trial_list *list)
{
    static const double shares[] = {0.0, 0.1, 0.2, 0.4};
    for (size_t i = 0; i < COUNT(margins); i++)
        for (size_t k = 0; k < COUNT(shares); k++)
            add(list, &margins[i], "flipped", shares[k])->flipped = shares[k];
    for (size_t i = 0; i < COUNT(margins); i++)
        for (size_t k = 0; k < COUNT(shares); k++)
            add(list, &margins[i], "outliers", shares[k])->outliers = shares[k];
}

static void list_tails(trial_list *list)
{
    static const double ratios[] = {1.0, 10.0, 100.0};
    for (size_t i = 0; i < COUNT(margins); i++)
        for (size_t k = 0; k < COUNT(ratios); k++)
            add(list, &margins[i], "tails", ratios[k])->imbalance = ratios[k];
}

/* The defaults at s = 64; with `all` 16 and 32 dimensions as well, and what `margin advise` says.
 */
static void list_room(trial_list *list, int all)
{
    static const size_t identities[] = {30, 100, 300}, dims[] = {4, 8, 16, 32, 64};
    static const char *const names[] = {"30", "100", "300"};
    for (size_t k = 0; k < COUNT(identities); k++) {
        for (size_t i = 0; i < COUNT(margins) + 3; i++) {
            const int advised = i >= COUNT(margins);
            const trial *const like = &margins[advised ? 2 * (i - COUNT(margins)) : i];
            if (strcmp(like->kind, "small") == 0 || (advised && !all)) continue;
            for (size_t d = 0; d < COUNT(dims); d++) {
                if ((dims[d] == 16 || dims[d] == 32) && !all) continue;
                trial *const t = add(list, like, names[k], (double)dims[d]);
                t->dim = dims[d];
                t->identities = identities[k];
                if (!advised) continue;
                const advice said = advice_of(like->loss, dims[d], identities[k]);
                t->kind = "advised";
                t->scale = said.config.scale;
                t->margin = like->loss == MARGIN_ARCFACE ? said.config.m2 : said.config.m3;
            }
        }
    }
}

void plan_noise(const figure_request *request, plan_list *plans)
{
    trial_list list = {.count = 0};
    list_noise(&list);
    if (is_wanted(request)) add_trials(request, &list, plans);
}

void plan_tails(const figure_request *request, plan_list *plans)
{
    trial_list list = {.count = 0};
    list_tails(&list);
    if (is_wanted(request)) add_trials(request, &list, plans);
}

void plan_room(const figure_request *request, plan_list *plans)
{
    trial_list list = {.count = 0};
    list_room(&list, request->options->level == LEVEL_FULL);
    if (is_wanted(request)) add_trials(request, &list, plans);
}

/* ---- tables ---------------------------------------------------------------------------------- */

static int is_same(double a, double b)
{
    return !(a < b) && !(a > b);
}

/* The group of a trial of this figure, or NULL. */
static const group *find(const group_list *all, const char *figure_name, const trial *t)
{
    run_plan like;
    run_plan_faces(&like, NULL, t->loss);
    apply(t, &like);
    for (const group *g = all->groups; g < all->groups + all->count; g++) {
        const run_plan *const p = g->plan;
        if (plan_in_figure(p, figure_name) && p->aim.loss.loss == t->loss && p->dim == t->dim &&
            p->sphere.identities == t->identities && is_same(p->aim.loss.scale, t->scale) &&
            is_same(p->aim.loss.m2, like.aim.loss.m2) &&
            is_same(p->aim.loss.m3, like.aim.loss.m3) && is_same(p->sphere.flipped, t->flipped) &&
            is_same(p->sphere.outliers, t->outliers) && is_same(p->sphere.imbalance, t->imbalance))
            return g;
    }
    return NULL;
}

static void interval_cells(tables *out, interval v)
{
    table_cells(out, "ggg", v.mean, isnan(v.low) ? v.mean : v.low, isnan(v.high) ? v.mean : v.high);
}

/* Where all identities have as many samples each third is as the whole. */
static const quantity *of_third(const group *g, const char *name)
{
    const quantity *const wanted = quantity_find(name);
    return isnan(wanted->of(g->result)) ? quantity_find("accuracy") : wanted;
}

static void gain(tables *out, const group *g, const group *base, const quantity *wanted)
{
    double *const values = group_values(g, wanted), *const less = group_values(base, wanted);
    for (size_t i = 0; i < g->count; i++)
        values[i] -= less[i];
    interval_cells(out, interval_of(values, g->count));
    free(values);
    free(less);
}

#define CELLS_OF_ALL                                                                               \
    "tar* accuracy* train_accuracy* head* middle* tail* tar_gain* accuracy_gain* tail_gain* "      \
    "margin margin_most scale scale_least"

static void cells(tables *out, const trial *t, const group *g, const group *base)
{
    static const char *const whole[] = {"tar_1e3", "accuracy", "train_accuracy"};
    static const char *const thirds[] = {"accuracy_head", "accuracy_middle", "accuracy_tail"};
    const advice said = advice_of(t->loss, t->dim, t->identities);
    for (size_t k = 0; k < COUNT(whole); k++)
        interval_cells(out, group_interval(g, quantity_find(whole[k])));
    for (size_t k = 0; k < COUNT(thirds); k++)
        interval_cells(out, group_interval(g, of_third(g, thirds[k])));
    for (size_t k = 0; k < 2; k++)
        gain(out, g, base, quantity_find(whole[k]));
    gain(out, g, base, of_third(g, thirds[2]));
    table_row(out, "gggg", t->margin, said.margin_most, t->scale, said.scale_centre);
}

/* A gain is over the loss without a margin at s = 64, paired within a seed. */
static void write_table(tables *out, const group_list *all, const char *name, const char *x,
                        const trial_list *list)
{
    char columns[512];
    snprintf(columns, sizeof columns, "#series loss %s " CELLS_OF_ALL, x);
    table_begin(out, name, columns);
    for (const trial *t = list->trials; t < list->trials + list->count; t++) {
        trial plain = *t;
        plain.loss = MARGIN_NORMSOFTMAX;
        plain.margin = 0.0;
        plain.scale = 64.0;
        const group *const g = find(all, name, t), *const base = find(all, name, &plain);
        if (g == NULL || base == NULL) continue;
        table_series(out, g->loss, "%s %s", t->name, t->kind);
        table_cells(out, "g", t->x);
        cells(out, t, g, base);
    }
    table_end(out);
}

static int has_figure(const group_list *groups, const char *name)
{
    for (size_t i = 0; i < groups->count; i++)
        if (plan_in_figure(groups->groups[i].plan, name)) return 1;
    return 0;
}

void noise_tables(tables *out, const group_list *groups)
{
    trial_list noise = {.count = 0}, tails = {.count = 0}, room = {.count = 0};
    list_noise(&noise);
    list_tails(&tails);
    if (has_figure(groups, "room")) list_room(&room, 1); /* whose advice takes half a second */
    write_table(out, groups, "noise", "share", &noise);
    write_table(out, groups, "tails", "imbalance", &tails);
    write_table(out, groups, "room", "dim", &room);
}
