/* figure_sweep.c: the trainings of the sweep over margin and scale (see figures.h). Must not know
 * how a run works or how a figure looks. */
#include "figures.h"

/* Values on the axis of a sweep. The first `few` serve a run of all figures, and in 64 dimensions,
 * a minute otherwise, all but a full run. */
typedef struct axis {
    size_t count, few;
    double values[8];
} axis;

/* In 2-D the bounds are 0.785 for ArcFace and 0.293 for CosFace: the last values lie beyond. */
static const struct {
    margin_loss loss;
    axis toy_margins, faces_margins;
} sweep_rows[] = {
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

static size_t values_of(const figure_request *request, const run_plan *plan, const axis *of)
{
    const int is_toy = plan->dim == 2;
    const int all = request->alone && (is_toy || request->options->level == LEVEL_FULL);
    return all ? of->count : of->few;
}

static void add_axes(const figure_request *request, run_plan plan, const axis *margins,
                     plan_list *plans)
{
    for (size_t i = 0; i < values_of(request, &plan, margins); i++) {
        run_plan other = plan;
        run_plan_set_margin(&other, margins->values[i]);
        add_seeds(request, other, 0, plans);
    }
    for (size_t i = 0; i < values_of(request, &plan, &sweep_scales); i++) {
        run_plan other = plan;
        other.aim.loss.scale = sweep_scales.values[i];
        add_seeds(request, other, 0, plans);
    }
}

figure_request figure_of_many(const figure_request *request, separation_options *options)
{
    figure_request many = *request;
    *options = *request->options;
    options->seeds = options->many_seeds;
    many.options = options;
    return many;
}

void plan_sweep(const figure_request *request, plan_list *plans)
{
    separation_options options;
    const figure_request many = figure_of_many(request, &options);
    if (!request->alone && options.level == LEVEL_QUICK) return;
    for (size_t i = 0; i < sizeof sweep_rows / sizeof *sweep_rows; i++) {
        run_plan plan = toy(&many, sweep_rows[i].loss);
        take_samples(&options, 500, 500, &plan);
        add_axes(&many, plan, &sweep_rows[i].toy_margins, plans);
        add_axes(&many, faces(&many, sweep_rows[i].loss), &sweep_rows[i].faces_margins, plans);
    }
}
