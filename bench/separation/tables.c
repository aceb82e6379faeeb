/* tables.c: the tables of figures with trainings, and of the report (see tables.h). Must not know
 * how a run works or how a figure looks. */
#include "tables.h"

#include <math.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "figures.h"
#include "options.h"
#include "quantile.h"
#include "report.h"

/* Runs that differ in the seed only, by the first, which alone has features. */
typedef struct group {
    size_t leader;
    const run_plan *plan;
    const run_result *result;
    const char *loss; /* "triplet", too */
    char label[RUN_LABEL];
    char settings[2 * RUN_LABEL]; /* the label without the loss: "m = 0.5, s = 64", or "-" */
} group;

typedef struct book {
    tables out;
    const plan_list *plans;
    size_t *leaders; /* of each run its group's */
    group *groups;   /* by dimension, loss, margins, classes, scale, label */
    size_t count;
} book;

/* ---- groups --------------------------------------------------------------------------------- */

static void name_settings(group *g)
{
    const char *from = g->label + strcspn(g->label, " ");
    char *to = g->settings;
    for (from += strspn(from, " "); *from != '\0'; from++) {
        const int divides = strncmp(from, " s=", 3) == 0 || strncmp(from, " lambda=", 8) == 0;
        to = stpcpy(to, divides ? ", " : *from == '=' ? " = " : (char[]){*from, '\0'});
    }
    strcpy(to, to == g->settings ? "-" : "");
}

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
    return order != 0 ? order : x->leader < y->leader ? -1 : 1;
}

static void gather(book *b)
{
    b->leaders = report_leaders(b->plans);
    b->groups = calloc(b->plans->count + 1, sizeof *b->groups);
    if (b->groups == NULL) die(SEPARATION_PROGRAM, "out of memory");
    for (size_t i = 0; i < b->plans->count; i++) {
        const run_plan *const plan = &b->plans->plans[i];
        group *const g = &b->groups[b->count];
        if (b->leaders[i] == i) {
            *g = (group){.leader = i, .plan = plan, .result = &b->plans->results[i]};
            g->loss =
                plan->aim.triplet > 0.0 ? "triplet" : margin_loss_get(plan->aim.loss.loss)->name;
            run_plan_label(plan, g->label);
            name_settings(g);
            b->count++;
        }
    }
    qsort(b->groups, b->count, sizeof *b->groups, compare_groups);
}

#define EACH_GROUP(b, g, condition)                                                                \
    for (const group *g = (b)->groups; g < (b)->groups + (b)->count; g++)                          \
        if (condition)

static int in_figure(const group *g, const char *name)
{
    size_t bit;
    return figure_find(name, &bit) && (g->plan->figures >> bit & 1) != 0;
}

/* The values of a quantity in the group's runs, sorted; the caller frees them. */
static double *values_of(const book *b, const group *g, const char *name, size_t *count)
{
    double *const values = calloc(b->plans->count, sizeof *values);
    *count = 0;
    for (size_t i = g->leader; i < b->plans->count && values != NULL; i++)
        if (b->leaders[i] == g->leader)
            values[(*count)++] = quantity_find(name)->of(&b->plans->results[i]);
    if (values == NULL) die(SEPARATION_PROGRAM, "out of memory");
    sort_doubles(values, *count);
    return values;
}

/* The means and intervals of these quantities; of one seed the mean thrice where `closed`. */
static void cells(book *b, const group *g, int closed, const char *const *quantities)
{
    for (; *quantities != NULL; quantities++) {
        const interval v =
            report_interval(b->plans, b->leaders, g->leader, quantity_find(*quantities));
        const double low = closed && isnan(v.low) ? v.mean : v.low;
        const double high = closed && isnan(v.high) ? v.mean : v.high;
        table_cells(&b->out, closed ? "ggg" : "ooo", v.mean, low, high);
    }
}
#define CELLS(b, g, closed, ...) cells(b, g, closed, (const char *const[]){__VA_ARGS__, NULL})

/* ---- pictures: samples, class weights, panels --------------------------------------------------
 */

/* The toy's, those of a person's own in the plane included, whose features were kept. */
static int is_toy(const group *g)
{
    return g->plan->dim == 2 && g->result->feature_count > 0 &&
           (g->plan->figures == 0 || in_figure(g, "fig3") || in_figure(g, "fashion"));
}

/* 1 for the first toy of its data, or of its data and loss. */
static int is_first_toy(const book *b, const group *g, int of_loss)
{
    int first = is_toy(g);
    for (const group *before = b->groups; before < g && first; before++)
        first = !is_toy(before) || strcmp(before->plan->data->name, g->plan->data->name) != 0 ||
                (of_loss && before->loss != g->loss);
    return first;
}

static void point(book *b, const group *g, const float *at, int class, int is_weight)
{
    table_row(&b->out, "gggdd", (double)at[0], (double)at[1],
              g->plan->dim > 2 ? (double)at[2] : 0.0, class, is_weight);
}

/* The length that all samples have but the longest hundredth. */
static double extent(const group *g)
{
    const run_result *const r = g->result;
    const size_t dim = g->plan->dim;
    double *lengths = calloc(r->feature_count, sizeof *lengths);
    if (lengths == NULL) die(SEPARATION_PROGRAM, "out of memory");
    for (size_t i = 0; i < r->feature_count * dim; i++)
        lengths[i / dim] = hypot(lengths[i / dim], (double)r->features[i]);
    sort_doubles(lengths, r->feature_count);
    const double found = lengths[(size_t)(0.99 * (double)(r->feature_count - 1))];
    free(lengths);
    return found;
}

static void panel(book *b, const group *g)
{
    const margin_config *const loss = &g->plan->aim.loss;
    size_t count;
    double *const gaps = values_of(b, g, "gap", &count);
    table_cells(&b->out, "ggggggggg", extent(g), loss->scale, loss->m1, loss->m2, loss->m3,
                g->result->test.accuracy, quantile(gaps, count, 0.5), gaps[0], gaps[count - 1]);
    CELLS(b, g, 1, "gap", "accuracy", "intra", "inter");
    table_row(&b->out, "");
    free(gaps);
}

/* The tables of a figure of embeddings, raw; of the toy's figure for some data. */
static void picture(book *b, const char *figure_name, const char *data, const char *name)
{
    char table[512];
    for (int panels = 0; panels < 2; panels++) {
        snprintf(table, sizeof table, "%s%s%s", name, data != NULL ? data : "",
                 panels ? "_panels" : "");
        table_begin(&b->out, table,
                    panels ? "#series loss radius scale m1 m2 m3 test_accuracy median_gap "
                             "least_gap most_gap gap* accuracy* intra* inter*"
                           : "#series loss x y z class is_weight");
        EACH_GROUP(b, g,
                   data != NULL ? is_first_toy(b, g, 1) && strcmp(g->plan->data->name, data) == 0
                                : in_figure(g, figure_name) && g->result->feature_count > 0)
        {
            const run_result *const r = g->result;
            table_series(&b->out, g->loss, "%s", g->settings);
            if (panels) panel(b, g);
            for (size_t i = 0; i < r->feature_count && !panels; i++)
                point(b, g, r->features + g->plan->dim * i, (int)r->feature_classes[i], 0);
            for (size_t j = 0; j < r->classes && !panels; j++)
                point(b, g, r->weights + g->plan->dim * j, (int)j, 1);
        }
        table_end(&b->out);
    }
}

/* The toys with what is measured in the plane; and their figures. */
static void toys(book *b)
{
    EACH_GROUP(b, first, is_first_toy(b, first, 0))
    {
        picture(b, NULL, first->plan->data->name, "toy_features_");
    }
    table_begin(&b->out, "toys", "loss settings data gap* intra* inter* w_ec* accuracy*");
    EACH_GROUP(b, first, is_first_toy(b, first, 0))
    {
        const char *const data = first->plan->data->name;
        EACH_GROUP(b, g, is_toy(g) && strcmp(g->plan->data->name, data) == 0)
        {
            table_cells(&b->out, "sss", g->loss, g->settings, data);
            CELLS(b, g, 0, "gap", "intra", "inter", "w_ec", "accuracy");
            table_row(&b->out, "");
        }
    }
    table_end(&b->out);
}

/* ---- figures of numbers ------------------------------------------------------------------------
 */

/* Per cent of the angles in a bin, the mean over the group's runs. */
static double share_in(const book *b, const group *g, size_t offset, size_t bin)
{
    double sum = 0, runs = 0;
    for (size_t i = g->leader; i < b->plans->count; i++) {
        const char *const result = (const char *)&b->plans->results[i];
        const angle_summary *const angles = (const void *)(result + offset);
        double all = 0;
        for (size_t k = 0; k < ANGLE_BINS && b->leaders[i] == g->leader; k++)
            all += angles->bins[k];
        sum += all > 0 ? 100 * angles->bins[bin] / all : 0;
        runs += all > 0;
    }
    return sum / runs;
}

/* The angle_summaries that lie `offsets` bytes into the results. */
static void angles(book *b, const char *figure_name, const char *name, const char *columns,
                   const size_t *offsets, size_t count)
{
    table_begin(&b->out, name, columns);
    EACH_GROUP(b, g, in_figure(g, figure_name))
    {
        for (size_t bin = 0; bin < ANGLE_BINS; bin++) {
            table_series(&b->out, g->loss, "%s", g->settings);
            table_cells(&b->out, "g", (double)bin + 0.5);
            for (size_t k = 0; k < count; k++)
                table_cells(&b->out, "g", share_in(b, g, offsets[k], bin));
            table_row(&b->out, "");
        }
    }
    table_end(&b->out);
}

/* A series for each loss, along the number of classes. */
static void constancy(book *b)
{
    table_begin(&b->out, "constancy", "#series loss apart_deg gap*");
    EACH_GROUP(b, g, in_figure(g, "constancy"))
    {
        table_series(&b->out, g->loss, "%.*s", (int)strcspn(g->settings, ","), g->settings);
        table_cells(&b->out, "g", 360.0 / (double)g->result->classes);
        CELLS(b, g, 1, "train_gap");
        table_row(&b->out, "");
    }
    table_end(&b->out);
}

/* With help and at once. */
static void annealing(book *b)
{
    table_begin(&b->out, "annealing", "#series kind settings loss at_once accuracy* inter* tar*");
    EACH_GROUP(b, g, in_figure(g, "annealing"))
    {
        char settings[2 * RUN_LABEL];
        strcpy(settings, g->settings);
        char *const once = strstr(settings, " at once");
        if (once != NULL) *once = '\0';
        table_series(&b->out, "dim", "%zu", g->plan->dim);
        table_cells(&b->out, "ssd", settings, g->loss, once != NULL);
        CELLS(b, g, 1, "train_accuracy", "train_inter", "tar_1e3");
        table_row(&b->out, "");
    }
    table_end(&b->out);
}

static void table3(book *b)
{
    table_begin(&b->out, "table3", "#column w_ec* w_inter* intra1* inter1* intra2* inter2*");
    EACH_GROUP(b, g, in_figure(g, "table3"))
    {
        const char *const name = g->plan->aim.extra.intra > 0   ? "intra"
                                 : g->plan->aim.extra.inter > 0 ? "inter"
                                                                : g->loss;
        table_cells(&b->out, "s", name);
        CELLS(b, g, 1, "train_w_ec", "train_w_inter", "train_intra", "train_inter", "unseen_intra",
              "unseen_inter");
        table_row(&b->out, "");
    }
    table_end(&b->out);
}

static double margin_of(const group *g)
{
    const margin_config *const loss = &g->plan->aim.loss;
    const double margins[] = {0, loss->m1, loss->m2, loss->m3, 0};
    return margins[margin_loss_get(loss->loss)->margin_index];
}

static int is_scale(const group *g, double scale)
{
    return !(g->plan->aim.loss.scale < scale) && !(g->plan->aim.loss.scale > scale);
}

/* 1 if there are groups like this, the margin included, with another scale. */
static int has_scales(const book *b, const group *like)
{
    const double margin = margin_of(like);
    EACH_GROUP(b, g, in_figure(g, "sweep") && !is_scale(g, like->plan->aim.loss.scale))
    {
        if (g->plan->dim == like->plan->dim && g->loss == like->loss && !(margin_of(g) < margin) &&
            !(margin_of(g) > margin))
            return 1;
    }
    return 0;
}

/* Against the margin at the default scale, and against the scale at the default margin. */
static void sweep(book *b)
{
    table_begin(&b->out, "sweep", "#series loss value gap_or_tar* intra* inter* train_accuracy*");
    for (int scale = 0; scale < 2; scale++) {
        EACH_GROUP(b, g, in_figure(g, "sweep"))
        {
            const int index = margin_loss_get(g->plan->aim.loss.loss)->margin_index;
            if (scale ? has_scales(b, g) : is_scale(g, 64) && index >= 1 && index <= 3) {
                table_series(&b->out, g->loss, "%zu %s", g->plan->dim, scale ? "scale" : "margin");
                table_cells(&b->out, "g", scale ? g->plan->aim.loss.scale : margin_of(g));
                CELLS(b, g, 1, g->plan->dim == 2 ? "train_gap" : "tar_1e3", "intra", "inter",
                      "train_accuracy");
                table_row(&b->out, "");
            }
        }
    }
    table_end(&b->out);
}

/* ---- all --------------------------------------------------------------------------------------
 */

static void claim_row(void *user, const claim_result *r)
{
    table_row(user, "ssssoooozs", r->claim, r->where, r->measured, r->unit, r->paper, r->found.mean,
              r->found.low, r->found.high, r->found.count, verdict_name(r->verdict));
}

void tables_write(const char *results, const plan_list *plans, const json_t *figures)
{
    static const size_t snapshots[] = {offsetof(run_result, snapshots[0].theta),
                                       offsetof(run_result, snapshots[1].theta),
                                       offsetof(run_result, snapshots[2].theta)};
    static const size_t both[] = {offsetof(run_result, test.theta),
                                  offsetof(run_result, test.other)};
    book b = {.plans = plans};
    gather(&b);
    tables_open(&b.out, results);
    table_of_losses(&b.out);
    toys(&b);
    picture(&b, "cosface-fig4", NULL, "cosface_fig4");
    picture(&b, "sphereface-fig5", NULL, "sphereface_fig5");
    picture(&b, "amsoftmax-sphere", NULL, "amsoftmax_sphere");
    angles(&b, "sphereface-fig5", "sphereface_fig5_angles", "#series loss deg own other", both, 2);
    angles(&b, "fig4a", "target_angles", "#series loss deg start middle end", snapshots, 3);
    constancy(&b);
    annealing(&b);
    table3(&b);
    sweep(&b);
    table_begin(&b.out, "claims", "claim where measured unit paper mean low high seeds verdict");
    claims_judge(plans, claim_row, &b.out);
    table_end(&b.out);
    tables_of_curves(&b.out, figures);
    free(b.leaders);
    free(b.groups);
    if (*b.out.fault != '\0') die(SEPARATION_PROGRAM, "%s", b.out.fault);
}
