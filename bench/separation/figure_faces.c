/* figure_faces.c: the trainings behind the figures in 64 dimensions, where strangers are verified,
 * and the sweep (see figure_plans.h). Must not know how a run works. */
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
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++)
        add_seeds(request, faces_plan(request, (margin_loss)loss), 0, plans);
}

/* Longer than the others: Intra and Inter act slowly, while the softmax loss has long been content.
 * The paper's trainings are longer still. */
static run_plan table3_plan(const figure_request *request, margin_loss loss)
{
    const separation_options *const o = request->options;
    run_plan plan = faces_plan(request, loss);
    if (o->epochs == 0 && o->level != LEVEL_QUICK) plan.how.epochs = 60;
    return plan;
}

/* The terms' weights of 1 and the triplet margin are the paper's. */
void plan_table3(const figure_request *request, plan_list *plans)
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

/* ---- margin and scale ---------------------------------------------------------------------- */

enum { MOST_VALUES = 8 };

/* Values on the axis of a sweep; the first `few` serve a run of all figures. */
typedef struct axis {
    size_t count, few;
    double values[MOST_VALUES];
} axis;

/* In 2-D the bounds are 0.785 for ArcFace and 0.293 for CosFace: the last values lie beyond. */
typedef struct sweep_row {
    margin_loss loss;
    axis toy_margins, faces_margins;
} sweep_row;

static const sweep_row sweep_rows[] = {
    {MARGIN_NORMSOFTMAX, {0}, {0}},
    {MARGIN_SPHEREFACE, {6, 3, {1, 2, 4, 1.35, 3, 6}}, {6, 3, {1, 2, 4, 1.35, 3, 6}}},
    {MARGIN_COSFACE,
     {7, 4, {0.1, 0.2, 0.3, 0.5, 0.05, 0.15, 0.4}},
     {7, 3, {0.2, 0.5, 0.9, 0.1, 0.35, 0.7, 1.1}}},
    {MARGIN_ARCFACE,
     {7, 4, {0.2, 0.5, 0.8, 1.2, 0.1, 0.35, 0.65}},
     {7, 3, {0.25, 0.5, 1.0, 0.1, 0.75, 1.25, 1.5}}},
};

static const axis sweep_scales = {8, 3, {4, 16, 64, 1, 2, 8, 32, 128}};

static size_t values_of(const figure_request *request, const axis *of)
{
    return request->alone ? of->count : of->few;
}

static void add_axes(const figure_request *request, run_plan plan, const axis *margins,
                     plan_list *plans)
{
    for (size_t i = 0; i < values_of(request, margins); i++) {
        run_plan other = plan;
        set_margin(&other, margins->values[i]);
        add_seeds(request, other, 0, plans);
    }
    for (size_t i = 0; i < values_of(request, &sweep_scales); i++) {
        run_plan other = plan;
        other.aim.loss.scale = sweep_scales.values[i];
        add_seeds(request, other, 0, plans);
    }
}

/* In a run of all figures three seeds are enough for it, and a quick one goes without. */
void plan_sweep(const figure_request *request, plan_list *plans)
{
    separation_options options = *request->options;
    if (!request->alone && options.level == LEVEL_QUICK) return;
    figure_request fewer = *request;
    options.seeds = request->alone || options.seeds < 3 ? options.seeds : 3;
    fewer.options = &options;
    for (size_t i = 0; i < sizeof sweep_rows / sizeof *sweep_rows; i++) {
        const sweep_row *const row = &sweep_rows[i];
        run_plan plan = toy_plan(&fewer, sources_open(request->sources, "sphere"), row->loss);
        plan.how.train = options.samples != 0 ? options.samples : 500;
        plan.how.test = plan.how.train;
        add_axes(&fewer, plan, &row->toy_margins, plans);
        add_axes(&fewer, faces_plan(&fewer, row->loss), &row->faces_margins, plans);
    }
}
