/* figure_plans.c: the trainings behind each figure in two and three dimensions, and what all share
 * (see figure_plans.h). Must not know how a run works. */
#include "figure_plans.h"

#include <math.h>

#include "degrees.h"
#include "dump.h"
#include "free_features.h"
#include "json_out.h"
#include "provenance.h"

/* What is drawn of each class on the sphere. */
static const size_t sphere_features = 100;

void take_options(const figure_request *request, run_plan *plan)
{
    const separation_options *const o = request->options;
    plan->aim.loss.isa = o->isa;
    plan->checkpoints = o->checkpoints;
    plan->checkpoint_seconds = 2.0;
    plan->program = provenance_commit();
    plan->embedded = o->dump != NULL ? dump_embedded : NULL;
    plan->folder = o->dump;
    plan->how.epochs = o->epochs != 0 ? o->epochs : plan->how.epochs;
    plan->how.train = o->samples != 0 ? o->samples : plan->how.train;
    plan->how.test = o->samples != 0 ? o->samples : plan->how.test;
}

void add_seeds(const figure_request *request, run_plan plan, size_t features, plan_list *plans)
{
    const separation_options *const o = request->options;
    for (size_t r = 0; r < o->seeds; r++) {
        plan.seed = o->seed + r;
        plan.features = r == 0 ? features : 0;
        plan_list_add(plans, &plan);
    }
}

void set_margin(run_plan *plan, double margin)
{
    margin_config *const loss = &plan->aim.loss;
    double *const margins[] = {NULL, &loss->m1, &loss->m2, &loss->m3};
    const int index = margin_loss_get(loss->loss)->margin_index;
    if (index >= 1 && index <= 3) *margins[index] = margin;
}

/* ---- two dimensions ------------------------------------------------------------------------ */

run_plan toy_plan(const figure_request *request, const run_data *data, margin_loss loss)
{
    run_plan plan;
    run_plan_toy(&plan, data, loss, &request->options->override);
    take_options(request, &plan);
    return plan;
}

static void add_losses(const figure_request *request, const run_data *data, int own,
                       plan_list *plans)
{
    const separation_options *const o = request->options;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        if (o->losses[loss]) {
            run_plan plan;
            run_plan_init(&plan, data, own ? &o->sphere : NULL, own ? o->dim : 2, (margin_loss)loss,
                          &o->override);
            take_options(request, &plan);
            add_seeds(request, plan, o->features, plans);
        }
    }
}

void plan_own(const figure_request *request, const run_data *data, plan_list *plans)
{
    add_losses(request, data, 1, plans);
}

/* Besides the losses: how ArcFace's gap grows with its margin. The bound is 0.785. */
void plan_fig3(const figure_request *request, plan_list *plans)
{
    static const double margins[] = {0.1, 0.2, 0.3, 0.4, 0.6, 0.7};
    const run_data *const sphere = sources_open(request->sources, "sphere");
    add_losses(request, sphere, 0, plans);
    for (size_t i = 0; i < sizeof margins / sizeof *margins; i++) {
        run_plan plan = toy_plan(request, sphere, MARGIN_ARCFACE);
        set_margin(&plan, margins[i]);
        add_seeds(request, plan, 0, plans);
    }
}

void plan_fashion(const figure_request *request, plan_list *plans)
{
    add_losses(request, sources_open(request->sources, "fashion"), 0, plans);
}

void plan_cosface_fig4(const figure_request *request, plan_list *plans)
{
    static const double margins[] = {0.0, 0.1, 0.2};
    const size_t features = request->options->features;
    const run_data *const sphere = sources_open(request->sources, "sphere");
    add_seeds(request, toy_plan(request, sphere, MARGIN_SOFTMAX), features, plans);
    for (size_t i = 0; i < sizeof margins / sizeof *margins; i++) {
        run_plan plan = toy_plan(request, sphere, MARGIN_COSFACE);
        set_margin(&plan, margins[i]);
        add_seeds(request, plan, features, plans);
    }
}

/* ---- the gap against the angle between neighbours ------------------------------------------ */

static const margin_loss constancy_losses[] = {MARGIN_SPHEREFACE, MARGIN_COSFACE, MARGIN_ARCFACE};
static const double constancy_margins[] = {3.0, 0.2, 0.5};
enum { CONSTANCY_LOSSES = 3, FEWEST = 4, MOST = 10 };

static run_plan constancy_plan(const figure_request *request, size_t which, size_t identities)
{
    run_plan plan =
        toy_plan(request, sources_open(request->sources, "sphere"), constancy_losses[which]);
    plan.sphere.identities = identities;
    set_margin(&plan, constancy_margins[which]);
    return plan;
}

/* Fewer identities stand further apart on the circle: does the gap follow? */
void plan_constancy(const figure_request *request, plan_list *plans)
{
    for (size_t i = 0; i < CONSTANCY_LOSSES; i++) {
        for (size_t k = FEWEST; k <= MOST; k += 2)
            add_seeds(request, constancy_plan(request, i, k), 0, plans);
    }
}

json_t *constancy_free(const figure_request *request, char *error, size_t error_size)
{
    json_t *object = json_object(), *gaps = json_array();
    (void)error, (void)error_size;
    for (size_t i = 0; i < CONSTANCY_LOSSES; i++) {
        for (size_t k = FEWEST; k <= MOST; k++) {
            const run_plan plan = constancy_plan(request, i, k);
            json_t *gap = json_object();
            const double angle = free_gap(&plan.aim.loss, k, request->options->seed);
            json_object_set_new(gap, "loss",
                                json_string(margin_loss_get(constancy_losses[i])->name));
            json_object_set_new(gap, "margin", json_number(constancy_margins[i]));
            json_object_set_new(gap, "classes", json_integer((json_int_t)k));
            json_object_set_new(gap, "gap_deg", json_number(degrees(angle)));
            json_array_append_new(gaps, gap);
        }
    }
    json_object_set_new(object, "free_features", gaps);
    return object;
}

/* ---- three dimensions ---------------------------------------------------------------------- */

/* SphereFace as published: features keep their length. */
static void make_original(run_plan *plan, double margin)
{
    plan->aim.loss.feature_norm = MARGIN_FEATURE_NORM_KEEP;
    set_margin(plan, margin);
}

void plan_sphereface_fig5(const figure_request *request, plan_list *plans)
{
    for (int margin = 1; margin <= 4; margin++) {
        run_plan plan =
            toy_plan(request, sources_open(request->sources, "sphere"), MARGIN_SPHEREFACE);
        plan.dim = 3;
        plan.sphere.identities = 6;
        make_original(&plan, margin);
        add_seeds(request, plan, sphere_features, plans);
    }
}

/* On Fashion-MNIST as in the paper where it is there, else on ten identities. First class weights
 * of unit length: they start at random here and have to spread. */
static run_plan ball_plan(const figure_request *request, margin_loss loss)
{
    const char *const name = sources_have_fashion() ? "fashion" : "sphere";
    run_plan plan = toy_plan(request, sources_open(request->sources, name), loss);
    plan.dim = 3;
    plan.sphere.identities = 10;
    plan.how.weight_length = 1.0;
    plan.how.rate = 0.1;
    plan.how.train = request->options->samples != 0 ? plan.how.train : 1000;
    plan.how.test = request->options->samples != 0 ? plan.how.test : 500;
    return plan;
}

static void add_ball(const figure_request *request, margin_loss loss, double scale, double margin,
                     plan_list *plans)
{
    run_plan plan = ball_plan(request, loss);
    plan.aim.loss.scale = scale;
    set_margin(&plan, margin);
    add_seeds(request, plan, sphere_features, plans);
}

void plan_amsoftmax_sphere(const figure_request *request, plan_list *plans)
{
    add_ball(request, MARGIN_SOFTMAX, 1.0, 0.0, plans);
    add_ball(request, MARGIN_NORMSOFTMAX, 10.0, 0.0, plans);
    run_plan plan = ball_plan(request, MARGIN_SPHEREFACE);
    make_original(&plan, 4.0);
    plan.how.lambda_least = 0.5;
    add_seeds(request, plan, sphere_features, plans);
    add_ball(request, MARGIN_COSFACE, 10.0, 0.2, plans);
    add_ball(request, MARGIN_COSFACE, 10.0, 0.5, plans);
}
