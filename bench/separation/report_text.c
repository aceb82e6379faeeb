/* report_text.c: finished runs, claims and choices as lines for people, and the claims as JSON (see
 * report.h). Must not know how a run works. */
#include <math.h>

#include "claims.h"
#include "degrees.h"
#include "json_out.h"
#include "json_parts.h"
#include "report.h"

/* ---- claims -------------------------------------------------------------------------------- */

static json_t *claim_object(const claim_result *r)
{
    return json_packed(
        "{s:s, s:s, s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:o, s:o, s:s}", "claim", r->claim, "where",
        r->where, "measured", r->measured, "unit", r->unit, "paper", json_number(r->paper), "least",
        json_number(r->least), "most", json_number(r->most), "mean", json_number(r->found.mean),
        "low", json_number(r->found.low), "high", json_number(r->found.high), "values",
        json_numbers(r->values, r->found.count), "verdict", verdict_name(r->verdict));
}

json_t *report_claims(const claim_list *claims)
{
    json_t *const list = json_packed("[]");
    for (size_t i = 0; i < claims->count; i++)
        json_append(list, claim_object(&claims->results[i]));
    return list;
}

void report_claims_table(FILE *out, const claim_list *claims)
{
    if (claims->count > 0)
        fprintf(out, "\n%-10s %25s  %s\n", "verdict", "mean [95 % interval]", "claim");
    for (size_t i = 0; i < claims->count; i++) {
        const claim_result *const r = &claims->results[i];
        fprintf(out, "%-10s %8.3f [%6.2f, %6.2f]  %s (%s): %s\n", verdict_name(r->verdict),
                r->found.mean, r->found.low, r->found.high, r->claim, r->where, r->measured);
    }
}

/* ---- runs ---------------------------------------------------------------------------------- */

static void print_run(FILE *out, const run_plan *plan, const run_result *result)
{
    const separation_stats *const s = &result->test;
    const double tar = quantity_find("tar_1e3")->of(result);
    char label[RUN_LABEL];
    run_plan_label(plan, label);
    fprintf(out, "%-9s %3zu %-32s %4llu %6.2f %6.2f %7.1f %7.2f %7.2f %7.2f %7.2f %7.3f %7.1f\n",
            plan->data->name, plan->dim, label, (unsigned long long)plan->seed,
            100.0 * result->train.accuracy, 100.0 * s->accuracy, degrees(s->gap_median),
            degrees(s->w_ec), degrees(s->w_inter), degrees(s->intra), degrees(s->inter), tar,
            result->seconds);
}

void report_table(FILE *out, const plan_list *plans)
{
    if (plans->count == 0) return;
    fprintf(out, "%-9s %3s %-32s %4s %6s %6s %7s %7s %7s %7s %7s %7s %7s\n", "", "", "", "",
            "train", "test", "median", "", "", "", "", "TAR at", "");
    fprintf(out, "%-9s %3s %-32s %4s %6s %6s %7s %7s %7s %7s %7s %7s %7s\n", "data", "dim", "loss",
            "seed", "acc %", "acc %", "gap", "W-EC", "W-Inter", "Intra", "Inter", "1e-3",
            "seconds");
    for (size_t i = 0; i < plans->count; i++)
        print_run(out, &plans->plans[i], &plans->results[i]);
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
