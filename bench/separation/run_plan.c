/* run_plan.c: the plans of runs: defaults, keys and labels (see run.h). Must not know how a run is
 * carried out. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "memory.h"
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

/* A stream into `text`, which ends in a zero when it is closed, and in any case in its last byte.
 */
static FILE *open_text(char *text, size_t size)
{
    FILE *const to = fmemopen(text, size - 1, "w");
    text[size - 1] = '\0';
    if (to == NULL) out_of_memory();
    return to;
}

static void add_sphere(FILE *to, const sphere_config *s)
{
    fprintf(to, " identities=%zu+%zu latent=%zu input=%zu concentration=%.17g bend=%.17g",
            s->identities, s->unseen, s->latent_dim, s->input_dim, s->concentration, s->bend);
    fprintf(to, " imbalance=%.17g flipped=%.17g outliers=%.17g", s->imbalance, s->flipped,
            s->outliers);
}

static void add_recipe(FILE *to, const recipe *r)
{
    fprintf(to, " samples=%zu/%zu hidden=%zu,%zu epochs=%zu batch=%zu rate=%.17g", r->train,
            r->test, r->hidden[0], r->hidden[1], r->epochs, r->batch, r->rate);
    fprintf(to, " momentum=%.17g decay=%.17g clip=%.17g warmup=%.17g anneal=%.17g length=%.17g",
            r->momentum, r->decay, r->clip, r->warmup, r->anneal, r->weight_length);
    fprintf(to, " lambda=%.17g,%.17g,%.17g", r->lambda_base, r->lambda_power, r->lambda_least);
}

static void add_objective(FILE *to, const objective *aim)
{
    const margin_config *const c = &aim->loss;
    fprintf(to, " loss=%s s=%.17g m=%.17g,%.17g,%.17g", margin_loss_get(c->loss)->name, c->scale,
            c->m1, c->m2, c->m3);
    fprintf(to, " past_pi=%s gradient=%s norm=%s isa=%s", margin_past_pi_name(c->past_pi),
            margin_gradient_name(c->gradient), margin_feature_norm_name(c->feature_norm),
            margin_isa_name(c->isa));
    fprintf(to, " intra=%.17g inter=%.17g triplet=%.17g:%zu", aim->extra.intra, aim->extra.inter,
            aim->triplet, aim->triplet_each);
    if (aim->sample_rate > 0.0) fprintf(to, " sample=%.17g", aim->sample_rate);
}

void run_plan_key(const run_plan *plan, char key[RUN_KEY])
{
    FILE *const to = open_text(key, RUN_KEY);
    fprintf(to, "data=%s dim=%zu seed=%llu", plan->data->name, plan->dim,
            (unsigned long long)plan->seed);
    if (plan->data->images == NULL) add_sphere(to, &plan->sphere);
    add_recipe(to, &plan->how);
    add_objective(to, &plan->aim);
    fclose(to);
}

static void add_settings(FILE *to, const run_plan *plan)
{
    const margin_config *const c = &plan->aim.loss;
    const margin_loss_info *const info = margin_loss_get(c->loss);
    fprintf(to, "%s", info->name);
    if (info->margin_index == 4) {
        fprintf(to, " m=%.4g,%.4g,%.4g", c->m1, c->m2, c->m3);
    } else if (info->margin_index > 0) {
        fprintf(to, " m=%.4g", run_plan_margin(plan));
    }
    if (c->feature_norm == MARGIN_FEATURE_NORM_KEEP) {
        fprintf(to, " s=|x|");
    } else if (info->normalised) {
        fprintf(to, " s=%.4g", c->scale);
    }
    if (plan->aim.sample_rate > 0.0) fprintf(to, " r=%.4g", plan->aim.sample_rate);
    if (plan->aim.extra.intra != 0.0) fprintf(to, " +intra");
    if (plan->aim.extra.inter != 0.0) fprintf(to, " +inter");
    if (info->has_lambda && plan->how.lambda_least > 0.0)
        fprintf(to, " lambda=%.4g", plan->how.lambda_least);
    if (info->margin_index != 0 && plan->how.warmup == 0.0 && plan->how.anneal == 0.0)
        fprintf(to, " at once");
}

void run_plan_label(const run_plan *plan, char label[RUN_LABEL])
{
    FILE *const to = open_text(label, RUN_LABEL);
    if (plan->aim.triplet > 0.0) {
        fprintf(to, "triplet m=%.4g", plan->aim.triplet);
    } else {
        add_settings(to, plan);
    }
    fclose(to);
}
