/* report_claims.c: claims and verdicts as JSON and as lines (see report.h). Must not know how they
 * are judged. */
#include <math.h>

#include "claims.h"
#include "json_out.h"
#include "report.h"

static void set_text(json_t *object, const char *key, const char *text)
{
    json_object_set_new(object, key, json_string(text));
}

static void append_claim(void *user, const claim_result *r)
{
    json_t *object = json_object(), *values = json_array();
    set_text(object, "claim", r->claim);
    set_text(object, "where", r->where);
    set_text(object, "measured", r->measured);
    set_text(object, "unit", r->unit);
    json_object_set_new(object, "paper", json_number(r->paper));
    json_object_set_new(object, "least", json_number(r->least));
    json_object_set_new(object, "most", json_number(r->most));
    json_object_set_new(object, "mean", json_number(r->found.mean));
    json_object_set_new(object, "low", json_number(r->found.low));
    json_object_set_new(object, "high", json_number(r->found.high));
    for (size_t i = 0; i < r->found.count; i++)
        json_array_append_new(values, json_number(r->values[i]));
    json_object_set_new(object, "values", values);
    set_text(object, "verdict", verdict_name(r->verdict));
    json_array_append_new(user, object);
}

json_t *report_claims(const plan_list *plans)
{
    json_t *list = json_array();
    claims_judge(plans, append_claim, list);
    return list;
}

static double number(const json_t *claim, const char *key)
{
    const json_t *const value = json_object_get(claim, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static const char *words(const json_t *claim, const char *key)
{
    return json_string_value(json_object_get(claim, key));
}

void report_claims_table(FILE *out, const json_t *claims)
{
    size_t i;
    json_t *claim;
    if (json_array_size(claims) > 0)
        fprintf(out, "\n%-10s %25s  %s\n", "verdict", "mean [95 % interval]", "claim");
    json_array_foreach(claims, i, claim)
    {
        fprintf(out, "%-10s %8.3f [%6.2f, %6.2f]  %s (%s): %s\n", words(claim, "verdict"),
                number(claim, "mean"), number(claim, "low"), number(claim, "high"),
                words(claim, "claim"), words(claim, "where"), words(claim, "measured"));
    }
}
