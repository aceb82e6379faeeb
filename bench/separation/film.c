/* film.c: the toy along its training (see film.h). Must not know how the page looks. */
#include "film.h"

#include <math.h>
#include <stdlib.h>

#include "degrees.h"
#include "engine.h"
#include "groups.h"
#include "json_out.h"

/* What is kept of each class for the page, and how its curve of target logits is sampled. */
enum { DOTS = 40, PSI_STEPS = 60 };

/* ---- which trainings ----------------------------------------------------------------------- */

static const struct {
    margin_loss loss;
    size_t count;
    double margins[7];
} stock[] = {
    {MARGIN_SOFTMAX, 0, {0}},
    {MARGIN_NORMSOFTMAX, 0, {0}},
    {MARGIN_SPHEREFACE, 3, {2, 3, 4}},
    {MARGIN_COSFACE, 3, {0.1, 0.2, 0.3}},
    {MARGIN_ARCFACE, 7, {0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7}},
};

static void add_run(const figure_request *request, size_t row, const double *margin, double scale,
                    uint64_t seed, plan_list *film)
{
    run_plan plan = toy(request, stock[row].loss);
    if (margin != NULL) run_plan_set_margin(&plan, *margin);
    if (margin_loss_get(stock[row].loss)->normalised) plan.aim.loss.scale = scale;
    plan.seed = seed;
    plan.features = DOTS;
    plan.filmed = 1;
    plan.checkpoints = NULL;
    plan.embedded = NULL;
    plan_list_add(film, &plan);
}

/* The seed that the figure draws. */
static uint64_t typical_seed(const figure_request *request, const plan_list *done)
{
    group_list groups = groups_of(done);
    uint64_t seed = request->options->seed;
    for (const group *g = groups.groups; g < groups.groups + groups.count; g++) {
        if (g->plan->features > 0 && plan_in_figure(g->plan, "arcface-fig3")) {
            seed = g->plan->seed + groups_typical(&groups, g);
            break;
        }
    }
    groups_free(&groups);
    return seed;
}

/* A quick run shows the default scale alone. */
void film_shoot(const figure_request *request, const plan_list *done, plan_list *film)
{
    static const double scales[] = {64, 32, 16};
    const size_t most = request->options->level == LEVEL_QUICK ? 1 : 3;
    const uint64_t seed = typical_seed(request, done);
    for (size_t row = 0; row < sizeof stock / sizeof *stock; row++) {
        for (size_t s = 0; s < most; s++) {
            if (stock[row].count == 0) add_run(request, row, NULL, scales[s], seed, film);
            for (size_t i = 0; i < stock[row].count; i++)
                add_run(request, row, &stock[row].margins[i], scales[s], seed, film);
        }
    }
    plans_carry_out(film, engine_threads(request->options->threads));
}

/* ---- as JSON ------------------------------------------------------------------------------- */

/* Tenths of a degree, from 0 up to 3600. */
static json_t *tenths(double angle)
{
    const double all = 3600.0, found = round(10.0 * degrees(angle));
    return json_integer((json_int_t)(found - all * floor(found / all)));
}

static json_t *directions(const float *points, size_t count)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list,
                              tenths(atan2((double)points[2 * i + 1], (double)points[2 * i])));
    return list;
}

/* Of each class where its arc begins, and how far it goes. */
static json_t *arc_ends(const arc *arcs, size_t count)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < count; i++) {
        json_array_append_new(list, tenths(arcs[i].centre + arcs[i].low));
        json_array_append_new(
            list, json_integer((json_int_t)round(10.0 * degrees(arcs[i].high - arcs[i].low))));
    }
    return list;
}

static json_t *part(const separation_stats *s, const arc *arcs, size_t classes)
{
    return json_row("accuracy gap_median_deg gap_min_deg theta_mean_deg arcs", "gaaao", s->accuracy,
                    s->gap_median, s->gap_min, s->theta.mean, arc_ends(arcs, classes));
}

static json_t *frame(const run_plan *plan, const run_result *of)
{
    json_t *const object = json_row("epoch final_loss margin_share", "zgg", of->epoch,
                                    of->epoch > 0 ? of->final_loss : NAN, of->share);
    if (margin_loss_get(plan->aim.loss.loss)->has_lambda)
        json_put(object, "lambda", "g", of->lambda);
    json_put(object, "train test weights features", "oooo",
             part(&of->train, of->train_arcs, of->classes), part(&of->test, of->arcs, of->classes),
             directions(of->weights, of->classes), directions(of->features, of->feature_count));
    return object;
}

/* The target's logit over s, in thousandths, at angles from 0 to 180 degrees. */
static json_t *psi_curve(const margin_config *loss)
{
    json_t *const list = json_array();
    for (size_t i = 0; i <= PSI_STEPS; i++) {
        double psi = NAN;
        margin_psi(loss, M_PI * (double)i / PSI_STEPS, &psi, NULL);
        json_array_append_new(list, json_integer((json_int_t)round(1000.0 * psi)));
    }
    return list;
}

static json_t *filmed_run(const run_plan *plan, const run_result *r)
{
    const margin_config *const loss = &plan->aim.loss;
    char label[RUN_LABEL];
    json_t *const frames = json_array();
    run_plan_label(plan, label);
    for (size_t i = 0; i < r->frame_count; i++)
        json_array_append_new(frames, frame(plan, &r->frames[i]));
    return json_row("label loss scale margin m1 m2 m3 psi frames", "ssgggggoo", label,
                    margin_loss_get(loss->loss)->name, loss->scale, run_plan_margin(plan), loss->m1,
                    loss->m2, loss->m3, psi_curve(loss), frames);
}

json_t *film_json(const figure_request *request, const plan_list *film, json_t *context)
{
    const run_plan *const plan = &film->plans[0];
    json_t *const runs = json_array(), *const classes = json_array();
    for (size_t i = 0; i < film->count; i++)
        json_array_append_new(runs, filmed_run(&film->plans[i], &film->results[i]));
    for (size_t i = 0; i < film->results[0].feature_count; i++)
        json_array_append_new(classes, json_integer(film->results[0].feature_classes[i]));
    return json_row("schema context data seed seeds classes epochs feature_classes runs",
                    "dosgzzzoo", 1, context, plan->data->name, (double)plan->seed,
                    request->options->seeds, film->results[0].classes, plan->how.epochs, classes,
                    runs);
}
