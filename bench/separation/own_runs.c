/* own_runs.c: the runs of a person's own (see figures.h). Must not know figures. */
#include "figures.h"

/* Refuses numbers of people that the data do not have. */
static void check_people(const separation_options *o, const run_data *data, size_t dim)
{
    const image_set *const set = data->images;
    const size_t strangers = set != NULL ? set->unseen_classes : o->sphere.unseen + o->validation;
    if (set != NULL && o->identities > set->classes)
        die_usage(SEPARATION_PROGRAM, "--identities: %s has %zu classes to train", data->name,
                  set->classes);
    if (set != NULL && o->validation >= strangers && o->validation > 0)
        die_usage(SEPARATION_PROGRAM,
                  "--validation: %s has %zu unseen classes, and some must be left", data->name,
                  strangers);
    if (set == NULL && o->validation > 0 && o->out == NULL && o->dump == NULL)
        die_usage(SEPARATION_PROGRAM,
                  "--validation: its numbers are told in a file alone: with --out or --dump");
    if (o->brief && (strangers == 0 || dim <= 3))
        die_usage(SEPARATION_PROGRAM,
                  "--brief: nothing would be left to measure: it takes --unseen or --validation, "
                  "and more than 3 dimensions");
}

static void add_own(const figure_request *request, const run_data *data, size_t dim,
                    margin_loss loss, const loss_override *override, plan_list *plans)
{
    const separation_options *const o = request->options;
    run_plan plan;
    run_plan_init(&plan, data, &o->sphere, dim, loss, override);
    if (data->images != NULL) run_plan_take_classes(&plan, o->identities, override);
    plan.validation = o->validation;
    plan.brief = o->brief;
    plan.aim.sample_rate = o->sample_rate;
    if (o->recipe >= 0) run_plan_take(&plan, &all_recipes[o->recipe]);
    add_seeds(request, take_options(request, plan), o->features, plans);
}

void plan_own(const figure_request *request, const run_data *data, plan_list *plans)
{
    const separation_options *const o = request->options;
    /* Strangers are told apart in space; a plane has no room for them. */
    const size_t usual = data->images != NULL && data->images->unseen.count > 0 ? 64 : 2;
    const size_t dim = o->dim > 0 ? o->dim : usual;
    check_people(o, data, dim);
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++)
        for (size_t i = 0; o->losses[loss] && (i == 0 || i < o->scales.count); i++)
            for (size_t k = 0; k == 0 || k < o->margins.count; k++) {
                loss_override override = o->override;
                if (o->scales.count > 0) override.scale = o->scales.values[i];
                if (o->margins.count > 0) override.margin = o->margins.values[k];
                add_own(request, data, dim, (margin_loss)loss, &override, plans);
            }
}
