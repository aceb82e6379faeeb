/* figure_faces.c: the trainings behind the figures in 64 dimensions, where strangers are verified,
 * and the sweep (see figure_plans.h). Must not know how a run works. */
#define _GNU_SOURCE
#include "figure_plans.h"

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
        add_seeds(request, faces_plan(request, (margin_loss)loss), 0, plans);
    }
}

/* ArcFace's margins and weights of 1, as in the paper. */
void plan_table3(const figure_request *request, plan_list *plans)
{
    const run_plan plain = faces_plan(request, MARGIN_NORMSOFTMAX);
    run_plan intra = plain, inter = plain, triplet = plain;
    intra.aim.extra.intra = 1.0;
    inter.aim.extra.inter = 1.0;
    triplet.aim.triplet = 0.35;
    triplet.aim.triplet_each = 4;
    add_seeds(request, plain, 0, plans);
    add_seeds(request, faces_plan(request, MARGIN_ARCFACE), 0, plans);
    add_seeds(request, intra, 0, plans);
    add_seeds(request, inter, 0, plans);
    add_seeds(request, triplet, 0, plans);
}

/* ---- what needs help to converge ----------------------------------------------------------- */

/* As the recipe has it, and with the whole margin, without lambda, from the first step. */
static void add_both(const figure_request *request, run_plan plan, plan_list *plans)
{
    add_seeds(request, plan, 0, plans);
    plan.how.warmup = 0.0;
    plan.how.anneal = 0.0;
    add_seeds(request, plan, 0, plans);
}

void plan_annealing(const figure_request *request, plan_list *plans)
{
    static const struct {
        margin_loss loss;
        margin_feature_norm norm;
        double margin, toy_margin;
    } cases[] = {
        {MARGIN_SPHEREFACE, MARGIN_FEATURE_NORM_KEEP, 4.0, 4.0},
        {MARGIN_SPHEREFACE, MARGIN_FEATURE_NORM_FIXED, 4.0, 4.0},
        {MARGIN_COSFACE, MARGIN_FEATURE_NORM_FIXED, 0.35, 0.2},
        {MARGIN_ARCFACE, MARGIN_FEATURE_NORM_FIXED, 0.5, 0.5},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_plan plan = faces_plan(request, cases[i].loss);
        plan.aim.loss.feature_norm = cases[i].norm;
        set_margin(&plan, cases[i].margin);
        add_both(request, plan, plans);
        plan = toy_plan(request, sources_open(request->sources, "sphere"), cases[i].loss);
        plan.aim.loss.feature_norm = cases[i].norm;
        set_margin(&plan, cases[i].toy_margin);
        add_both(request, plan, plans);
    }
}
