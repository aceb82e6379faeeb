/* report.c: finished runs as JSON and as a table (see report.h). Must not know how a run works. */
#include "report.h"

#include <math.h>

#include "degrees.h"
#include "json_out.h"

static void set_degrees(json_t *object, const char *key, double radians)
{
    json_object_set_new(object, key, json_number(degrees(radians)));
}

static void set_number(json_t *object, const char *key, double value)
{
    json_object_set_new(object, key, json_number(value));
}

static void set_count(json_t *object, const char *key, size_t value)
{
    json_object_set_new(object, key, json_integer((json_int_t)value));
}

static json_t *summary_object(const angle_summary *angles)
{
    json_t *object = json_object();
    set_degrees(object, "mean", angles->mean);
    set_degrees(object, "p05", angles->p05);
    set_degrees(object, "p50", angles->p50);
    set_degrees(object, "p95", angles->p95);
    return object;
}

static json_t *stats_object(const separation_stats *stats)
{
    json_t *object = json_object();
    set_degrees(object, "w_ec_deg", stats->w_ec);
    set_degrees(object, "w_inter_deg", stats->w_inter);
    set_degrees(object, "intra_deg", stats->intra);
    set_degrees(object, "inter_deg", stats->inter);
    set_degrees(object, "gap_min_deg", stats->gap_min);
    set_degrees(object, "gap_median_deg", stats->gap_median);
    set_number(object, "overlap_share", stats->overlap_share);
    set_number(object, "fisher", stats->fisher);
    json_object_set_new(object, "theta_deg", summary_object(&stats->theta));
    json_object_set_new(object, "other_deg", summary_object(&stats->other));
    return object;
}

static json_t *bins_array(const angle_summary *angles)
{
    json_t *list = json_array();
    for (size_t i = 0; i < ANGLE_BINS; i++)
        json_array_append_new(list, json_integer((json_int_t)angles->bins[i]));
    return list;
}

static json_t *vector(const double *values, size_t dim)
{
    json_t *list = json_array();
    for (size_t k = 0; k < dim; k++)
        json_array_append_new(list, json_number(values[k]));
    return list;
}

static json_t *weight_points(const run_result *result, size_t dim)
{
    json_t *points = json_array();
    for (size_t j = 0; j < result->classes; j++) {
        double values[3];
        for (size_t k = 0; k < dim; k++)
            values[k] = (double)result->weights[dim * j + k];
        json_array_append_new(points, vector(values, dim));
    }
    return points;
}

static json_t *centre_points(const run_result *result, size_t dim)
{
    json_t *points = json_array();
    for (size_t j = 0; j < result->classes; j++)
        json_array_append_new(points, vector(result->centres + dim * j, dim));
    return points;
}

static json_t *feature_columns(const run_result *result, size_t dim)
{
    static const char *const axes[] = {"x", "y", "z"};
    json_t *points = json_array();
    for (size_t i = 0; i < result->feature_count; i++) {
        json_t *object = json_object();
        json_object_set_new(object, "class", json_integer(result->feature_classes[i]));
        for (size_t k = 0; k < dim; k++)
            set_number(object, axes[k], (double)result->features[i * dim + k]);
        json_array_append_new(points, object);
    }
    return json_columns(points);
}

static json_t *arc_columns(const run_result *result)
{
    json_t *list = json_array();
    for (size_t j = 0; j < result->classes; j++) {
        json_t *object = json_object();
        set_count(object, "class", j);
        set_degrees(object, "centre_deg", result->arcs[j].centre);
        set_degrees(object, "low_deg", result->arcs[j].low);
        set_degrees(object, "high_deg", result->arcs[j].high);
        json_array_append_new(list, object);
    }
    return json_columns(list);
}

static json_t *verification_object(const verification *v)
{
    json_t *object = json_object(), *points = json_array();
    set_count(object, "genuine", v->all.genuine);
    set_count(object, "impostor", v->all.impostor);
    set_number(object, "auc", v->all.auc);
    set_number(object, "eer", v->all.eer);
    for (size_t i = 0; i < VERIFICATION_POINTS; i++) {
        json_t *point = json_object();
        set_number(point, "limit", v->roc[i].limit);
        set_number(point, "far", v->roc[i].far);
        set_number(point, "tar", v->roc[i].tar);
        json_array_append_new(points, point);
    }
    json_object_set_new(object, "roc", json_columns(points));
    return object;
}

static json_t *snapshot_objects(const run_result *result)
{
    json_t *list = json_array();
    for (size_t i = 0; i < RUN_SNAPSHOTS; i++) {
        const run_snapshot *const snapshot = &result->snapshots[i];
        json_t *object = json_object();
        set_count(object, "epoch", snapshot->epoch);
        json_object_set_new(object, "theta_deg", summary_object(&snapshot->theta));
        json_object_set_new(object, "bins", bins_array(&snapshot->theta));
        json_array_append_new(list, object);
    }
    return list;
}

static void set_training(json_t *object, const recipe *how)
{
    json_t *hidden = json_array();
    json_array_append_new(hidden, json_integer((json_int_t)how->hidden[0]));
    json_array_append_new(hidden, json_integer((json_int_t)how->hidden[1]));
    json_object_set_new(object, "hidden", hidden);
    set_count(object, "epochs", how->epochs);
    set_count(object, "batch", how->batch);
    json_object_set_new(object, "schedule",
                        json_string(how->shape == RATE_COSINE ? "cosine" : "step"));
    set_number(object, "rate", how->rate);
    set_number(object, "momentum", how->momentum);
    set_number(object, "weight_decay", how->decay);
    set_number(object, "gradient_clip", how->clip);
    set_number(object, "warmup_share", how->warmup);
}

/* The triplet loss has the margin only. */
static void set_loss(json_t *object, const run_plan *plan)
{
    const margin_config *const loss = &plan->aim.loss;
    const margin_loss_info *const info = margin_loss_get(loss->loss);
    const int triplet = plan->aim.triplet > 0.0;
    json_object_set_new(object, "loss", json_string(triplet ? "triplet" : info->name));
    set_number(object, "scale", triplet ? NAN : loss->scale);
    set_number(object, "m1", triplet ? 1.0 : loss->m1);
    set_number(object, "m2", triplet ? plan->aim.triplet : loss->m2);
    set_number(object, "m3", triplet ? 0.0 : loss->m3);
    set_number(object, "intra_weight", plan->aim.extra.intra);
    set_number(object, "inter_weight", plan->aim.extra.inter);
    if (info->has_lambda) {
        set_number(object, "lambda_first", plan->how.lambda_base);
        set_number(object, "lambda_last", plan->how.lambda_least);
        set_number(object, "lambda_share", plan->how.anneal);
    }
}

static void set_data(json_t *object, const run_plan *plan, const run_result *result)
{
    set_count(object, "dim", plan->dim);
    set_count(object, "classes", result->classes);
    set_count(object, "train_count", result->train_count);
    set_count(object, "test_count", result->test_count);
    set_count(object, "unseen_count", result->unseen_count);
    if (plan->data->images == NULL) {
        set_number(object, "concentration", plan->sphere.concentration);
        set_number(object, "imbalance", plan->sphere.imbalance);
        set_number(object, "flipped_share", plan->sphere.flipped);
        set_number(object, "outlier_share", plan->sphere.outliers);
    }
}

/* What only some runs have. */
static void set_pictures(json_t *object, const run_plan *plan, const run_result *result)
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
        json_object_set_new(object, "features", feature_columns(result, plan->dim));
    }
}

json_t *report_run(const run_plan *plan, const run_result *result)
{
    json_t *object = json_object();
    char label[RUN_LABEL];
    run_plan_label(plan, label);
    json_object_set_new(object, "data", json_string(plan->data->name));
    json_object_set_new(object, "label", json_string(label));
    set_loss(object, plan);
    json_object_set_new(object, "seed", json_integer((json_int_t)plan->seed));
    set_data(object, plan, result);
    set_training(object, &plan->how);
    set_number(object, "seconds", result->seconds);
    set_number(object, "final_loss", result->final_loss);
    set_number(object, "train_accuracy", result->train.accuracy);
    set_number(object, "test_accuracy", result->test.accuracy);
    json_object_set_new(object, "stats", stats_object(&result->test));
    json_object_set_new(object, "train_stats", stats_object(&result->train));
    set_pictures(object, plan, result);
    return object;
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
        "published: those here were found by trial. features are kept for the first seed only.",
    };
    json_t *list = json_array();
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++)
        json_array_append_new(list, json_string(notes[i]));
    return list;
}

void report_table_head(FILE *out)
{
    fprintf(out, "%-9s %3s %-32s %4s %6s %6s %7s %7s %7s %7s %7s %7s %7s\n", "", "", "", "",
            "train", "test", "median", "", "", "", "", "TAR at", "");
    fprintf(out, "%-9s %3s %-32s %4s %6s %6s %7s %7s %7s %7s %7s %7s %7s\n", "data", "dim", "loss",
            "seed", "acc %", "acc %", "gap", "W-EC", "W-Inter", "Intra", "Inter", "1e-3",
            "seconds");
}

void report_table_row(FILE *out, const run_plan *plan, const run_result *result)
{
    const separation_stats *const s = &result->test;
    const double tar = result->verified ? verification_at(&result->strangers, 3)->tar : NAN;
    char label[RUN_LABEL];
    run_plan_label(plan, label);
    fprintf(out, "%-9s %3zu %-32s %4llu %6.2f %6.2f %7.1f %7.2f %7.2f %7.2f %7.2f %7.3f %7.1f\n",
            plan->data->name, plan->dim, label, (unsigned long long)plan->seed,
            100.0 * result->train.accuracy, 100.0 * s->accuracy, degrees(s->gap_median),
            degrees(s->w_ec), degrees(s->w_inter), degrees(s->intra), degrees(s->inter), tar,
            result->seconds);
}

void report_list(FILE *out, const unsigned char *losses, const loss_override *override)
{
    const size_t classes = 8;
    fprintf(out, "data: sphere, fashion, or a folder of IDX files\n");
    fprintf(out, "losses, with their settings for %zu classes:\n", classes);
    for (int i = 0; i < MARGIN_LOSS_COUNT; i++) {
        margin_config config;
        if (losses[i]) {
            const char *const reason = recipe_reason((margin_loss)i);
            recipe_loss((margin_loss)i, classes, override, &config);
            fprintf(out, "  %-12s s=%g m1=%g m2=%g m3=%g  (%s)\n",
                    margin_loss_get((margin_loss)i)->name, config.scale, config.m1, config.m2,
                    config.m3, reason != NULL ? reason : "the library's defaults");
        }
    }
}
