/* report.c: finished runs as JSON, and as lines for people (see report.h). Must not know how a run
 * works. */
#include "report.h"

#include <math.h>
#include <string.h>

#include "degrees.h"
#include "figures.h"
#include "json_out.h"
#include "memory.h"
#include "groups.h"

static json_t *summary_object(const angle_summary *a)
{
    return json_row("mean p05 p50 p95", "aaaa", a->mean, a->p05, a->p50, a->p95);
}

/* Over the shares that an arc holds; null outside the plane. */
static json_t *gaps_array(const double *radians)
{
    double gaps[ARC_SHARES];
    for (size_t k = 0; k < ARC_SHARES; k++)
        gaps[k] = degrees(radians[k]);
    return isnan(gaps[0]) ? json_null() : json_numbers(gaps, ARC_SHARES);
}

static json_t *stats_object(const separation_stats *s)
{
    return json_row("w_ec_deg w_inter_deg intra_deg inter_deg gap_min_deg gap_median_deg "
                    "overlap_share fisher theta_deg other_deg gap_min_by_share_deg "
                    "gap_median_by_share_deg",
                    "aaaaaaggoooo", s->w_ec, s->w_inter, s->intra, s->inter, s->gap_min,
                    s->gap_median, s->overlap_share, s->fisher, summary_object(&s->theta),
                    summary_object(&s->other), gaps_array(s->gap_min_of),
                    gaps_array(s->gap_median_of));
}

static json_t *bins_array(const angle_summary *angles)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < ANGLE_BINS; i++)
        json_array_append_new(list, json_integer((json_int_t)angles->bins[i]));
    return list;
}

/* ---- embeddings and arcs ------------------------------------------------------------------- */

/* [count, dim] in float, or in double; at most three coordinates. */
static json_t *points_of(const float *floats, const double *doubles, size_t count, size_t dim)
{
    json_t *const points = json_array();
    for (size_t i = 0; i < count; i++) {
        double at[3];
        for (size_t k = 0; k < dim; k++)
            at[k] = floats != NULL ? (double)floats[i * dim + k] : doubles[i * dim + k];
        json_array_append_new(points, json_numbers(at, dim));
    }
    return points;
}

static json_t *feature_columns(const run_result *result, size_t dim, size_t count)
{
    static const char *const axes[] = {"x", "y", "z"};
    json_t *const points = json_array();
    for (size_t i = 0; i < count; i++) {
        json_t *const point = json_row("class", "z", (size_t)result->feature_classes[i]);
        for (size_t k = 0; k < dim; k++)
            json_put(point, axes[k], "g", (double)result->features[i * dim + k]);
        json_array_append_new(points, point);
    }
    return json_columns(points);
}

static json_t *arc_columns(const run_result *result)
{
    json_t *const list = json_array();
    for (size_t j = 0; j < result->classes; j++) {
        const arc *const a = &result->arcs[j];
        json_array_append_new(list, json_row("class centre_deg low_deg high_deg", "zaaa", j,
                                             a->centre, a->low, a->high));
    }
    return json_columns(list);
}

static json_t *snapshot_objects(const run_result *result)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < RUN_SNAPSHOTS; i++) {
        const run_snapshot *const s = &result->snapshots[i];
        json_array_append_new(list, json_row("epoch theta_deg bins", "zoo", s->epoch,
                                             summary_object(&s->theta), bins_array(&s->theta)));
    }
    return list;
}

/* ---- settings ------------------------------------------------------------------------------ */

/* The triplet loss has the margin only. */
static void put_loss(json_t *object, const group *g, const run_plan *plan)
{
    const margin_config *const loss = &plan->aim.loss;
    const int triplet = plan->aim.triplet > 0.0;
    json_put(object, "loss scale m1 m2 m3 intra_weight inter_weight sample_rate", "sggggggg",
             g->loss, triplet ? NAN : loss->scale, triplet ? 1.0 : loss->m1,
             triplet ? plan->aim.triplet : loss->m2, triplet ? 0.0 : loss->m3,
             plan->aim.extra.intra, plan->aim.extra.inter,
             plan->aim.sample_rate > 0.0 ? plan->aim.sample_rate : 1.0);
    if (margin_loss_get(loss->loss)->has_lambda)
        json_put(object, "lambda_first lambda_last lambda_share lambda_power", "gggg",
                 plan->how.lambda_base, plan->how.lambda_least, plan->how.anneal,
                 plan->how.lambda_power);
}

/* ---- runs ---------------------------------------------------------------------------------- */

/* What only some runs have; the features of one seed, the `typical`. */
static void put_pictures(json_t *object, const run_plan *plan, const run_result *r, int typical)
{
    if (r->strangers.count > 0 && !plan->brief)
        json_put(object, "unseen_stats snapshots", "oo", stats_object(&r->unseen),
                 snapshot_objects(r));
    report_strangers(object, r);
    if (r->moment_count > 0) json_put(object, "geometry", "o", geometry_columns(r));
    if (plan->dim == 2) json_put(object, "arcs", "o", arc_columns(r));
    if (plan->dim == 3)
        json_put(object, "theta_bins other_bins", "oo", bins_array(&r->test.theta),
                 bins_array(&r->test.other));
    if (plan->dim <= 3)
        json_put(object, "centres embedding_centres features", "ooo",
                 points_of(r->weights, NULL, r->classes, plan->dim),
                 points_of(NULL, r->centres, r->classes, plan->dim),
                 feature_columns(r, plan->dim, typical ? r->feature_count : 0));
}

static void put_recipe(json_t *object, const recipe *how, size_t dim)
{
    json_put(object,
             "recipe hidden weight_length start epochs batch schedule rate momentum weight_decay "
             "gradient_clip warmup_share scale_first",
             "sogszzsgggggg", how->name,
             json_pack("[I, I]", (json_int_t)how->hidden[0], (json_int_t)how->hidden[1]),
             how->weight_length, dim == 2 ? start_title(how->start) : "random", how->epochs,
             how->batch, "cosine", how->rate, how->momentum, how->decay, how->clip, how->warmup,
             how->scale_first);
}

/* The names of figures by their bits. */
static json_t *figure_names(uint32_t figures)
{
    json_t *const names = json_array();
    for (size_t k = 0; k < figure_count(); k++)
        if ((figures >> k & 1) != 0) json_array_append_new(names, json_string(figure_get(k)->name));
    return names;
}

static json_t *run_object(const group *g, size_t k, int typical)
{
    const run_plan *const plan = &g->plans->plans[g->runs[k]];
    const run_result *const r = group_result(g, k);
    const sphere_config *const s = &plan->sphere;
    json_t *const object = json_row("data label", "ss", plan->data->name, g->label);
    put_loss(object, g, plan);
    json_put(object, "seed", "z", (size_t)plan->seed);
    json_put(object, "dim classes train_count test_count unseen_count", "zzzzz", plan->dim,
             r->classes, r->train_count, r->test_count, r->strangers.count);
    if (plan->data->images == NULL)
        json_put(
            object,
            "concentration bend map latent_dim input_dim imbalance flipped_share outlier_share",
            "ggzzzggg", s->concentration, s->bend, (size_t)s->map, s->latent_dim, s->input_dim,
            s->imbalance, s->flipped, s->outliers);
    put_recipe(object, &plan->how, plan->dim);
    json_put(object, "seconds final_loss train_accuracy test_accuracy stats train_stats", "ggggoo",
             r->seconds, r->final_loss, r->train.accuracy, r->test.accuracy, stats_object(&r->test),
             stats_object(&r->train));
    if (!isnan(r->test.thirds[0]))
        json_put(object, "test_accuracy_thirds", "o", json_numbers(r->test.thirds, 3));
    put_pictures(object, plan, r, typical);
    json_put(object, "figures", "o", figure_names(plan->figures));
    return object;
}

json_t *report_runs(const plan_list *plans, const group_list *groups)
{
    json_t *const runs = json_array();
    for (size_t i = 0; i < plans->count; i++)
        json_array_append_new(runs, json_null());
    for (size_t i = 0; i < groups->count; i++) {
        const group *const g = &groups->groups[i];
        const size_t typical = groups_typical(groups, g);
        for (size_t k = 0; k < g->count; k++)
            if (json_array_set_new(runs, g->runs[k], run_object(g, k, k == typical)) != 0)
                out_of_memory();
    }
    return runs;
}

/* ---- groups -------------------------------------------------------------------------------- */

/* Quantities that the group's runs have: [mean, low, high]. */
static json_t *values_object(const group *g)
{
    json_t *const object = json_object();
    for (const quantity *q = all_quantities; q->name != NULL; q++) {
        const interval found = group_interval(g, q);
        const double numbers[] = {found.mean, found.low, found.high};
        if (!isnan(found.mean)) json_object_set_new(object, q->name, json_numbers(numbers, 3));
    }
    return object;
}

/* The toy's setting, where it is one of the figure about them. */
static const char *setting_of(const group *g)
{
    for (size_t k = 0; k < sensitivity_count(); k++)
        if (sensitivity_has(g->plan, k)) return sensitivity_name(k);
    return NULL;
}

json_t *report_groups(const group_list *groups)
{
    json_t *const list = json_array();
    for (const group *g = groups->groups; g < groups->groups + groups->count; g++) {
        const int triplet = g->plan->aim.triplet > 0.0;
        json_array_append_new(
            list, json_row("figures data dim classes label loss scale margin setting values",
                           "oszzssggso", figure_names(g->plan->figures), g->plan->data->name,
                           g->plan->dim, g->result->classes, g->label, g->loss,
                           triplet ? NAN : g->plan->aim.loss.scale,
                           triplet ? g->plan->aim.triplet : run_plan_margin(g->plan), setting_of(g),
                           values_object(g)));
    }
    return list;
}

json_t *report_notes(void)
{
    static const char *const notes[] = {
        "stats, embedding_centres and features are of the test samples, which training never saw; "
        "train_stats of the training samples.",
        "Claims about gaps, overlaps and angles are judged on the test samples of seen identities. "
        "The papers draw training samples, which a network pulls together whatever the loss; they "
        "stand beside in other_split, with the verdict that they would give.",
        "A verdict is given where p_holm, Holm's correction over all claims of the run, is below "
        "0.05; uncorrected is what the 95 % interval alone would say.",
        "W-EC, W-Inter, Intra and Inter as in ArcFace's table of angle statistics; features are "
        "normalised before they are averaged into a centre, which the paper leaves open.",
        "The arc of a class holds the middle 98 % of its samples by angle from its centre; a gap "
        "is what lies between the arcs of two neighbours on the circle, negative where they "
        "overlap. Half of the pairs lie closer than the median gap: gap_min is the least. "
        "..._by_share: where an arc holds 90, 91, ..., 100 %.",
        "overlap_share: of samples inside another class's arc. Accuracy: of samples whose own "
        "class is strictly the nearest, by cosine, for softmax by logit.",
        "theta is the angle between a sample and its class's weight. final_loss is the mean of the "
        "last epoch's batches.",
        "Scale, margin, network and optimiser of the papers' two-dimensional figures are not "
        "published: those here were found by trial. features are "
        "kept of one seed, the median of all by the gap (in three dimensions, by Intra), taken "
        "over "
        "the losses.",
    };
    return figure_sentences(notes, sizeof notes / sizeof *notes);
}

/* ---- for people ---------------------------------------------------------------------------- */

/* A column of the table: its heading in two lines, a run's number in it, and how that is printed.
 */
typedef struct column {
    const char *above, *heading, *quantity;
    double factor;
    int digits;
} column;

static const column columns[] = {
    {"train", "acc %", "train_accuracy", 100.0, 2},
    {"test", "acc %", "accuracy", 100.0, 2},
    {"median", "gap", "gap", 1.0, 1},
    {"", "W-EC", "w_ec", 1.0, 2},
    {"", "W-Inter", "w_inter", 1.0, 2},
    {"", "Intra", "intra", 1.0, 2},
    {"", "Inter", "inter", 1.0, 2},
    {"TAR at", "1e-3", "tar_1e3", 1.0, 3},
};
enum { COLUMNS = sizeof columns / sizeof *columns };

/* 1 where no run before this one has its recipe. */
static int is_new_recipe(const plan_list *plans, size_t index)
{
    size_t i = 0;
    while (memcmp(&plans->plans[i].how, &plans->plans[index].how, sizeof(recipe)) != 0)
        i++;
    return i == index;
}

/* The number of a run's recipe among those of all runs, from 1. */
static size_t recipe_number(const plan_list *plans, const recipe *how)
{
    size_t number = 1;
    for (size_t i = 0; memcmp(&plans->plans[i].how, how, sizeof *how) != 0; i++)
        number += is_new_recipe(plans, i);
    return number;
}

/* Prints a run's line; returns 1 if one of its numbers does not exist. */
static int print_run(FILE *out, const plan_list *plans, size_t i)
{
    const run_plan *const plan = &plans->plans[i];
    const run_result *const result = &plans->results[i];
    char label[RUN_LABEL];
    int lacks = 0;
    run_plan_label(plan, label);
    fprintf(out, "%-9s %3zu %-32s %2zu %-5s %4llu", plan->data->name, plan->dim, label,
            recipe_number(plans, &plan->how), plan->how.name, (unsigned long long)plan->seed);
    for (size_t k = 0; k < COLUMNS; k++) {
        const double value = columns[k].factor * quantity_find(columns[k].quantity)->of(result);
        lacks += isnan(value);
        if (isnan(value)) {
            fprintf(out, " %7s", "-");
        } else {
            fprintf(out, " %7.*f", columns[k].digits, value);
        }
    }
    fprintf(out, " %7.1f\n", result->seconds);
    return lacks > 0;
}

/* What strangers' images alone tell, of the first seed's. */
static void print_raw(FILE *out, const plan_list *plans)
{
    for (size_t i = 0; i < plans->count; i++) {
        const run_result *const r = &plans->results[i];
        if (r->raw_strangers.count > 0 &&
            (i == 0 || plans->plans[i - 1].data != plans->plans[i].data))
            fprintf(out, "%s without a network, by the cosine of pixels: TAR at 1e-3 %.3f\n",
                    plans->plans[i].data->name, verification_at(&r->raw_strangers.pairs, 3)->tar);
    }
}

void report_table(FILE *out, const plan_list *plans)
{
    int lacking = 0;
    if (plans->count == 0) return;
    fprintf(out, "%-9s %3s %-32s %8s %4s", "", "", "", "", "");
    for (size_t k = 0; k < COLUMNS; k++)
        fprintf(out, " %7s", columns[k].above);
    fprintf(out, "\n%-9s %3s %-32s %8s %4s", "data", "dim", "loss", "recipe", "seed");
    for (size_t k = 0; k < COLUMNS; k++)
        fprintf(out, " %7s", columns[k].heading);
    fprintf(out, " seconds\n");
    for (size_t i = 0; i < plans->count; i++)
        lacking += print_run(out, plans, i);
    print_raw(out, plans);
    if (lacking > 0)
        fprintf(out, "-: gaps are of the plane, TAR of identities that training has not seen, and "
                     "triplets have no class weights.\n");
    for (size_t i = 0, number = 0; i < plans->count; i++) {
        if (!is_new_recipe(plans, i)) continue;
        fprintf(out, "%srecipe %zu, ", number == 0 ? "\n" : "", number + 1);
        recipe_print(out, &plans->plans[i].how);
        number++;
    }
}

void report_list(FILE *out, const unsigned char *losses, const loss_override *override)
{
    const size_t classes = 8;
    fprintf(out, "data: sphere, fashion, characters, or a folder of IDX files\n");
    fprintf(out,
            "recipes, by the names of the options: plane for two dimensions, space for more\n");
    for (size_t i = 0; i < RECIPE_COUNT; i++) {
        fprintf(out, "  ");
        recipe_print(out, &all_recipes[i]);
    }
    fprintf(out, "losses, with their settings for %zu classes:\n", classes);
    for (int i = 0; i < MARGIN_LOSS_COUNT; i++) {
        margin_config config;
        if (losses[i]) {
            const loss_row *const row = recipe_row((margin_loss)i);
            recipe_loss((margin_loss)i, classes, override, &config);
            fprintf(out, "  %-12s s=%g m1=%g m2=%g m3=%g  (%s)\n",
                    margin_loss_get((margin_loss)i)->name, config.scale, config.m1, config.m2,
                    config.m3, row != NULL ? row->reason : "the library's defaults");
        }
    }
}
