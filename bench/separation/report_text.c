/* report_text.c: finished runs, claims and choices as lines for people, and the claims as JSON (see
 * report.h). Must not know how a run works. */
#include <math.h>

#include "groups.h"
#include "json_out.h"
#include "report.h"

/* ---- claims -------------------------------------------------------------------------------- */

json_t *report_claims(const claim_list *claims)
{
    json_t *const list = json_array();
    for (const claim_result *r = claims->results; r < claims->results + claims->count; r++)
        json_array_append_new(
            list,
            json_row("claim where measured unit paper least most mean low high values verdict",
                     "ssssggggggos", r->claim, r->where, r->measured, r->unit, r->paper, r->least,
                     r->most, r->found.mean, r->found.low, r->found.high,
                     json_numbers(r->values, r->found.count), verdict_name(r->verdict)));
    return list;
}

void report_claims_table(FILE *out, const claim_list *claims)
{
    if (claims->count == 0) return;
    if (claims->results[0].verdict == VERDICT_NONE) {
        fprintf(out,
                "\nOne seed: no verdicts on what the papers say (the default is five seeds).\n");
        return;
    }
    fprintf(out, "\n%-10s %25s  %s\n", "verdict", "mean [95 % interval]", "claim");
    for (size_t i = 0; i < claims->count; i++) {
        const claim_result *const r = &claims->results[i];
        fprintf(out, "%-10s %8.3f [%6.2f, %6.2f]  %s (%s): %s\n", verdict_name(r->verdict),
                r->found.mean, r->found.low, r->found.high, r->claim, r->where, r->measured);
    }
}

/* ---- runs ---------------------------------------------------------------------------------- */

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

/* Prints a run's line; returns 1 if one of its numbers does not exist. */
static int print_run(FILE *out, const run_plan *plan, const run_result *result)
{
    char label[RUN_LABEL];
    int lacks = 0;
    run_plan_label(plan, label);
    fprintf(out, "%-9s %3zu %-32s %4llu", plan->data->name, plan->dim, label,
            (unsigned long long)plan->seed);
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

void report_table(FILE *out, const plan_list *plans)
{
    int lacking = 0;
    if (plans->count == 0) return;
    fprintf(out, "%-9s %3s %-32s %4s", "", "", "", "");
    for (size_t k = 0; k < COLUMNS; k++)
        fprintf(out, " %7s", columns[k].above);
    fprintf(out, "\n%-9s %3s %-32s %4s", "data", "dim", "loss", "seed");
    for (size_t k = 0; k < COLUMNS; k++)
        fprintf(out, " %7s", columns[k].heading);
    fprintf(out, " seconds\n");
    for (size_t i = 0; i < plans->count; i++)
        lacking += print_run(out, &plans->plans[i], &plans->results[i]);
    if (lacking > 0)
        fprintf(out, "-: gaps are of the plane, TAR of identities that training has not seen, and "
                     "triplets have no class weights.\n");
}

void report_list(FILE *out, const unsigned char *losses, const loss_override *override)
{
    const size_t classes = 8;
    fprintf(out, "data: sphere, fashion, or a folder of IDX files\n");
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
