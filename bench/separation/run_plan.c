/* run_plan.c: the plans of runs: defaults, keys and labels (see run.h). Must not know how a run is
 * carried out. */
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "run_plan.h"

/* The head's scratch memory: small, because a context is made anew at each step of the warm-up. */
static const size_t workspace_bytes = (size_t)1 << 20;

static void set_loss(run_plan *plan, margin_loss loss, const loss_override *override)
{
    const size_t on_circle = plan->dim == 2 ? run_plan_classes(plan) : 0;
    recipe_loss(loss, on_circle, override, &plan->aim.loss);
    plan->aim.loss.threads = 1; /* runs are what is spread over threads */
    plan->aim.loss.workspace_bytes = workspace_bytes;
}

void run_plan_init(run_plan *out, const run_data *data, const sphere_config *sphere, size_t dim,
                   margin_loss loss, const loss_override *override)
{
    *out = (run_plan){.data = data, .dim = dim, .seed = 1, .program = ""};
    out->how = data->images == NULL ? recipe_sphere : recipe_images;
    if (sphere != NULL) {
        out->sphere = *sphere;
    } else {
        sphere_config_init(&out->sphere);
    }
    set_loss(out, loss, override);
}

void run_plan_toy(run_plan *out, const run_data *data, margin_loss loss,
                  const loss_override *override)
{
    run_plan_init(out, data, NULL, 2, loss, override);
}

void run_plan_faces(run_plan *out, const run_data *data, margin_loss loss)
{
    *out = (run_plan){.data = data, .dim = 64, .seed = 1, .program = ""};
    out->how = recipe_faces;
    sphere_config_faces(&out->sphere);
    margin_config_init(&out->aim.loss, loss);
    out->aim.loss.threads = 1;
    out->aim.loss.workspace_bytes = workspace_bytes;
}

double run_plan_margin(const run_plan *plan)
{
    margin_config copy = plan->aim.loss;
    const double *const margin = loss_margin(&copy);
    return margin != NULL ? *margin : NAN;
}

void run_plan_set_margin(run_plan *plan, double margin)
{
    double *const to = loss_margin(&plan->aim.loss);
    if (to != NULL) *to = margin;
}

size_t run_plan_classes(const run_plan *plan)
{
    return plan->data->images != NULL ? plan->data->images->classes : plan->sphere.identities;
}

typedef struct text {
    char *start;
    size_t size, used;
} text;

__attribute__((format(printf, 2, 3))) static void add(text *to, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(to->start + to->used, to->size - to->used, format, arguments);
    va_end(arguments);
    to->used += length > 0 ? (size_t)length : 0;
    to->used = to->used < to->size ? to->used : to->size - 1;
}

static void add_sphere(text *to, const sphere_config *s)
{
    add(to, " identities=%zu+%zu latent=%zu input=%zu concentration=%.17g bend=%.17g",
        s->identities, s->unseen, s->latent_dim, s->input_dim, s->concentration, s->bend);
    add(to, " imbalance=%.17g flipped=%.17g outliers=%.17g", s->imbalance, s->flipped, s->outliers);
}

static void add_recipe(text *to, const recipe *r)
{
    add(to, " samples=%zu/%zu hidden=%zu,%zu epochs=%zu batch=%zu rate=%.17g", r->train, r->test,
        r->hidden[0], r->hidden[1], r->epochs, r->batch, r->rate);
    add(to, " momentum=%.17g decay=%.17g clip=%.17g warmup=%.17g anneal=%.17g length=%.17g",
        r->momentum, r->decay, r->clip, r->warmup, r->anneal, r->weight_length);
    add(to, " lambda=%.17g,%.17g,%.17g", r->lambda_base, r->lambda_power, r->lambda_least);
}

static void add_objective(text *to, const objective *aim)
{
    const margin_config *const c = &aim->loss;
    add(to, " loss=%s s=%.17g m=%.17g,%.17g,%.17g", margin_loss_get(c->loss)->name, c->scale, c->m1,
        c->m2, c->m3);
    add(to, " past_pi=%s gradient=%s norm=%s isa=%s", margin_past_pi_name(c->past_pi),
        margin_gradient_name(c->gradient), margin_feature_norm_name(c->feature_norm),
        margin_isa_name(c->isa));
    add(to, " intra=%.17g inter=%.17g triplet=%.17g:%zu", aim->extra.intra, aim->extra.inter,
        aim->triplet, aim->triplet_each);
}

void run_plan_key(const run_plan *plan, char key[RUN_KEY])
{
    text to = {key, RUN_KEY, 0};
    add(&to, "data=%s dim=%zu seed=%llu", plan->data->name, plan->dim,
        (unsigned long long)plan->seed);
    if (plan->data->images == NULL) add_sphere(&to, &plan->sphere);
    add_recipe(&to, &plan->how);
    add_objective(&to, &plan->aim);
}

void run_plan_label(const run_plan *plan, char label[RUN_LABEL])
{
    const margin_config *const c = &plan->aim.loss;
    const margin_loss_info *const info = margin_loss_get(c->loss);
    text to = {label, RUN_LABEL, 0};
    if (plan->aim.triplet > 0.0) {
        add(&to, "triplet m=%.4g", plan->aim.triplet);
        return;
    }
    add(&to, "%s", info->name);
    if (info->margin_index == 4) {
        add(&to, " m=%.4g,%.4g,%.4g", c->m1, c->m2, c->m3);
    } else if (info->margin_index > 0) {
        add(&to, " m=%.4g", run_plan_margin(plan));
    }
    if (c->feature_norm == MARGIN_FEATURE_NORM_KEEP) {
        add(&to, " s=|x|");
    } else if (info->normalised) {
        add(&to, " s=%.4g", c->scale);
    }
    if (plan->aim.extra.intra != 0.0) add(&to, " +intra");
    if (plan->aim.extra.inter != 0.0) add(&to, " +inter");
    if (info->has_lambda && plan->how.lambda_least > 0.0)
        add(&to, " lambda=%.4g", plan->how.lambda_least);
    if (info->margin_index != 0 && plan->how.warmup == 0.0 && plan->how.anneal == 0.0)
        add(&to, " at once");
}
