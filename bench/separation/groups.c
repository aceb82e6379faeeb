/* groups.c: runs that differ in the seed only (see groups.h). Must not know what a group is for. */
#include "groups.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "degrees.h"
#include "figures.h"
#include "memory.h"
#include "quantile.h"

int plan_in_figure(const run_plan *plan, const char *figure_name)
{
    size_t index;
    return figure_find(figure_name, &index) && (plan->figures >> index & 1) != 0;
}

/* ---- quantities ---------------------------------------------------------------------------- */

/* TAR of the unseen identities at FAR 10^-decade. */
static double tar(const stranger_result *of, int decade)
{
    return of->count > 0 ? verification_at(&of->pairs, decade)->tar : NAN;
}

static double eer_of(const stranger_result *of)
{
    return of->count > 0 ? of->pairs.all.eer : NAN;
}

static double auc_of(const stranger_result *of)
{
    return of->count > 0 ? of->pairs.all.auc : NAN;
}

static double rank_1_of(const stranger_result *of)
{
    return of->search.mated > 0 ? (double)of->search.found / (double)of->search.mated : NAN;
}

/* At FPIR 10^-decade. */
static double tpir(const stranger_result *of, int decade)
{
    return of->count > 0 ? of->points[decade - 1].tpir : NAN;
}

/* X(name, expression of the run r); the name is also that of the number. */
#define QUANTITIES(X)                                                                              \
    X(train_accuracy, r->train.accuracy)                                                           \
    X(train_gap, degrees(r->train.gap_median))                                                     \
    X(train_gap_min, degrees(r->train.gap_min))                                                    \
    X(train_w_ec, degrees(r->train.w_ec))                                                          \
    X(train_w_inter, degrees(r->train.w_inter))                                                    \
    X(train_intra, degrees(r->train.intra))                                                        \
    X(train_inter, degrees(r->train.inter))                                                        \
    X(train_theta, degrees(r->train.theta.mean))                                                   \
    X(train_overlap, r->train.overlap_share)                                                       \
    X(train_fisher, r->train.fisher)                                                               \
    X(accuracy, r->test.accuracy)                                                                  \
    X(accuracy_head, r->test.thirds[0])                                                            \
    X(accuracy_middle, r->test.thirds[1])                                                          \
    X(accuracy_tail, r->test.thirds[2])                                                            \
    X(gap, degrees(r->test.gap_median))                                                            \
    X(gap_min, degrees(r->test.gap_min))                                                           \
    X(w_ec, degrees(r->test.w_ec))                                                                 \
    X(w_inter, degrees(r->test.w_inter))                                                           \
    X(intra, degrees(r->test.intra))                                                               \
    X(inter, degrees(r->test.inter))                                                               \
    X(theta, degrees(r->test.theta.mean))                                                          \
    X(overlap, r->test.overlap_share)                                                              \
    X(fisher, r->test.fisher)                                                                      \
    X(unseen_intra, degrees(r->unseen.intra))                                                      \
    X(unseen_inter, degrees(r->unseen.inter))                                                      \
    X(unseen_fisher, r->unseen.fisher)                                                             \
    X(tar_1e1, tar(&r->strangers, 1))                                                              \
    X(tar_1e2, tar(&r->strangers, 2))                                                              \
    X(tar_1e3, tar(&r->strangers, 3))                                                              \
    X(tar_1e4, tar(&r->strangers, 4))                                                              \
    X(tar_1e5, tar(&r->strangers, 5))                                                              \
    X(eer, eer_of(&r->strangers))                                                                  \
    X(auc, auc_of(&r->strangers))                                                                  \
    X(rank_1, rank_1_of(&r->strangers))                                                            \
    X(tpir_1e1, tpir(&r->strangers, 1))                                                            \
    X(tpir_1e2, tpir(&r->strangers, 2))                                                            \
    X(validation_tar_1e2, tar(&r->validation, 2))                                                  \
    X(validation_tar_1e3, tar(&r->validation, 3))                                                  \
    X(validation_tar_1e4, tar(&r->validation, 4))                                                  \
    X(validation_eer, eer_of(&r->validation))                                                      \
    X(validation_auc, auc_of(&r->validation))                                                      \
    X(validation_rank_1, rank_1_of(&r->validation))                                                \
    X(validation_tpir_1e1, tpir(&r->validation, 1))                                                \
    X(validation_tpir_1e2, tpir(&r->validation, 2))                                                \
    X(raw_tar_1e3, tar(&r->raw_strangers, 3))                                                      \
    X(raw_auc, auc_of(&r->raw_strangers))

#define QUANTITY_FUNCTION(name, expression)                                                        \
    static double name(const run_result *r)                                                        \
    {                                                                                              \
        return expression;                                                                         \
    }
QUANTITIES(QUANTITY_FUNCTION)
#undef QUANTITY_FUNCTION

const quantity all_quantities[] = {
#define QUANTITY_ROW(name, expression) {#name, name},
    QUANTITIES(QUANTITY_ROW)
#undef QUANTITY_ROW
        {NULL, NULL}};

const quantity *quantity_find(const char *name)
{
    for (const quantity *q = all_quantities; q->name != NULL; q++)
        if (strcmp(q->name, name) == 0) return q;
    return NULL;
}

/* ---- groups -------------------------------------------------------------------------------- */

group_list groups_of(const plan_list *plans)
{
    group_list list = {.groups = zeroed(plans->count, sizeof *list.groups)};
    for (size_t i = 0; i < plans->count; i++) {
        char key[RUN_KEY];
        run_plan plan = plans->plans[i];
        plan.seed = 0;
        run_plan_key(&plan, key);
        group *g = list.groups; /* the one of this key, or the next free one */
        while (g < list.groups + list.count && strcmp(g->key, key) != 0)
            g++;
        if (g == list.groups + list.count) {
            *g = (group){.plans = plans, .plan = &plans->plans[i], .result = &plans->results[i]};
            g->runs = zeroed(plans->count - i, sizeof *g->runs);
            g->loss =
                plan.aim.triplet > 0.0 ? "triplet" : margin_loss_get(plan.aim.loss.loss)->name;
            run_plan_label(g->plan, g->label);
            strcpy(g->key, key);
            list.count++;
        }
        g->runs[g->count++] = i;
    }
    return list;
}

void groups_free(group_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        free(list->groups[i].runs);
    free(list->groups);
    *list = (group_list){0};
}

const run_result *group_result(const group *g, size_t k)
{
    return &g->plans->results[g->runs[k]];
}

double *group_values(const group *g, const quantity *wanted)
{
    double *const values = zeroed(g->count, sizeof *values);
    for (size_t k = 0; k < g->count; k++)
        values[k] = wanted->of(group_result(g, k));
    return values;
}

interval group_interval(const group *g, const quantity *wanted)
{
    double *const values = group_values(g, wanted);
    const interval found = interval_of(values, g->count);
    free(values);
    return found;
}

/* ---- the seed that stands for the others --------------------------------------------------- */

static int is_like(const group *g, const group *like)
{
    return g->plan->features > 0 && g->plan->data == like->plan->data &&
           g->plan->dim == like->plan->dim && g->count == like->count;
}

size_t groups_typical(const group_list *list, const group *like)
{
    double *const sums = zeroed(2 * like->count, sizeof *sums), *const sorted = sums + like->count;
    const quantity *const wanted = quantity_find(like->plan->dim == 2 ? "gap" : "intra");
    size_t k = 0, known = 0;
    for (const group *g = list->groups; g < list->groups + list->count; g++)
        for (size_t i = 0; i < like->count && is_like(g, like); i++)
            sums[i] += wanted->of(group_result(g, i));
    for (size_t i = 0; i < like->count; i++)
        if (!isnan(sums[i])) sorted[known++] = sums[i];
    sort_doubles(sorted, known);
    while (known > 0 && !(sums[k] >= sorted[(known - 1) / 2] && sums[k] <= sorted[(known - 1) / 2]))
        k++;
    free(sums);
    return k;
}
