/* eval_report.c: what `margin eval` found, for programs and for people. Must not know how it was
 * found. */
#include "eval_report.h"

#include "command.h"

#include <json_out.h>
#include <options.h>

#include <stdio.h>

static double accuracy(const eval_result *r)
{
    return (double)r->correct / (double)r->counted;
}

static json_t *theta_json(const eval_result *r)
{
    const theta_stats *t = &r->theta;
    const struct {
        const char *key;
        double value;
    } rows[] = {{"mean", t->mean},
                {"p05", t->p05},
                {"p50", t->p50},
                {"p95", t->p95},
                {"past_pi", t->past_pi}};
    json_t *object = json_object();
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++)
        json_object_set_new(object, rows[i].key,
                            r->angles ? json_number(rows[i].value) : json_null());
    return object;
}

static json_t *config_json(const margin_config *c)
{
    return json_pack("{s:s, s:f, s:f, s:f, s:f, s:f, s:s, s:s, s:s}", "loss",
                     margin_loss_get(c->loss)->name, "scale", c->scale, "m1", c->m1, "m2", c->m2,
                     "m3", c->m3, "lambda", c->lambda, "past_pi", margin_past_pi_name(c->past_pi),
                     "gradient", margin_gradient_name(c->gradient), "feature_norm",
                     margin_feature_norm_name(c->feature_norm));
}

void eval_report_json(const eval_result *r)
{
    json_t *object = json_object();
    json_object_set_new(object, "loss", json_number(r->loss));
    json_object_set_new(object, "mean_loss", json_number(r->mean_loss));
    json_object_set_new(object, "accuracy",
                        r->counted > 0 ? json_number(accuracy(r)) : json_null());
    json_object_set_new(object, "tied", json_integer((json_int_t)r->tied));
    json_object_set_new(object, "zero_rows", json_integer((json_int_t)r->zero));
    json_object_set_new(object, "label_smoothing", json_number(r->label_smoothing));
    json_object_set_new(object, "rows", json_integer((json_int_t)r->rows));
    json_object_set_new(object, "ignored", json_integer((json_int_t)(r->rows - r->counted)));
    json_object_set_new(object, "dim", json_integer((json_int_t)r->dim));
    json_object_set_new(object, "classes", json_integer((json_int_t)r->classes));
    json_object_set_new(object, "theta", theta_json(r));
    json_object_set_new(object, "isa", json_string(margin_isa_name(r->config->isa)));
    json_object_set_new(object, "threads", json_integer(r->config->threads));
    json_object_set_new(object, "workspace_bytes", json_integer((json_int_t)r->workspace_bytes));
    json_object_set_new(object, "config", config_json(r->config));
    print_json(object);
}

/* Only the margins that the loss has. */
static void print_config(const eval_result *r)
{
    const margin_config *c = r->config;
    const margin_loss_info *info = margin_loss_get(c->loss);
    char margins[64];
    printf("%-10s %s, ", "loss", info->name);
    if (c->feature_norm == MARGIN_FEATURE_NORM_KEEP)
        printf("scale |x|");
    else
        printf("scale %g", c->scale);
    if (info->margin_index > 0)
        printf(", margin%s %s", info->margin_index == 4 ? "s" : "",
               margin_text(c, margins, sizeof margins));
    if (info->has_angle) printf(", past pi %s", margin_past_pi_name(c->past_pi));
    if (c->lambda != 0.0) printf(", lambda %g", c->lambda);
    if (r->label_smoothing > 0.0) printf(", label smoothing %g", r->label_smoothing);
    if (c->gradient != MARGIN_GRADIENT_EXACT)
        printf(", gradient %s", margin_gradient_name(c->gradient));
    putchar('\n');
}

static void print_findings(const eval_result *r)
{
    const theta_stats *t = &r->theta;
    if (r->counted == 0) {
        printf("%-10s none: every row is ignored\n", "mean loss");
        return;
    }
    if (r->weighted) printf("%-10s %.9g, by the given weights\n", "objective", r->loss);
    printf("%-10s %.9g\n", "mean loss", r->mean_loss);
    printf("%-10s %.2f %%  (%zu of %zu rows)\n", "accuracy", 100.0 * accuracy(r), r->correct,
           r->counted);
    if (r->tied > 0)
        printf("%-10s %zu rows, none of them correct: another class has the same cosine\n", "tied",
               r->tied);
    if (!r->angles)
        printf("%-10s none: every row is a zero vector\n", "theta");
    else
        printf("%-10s mean %.2f, 5 %% %.2f, median %.2f, 95 %% %.2f degrees; %.2f %% past pi\n",
               "theta", t->mean, t->p05, t->p50, t->p95, 100.0 * t->past_pi);
}

void eval_report_text(const eval_result *r)
{
    print_config(r);
    print_findings(r);
    printf("%-10s %zu rows", "data", r->rows);
    if (r->counted < r->rows) printf(" (%zu ignored)", r->rows - r->counted);
    if (r->zero > 0) printf(" (%zu zero vector%s)", r->zero, r->zero == 1 ? "" : "s");
    printf(", dimension %zu, %zu classes\n", r->dim, r->classes);
    printf("%-10s %s, %d thread%s, %.1f MiB workspace\n", "run", margin_isa_name(r->config->isa),
           r->config->threads, r->config->threads == 1 ? "" : "s",
           (double)r->workspace_bytes / (1 << 20));
}
