/* report.c: finished runs as JSON and as a table (see report.h). Must not know how a run works. */
#define _GNU_SOURCE
#include "report.h"

#include <math.h>

#include "json_out.h"

static double degrees(double radians)
{
    return radians * (180.0 / M_PI);
}

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

static json_t *stats_object(const separation_stats *stats)
{
    json_t *object = json_object(), *theta = json_object();
    set_degrees(object, "w_ec_deg", stats->w_ec);
    set_degrees(object, "w_inter_deg", stats->w_inter);
    set_degrees(object, "intra_deg", stats->intra);
    set_degrees(object, "inter_deg", stats->inter);
    set_degrees(object, "gap_min_deg", stats->gap_min);
    set_degrees(object, "gap_median_deg", stats->gap_median);
    set_number(object, "overlap_share", stats->overlap_share);
    set_degrees(theta, "mean", stats->theta.mean);
    set_degrees(theta, "p05", stats->theta.p05);
    set_degrees(theta, "p50", stats->theta.p50);
    set_degrees(theta, "p95", stats->theta.p95);
    json_object_set_new(object, "theta_deg", theta);
    return object;
}

static json_t *point(double x, double y)
{
    json_t *pair = json_array();
    json_array_append_new(pair, json_number(x));
    json_array_append_new(pair, json_number(y));
    return pair;
}

static json_t *weight_points(const run_result *result)
{
    json_t *points = json_array();
    for (size_t j = 0; j < result->classes; j++) {
        const float *const w = result->weights + RUN_DIM * j;
        json_array_append_new(points, point((double)w[0], (double)w[1]));
    }
    return points;
}

static json_t *centre_points(const run_result *result)
{
    json_t *points = json_array();
    for (size_t j = 0; j < result->classes; j++) {
        const double *const centre = result->centres + RUN_DIM * j;
        json_array_append_new(points, point(centre[0], centre[1]));
    }
    return points;
}

static json_t *feature_points(const run_result *result)
{
    json_t *points = json_array();
    for (size_t i = 0; i < result->feature_count; i++) {
        const run_feature *const feature = &result->features[i];
        json_t *object = json_object();
        json_object_set_new(object, "class", json_integer(feature->class));
        set_number(object, "x", (double)feature->x);
        set_number(object, "y", (double)feature->y);
        json_array_append_new(points, object);
    }
    return points;
}

static void set_training(json_t *object, const recipe *used)
{
    json_t *hidden = json_array();
    json_array_append_new(hidden, json_integer((json_int_t)used->hidden[0]));
    json_array_append_new(hidden, json_integer((json_int_t)used->hidden[1]));
    json_object_set_new(object, "hidden", hidden);
    set_count(object, "samples", used->samples);
    set_count(object, "epochs", used->epochs);
    set_count(object, "batch", used->batch);
    set_number(object, "rate", used->rate);
    set_number(object, "momentum", used->momentum);
    set_number(object, "weight_decay", used->decay);
    set_number(object, "gradient_clip", used->clip);
    set_number(object, "warmup_share", used->warmup);
}

static void set_loss(json_t *object, const margin_config *loss, const recipe *used)
{
    const margin_loss_info *const info = margin_loss_get(loss->loss);
    json_object_set_new(object, "loss", json_string(info->name));
    set_number(object, "scale", loss->scale);
    set_number(object, "m1", loss->m1);
    set_number(object, "m2", loss->m2);
    set_number(object, "m3", loss->m3);
    if (info->has_lambda) {
        set_number(object, "lambda_first", recipe_lambda_base);
        set_number(object, "lambda_last", recipe_lambda_least);
        set_number(object, "lambda_share", used->anneal);
    }
}

json_t *report_run(const run_plan *plan, const run_result *result)
{
    json_t *object = json_object();
    json_object_set_new(object, "data", json_string(plan->data->name));
    set_loss(object, &result->loss, &result->used);
    json_object_set_new(object, "seed", json_integer((json_int_t)plan->seed));
    set_count(object, "dim", RUN_DIM);
    set_count(object, "classes", result->classes);
    set_count(object, "train_count", result->train_count);
    set_count(object, "test_count", result->test_count);
    set_training(object, &result->used);
    set_number(object, "seconds", result->seconds);
    set_number(object, "final_loss", result->final_loss);
    set_number(object, "train_accuracy", result->train.accuracy);
    set_number(object, "test_accuracy", result->test.accuracy);
    json_object_set_new(object, "stats", stats_object(&result->test));
    json_object_set_new(object, "train_stats", stats_object(&result->train));
    json_object_set_new(object, "centres", weight_points(result));
    json_object_set_new(object, "embedding_centres", centre_points(result));
    json_object_set_new(object, "features", feature_points(result));
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
    for (size_t i = 0; i < sizeof notes / sizeof *notes; i++) {
        json_array_append_new(list, json_string(notes[i]));
    }
    return list;
}

void report_table_head(FILE *out)
{
    fprintf(out, "%-9s %-12s %5s %6s %6s %7s %7s %7s\n", "", "", "", "train", "test", "median",
            "least", "overlap");
    fprintf(out, "%-9s %-12s %5s %6s %6s %7s %7s %7s %7s %7s %7s %7s %7s\n", "data", "loss", "seed",
            "acc %", "acc %", "gap", "gap", "%", "W-EC", "W-Inter", "Intra", "Inter", "seconds");
}

void report_table_row(FILE *out, const run_plan *plan, const run_result *result)
{
    const separation_stats *const s = &result->test;
    fprintf(out, "%-9s %-12s %5llu %6.2f %6.2f %7.1f %7.1f %7.2f %7.2f %7.2f %7.2f %7.2f %7.1f\n",
            plan->data->name, margin_loss_get(plan->loss)->name, (unsigned long long)plan->seed,
            100.0 * result->train.accuracy, 100.0 * s->accuracy, degrees(s->gap_median),
            degrees(s->gap_min), 100.0 * s->overlap_share, degrees(s->w_ec), degrees(s->w_inter),
            degrees(s->intra), degrees(s->inter), result->seconds);
}

void report_list(FILE *out, const int *losses, const loss_override *override)
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
