/* report_claims.c: claims and their verdicts as JSON and as lines for people (see report.h). Must
 * not know how a verdict comes about. */
#include "report.h"

#include <math.h>
#include <string.h>

#include "json_out.h"
#include "memory.h"

/* ---- JSON ---------------------------------------------------------------------------------- */

static json_t *interval_object(const interval *found)
{
    if (found->count == 0) return json_null();
    return json_row("mean low high", "ggg", found->mean, found->low, found->high);
}

static void put_judgement(json_t *object, const judgement *j)
{
    json_put(object, "split mean low high values p p_holm uncorrected verdict", "sgggoggss",
             j->split, j->found.mean, j->found.low, j->found.high,
             json_numbers(j->values, j->found.count), j->p, j->p_holm, verdict_name(j->by_interval),
             verdict_name(j->verdict));
}

static json_t *settings_array(const claim_result *r)
{
    json_t *const list = json_array();
    for (size_t k = 0; k < r->setting_count; k++) { /* of none there is no array */
        const claim_setting *const s = &r->settings[k];
        json_t *const object = json_row("setting", "s", s->name);
        json_put(object, "mean low high verdict", "gggs", s->found.mean, s->found.low,
                 s->found.high, verdict_name(s->verdict));
        json_array_append_new(list, object);
    }
    return list;
}

json_t *report_claims(const claim_list *claims)
{
    json_t *const list = json_array();
    for (const claim_result *r = claims->results; r < claims->results + claims->count; r++) {
        json_t *const object =
            json_row("claim where measured unit paper least most", "ssssggg", r->claim, r->where,
                     r->measured, r->unit, r->paper, r->least, r->most);
        json_t *const other = r->other.values != NULL ? json_object() : json_null();
        put_judgement(object, &r->here);
        if (r->other.values != NULL) put_judgement(other, &r->other);
        json_put(object, "least_gap other_split settings changes", "ooos",
                 interval_object(&r->least_gap), other, settings_array(r),
                 *r->changes != '\0' ? r->changes : NULL);
        json_array_append_new(list, object);
    }
    return list;
}

/* ---- for people ---------------------------------------------------------------------------- */

static const char *split_title(const char *split)
{
    return split == NULL                  ? "class weights"
           : strcmp(split, "train") == 0  ? "training samples"
           : strcmp(split, "unseen") == 0 ? "strangers"
                                          : "test samples";
}

/* No line is longer than 120 letters. */
static void print_claim(FILE *out, const claim_result *r)
{
    const judgement *const j = &r->here, *const o = &r->other;
    fprintf(out, "%-9s%c%9.3f [%7.2f, %7.2f] %7.2g  %s\n", verdict_name(j->verdict),
            j->by_interval != j->verdict ? '*' : ' ', j->found.mean, j->found.low, j->found.high,
            j->p_holm, r->claim);
    fprintf(out, "%10s%s: %s\n%10s%s", "", r->where, r->measured, "", split_title(j->split));
    if (o->values != NULL)
        fprintf(out, "; %s: %.3f [%.2f, %.2f], %s", split_title(o->split), o->found.mean,
                o->found.low, o->found.high, verdict_name(o->verdict));
    if (r->least_gap.count > 0)
        fprintf(out, "; least gap: %.3f [%.2f, %.2f]", r->least_gap.mean, r->least_gap.low,
                r->least_gap.high);
    fprintf(out, "\n");
}

void report_claims_table(FILE *out, const claim_list *claims)
{
    if (claims->count == 0) return;
    if (claims->results[0].here.verdict == VERDICT_NONE) {
        fprintf(out,
                "\nOne seed: no verdicts on what the papers say (the default is five seeds).\n");
        return;
    }
    fprintf(out, "\n%-10s%9s [%16s] %7s  %s\n", "verdict", "mean", "95 % interval", "p, Holm",
            "claim");
    for (size_t i = 0; i < claims->count; i++)
        print_claim(out, &claims->results[i]);
    fprintf(out, "*: decided by its interval, undecided once corrected for %zu claims (Holm)\n",
            claims->count);
}
