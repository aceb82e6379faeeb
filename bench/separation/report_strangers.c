/* report_strangers.c: how well strangers were told apart, as JSON (see report.h). Must not know how
 * that is measured. */
#include "report.h"

#include <math.h>

#include "json_out.h"

static json_t *verification_object(const stranger_result *of)
{
    const verification *const v = &of->pairs;
    json_t *const points = json_array();
    for (size_t i = 0; i < VERIFICATION_POINTS; i++)
        json_array_append_new(points, json_row("limit far tar", "ggg", v->roc[i].limit,
                                               v->roc[i].far, v->roc[i].tar));
    return json_row("genuine impostor auc eer roc", "zzggo", (size_t)v->all.genuine,
                    (size_t)v->all.impostor, v->all.auc, v->all.eer, json_columns(points));
}

static json_t *identification_object(const stranger_result *of)
{
    const identification *const s = &of->search;
    json_t *const points = json_array();
    for (size_t k = 0; k < SEARCH_POINTS; k++)
        json_array_append_new(points, json_row("limit fpir tpir", "ggg", of->points[k].limit,
                                               of->points[k].fpir, of->points[k].tpir));
    return json_row("mated unmated rank_1 tpir", "zzgo", s->mated, s->unmated,
                    s->mated > 0 ? (double)s->found / (double)s->mated : NAN, json_columns(points));
}

void report_strangers(json_t *object, const run_result *r)
{
    const stranger_result *const strangers = &r->strangers, *const chosen_by = &r->validation;
    if (strangers->count > 0)
        json_put(object, "verification identification", "oo", verification_object(strangers),
                 identification_object(strangers));
    if (chosen_by->count > 0)
        json_put(object, "validation", "o",
                 json_row("count classes verification identification", "zzoo", chosen_by->count,
                          chosen_by->classes, verification_object(chosen_by),
                          identification_object(chosen_by)));
    if (r->raw_strangers.count > 0)
        json_put(object, "raw_verification", "o", verification_object(&r->raw_strangers));
}
