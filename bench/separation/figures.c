/* figures.c: the table of figures, and the trainings behind each (see figures.h). Must not know how
 * a run works or how a figure looks. */
#include "figures.h"

#include <math.h>
#include <string.h>

#include "degrees.h"
#include "crowd.h"
#include "demand.h"
#include "json_out.h"
#include "provenance.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* ---- what figures are made of -------------------------------------------------------------- */

void take_samples(const separation_options *o, size_t train, size_t test, run_plan *plan)
{
    plan->train = o->samples != 0 ? o->samples : train;
    plan->test = o->test_samples != 0 ? o->test_samples : o->samples != 0 ? o->samples : test;
}

run_plan take_options(const figure_request *request, run_plan plan)
{
    const separation_options *const o = request->options;
    plan.aim.loss.isa = o->isa;
    plan.geometry = o->geometry;
    plan.checkpoints = o->checkpoints;
    plan.checkpoint_seconds = 2.0;
    plan.program = provenance_commit();
    plan.embedded = o->dump != NULL ? dump_embedded : NULL;
    plan.folder = o->dump;
    recipe_take(&o->set, &plan.how);
    take_samples(o, plan.train, plan.test, &plan);
    return plan;
}

void add_seeds(const figure_request *request, run_plan plan, size_t features, plan_list *plans)
{
    plan.features = features;
    for (size_t r = 0; r < request->options->seeds; r++) {
        plan.seed = request->options->seed + r;
        plan_list_add(plans, &plan);
    }
}

static run_plan toy_on(const figure_request *request, const char *data, margin_loss loss)
{
    run_plan plan;
    run_plan_toy(&plan, sources_open(request->sources, data), loss, &request->options->override);
    return take_options(request, plan);
}

run_plan toy(const figure_request *request, margin_loss loss)
{
    return toy_on(request, "sphere", loss);
}

/* SphereFace as published: features keep their length. */
static run_plan keep_length(run_plan plan)
{
    plan.aim.loss.feature_norm = MARGIN_FEATURE_NORM_KEEP;
    return plan;
}

/* Six identities in three dimensions. */
static run_plan six(const figure_request *request, margin_loss loss)
{
    run_plan plan = keep_length(toy(request, loss));
    plan.dim = 3;
    plan.sphere.identities = 6;
    return plan;
}

/* In three dimensions, on Fashion-MNIST as in AM-Softmax's paper where it is there, else on ten
 * identities. First class weights of unit length: they start at random here and have to spread. */
static run_plan ball(const figure_request *request, margin_loss loss)
{
    run_plan plan = toy_on(request, sources_have_fashion() ? "fashion" : "sphere", loss);
    plan.dim = 3;
    plan.sphere.identities = 10;
    plan.how.weight_length = 1.0;
    plan.how.rate = 0.1;
    plan.train = 1000;
    plan.test = 500;
    return take_options(request, plan);
}

run_plan faces(const figure_request *request, margin_loss loss)
{
    run_plan plan;
    run_plan_faces(&plan, sources_open(request->sources, "sphere"), loss);
    return take_options(request, plan);
}

typedef run_plan base_plan(const figure_request *request, margin_loss loss);

/* A run under this loss for each margin. */
static void add_margins(const figure_request *request, base_plan *base, margin_loss loss,
                        const double *margins, size_t count, size_t features, plan_list *plans)
{
    for (size_t i = 0; i < count; i++) {
        run_plan plan = base(request, loss);
        run_plan_set_margin(&plan, margins[i]);
        add_seeds(request, plan, features, plans);
    }
}

/* What is drawn of each class on the sphere. */
enum { SPHERE_FEATURES = 100 };

/* ---- two dimensions ------------------------------------------------------------------------ */

static void add_losses(const figure_request *request, const char *data, plan_list *plans)
{
    const separation_options *const o = request->options;
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++)
        if (o->losses[loss])
            add_seeds(request, toy_on(request, data, (margin_loss)loss), o->features, plans);
}

/* With the margin that asks for this gap. */
static void add_demand(const figure_request *request, margin_loss loss, double gap,
                       plan_list *plans)
{
    run_plan plan = toy(request, loss);
    run_plan_set_margin(&plan, demand_margin(loss, gap, plan.sphere.identities));
    add_seeds(request, plan, 0, plans);
}

/* Besides the losses: how ArcFace's gap grows with its margin, whose bound is 0.785, and the others
 * where they ask for 15 degrees and for as much as ArcFace's 0.5. */
static void plan_arcface_fig3(const figure_request *request, plan_list *plans)
{
    static const double margins[] = {0.1, 0.2, 0.3, 0.4, 0.6, 0.7};
    add_losses(request, "sphere", plans);
    add_margins(request, toy, MARGIN_ARCFACE, margins, COUNT(margins), 0, plans);
    for (margin_loss loss = MARGIN_SPHEREFACE; loss <= MARGIN_COSFACE; loss++)
        for (int k = 0; k < 2; k++)
            add_demand(request, loss, k ? 0.5 : M_PI / 12.0, plans);
}

static void plan_fashion(const figure_request *request, plan_list *plans)
{
    add_losses(request, "fashion", plans);
}

static void plan_cosface_fig4(const figure_request *request, plan_list *plans)
{
    static const double margins[] = {0.0, 0.1, 0.2};
    const size_t features = request->options->features;
    add_seeds(request, toy(request, MARGIN_SOFTMAX), features, plans);
    add_margins(request, toy, MARGIN_COSFACE, margins, COUNT(margins), features, plans);
}

/* ---- the gap against the angle between neighbours ------------------------------------------ */

static const margin_loss constancy_losses[] = {MARGIN_SPHEREFACE, MARGIN_COSFACE, MARGIN_ARCFACE};
static const double constancy_margins[] = {3.0, 0.2, 0.5};
enum { FEWEST = 4, MOST = 10 };

static run_plan constancy_plan(const figure_request *request, size_t which, size_t identities)
{
    run_plan plan = toy(request, constancy_losses[which]);
    plan.sphere.identities = identities;
    run_plan_set_margin(&plan, constancy_margins[which]);
    return plan;
}

/* Fewer identities stand further apart on the circle: does the gap follow? */
static void plan_constancy(const figure_request *request, plan_list *plans)
{
    for (size_t i = 0; i < COUNT(constancy_losses); i++)
        for (size_t k = FEWEST; k <= MOST; k += 2)
            add_seeds(request, constancy_plan(request, i, k), 0, plans);
}

/* Besides its trainings: the gaps of features without a network. */
static json_t *constancy_free(const figure_request *request)
{
    json_t *const gaps = json_array();
    table_begin(request->out, "constancy_free", "#series loss apart_deg gap_deg");
    for (size_t i = 0; i < COUNT(constancy_losses); i++) {
        const char *const loss = margin_loss_get(constancy_losses[i])->name;
        table_series(request->out, loss, "%g", constancy_margins[i]);
        for (size_t k = FEWEST; k <= MOST; k++) {
            const run_plan plan = constancy_plan(request, i, k);
            const double gap = degrees(free_gap(&plan.aim.loss, k, request->options->seed));
            json_array_append_new(gaps, json_row("loss margin classes gap_deg", "sgzg", loss,
                                                 constancy_margins[i], k, gap));
            table_row(request->out, "gg", 360 / (double)k, gap);
        }
    }
    table_end(request->out);
    return json_row("free_features", "o", gaps);
}

/* ---- three dimensions ---------------------------------------------------------------------- */

static void plan_sphereface_fig5(const figure_request *request, plan_list *plans)
{
    static const double margins[] = {1.0, 2.0, 3.0, 4.0};
    add_margins(request, six, MARGIN_SPHEREFACE, margins, COUNT(margins), SPHERE_FEATURES, plans);
}

static run_plan scaled_ball(const figure_request *request, margin_loss loss)
{
    run_plan plan = ball(request, loss);
    plan.aim.loss.scale = loss == MARGIN_SOFTMAX ? 1.0 : 10.0;
    return plan;
}

static void plan_amsoftmax_sphere(const figure_request *request, plan_list *plans)
{
    static const double margins[] = {0.2, 0.5};
    run_plan original = keep_length(ball(request, MARGIN_SPHEREFACE));
    run_plan_set_margin(&original, 4.0);
    original.how.lambda_least = 0.5;
    original = take_options(request, original);
    add_seeds(request, scaled_ball(request, MARGIN_SOFTMAX), SPHERE_FEATURES, plans);
    add_seeds(request, scaled_ball(request, MARGIN_NORMSOFTMAX), SPHERE_FEATURES, plans);
    add_seeds(request, original, SPHERE_FEATURES, plans);
    add_margins(request, scaled_ball, MARGIN_COSFACE, margins, 2, SPHERE_FEATURES, plans);
}

/* ---- 64 dimensions ------------------------------------------------------------------------- */

static void plan_arcface_fig4a(const figure_request *request, plan_list *plans)
{
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++)
        add_seeds(request, faces(request, (margin_loss)loss), 0, plans);
}

/* Longer than the others: Intra and Inter act slowly, while the softmax loss has long been content.
 * The paper's trainings are longer still. */
static run_plan table3_plan(const figure_request *request, margin_loss loss)
{
    const separation_options *const o = request->options;
    run_plan plan = faces(request, loss);
    if (o->set.epochs == 0 && o->level != LEVEL_QUICK) plan.how.epochs = 60;
    return plan;
}

/* The terms' weights of 1 and the triplet margin are the paper's. */
static void plan_arcface_table3(const figure_request *request, plan_list *plans)
{
    const run_plan plain = table3_plan(request, MARGIN_NORMSOFTMAX);
    run_plan intra = plain, inter = plain, triplet = plain;
    intra.aim.extra.intra = 1.0;
    inter.aim.extra.inter = 1.0;
    triplet.aim.triplet = 0.35;
    triplet.aim.triplet_each = 4;
    add_seeds(request, plain, 0, plans);
    add_seeds(request, table3_plan(request, MARGIN_ARCFACE), 0, plans);
    add_seeds(request, intra, 0, plans);
    add_seeds(request, inter, 0, plans);
    add_seeds(request, triplet, 0, plans);
}

/* As the recipe has it, and with the whole margin, without lambda, from the first step. */
static void add_both(const figure_request *request, run_plan plan, double margin, plan_list *plans)
{
    run_plan_set_margin(&plan, margin);
    add_seeds(request, plan, 0, plans);
    plan.how.warmup = 0.0;
    plan.how.anneal = 0.0;
    add_seeds(request, plan, 0, plans);
}

static void plan_annealing(const figure_request *request, plan_list *plans)
{
    add_both(request, keep_length(faces(request, MARGIN_SPHEREFACE)), 4.0, plans);
    add_both(request, keep_length(toy(request, MARGIN_SPHEREFACE)), 4.0, plans);
    add_both(request, faces(request, MARGIN_SPHEREFACE), 4.0, plans);
    add_both(request, toy(request, MARGIN_SPHEREFACE), 4.0, plans);
    add_both(request, faces(request, MARGIN_COSFACE), 0.35, plans);
    add_both(request, toy(request, MARGIN_COSFACE), 0.2, plans);
    add_both(request, faces(request, MARGIN_ARCFACE), 0.5, plans);
    add_both(request, toy(request, MARGIN_ARCFACE), 0.5, plans);
}

/* ---- the table ----------------------------------------------------------------------------- */

static const figure figures[] = {
    {"arcface-fig3", "8 identities in the plane under each loss, and over m (ArcFace, fig. 3)",
     "trains every loss in two dimensions", "toy_features_sphere gap_share", plan_arcface_fig3,
     NULL},
    {"fashion", "the same on Fashion-MNIST", "trains every loss in two dimensions",
     "toy_features_fashion", plan_fashion, NULL},
    {"arcface-fig4a", "target angles at start, middle and end of training (ArcFace, fig. 4a)",
     "trains every loss in 64 dimensions", "target_angles", plan_arcface_fig4a, NULL},
    {"constancy", "the gap against the angle between neighbours (ArcFace, fig. 5, trained)",
     "trains three losses on 4 to 10 identities", "constancy", plan_constancy, constancy_free},
    {"annealing", "which loss needs its margin or lambda to come gradually",
     "trains in two and in 64 dimensions", "annealing", plan_annealing, NULL},
    {"cosface-fig4",
     "features in the plane, softmax and CosFace with m = 0, 0.1, 0.2 (CosFace, fig. 4)",
     "trains four times in two dimensions", "cosface_fig4", plan_cosface_fig4, NULL},
    {"sphereface-fig5", "6 identities on the sphere, m = 1 to 4 (SphereFace, fig. 5)",
     "trains four times in three dimensions", "sphereface_fig5", plan_sphereface_fig5, NULL},
    {"amsoftmax-sphere", "features on the sphere under five losses (AM-Softmax, its sphere figure)",
     "trains five times in three dimensions", "amsoftmax_sphere", plan_amsoftmax_sphere, NULL},
    {"arcface-table3", "angle statistics on seen and unseen identities (ArcFace, table 3)",
     "trains five losses in 64 dimensions", "table3", plan_arcface_table3, NULL},
    {"sweep", "separation against margin and scale of each loss",
     "3 seeds: trains each loss many times in two and in 64 dimensions; --full: more", "sweep",
     plan_sweep, NULL},
    {"geometry", "neural collapse, alignment and uniformity, seen and unseen, over the epochs",
     "trains four losses in 64 dimensions", "geometry", plan_geometry, NULL},
    {"noise", "strangers and test samples against flipped labels and outliers in training",
     "3 seeds: trains 5 times 7 in 64 dimensions", "noise", plan_noise, NULL},
    {"tails", "accuracy by class size, where identities have 1, 10 and 100 times fewer samples",
     "3 seeds: trains 5 times 3 in 64 dimensions", "tails", plan_tails, NULL},
    {"room", "dimension and number of classes, against what margin advise says",
     "3 seeds: trains three losses in 4 to 64 dimensions; --full: more", "room", plan_room, NULL},
    {"sensitivity", "the toy's gaps under other settings: data, clipping, first weights, map",
     "3 seeds: trains three losses in two dimensions", "sensitivity", plan_sensitivity, NULL},
    {"arcface-fig4b", "target-logit curves of seven losses (ArcFace, fig. 4b)", "no training",
     "arcface_fig4b", NULL, curves_arcface_fig4b},
    {"arcface-fig5", "decision margins of four losses, two classes (ArcFace, fig. 5)",
     "no training", "arcface_fig5", NULL, curves_arcface_fig5},
    {"cosface-fig2", "decision margins of four losses, two classes (CosFace, fig. 2)",
     "no training", "cosface_fig2", NULL, curves_cosface_fig2},
    {"amsoftmax-psi", "target-logit curves of A-Softmax and AM-Softmax (AM-Softmax, psi figure)",
     "no training", "amsoftmax_psi", NULL, curves_amsoftmax_psi},
    {"bounds", "scale and margin against the number of classes (NormFace, CosFace, AdaCos)",
     "no training", "bounds", NULL, curves_bounds},
    {"sphere-size", "nearest neighbour against the number of identities (ArcFace, appendix)",
     "draws a million directions", "sphere_size", NULL, curves_sphere_size},
};

/* Names from before those with their papers' in front: valid for ever. */
static const char *const old_names[][2] = {
    {"fig3", "arcface-fig3"}, {"fig4a", "arcface-fig4a"}, {"table3", "arcface-table3"}};

const char *figure_old_name(size_t index)
{
    return index < COUNT(old_names) ? old_names[index][0] : NULL;
}

const char *figure_alias(size_t index)
{
    for (size_t i = 0; i < COUNT(old_names); i++)
        if (strcmp(old_names[i][1], figures[index].name) == 0) return old_names[i][0];
    return NULL;
}

size_t figure_count(void)
{
    return sizeof figures / sizeof *figures;
}

const figure *figure_get(size_t index)
{
    return &figures[index];
}

int figure_find(const char *name, size_t *out)
{
    for (size_t i = 0; i < figure_count(); i++) {
        const char *const alias = figure_alias(i);
        if (strcmp(figures[i].name, name) == 0 || (alias != NULL && strcmp(alias, name) == 0)) {
            *out = i;
            return 1;
        }
    }
    return 0;
}
