/* report.c: finished runs as JSON (see report.h). Must not know how a run works. */
#include "report.h"

#include <math.h>

#include "figures.h"
#include "json_out.h"
#include "json_parts.h"
#include "memory.h"

static json_t *summary_object(const angle_summary *a)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "mean", json_degrees(a->mean), "p05",
                     json_degrees(a->p05), "p50", json_degrees(a->p50), "p95",
                     json_degrees(a->p95));
}

static json_t *stats_object(const separation_stats *s)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:o}", "w_ec_deg",
                     json_degrees(s->w_ec), "w_inter_deg", json_degrees(s->w_inter), "intra_deg",
                     json_degrees(s->intra), "inter_deg", json_degrees(s->inter), "gap_min_deg",
                     json_degrees(s->gap_min), "gap_median_deg", json_degrees(s->gap_median),
                     "overlap_share", json_number(s->overlap_share), "fisher",
                     json_number(s->fisher), "theta_deg", summary_object(&s->theta), "other_deg",
                     summary_object(&s->other));
}

static json_t *bins_array(const angle_summary *angles)
{
    json_t *const list = json_pack("[]");
    for (size_t i = 0; i < ANGLE_BINS; i++)
        json_array_append_new(list, json_integer((json_int_t)angles->bins[i]));
    return list;
}

/* ---- embeddings and arcs ------------------------------------------------------------------- */

/* A point of at most three coordinates: those of a sample or class weight, in float. */
static json_t *float_point(const float *at, size_t dim)
{
    double values[3];
    for (size_t k = 0; k < dim; k++)
        values[k] = (double)at[k];
    return json_numbers(values, dim);
}

static json_t *weight_points(const run_result *result, size_t dim)
{
    json_t *const points = json_pack("[]");
    for (size_t j = 0; j < result->classes; j++)
        json_array_append_new(points, float_point(result->weights + dim * j, dim));
    return points;
}

static json_t *centre_points(const run_result *result, size_t dim)
{
    json_t *const points = json_pack("[]");
    for (size_t j = 0; j < result->classes; j++)
        json_array_append_new(points, json_numbers(result->centres + dim * j, dim));
    return points;
}

static json_t *feature_columns(const run_result *result, size_t dim)
{
    static const char *const axes[] = {"x", "y", "z"};
    json_t *const points = json_pack("[]");
    for (size_t i = 0; i < result->feature_count; i++) {
        json_t *const point = json_pack("{s:I}", "class", (json_int_t)result->feature_classes[i]);
        for (size_t k = 0; k < dim; k++)
            json_object_set_new(point, axes[k], json_number((double)result->features[i * dim + k]));
        json_array_append_new(points, point);
    }
    return json_columns(points);
}

static json_t *arc_columns(const run_result *result)
{
    json_t *const list = json_pack("[]");
    for (size_t j = 0; j < result->classes; j++) {
        const arc *const a = &result->arcs[j];
        json_array_append_new(list,
                              json_pack("{s:I, s:o, s:o, s:o}", "class", (json_int_t)j,
                                        "centre_deg", json_degrees(a->centre), "low_deg",
                                        json_degrees(a->low), "high_deg", json_degrees(a->high)));
    }
    return json_columns(list);
}

/* ---- strangers ----------------------------------------------------------------------------- */

static json_t *verification_object(const verification *v)
{
    json_t *const points = json_pack("[]");
    for (size_t i = 0; i < VERIFICATION_POINTS; i++)
        json_array_append_new(
            points, json_pack("{s:o, s:o, s:o}", "limit", json_number(v->roc[i].limit), "far",
                              json_number(v->roc[i].far), "tar", json_number(v->roc[i].tar)));
    return json_pack("{s:I, s:I, s:o, s:o, s:o}", "genuine", (json_int_t)v->all.genuine, "impostor",
                     (json_int_t)v->all.impostor, "auc", json_number(v->all.auc), "eer",
                     json_number(v->all.eer), "roc", json_columns(points));
}

static json_t *snapshot_objects(const run_result *result)
{
    json_t *const list = json_pack("[]");
    for (size_t i = 0; i < RUN_SNAPSHOTS; i++) {
        const run_snapshot *const snapshot = &result->snapshots[i];
        json_array_append_new(list,
                              json_pack("{s:I, s:o, s:o}", "epoch", (json_int_t)snapshot->epoch,
                                        "theta_deg", summary_object(&snapshot->theta), "bins",
                                        bins_array(&snapshot->theta)));
    }
    return list;
}

/* ---- settings ------------------------------------------------------------------------------ */

/* The triplet loss has the margin only. */
static void put_loss(json_t *object, const group *g, const run_plan *plan)
{
    const margin_config *const loss = &plan->aim.loss;
    const int triplet = plan->aim.triplet > 0.0;
    json_object_set_new(object, "loss", json_string(g->loss));
    json_object_set_new(object, "scale", json_number(triplet ? NAN : loss->scale));
    json_object_set_new(object, "m1", json_number(triplet ? 1.0 : loss->m1));
    json_object_set_new(object, "m2", json_number(triplet ? plan->aim.triplet : loss->m2));
    json_object_set_new(object, "m3", json_number(triplet ? 0.0 : loss->m3));
    json_object_set_new(object, "intra_weight", json_number(plan->aim.extra.intra));
    json_object_set_new(object, "inter_weight", json_number(plan->aim.extra.inter));
    json_object_set_new(object, "sample_rate",
                        json_number(plan->aim.sample_rate > 0.0 ? plan->aim.sample_rate : 1.0));
    if (margin_loss_get(loss->loss)->has_lambda) {
        json_object_set_new(object, "lambda_first", json_number(plan->how.lambda_base));
        json_object_set_new(object, "lambda_last", json_number(plan->how.lambda_least));
        json_object_set_new(object, "lambda_share", json_number(plan->how.anneal));
    }
}

static void put_data(json_t *object, const run_plan *plan, const run_result *result)
{
    json_object_set_new(object, "dim", json_integer((json_int_t)plan->dim));
    json_object_set_new(object, "classes", json_integer((json_int_t)result->classes));
    json_object_set_new(object, "train_count", json_integer((json_int_t)result->train_count));
    json_object_set_new(object, "test_count", json_integer((json_int_t)result->test_count));
    json_object_set_new(object, "unseen_count", json_integer((json_int_t)result->unseen_count));
    if (plan->data->images == NULL) {
        json_object_set_new(object, "concentration", json_number(plan->sphere.concentration));
        json_object_set_new(object, "imbalance", json_number(plan->sphere.imbalance));
        json_object_set_new(object, "flipped_share", json_number(plan->sphere.flipped));
        json_object_set_new(object, "outlier_share", json_number(plan->sphere.outliers));
    }
}

static void put_training(json_t *object, const recipe *how)
{
    json_object_set_new(
        object, "hidden",
        json_pack("[I, I]", (json_int_t)how->hidden[0], (json_int_t)how->hidden[1]));
    json_object_set_new(object, "epochs", json_integer((json_int_t)how->epochs));
    json_object_set_new(object, "batch", json_integer((json_int_t)how->batch));
    json_object_set_new(object, "schedule", json_string("cosine"));
    json_object_set_new(object, "rate", json_number(how->rate));
    json_object_set_new(object, "momentum", json_number(how->momentum));
    json_object_set_new(object, "weight_decay", json_number(how->decay));
    json_object_set_new(object, "gradient_clip", json_number(how->clip));
    json_object_set_new(object, "warmup_share", json_number(how->warmup));
}

/* ---- runs ---------------------------------------------------------------------------------- */

/* What only some runs have. */
static void put_pictures(json_t *object, const run_plan *plan, const run_result *result,
                         int typical)
{
    if (result->verified) {
        json_object_set_new(object, "unseen_stats", stats_object(&result->unseen));
        json_object_set_new(object, "verification", verification_object(&result->strangers));
        json_object_set_new(object, "snapshots", snapshot_objects(result));
    }
    if (plan->dim == 2) json_object_set_new(object, "arcs", arc_columns(result));
    if (plan->dim == 3) {
        json_object_set_new(object, "theta_bins", bins_array(&result->test.theta));
        json_object_set_new(object, "other_bins", bins_array(&result->test.other));
    }
    if (plan->dim <= 3) {
        json_object_set_new(object, "centres", weight_points(result, plan->dim));
        json_object_set_new(object, "embedding_centres", centre_points(result, plan->dim));
        json_object_set_new(object, "features",
                            typical ? feature_columns(result, plan->dim)
                                    : json_columns(json_pack("[]")));
    }
}

/* The names of figures by their bits. */
static json_t *figure_names(uint32_t figures)
{
    json_t *const names = json_pack("[]");
    for (size_t k = 0; k < figure_count(); k++)
        if ((figures >> k & 1) != 0) json_array_append_new(names, json_string(figure_get(k)->name));
    return names;
}

static json_t *run_object(const group *g, size_t k, int typical)
{
    const run_plan *const plan = &g->plans->plans[g->runs[k]];
    const run_result *const result = group_result(g, k);
    json_t *const object = json_pack("{s:s, s:s}", "data", plan->data->name, "label", g->label);
    put_loss(object, g, plan);
    json_object_set_new(object, "seed", json_integer((json_int_t)plan->seed));
    put_data(object, plan, result);
    put_training(object, &plan->how);
    json_object_set_new(object, "seconds", json_number(result->seconds));
    json_object_set_new(object, "final_loss", json_number(result->final_loss));
    json_object_set_new(object, "train_accuracy", json_number(result->train.accuracy));
    json_object_set_new(object, "test_accuracy", json_number(result->test.accuracy));
    json_object_set_new(object, "stats", stats_object(&result->test));
    json_object_set_new(object, "train_stats", stats_object(&result->train));
    put_pictures(object, plan, result, typical);
    json_object_set_new(object, "figures", figure_names(plan->figures));
    return object;
}

json_t *report_runs(const plan_list *plans, const group_list *groups)
{
    json_t *const runs = json_pack("[]");
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
    json_t *const object = json_pack("{}");
    for (const quantity *q = all_quantities; q->name != NULL; q++) {
        const interval found = group_interval(g, q);
        const double numbers[] = {found.mean, found.low, found.high};
        if (!isnan(found.mean)) json_object_set_new(object, q->name, json_numbers(numbers, 3));
    }
    return object;
}

json_t *report_groups(const group_list *groups)
{
    json_t *const list = json_pack("[]");
    for (const group *g = groups->groups; g < groups->groups + groups->count; g++) {
        const int triplet = g->plan->aim.triplet > 0.0;
        json_array_append_new(
            list, json_pack("{s:o, s:s, s:I, s:I, s:s, s:s, s:o, s:o, s:o}", "figures",
                            figure_names(g->plan->figures), "data", g->plan->data->name, "dim",
                            (json_int_t)g->plan->dim, "classes", (json_int_t)g->result->classes,
                            "label", g->label, "loss", g->loss, "scale",
                            json_number(triplet ? NAN : g->plan->aim.loss.scale), "margin",
                            json_number(triplet ? g->plan->aim.triplet : run_plan_margin(g->plan)),
                            "values", values_object(g)));
    }
    return list;
}

json_t *report_notes(void)
{
    static const char *const notes[] = {
        "stats, embedding_centres and features are of the test samples, which training never saw; "
        "train_stats of the training samples.",
        "W-EC, W-Inter, Intra and Inter as in ArcFace's table of angle statistics; features are "
        "normalised before they are averaged into a centre, which the paper leaves open.",
        "The arc of a class holds the middle 98 % of its samples by angle from its centre; a gap "
        "is what lies between the arcs of two neighbours on the circle, negative where they "
        "overlap.",
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
    return json_sentences(notes, sizeof notes / sizeof *notes);
}
