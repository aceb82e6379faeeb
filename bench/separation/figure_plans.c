/* figure_plans.c: the trainings behind each figure (see figure_plans.h). Must not know how a run
 * works. */
#define _GNU_SOURCE
#include "figure_plans.h"

/* A run as the command line has it. */
static run_plan plan_of(const figure_request *request, const run_data *data, margin_loss loss)
{
    const separation_options *const o = request->options;
    return (run_plan){
        .data = data,
        .loss = loss,
        .override = o->override,
        .isa = o->isa,
        .epochs = o->epochs,
        .samples = o->samples,
    };
}

/* One run for each seed; features are kept of the first. */
static void add_seeds(const figure_request *request, run_plan plan, size_t features,
                      plan_list *plans)
{
    const separation_options *const o = request->options;
    for (size_t r = 0; r < o->seeds; r++) {
        plan.seed = o->seed + r;
        plan.features = r == 0 ? features : 0;
        plan_list_add(plans, &plan);
    }
}

void plan_toy(const figure_request *request, const run_data *data, plan_list *plans)
{
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        if (request->options->losses[loss]) {
            add_seeds(request, plan_of(request, data, (margin_loss)loss),
                      request->options->features, plans);
        }
    }
}

void plan_fig3(const figure_request *request, plan_list *plans)
{
    plan_toy(request, sources_open(request->sources, "sphere"), plans);
}

void plan_fashion(const figure_request *request, plan_list *plans)
{
    plan_toy(request, sources_open(request->sources, "fashion"), plans);
}
