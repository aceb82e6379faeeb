/* figure_plans.c: the trainings behind each figure (see figure_plans.h). Must not know how a run
 * works. */
#define _GNU_SOURCE
#include "figure_plans.h"

/* What the command line says of every run. */
static void take_options(const figure_request *request, run_plan *plan)
{
    const separation_options *const o = request->options;
    plan->aim.loss.isa = o->isa;
    plan->how.epochs = o->epochs != 0 ? o->epochs : plan->how.epochs;
    plan->how.train = o->samples != 0 ? o->samples : plan->how.train;
    plan->how.test = o->samples != 0 ? o->samples : plan->how.test;
}

static run_plan toy_plan(const figure_request *request, const run_data *data, margin_loss loss)
{
    run_plan plan;
    run_plan_toy(&plan, data, loss, &request->options->override);
    take_options(request, &plan);
    return plan;
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
            add_seeds(request, toy_plan(request, data, (margin_loss)loss),
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

/* ---- 64 dimensions, strangers to verify ---------------------------------------------------- */

static run_plan faces_plan(const figure_request *request, margin_loss loss)
{
    run_plan plan;
    run_plan_faces(&plan, sources_open(request->sources, "sphere"), loss);
    take_options(request, &plan);
    return plan;
}

void plan_fig4a(const figure_request *request, plan_list *plans)
{
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        if (recipe_is_default((margin_loss)loss)) {
            add_seeds(request, faces_plan(request, (margin_loss)loss), 0, plans);
        }
    }
}

void plan_table3(const figure_request *request, plan_list *plans)
{
    run_plan plan = faces_plan(request, MARGIN_NORMSOFTMAX);
    add_seeds(request, plan, 0, plans);
    plan.aim.extra.intra = 1.0;
    add_seeds(request, plan, 0, plans);
    plan.aim.extra = (extra_terms){.inter = 1.0};
    add_seeds(request, plan, 0, plans);
    plan.aim.extra = (extra_terms){0};
    plan.aim.triplet = 0.35;
    plan.aim.triplet_each = 4;
    add_seeds(request, plan, 0, plans);
    add_seeds(request, faces_plan(request, MARGIN_ARCFACE), 0, plans);
}
