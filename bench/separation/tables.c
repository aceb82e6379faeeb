/* tables.c: the tables of figures with trainings, and of the report (see report.h). Must not know
 * how a run works or how a figure looks. */
#include "report.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "degrees.h"
#include "memory.h"
#include "quantile.h"

/* The groups in the order of the tables: by dimension, loss, margins, classes, scale, label. */
typedef struct book {
    tables *out;
    const group_list *all;
    group *groups;
    size_t count;
} book;

#define EACH_GROUP(b, g, condition)                                                                \
    for (const group *g = (b)->groups; g < (b)->groups + (b)->count; g++)                          \
        if (condition)

static int compare_groups(const void *a, const void *b)
{
    const group *const x = a, *const y = b;
    const margin_config *const p = &x->plan->aim.loss, *const q = &y->plan->aim.loss;
    const double keys[][2] = {{(double)x->plan->dim, (double)y->plan->dim},
                              {p->loss, q->loss},
                              {p->m1, q->m1},
                              {p->m2, q->m2},
                              {p->m3, q->m3},
                              {(double)x->result->classes, (double)y->result->classes},
                              {p->scale, q->scale}};
    for (size_t k = 0; k < sizeof keys / sizeof *keys; k++) {
        const int order = compare_doubles(&keys[k][0], &keys[k][1]);
        if (order != 0) return order;
    }
    const int order = strcmp(x->label, y->label);
    return order != 0 ? order : x->runs[0] < y->runs[0] ? -1 : 1;
}

static int in_figure(const group *g, const char *name)
{
    return plan_in_figure(g->plan, name);
}

/* ---- cells --------------------------------------------------------------------------------- */

typedef char settings[2 * RUN_LABEL];

/* The label without the loss, "m = 0.5, s = 64", or "-". */
static const char *name_settings(const group *g, settings out)
{
    const char *from = g->label + strcspn(g->label, " ");
    char *to = out;
    for (from += strspn(from, " "); *from != '\0'; from++) {
        const int divides = *from == ' ' && from[strcspn(from + 1, " =") + 1] == '=';
        to = stpcpy(to, divides ? ", " : *from == '=' ? " = " : (char[]){*from, '\0'});
    }
    strcpy(to, to == out ? "-" : "");
    return out;
}

static void series(book *b, const group *g)
{
    settings text;
    table_series(b->out, g->loss, "%s", name_settings(g, text));
}

/* The means and intervals of these quantities, up to NULL; of one seed the mean thrice, where the
 * table is a figure's (`closed`). */
static void cells(book *b, const group *g, int closed, const char *const *quantities)
{
    for (; *quantities != NULL; quantities++) {
        const interval v = group_interval(g, quantity_find(*quantities));
        const double low = closed && isnan(v.low) ? v.mean : v.low;
        const double high = closed && isnan(v.high) ? v.mean : v.high;
        table_cells(b->out, closed ? "ggg" : "ooo", v.mean, low, high);
    }
}

/* ---- pictures: samples, class weights, panels ---------------------------------------------- */

/* In the toy's figure on this data, a person's own in the plane included. */
static int is_panel_on(const group *g, const char *data)
{
    return g->plan->dim == 2 && strcmp(g->plan->data->name, data) == 0 &&
           (g->plan->figures == 0 || in_figure(g, "arcface-fig3") || in_figure(g, "fashion"));
}

/* The toys: those of them whose features were kept, one for each loss. */
static int is_toy_on(const group *g, const char *data)
{
    return is_panel_on(g, data) && g->plan->features > 0;
}

static int is_first_toy(const book *b, const group *g)
{
    int first = is_toy_on(g, g->plan->data->name);
    for (const group *before = b->groups; before < g && first; before++)
        first = !is_toy_on(before, g->plan->data->name);
    return first;
}

static void points(book *b, const group *g, const run_result *r)
{
    const size_t dim = g->plan->dim;
    for (size_t i = 0; i < r->feature_count + r->classes; i++) {
        const int is_weight = i >= r->feature_count;
        const size_t j = i - r->feature_count;
        const float *const at = is_weight ? r->weights + dim * j : r->features + dim * i;
        table_row(b->out, "gggdd", (double)at[0], (double)at[1], dim > 2 ? (double)at[2] : 0.0,
                  (int)(is_weight ? (int64_t)j : r->feature_classes[i]), is_weight);
    }
}

/* The arcs of a part's samples as they follow one another round the circle, in degrees: where each
 * begins and ends, and where the next one begins; before the end, they overlap. */
static void arcs_of(book *b, const char *part, const arc *arcs, size_t count)
{
    size_t *const order = zeroed(count, sizeof *order);
    size_t filled = 0;
    for (size_t j = 0; j < count; j++) {
        size_t at = filled;
        if (isnan(arcs[j].low)) continue;
        for (; at > 0 && arcs[order[at - 1]].centre > arcs[j].centre; at--)
            order[at] = order[at - 1];
        order[at] = j;
        filled++;
    }
    for (size_t i = 0; i < filled; i++) {
        const arc *const a = &arcs[order[i]], *const next = &arcs[order[(i + 1) % filled]];
        const double turn = i + 1 < filled ? 0.0 : 360.0;
        table_row(b->out, "sdggg", part, (int)order[i], degrees(a->centre + a->low),
                  degrees(a->centre + a->high), degrees(next->centre + next->low) + turn);
    }
    free(order);
}

/* The length that all samples have but the longest hundredth; 0: no features were kept. */
static double extent(const group *g, const run_result *r)
{
    const size_t dim = g->plan->dim;
    if (r->feature_count == 0) return 0.0;
    double *const lengths = zeroed(r->feature_count, sizeof *lengths);
    for (size_t i = 0; i < r->feature_count * dim; i++)
        lengths[i / dim] = hypot(lengths[i / dim], (double)r->features[i]);
    sort_doubles(lengths, r->feature_count);
    const double found = lengths[(size_t)(0.99 * (double)(r->feature_count - 1))];
    free(lengths);
    return found;
}

static void panel(book *b, const group *g, size_t seed)
{
    static const char *const quantities[] = {"train_gap", "gap",   "accuracy",
                                             "intra",     "inter", NULL};
    const margin_config *const loss = &g->plan->aim.loss;
    const run_result *const r = group_result(g, seed);
    table_cells(b->out, "gggggg", extent(g, r), loss->scale, loss->m1, loss->m2, loss->m3,
                r->test.accuracy);
    cells(b, g, 1, quantities);
    table_row(b->out, "zzs", seed + 1, g->count, g->plan->data->name);
}

/* The tables of a picture, raw: of a figure, or of the toy's figure for some data. */
static void picture(book *b, const char *figure_name, const char *data, const char *name)
{
    static const char *const ends[] = {"", "_panels", "_arcs"};
    static const char *const columns[] = {
        "#series loss x y z class is_weight",
        ("#series loss radius scale m1 m2 m3 test_accuracy train_gap* gap* accuracy* intra* inter* "
         "seed seeds data"),
        "#series loss part class begin end next"};
    for (size_t part = 0; part < sizeof ends / sizeof *ends; part++) {
        char table[512];
        snprintf(table, sizeof table, "%s%s", name, ends[part]);
        table_begin(b->out, table, columns[part]);
        EACH_GROUP(b, g,
                   data != NULL ? is_panel_on(g, data)
                                : in_figure(g, figure_name) && g->plan->features > 0)
        {
            const size_t seed = groups_typical(b->all, g);
            const run_result *const r = group_result(g, seed);
            series(b, g);
            if (part == 0) points(b, g, r);
            if (part == 1) panel(b, g, seed);
            if (part == 2 && data != NULL) {
                arcs_of(b, "train", r->train_arcs, r->classes);
                arcs_of(b, "test", r->arcs, r->classes);
            }
        }
        table_end(b->out);
    }
}

/* The pictures of each data's toys, and what is measured in the plane. */
static void toys(book *b)
{
    static const char *const quantities[] = {"gap", "intra", "inter", "w_ec", "accuracy", NULL};
    EACH_GROUP(b, first, is_first_toy(b, first))
    {
        char name[256];
        snprintf(name, sizeof name, "toy_features_%s", first->plan->data->name);
        picture(b, NULL, first->plan->data->name, name);
    }
    table_begin(b->out, "toys", "loss settings data gap* intra* inter* w_ec* accuracy*");
    EACH_GROUP(b, first, is_first_toy(b, first))
    {
        EACH_GROUP(b, g, is_toy_on(g, first->plan->data->name))
        {
            settings text;
            table_cells(b->out, "sss", g->loss, name_settings(g, text), g->plan->data->name);
            cells(b, g, 0, quantities);
            table_row(b->out, "");
        }
    }
    table_end(b->out);
}

/* ---- distributions of angles --------------------------------------------------------------- */

/* Per cent of the angles in a bin, the mean over the group's runs. */
static double share_in(const group *g, size_t offset, size_t bin)
{
    double sum = 0, runs = 0;
    for (size_t k = 0; k < g->count; k++) {
        const char *const result = (const char *)group_result(g, k);
        const angle_summary *const angles = (const void *)(result + offset);
        double all = 0;
        for (size_t i = 0; i < ANGLE_BINS; i++)
            all += angles->bins[i];
        sum += all > 0 ? 100 * angles->bins[bin] / all : 0;
        runs += all > 0;
    }
    return sum / runs;
}

/* The angle_summaries that lie `offsets` bytes into the results. */
static void angles(book *b, const char *figure_name, const char *name, const char *columns,
                   const size_t *offsets, size_t count)
{
    table_begin(b->out, name, columns);
    EACH_GROUP(b, g, in_figure(g, figure_name))
    {
        for (size_t bin = 0; bin < ANGLE_BINS; bin++) {
            series(b, g);
            table_cells(b->out, "g", (double)bin + 0.5);
            for (size_t k = 0; k < count; k++)
                table_cells(b->out, "g", share_in(g, offsets[k], bin));
            table_row(b->out, "");
        }
    }
    table_end(b->out);
}

/* ---- figures of numbers -------------------------------------------------------------------- */

/* A series for each loss, along the number of classes. */
static void constancy(book *b, const group *g)
{
    settings text;
    name_settings(g, text);
    table_series(b->out, g->loss, "%.*s", (int)strcspn(text, ","), text);
    table_cells(b->out, "g", 360.0 / (double)g->result->classes);
}

/* With help and at once. */
static void annealing(book *b, const group *g)
{
    settings text;
    name_settings(g, text);
    char *const once = strstr(text, " at once");
    if (once != NULL) *once = '\0';
    table_series(b->out, "dim", "%zu", g->plan->dim);
    table_cells(b->out, "ssd", text, g->loss, once != NULL);
}

static void table3(book *b, const group *g)
{
    const extra_terms *const extra = &g->plan->aim.extra;
    table_cells(b->out, "s", extra->intra > 0 ? "intra" : extra->inter > 0 ? "inter" : g->loss);
}

/* A figure's table with a row for each group: the row's first cells, then quantities. */
typedef struct number_table {
    const char *name, *columns;
    void (*begin_row)(book *b, const group *g);
    const char *quantities[7];
} number_table;

static const number_table number_tables[] = {
    {"constancy", "#series loss apart_deg gap*", constancy, {"train_gap"}},
    {"annealing",
     "#series kind settings loss at_once accuracy* inter* tar*",
     annealing,
     {"train_accuracy", "train_inter", "tar_1e3"}},
    {"table3",
     "#column w_ec* w_inter* intra1* inter1* intra2* inter2*",
     table3,
     {"train_w_ec", "train_w_inter", "train_intra", "train_inter", "unseen_intra", "unseen_inter"}},
};

static void write_numbers(book *b, const number_table *t)
{
    table_begin(b->out, t->name, t->columns);
    EACH_GROUP(b, g, in_figure(g, t->name))
    {
        t->begin_row(b, g);
        cells(b, g, 1, t->quantities);
        table_row(b->out, "");
    }
    table_end(b->out);
}

/* ---- the sweep ----------------------------------------------------------------------------- */

static int is_same(double a, double b)
{
    return !(a < b) && !(a > b);
}

/* 1 if there are groups like this, the margin included, with another scale. */
static int has_scales(const book *b, const group *like)
{
    EACH_GROUP(b, g, in_figure(g, "sweep") && g->plan->dim == like->plan->dim)
    {
        if (g->loss == like->loss &&
            !is_same(g->plan->aim.loss.scale, like->plan->aim.loss.scale) &&
            is_same(run_plan_margin(g->plan), run_plan_margin(like->plan)))
            return 1;
    }
    return 0;
}

/* Against the margin at the default scale, and against the scale at the default margin. */
static void sweep(book *b)
{
    table_begin(b->out, "sweep", "#series loss value gap_or_tar* intra* inter* train_accuracy*");
    for (int scale = 0; scale < 2; scale++) {
        EACH_GROUP(b, g, in_figure(g, "sweep"))
        {
            const double margin = run_plan_margin(g->plan);
            const char *const quantities[] = {g->plan->dim == 2 ? "train_gap" : "tar_1e3", "intra",
                                              "inter", "train_accuracy", NULL};
            if (scale ? has_scales(b, g) : is_same(g->plan->aim.loss.scale, 64) && !isnan(margin)) {
                table_series(b->out, g->loss, "%zu %s", g->plan->dim, scale ? "scale" : "margin");
                table_cells(b->out, "g", scale ? g->plan->aim.loss.scale : margin);
                cells(b, g, 1, quantities);
                table_row(b->out, "");
            }
        }
    }
    table_end(b->out);
}

/* ---- all ----------------------------------------------------------------------------------- */

void tables_of_runs(tables *out, const group_list *groups, const claim_list *claims)
{
    static const size_t snapshots[] = {offsetof(run_result, snapshots[0].theta),
                                       offsetof(run_result, snapshots[1].theta),
                                       offsetof(run_result, snapshots[2].theta)};
    static const size_t both[] = {offsetof(run_result, test.theta),
                                  offsetof(run_result, test.other)};
    book b = {out, groups, zeroed(groups->count, sizeof *b.groups), groups->count};
    if (b.count > 0) memcpy(b.groups, groups->groups, b.count * sizeof *b.groups);
    qsort(b.groups, b.count, sizeof *b.groups, compare_groups);
    table_of_losses(out);
    toys(&b);
    picture(&b, "cosface-fig4", NULL, "cosface_fig4");
    picture(&b, "sphereface-fig5", NULL, "sphereface_fig5");
    picture(&b, "amsoftmax-sphere", NULL, "amsoftmax_sphere");
    angles(&b, "sphereface-fig5", "sphereface_fig5_angles", "#series loss deg own other", both, 2);
    angles(&b, "arcface-fig4a", "target_angles", "#series loss deg start middle end", snapshots, 3);
    for (size_t i = 0; i < sizeof number_tables / sizeof *number_tables; i++)
        write_numbers(&b, &number_tables[i]);
    sweep(&b);
    geometry_table(out, groups);
    noise_tables(out, groups);
    table_of_gaps(out, groups);
    table_of_settings(out, groups);
    table_of_claims(out, claims);
    free(b.groups);
}
