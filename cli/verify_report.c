/* verify_report.c: what `margin verify` prints. Must not know how it was measured. */
#include "command.h"
#include "verify.h"

#include <json_out.h>

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* Returns 1 if `text`, read again, is in (below, above]. */
static int is_within(const char *text, double above, double below)
{
    const double value = strtod(text, NULL);
    return value <= above && value > below;
}

const char *threshold_text(double threshold, double above, double below, char *text, size_t size)
{
    for (int digits = 4; digits < 18; digits++) {
        const double unit = pow(10.0, -digits);
        snprintf(text, size, "%.*f", digits, threshold);
        if (is_within(text, above, below)) return text;
        snprintf(text, size, "%.*f", digits, floor(above / unit) * unit);
        if (is_within(text, above, below)) return text;
    }
    snprintf(text, size, "%.17g", threshold);
    return text;
}

/* ---- for people -------------------------------------------------------------------------------*/

/* What a score is called. */
static const char *score_name(const verify_result *r)
{
    return r->options->scores != NULL ? "score" : "cosine";
}

static void print_interval(const verify_result *r, const interval *i, double times,
                           const char *unit)
{
    if (r->bootstrap.draws > 0)
        printf("  [%.*f, %.*f]%s", times > 1.0 ? 2 : 6, times * i->low, times > 1.0 ? 2 : 6,
               times * i->high, unit);
}

static void print_point(const verify_result *r, size_t k)
{
    const roc_point *point = &r->points[k];
    char name[48], text[64];
    snprintf(name, sizeof name, "TAR at FAR %g", point->limit);
    /* Powers of ten as people write them. */
    const double power = round(log10(point->limit));
    if (point->limit < 1.0 && fabs(point->limit / pow(10.0, power) - 1.0) < 1e-12)
        snprintf(name, sizeof name, "TAR at FAR 1e%g", power);
    if (isnan(point->tar)) {
        printf("%-16s -  (takes at least %.0f impostor pairs)\n", name, ceil(1.0 / point->limit));
        return;
    }
    if (isinf(point->threshold)) {
        printf("%-16s 0.00 %%  (the highest score alone accepts more)\n", name);
        return;
    }
    printf("%-16s %.2f %%", name, 100.0 * point->tar);
    if (r->bootstrap.draws > 0) print_interval(r, &r->bootstrap.tar[k], 100.0, " %");
    printf("  (%s >= %s)\n", score_name(r),
           threshold_text(point->threshold, point->above, point->below, text, sizeof text));
}

static void print_pairs(const verify_result *r)
{
    const verification *v = &r->found;
    printf("%-16s %" PRIu64 " genuine, %" PRIu64 " impostor\n", "pairs", v->all.genuine,
           v->all.impostor);
    if (v->repeated > 0)
        printf("%-16s %" PRIu64 " genuine pairs are of equal vectors: repeated samples flatter\n",
               "", v->repeated);
    if (v->all.auc_error > 0.0)
        printf("%-16s AUC is exact to %.1g: so many pairs are counted by intervals\n", "",
               v->all.auc_error);
}

static void print_data(const verify_result *r)
{
    const samples *s = r->samples;
    const size_t zero = r->list != NULL ? r->list->zero_rows : r->found.zero_rows;
    printf("%-16s %zu rows", "data", s->embeddings.rows);
    if (s->counted < s->embeddings.rows && r->options->pairs == NULL)
        printf(" (%zu ignored)", s->embeddings.rows - s->counted);
    if (zero > 0)
        printf(" (%zu %s left out: zero vectors)", zero, r->list != NULL ? "pairs" : "rows");
    if (r->options->scores == NULL) printf(", dimension %zu", s->embeddings.columns);
    if (r->list == NULL) printf(", %zu identities", s->classes);
    putchar('\n');
}

void verify_report_text(const verify_result *r)
{
    const roc_result *all = &r->found.all;
    char text[64];
    for (size_t k = 0; k < r->point_count; k++)
        print_point(r, k);
    printf("%-16s %.2f %%", "EER", 100.0 * all->eer);
    print_interval(r, &r->bootstrap.eer, 100.0, " %");
    printf(
        "  (%s >= %s)\n", score_name(r),
        threshold_text(all->eer_threshold, all->eer_threshold, all->eer_below, text, sizeof text));
    printf("%-16s %.6f", "AUC", all->auc);
    print_interval(r, &r->bootstrap.auc, 1.0, "");
    putchar('\n');
    if (r->folds.count > 0)
        printf("%-16s %.2f +- %.2f %%  (%d folds, standard error of the mean; %s >= %.4f)\n",
               "accuracy", 100.0 * r->folds.accuracy, 100.0 * r->folds.standard_error,
               r->folds.count, score_name(r), r->folds.threshold);
    if (r->cost.prior > 0.0)
        printf("%-16s %.4f  (P %g, miss %g, false accept %g; %s >= %.6g)\n", "min DCF",
               r->cost.least, r->cost.prior, r->cost.miss, r->cost.accept, score_name(r),
               r->cost.threshold);
    print_pairs(r);
    print_data(r);
    if (r->bootstrap.draws > 0)
        printf("%-16s 95 %%, of %d draws of %zu %s\n", "[intervals]", r->bootstrap.draws,
               r->bootstrap.units, r->list == NULL ? "identities" : "comparisons");
}

/* ---- JSON -------------------------------------------------------------------------------------*/

static json_t *interval_json(const interval *i)
{
    return json_pack("[o, o]", json_number(i->low), json_number(i->high));
}

static json_t *point_json(const roc_point *point)
{
    return json_pack("{s:o, s:o, s:o, s:o}", "far_limit", json_number(point->limit), "far",
                     json_number(point->far), "tar", json_number(point->tar), "threshold",
                     json_number(point->threshold));
}

static json_t *points_json(const verify_result *r)
{
    json_t *list = json_array();
    for (size_t k = 0; k < r->point_count; k++) {
        json_t *point = point_json(&r->points[k]);
        if (r->bootstrap.draws > 0)
            json_object_set_new(point, "tar_95", interval_json(&r->bootstrap.tar[k]));
        json_array_append_new(list, point);
    }
    return list;
}

static json_t *roc_json(const verification *v)
{
    json_t *list = json_array();
    for (int k = 0; k < VERIFICATION_POINTS; k++)
        json_array_append_new(list, point_json(&v->roc[k]));
    return list;
}

static json_t *folds_json(const folds_result *f)
{
    json_t *accuracies = json_array(), *thresholds = json_array();
    for (int k = 0; k < f->count; k++) {
        json_array_append_new(accuracies, json_number(f->fold_accuracy[k]));
        json_array_append_new(thresholds, json_number(f->fold_threshold[k]));
    }
    return json_pack("{s:i, s:o, s:o, s:o, s:o, s:o}", "count", f->count, "accuracy",
                     json_number(f->accuracy), "standard_error", json_number(f->standard_error),
                     "threshold", json_number(f->threshold), "accuracies", accuracies, "thresholds",
                     thresholds);
}

static json_t *cost_json(const roc_cost *c)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o}", "prior", json_number(c->prior), "miss",
                     json_number(c->miss), "false_accept", json_number(c->accept), "least",
                     json_number(c->least), "threshold", json_number(c->threshold));
}

static void set_count(json_t *object, const char *key, uint64_t count)
{
    json_object_set_new(object, key, json_integer((json_int_t)count));
}

static void set_data(const verify_result *r, json_t *object)
{
    const samples *s = r->samples;
    set_count(object, "genuine_pairs", r->found.all.genuine);
    set_count(object, "impostor_pairs", r->found.all.impostor);
    set_count(object, "repeated_pairs", r->found.repeated);
    set_count(object, "rows", s->embeddings.rows);
    if (r->options->pairs == NULL) set_count(object, "ignored", s->embeddings.rows - s->counted);
    if (r->list == NULL) {
        set_count(object, "zero_rows", r->found.zero_rows);
        set_count(object, "single_rows", s->single);
        set_count(object, "identities", s->classes);
    } else {
        set_count(object, "zero_pairs", r->list->zero_rows);
    }
    if (r->options->scores == NULL) set_count(object, "dim", s->embeddings.columns);
}

void verify_report_json(const verify_result *r)
{
    const roc_result *all = &r->found.all;
    json_t *object = json_object();
    json_object_set_new(object, "tar_at_far", points_json(r));
    json_object_set_new(object, "eer", json_number(all->eer));
    json_object_set_new(object, "eer_threshold", json_number(all->eer_threshold));
    json_object_set_new(object, "auc", json_number(all->auc));
    json_object_set_new(object, "auc_error", json_number(all->auc_error));
    if (r->folds.count > 0) json_object_set_new(object, "folds", folds_json(&r->folds));
    if (r->cost.prior > 0.0) json_object_set_new(object, "min_dcf", cost_json(&r->cost));
    if (r->bootstrap.draws > 0) {
        json_object_set_new(object, "eer_95", interval_json(&r->bootstrap.eer));
        json_object_set_new(object, "auc_95", interval_json(&r->bootstrap.auc));
        set_count(object, "bootstrap_draws", (uint64_t)r->bootstrap.draws);
        set_count(object, "bootstrap_units", r->bootstrap.units);
    }
    set_data(r, object);
    json_object_set_new(object, "roc", roc_json(&r->found));
    print_json(object);
}
