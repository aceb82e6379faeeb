/* tables_gaps.c: gaps over the share of samples that an arc holds, and the tables of the toy under
 * other settings and of claims (see report.h). Must not know how a run works or how a figure looks.
 */
#include "report.h"

#include <math.h>
#include <stdlib.h>

#include "degrees.h"
#include "figures.h"
#include "json_out.h"
#include "memory.h"

static void put_interval(tables *out, const char *kinds, interval v)
{
    const int closed = *kinds == 'g'; /* of one seed the mean thrice, for figures */
    table_cells(out, kinds, v.mean, closed && isnan(v.low) ? v.mean : v.low,
                closed && isnan(v.high) ? v.mean : v.high);
}

/* ---- gaps over the share of samples that an arc holds --------------------------------------- */

/* Of share number k, over the group's seeds. */
static interval gap_at(const group *g, int train, int least, size_t k)
{
    double *const values = zeroed(g->count, sizeof *values);
    for (size_t i = 0; i < g->count; i++) {
        const run_result *const r = group_result(g, i);
        const separation_stats *const s = train ? &r->train : &r->test;
        values[i] = degrees(least ? s->gap_min_of[k] : s->gap_median_of[k]);
    }
    const interval found = interval_of(values, g->count);
    free(values);
    return found;
}

/* The toy as it is drawn: of each loss the first with features. */
static int is_drawn(const group_list *groups, const group *g)
{
    int first = plan_in_figure(g->plan, "arcface-fig3") && g->plan->features > 0;
    for (const group *before = groups->groups; before < g && first; before++)
        first = before->loss != g->loss || !plan_in_figure(before->plan, "arcface-fig3") ||
                before->plan->features == 0;
    return first;
}

typedef struct gap_row {
    const group *of;
    const char *split;
    size_t share; /* per cent */
    interval median, least;
} gap_row;

/* Calls `row` for each loss of the toy, split and share. */
static void each_gap(const group_list *groups, void (*row)(void *to, const gap_row *r), void *to)
{
    for (int train = 0; train < 2; train++)
        for (const group *g = groups->groups; g < groups->groups + groups->count; g++)
            for (size_t k = 0; is_drawn(groups, g) && k < ARC_SHARES; k++)
                row(to, &(gap_row){g, train ? "train" : "test", ARC_LEAST + k,
                                   gap_at(g, train, 0, k), gap_at(g, train, 1, k)});
}

static void put_gap(void *to, const gap_row *r)
{
    table_series(to, r->of->loss, "%s", r->split);
    table_cells(to, "z", r->share);
    put_interval(to, "ggg", r->median);
    put_interval(to, "ggg", r->least);
    table_row(to, "");
}

static void add_gap(void *to, const gap_row *r)
{
    json_array_append_new(
        to, json_row("label split share_percent median_deg median_low median_high least_deg "
                     "least_low least_high",
                     "sszgggggg", r->of->label, r->split, r->share, r->median.mean, r->median.low,
                     r->median.high, r->least.mean, r->least.low, r->least.high));
}

void table_of_gaps(tables *out, const group_list *groups)
{
    table_begin(out, "gap_share", "#series loss share median* least*");
    each_gap(groups, put_gap, out);
    table_end(out);
}

json_t *report_gaps(const group_list *groups)
{
    json_t *const list = json_array();
    each_gap(groups, add_gap, list);
    return json_columns(list);
}

/* ---- the toy under other settings ----------------------------------------------------------- */

static void put_setting(tables *out, const group *g, size_t setting, int train)
{
    static const char *const quantities[2][4] = {
        {"gap", "gap_min", "overlap", "accuracy"},
        {"train_gap", "train_gap_min", "train_overlap", "train_accuracy"}};
    table_cells(out, "sszs", train ? "train" : "test", g->loss, setting + 1,
                sensitivity_name(setting));
    for (size_t i = 0; i < 4; i++)
        put_interval(out, "ggg", group_interval(g, quantity_find(quantities[train][i])));
    table_row(out, "");
}

/* Losses in their order: some trainings of the first setting stand among other figures'. */
void table_of_settings(tables *out, const group_list *groups)
{
    table_begin(out, "sensitivity", "#split loss number setting gap* least* overlap* accuracy*");
    for (int train = 0; train < 2; train++)
        for (size_t k = 0; k < sensitivity_count(); k++)
            for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++)
                for (const group *g = groups->groups; g < groups->groups + groups->count; g++)
                    if (sensitivity_has(g->plan, k) && (int)g->plan->aim.loss.loss == loss)
                        put_setting(out, g, k, train);
    table_end(out);
}

/* ---- claims --------------------------------------------------------------------------------- */

static void put_judgement(tables *out, const judgement *j)
{
    if (j->values == NULL) {
        table_cells(out, "sooosoos", NULL, NAN, NAN, NAN, NULL, NAN, NAN, NULL);
        return;
    }
    table_cells(out, "s", j->split);
    put_interval(out, "ooo", j->found);
    table_cells(out, "soos", verdict_name(j->verdict), j->p, j->p_holm,
                verdict_name(j->by_interval));
}

void table_of_claims(tables *out, const claim_list *claims)
{
    table_begin(out, "claims",
                "claim where measured unit paper seeds split mean low high verdict p p_holm "
                "uncorrected other_split other other_low other_high other_verdict other_p "
                "other_p_holm other_uncorrected least_gap* changes");
    for (const claim_result *r = claims->results; r < claims->results + claims->count; r++) {
        table_cells(out, "ssssoz", r->claim, r->where, r->measured, r->unit, r->paper,
                    r->here.found.count);
        put_judgement(out, &r->here);
        put_judgement(out, &r->other);
        put_interval(out, "ooo",
                     r->least_gap.count > 0 ? r->least_gap : (interval){0, NAN, NAN, NAN, NAN});
        table_row(out, "s", *r->changes != '\0' ? r->changes : NULL);
    }
    table_end(out);
}
