/* idle_options.c: refuses options that the runs would pass over in silence (see
 * separation_options.h). Must not know how a run works.
 *
 * An option does something where one run at least has a use for it, and has the value that was
 * given: a figure may set its own. */
#include <math.h>
#include <string.h>

#include "options.h"
#include "separation_options.h"

/* ---- what a run has a use for -------------------------------------------------------------- */

static const margin_loss_info *loss_of(const run_plan *plan)
{
    return margin_loss_get(plan->aim.loss.loss);
}

static int any_run(const run_plan *plan)
{
    return plan->dim > 0;
}

static int normalises(const run_plan *plan)
{
    return loss_of(plan)->normalised;
}

/* Features that keep their length are not scaled. */
static int scales(const run_plan *plan)
{
    return normalises(plan) && plan->aim.loss.feature_norm != MARGIN_FEATURE_NORM_KEEP;
}

static int has_margin(const run_plan *plan)
{
    return loss_of(plan)->margin_index != 0;
}

static int has_one_margin(const run_plan *plan)
{
    return !isnan(run_plan_margin(plan));
}

static int grows(const run_plan *plan)
{
    return has_margin(plan) || (scales(plan) && plan->how.scale_first > 0.0);
}

static int has_lambda(const run_plan *plan)
{
    return loss_of(plan)->has_lambda;
}

static int in_plane(const run_plan *plan)
{
    return plan->dim == 2;
}

static int is_drawn(const run_plan *plan)
{
    return plan->dim <= 3 && !plan->brief;
}

static int on_sphere(const run_plan *plan)
{
    return plan->data->images == NULL;
}

/* ---- whether it has the value that was given ----------------------------------------------- */

static int is(double given, double value)
{
    return fabs(given - value) <= 0.0;
}

static int in_list(const number_list *list, double value)
{
    for (size_t i = 0; i < list->count; i++)
        if (is(list->values[i], value)) return 1;
    return 0;
}

static int has_scale(const separation_options *o, const run_plan *plan)
{
    return in_list(&o->scales, plan->aim.loss.scale);
}

static int has_own_margin(const separation_options *o, const run_plan *plan)
{
    return in_list(&o->margins, run_plan_margin(plan));
}

static int has_m1(const separation_options *o, const run_plan *plan)
{
    return is(o->override.m1, plan->aim.loss.m1);
}

static int has_m2(const separation_options *o, const run_plan *plan)
{
    return is(o->override.m2, plan->aim.loss.m2);
}

static int has_m3(const separation_options *o, const run_plan *plan)
{
    return is(o->override.m3, plan->aim.loss.m3);
}

static int has_samples(const separation_options *o, const run_plan *plan)
{
    return plan->train == o->samples;
}

static int has_test_samples(const separation_options *o, const run_plan *plan)
{
    return plan->test == o->test_samples;
}

static int has_features(const separation_options *o, const run_plan *plan)
{
    return plan->features == o->features;
}

/* ---- the options --------------------------------------------------------------------------- */

typedef struct rule {
    const char *option;
    int (*use)(const run_plan *plan);
    const char *whom; /* for whom it is, where not for all */
    /* NULL: where it is of use, it is in force. */
    int (*in_force)(const separation_options *options, const run_plan *plan);
    size_t offset, size; /* of a constant of the recipe, likewise; 0: it is none */
} rule;

#define CONSTANT(field) .offset = offsetof(recipe, field), .size = sizeof((recipe *)NULL)->field
#define OF_SPHERE       on_sphere, "identities of the hypersphere (--data sphere)"
#define OF_LAMBDA       has_lambda, "sphereface, whose margin comes by a lambda"

static const rule rules[] = {
    {"scale", scales, "losses that normalise", has_scale, 0, 0},
    {"margin", has_one_margin, "losses with one margin (of combined: --m1, --m2, --m3)",
     has_own_margin, 0, 0},
    {"m1", any_run, NULL, has_m1, 0, 0},
    {"m2", any_run, NULL, has_m2, 0, 0},
    {"m3", any_run, NULL, has_m3, 0, 0},
    {"samples", any_run, NULL, has_samples, 0, 0},
    {"test-samples", any_run, NULL, has_test_samples, 0, 0},
    {"features", is_drawn, "pictures of two or three dimensions", has_features, 0, 0},
    {"seeds", any_run, NULL, NULL, 0, 0},
    {"geometry", any_run, NULL, NULL, 0, 0},
    {"checkpoints", any_run, NULL, NULL, 0, 0},
    {"dump", any_run, NULL, NULL, 0, 0},

    {"unseen", OF_SPHERE, NULL, 0, 0},
    {"concentration", OF_SPHERE, NULL, 0, 0},
    {"bend", OF_SPHERE, NULL, 0, 0},
    {"map", OF_SPHERE, NULL, 0, 0},
    {"latent-dim", OF_SPHERE, NULL, 0, 0},
    {"input-dim", OF_SPHERE, NULL, 0, 0},
    {"imbalance", OF_SPHERE, NULL, 0, 0},
    {"flipped", OF_SPHERE, NULL, 0, 0},
    {"outliers", OF_SPHERE, NULL, 0, 0},

    {"hidden", any_run, NULL, NULL, CONSTANT(hidden)},
    {"weight-length", normalises, "losses that normalise", NULL, CONSTANT(weight_length)},
    {"start", in_plane, "two dimensions", NULL, CONSTANT(start)},
    {"epochs", any_run, NULL, NULL, CONSTANT(epochs)},
    {"batch", any_run, NULL, NULL, CONSTANT(batch)},
    {"rate", any_run, NULL, NULL, CONSTANT(rate)},
    {"momentum", any_run, NULL, NULL, CONSTANT(momentum)},
    {"decay", any_run, NULL, NULL, CONSTANT(decay)},
    {"clip", any_run, NULL, NULL, CONSTANT(clip)},
    {"warmup", grows, "losses with a margin, or with --scale-first", NULL, CONSTANT(warmup)},
    {"scale-first", scales, "losses that normalise", NULL, CONSTANT(scale_first)},
    {"lambda-share", OF_LAMBDA, NULL, CONSTANT(anneal)},
    {"lambda-first", OF_LAMBDA, NULL, CONSTANT(lambda_base)},
    {"lambda-last", OF_LAMBDA, NULL, CONSTANT(lambda_least)},
    {"lambda-power", OF_LAMBDA, NULL, CONSTANT(lambda_power)},
};

static int acts(const rule *r, const separation_options *o, const run_plan *plan)
{
    const char *const given = (const char *)&o->set, *const how = (const char *)&plan->how;
    return r->use(plan) && (r->in_force == NULL || r->in_force(o, plan)) &&
           memcmp(given + r->offset, how + r->offset, r->size) == 0;
}

static void refuse(const rule *r, const separation_options *o, const plan_list *plans)
{
    size_t i = 0, of_use = 0;
    for (; i < plans->count && !acts(r, o, &plans->plans[i]); i++)
        of_use += r->use(&plans->plans[i]) != 0;
    if (i < plans->count) return;
    if (plans->count == 0)
        die_usage(SEPARATION_PROGRAM, "--%s: of no use here: nothing is trained", r->option);
    if (of_use > 0)
        die_usage(SEPARATION_PROGRAM, "--%s: of no use here: the figure has its own", r->option);
    die_usage(SEPARATION_PROGRAM, "--%s: of no use here: it is for %s", r->option, r->whom);
}

void idle_options_refuse(const separation_options *o, const plan_list *plans)
{
    for (size_t i = 0; i < sizeof rules / sizeof *rules; i++)
        if (separation_option_given(o, rules[i].option)) refuse(&rules[i], o, plans);
    for (size_t i = 0; i < plans->count; i++) {
        const run_plan *const plan = &plans->plans[i];
        if (scales(plan) && plan->how.scale_first > plan->aim.loss.scale)
            die_usage(SEPARATION_PROGRAM,
                      "--scale-first: the scale grows: at most %g, %s's --scale",
                      plan->aim.loss.scale, loss_of(plan)->name);
    }
}
