/* figure_sensitivity.c: the toy figure once more under settings that its papers do not give and
 * that its verdicts may hang on (see figures.h). Must not know how a run works, nor what is judged.
 */
#include "figures.h"

#include <math.h>

#include "groups.h"

/* The first is as the toy figure has it, with a third of its samples, and differs from each other
 * in one place. */
static const struct {
    const char *name;
    double concentration, clip;
    start_name start;
    uint64_t map;
} settings[] = {
    {"500 samples a class", 37.0, 1.0, START_TOUR, 0},
    {"concentration 20", 20.0, 1.0, START_TOUR, 0},
    {"concentration 80", 80.0, 1.0, START_TOUR, 0},
    {"no gradient clipped", 37.0, 0.0, START_TOUR, 0},
    {"gradients clipped at 5", 37.0, 5.0, START_TOUR, 0},
    {"first class weights anywhere", 37.0, 1.0, START_RANDOM, 0},
    {"one map for all seeds", 37.0, 1.0, START_TOUR, 2019},
};

static const margin_loss shown[] = {MARGIN_SOFTMAX, MARGIN_NORMSOFTMAX, MARGIN_ARCFACE};

size_t sensitivity_count(void)
{
    return sizeof settings / sizeof *settings;
}

const char *sensitivity_name(size_t setting)
{
    return settings[setting].name;
}

int sensitivity_has(const run_plan *plan, size_t setting)
{
    const double apart = fabs(plan->sphere.concentration - settings[setting].concentration) +
                         fabs(plan->how.clip - settings[setting].clip);
    return plan_in_figure(plan, "sensitivity") && !(apart > 0.0) &&
           plan->how.start == (int)settings[setting].start &&
           plan->sphere.map == settings[setting].map;
}

void plan_sensitivity(const figure_request *request, plan_list *plans)
{
    separation_options options;
    const figure_request many = figure_of_many(request, &options);
    if (!request->alone && options.level == LEVEL_QUICK) return;
    for (size_t k = 0; k < sensitivity_count(); k++) {
        for (size_t i = 0; i < sizeof shown / sizeof *shown; i++) {
            run_plan plan = toy(&many, shown[i]);
            take_samples(&options, 500, 500, &plan);
            plan.sphere.concentration = settings[k].concentration;
            plan.sphere.map = settings[k].map;
            plan.how.clip = settings[k].clip;
            plan.how.start = (int)settings[k].start;
            add_seeds(&many, plan, 0, plans);
        }
    }
}
