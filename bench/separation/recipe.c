/* recipe.c: the settings of the toy runs (see recipe.h), and the plans of runs (see run.h). Must
 * not know how a run is carried out. */
#include "recipe.h"

#include <math.h>
#include <stdio.h>

#include "memory.h"
#include "run.h"

/* What all recipes share. */
#define COMMON                                                                                     \
    .epochs = 20, .batch = 128, .momentum = 0.9, .decay = 5e-4, .clip = 1.0, .warmup = 0.3,        \
    .anneal = 0.5, .lambda_base = 1000.0, .lambda_power = 1.0

/* Two hidden layers with batch normalisation; a plain dense layer down to the embedding. What makes
 * the plane converge, found by trial over several seeds:
 *  - class weights evenly on the circle at first, classes with like inputs side by side: on a
 *    circle a class cannot pass another one, so the first order stays, and in a random order
 *    samples between two like classes would have to cross all that lie between;
 *  - class weights ten units long at first: the gradient of a normalised weight is divided by its
 *    length, so features move to the weights, instead of the weights crowding on one side;
 *  - the margin warmed up from none, so that features find their class before they are pressed;
 *  - the whole gradient clipped at length 1: at scale 64 the first ones are a hundred long, the
 *    last ones ten.
 * In space class weights start anywhere and have to spread, so they are short and the rate is
 * higher; and more dimensions need layers that are not narrower than they are. */
const recipe all_recipes[RECIPE_COUNT] = {
    [RECIPE_PLANE] = {COMMON, .name = "plane", .hidden = {64, 32}, .rate = 0.03,
                      .weight_length = 10.0},
    [RECIPE_SPACE] = {COMMON, .name = "space", .hidden = {128, 128}, .rate = 0.1,
                      .weight_length = 1.0, .start = START_RANDOM},
};

const char *start_title(int value)
{
    static const char *const names[] = {"tour", "random"};
    return value >= 0 && value < START_COUNT ? names[value] : NULL;
}

const recipe *recipe_for(size_t dim)
{
    return &all_recipes[dim > 2 ? RECIPE_SPACE : RECIPE_PLANE];
}

/* Margins are given for 8 classes on a circle, 45 degrees apart. With other numbers of classes they
 * shrink or grow with the largest margin that still leaves each class a zone. */
static const double home_classes = 8.0;

static const loss_row loss_rows[] = {
    {MARGIN_SOFTMAX, 1, 1.0, 0.0, 0.0, "the baseline: raw products and a bias"},
    {MARGIN_NORMSOFTMAX, 1, 1.0, 0.0, 0.0, "the baseline on the circle"},
    {MARGIN_SPHEREFACE, 1, 3.0, 0.0, 0.0,
     "m = 3: the least that many classes on a circle need (SphereFace); lambda falls from 1000 to "
     "0 in the first half"},
    {MARGIN_COSFACE, 1, 1.0, 0.0, 0.2,
     "m = 0.2 of CosFace's own toy; the bound is 1 - cos(2 pi / C), 0.29 for 8 classes"},
    {MARGIN_ARCFACE, 1, 1.0, 0.5, 0.0,
     "m = 0.5, ArcFace's own; the bound is 2 pi / C, 0.785 for 8 classes"},
    {MARGIN_COMBINED, 0, 1.0, 0.2, 0.1, "half of ArcFace's and half of CosFace's margin"},
};

const loss_row *recipe_row(margin_loss loss)
{
    for (size_t i = 0; i < sizeof loss_rows / sizeof *loss_rows; i++) {
        if (loss_rows[i].loss == loss) return &loss_rows[i];
    }
    return NULL;
}

static void take(double set, double *value)
{
    if (!isnan(set)) *value = set;
}

static void take_count(size_t set, size_t *value)
{
    if (set != 0) *value = set;
}

void recipe_none(recipe *out)
{
    *out = (recipe){.rate = NAN,
                    .momentum = NAN,
                    .decay = NAN,
                    .clip = NAN,
                    .warmup = NAN,
                    .scale_first = NAN,
                    .anneal = NAN,
                    .lambda_base = NAN,
                    .lambda_power = NAN,
                    .lambda_least = NAN,
                    .weight_length = NAN,
                    .start = -1};
}

void recipe_take(const recipe *set, recipe *how)
{
    for (size_t i = 0; i < HIDDEN_LAYERS; i++)
        take_count(set->hidden[i], &how->hidden[i]);
    take_count(set->epochs, &how->epochs);
    take_count(set->batch, &how->batch);
    take(set->rate, &how->rate);
    take(set->momentum, &how->momentum);
    take(set->decay, &how->decay);
    take(set->clip, &how->clip);
    take(set->warmup, &how->warmup);
    take(set->scale_first, &how->scale_first);
    take(set->anneal, &how->anneal);
    take(set->lambda_base, &how->lambda_base);
    take(set->lambda_power, &how->lambda_power);
    take(set->lambda_least, &how->lambda_least);
    take(set->weight_length, &how->weight_length);
    if (set->start >= 0) how->start = set->start;
}

void recipe_print(FILE *out, const recipe *how)
{
    fprintf(out, "%s: hidden %zu,%zu, weight-length %g, start %s; epochs %zu, batch %zu, rate %g, ",
            how->name, how->hidden[0], how->hidden[1], how->weight_length, start_title(how->start),
            how->epochs, how->batch, how->rate);
    fprintf(out, "momentum %g, decay %g, clip %g; warmup %g, ", how->momentum, how->decay,
            how->clip, how->warmup);
    if (how->scale_first > 0.0) fprintf(out, "scale-first %g, ", how->scale_first);
    fprintf(out, "lambda-share %g, lambda-first %g, lambda-last %g, lambda-power %g\n", how->anneal,
            how->lambda_base, how->lambda_least, how->lambda_power);
}

/* The loss's one margin; NULL for a loss that has none or several. */
static double *loss_margin(margin_config *config)
{
    double *const margins[] = {NULL, &config->m1, &config->m2, &config->m3, NULL};
    return margins[margin_loss_get(config->loss)->margin_index];
}

void loss_override_none(loss_override *out)
{
    *out = (loss_override){NAN, NAN, NAN, NAN, NAN};
}

void recipe_loss(margin_loss loss, size_t classes, const loss_override *override,
                 margin_config *out)
{
    const margin_loss_info *const info = margin_loss_get(loss);
    const loss_row *const row = recipe_row(loss);
    margin_config_init(out, loss);
    if (row != NULL && classes > 0) {
        /* With few classes the bounds exceed any margin in use: never more than for 8 classes. */
        const double count = fmax((double)classes, home_classes);
        const double spacing = 2.0 * M_PI / count, home = 2.0 * M_PI / home_classes;
        out->m1 = row->m1;
        out->m2 = row->m2 * spacing / home;
        out->m3 = row->m3 * (1.0 - cos(spacing)) / (1.0 - cos(home));
    }
    if (info->normalised) take(override->scale, &out->scale);
    if (loss_margin(out) != NULL) take(override->margin, loss_margin(out));
    take(override->m1, &out->m1);
    take(override->m2, &out->m2);
    take(override->m3, &out->m3);
}

/* ---- along the steps ------------------------------------------------------------------------ */

static size_t share_of(size_t steps, double share)
{
    return (size_t)(share * (double)steps);
}

double schedule_rate(const recipe *how, size_t steps, size_t step)
{
    const double done = (double)step / (double)steps;
    return how->rate * 0.5 * (1.0 + cos(M_PI * done));
}

double schedule_margin(const recipe *how, size_t steps, size_t step)
{
    const size_t warm = share_of(steps, how->warmup);
    return step < warm ? (double)step / (double)warm : 1.0;
}

double schedule_lambda(const recipe *how, size_t steps, size_t step)
{
    const size_t met = share_of(steps, how->anneal);
    if (step + 1 >= met) return how->lambda_least;
    /* A least lambda of 0 is never met; a thousandth of the cosine is as good as none of it. */
    const double meeting = how->lambda_least > 1e-3 ? how->lambda_least : 1e-3;
    const double growth = pow(how->lambda_base / meeting, 1.0 / how->lambda_power) - 1.0;
    const double gamma = growth / (double)met;
    return how->lambda_base * pow(1.0 + gamma * (double)(step + 1), -how->lambda_power);
}

/* ---- plans: defaults, keys and labels -------------------------------------------------------- */

void run_plan_init(run_plan *out, const run_data *data, const sphere_config *sphere, size_t dim,
                   margin_loss loss, const loss_override *override)
{
    *out = (run_plan){.data = data, .dim = dim, .seed = 1, .program = ""};
    out->how = *recipe_for(dim);
    out->train = out->test = data->images == NULL ? 1500 : 2000;
    if (data->images != NULL) out->how.epochs = 15;
    if (sphere != NULL) {
        out->sphere = *sphere;
    } else {
        sphere_config_init(&out->sphere);
    }
    const size_t on_circle = dim == 2 ? run_plan_classes(out) : 0;
    recipe_loss(loss, on_circle, override, &out->aim.loss);
    out->aim.loss.threads = 1; /* runs are what is spread over threads first */
}

void run_plan_toy(run_plan *out, const run_data *data, margin_loss loss,
                  const loss_override *override)
{
    run_plan_init(out, data, NULL, 2, loss, override);
}

void run_plan_take(run_plan *plan, const recipe *how)
{
    const size_t epochs = plan->how.epochs;
    plan->how = *how;
    plan->how.epochs = epochs;
}

void run_plan_faces(run_plan *out, const run_data *data, margin_loss loss)
{
    *out = (run_plan){.data = data, .dim = 64, .train = 40, .test = 20, .seed = 1, .program = ""};
    out->how = *recipe_for(out->dim);
    sphere_config_faces(&out->sphere);
    margin_config_init(&out->aim.loss, loss);
    out->aim.loss.threads = 1;
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
    if (plan->classes > 0) return plan->classes;
    return plan->data->images != NULL ? plan->data->images->classes : plan->sphere.identities;
}

void run_plan_take_classes(run_plan *plan, size_t classes, const loss_override *override)
{
    const margin_loss loss = plan->aim.loss.loss;
    plan->classes = classes;
    if (plan->dim == 2) recipe_loss(loss, run_plan_classes(plan), override, &plan->aim.loss);
    plan->aim.loss.threads = 1;
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

void run_plan_key(const run_plan *plan, char key[RUN_KEY])
{
    FILE *const to = open_text(key, RUN_KEY);
    const sphere_config *const s = &plan->sphere;
    const recipe *const r = &plan->how;
    const margin_config *const c = &plan->aim.loss;
    fprintf(to, "data=%s dim=%zu seed=%llu", plan->data->name, plan->dim,
            (unsigned long long)plan->seed);
    if (plan->classes > 0) fprintf(to, " classes=%zu", plan->classes);
    if (plan->validation > 0) fprintf(to, " validation=%zu", plan->validation);
    if (r->scale_first > 0.0) fprintf(to, " scale-first=%.17g", r->scale_first);
    if (plan->data->images == NULL) {
        fprintf(to, " identities=%zu+%zu latent=%zu input=%zu concentration=%.17g bend=%.17g",
                s->identities, s->unseen, s->latent_dim, s->input_dim, s->concentration, s->bend);
        fprintf(to, " imbalance=%.17g flipped=%.17g outliers=%.17g", s->imbalance, s->flipped,
                s->outliers);
        if (s->map != 0) fprintf(to, " map=%llu", (unsigned long long)s->map);
    }
    fprintf(to, " samples=%zu/%zu hidden=%zu,%zu epochs=%zu batch=%zu rate=%.17g", plan->train,
            plan->test, r->hidden[0], r->hidden[1], r->epochs, r->batch, r->rate);
    fprintf(to, " momentum=%.17g decay=%.17g clip=%.17g warmup=%.17g anneal=%.17g length=%.17g",
            r->momentum, r->decay, r->clip, r->warmup, r->anneal, r->weight_length);
    fprintf(to, " lambda=%.17g,%.17g,%.17g", r->lambda_base, r->lambda_power, r->lambda_least);
    fprintf(to, " loss=%s s=%.17g m=%.17g,%.17g,%.17g", margin_loss_get(c->loss)->name, c->scale,
            c->m1, c->m2, c->m3);
    fprintf(to, " past_pi=%s gradient=%s norm=%s isa=%s", margin_past_pi_name(c->past_pi),
            margin_gradient_name(c->gradient), margin_feature_norm_name(c->feature_norm),
            margin_isa_name(c->isa));
    fprintf(to, " intra=%.17g inter=%.17g triplet=%.17g:%zu", plan->aim.extra.intra,
            plan->aim.extra.inter, plan->aim.triplet, plan->aim.triplet_each);
    if (plan->aim.sample_rate > 0.0) fprintf(to, " sample=%.17g", plan->aim.sample_rate);
    if (plan->dim == 2 && r->start != START_TOUR) fprintf(to, " start=%s", start_title(r->start));
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
    if (plan->data->images == NULL) {
        if (plan->sphere.imbalance > 1.0) fprintf(to, " imbalance=%.4g", plan->sphere.imbalance);
        if (plan->sphere.flipped > 0.0) fprintf(to, " flipped=%.4g", plan->sphere.flipped);
        if (plan->sphere.outliers > 0.0) fprintf(to, " outliers=%.4g", plan->sphere.outliers);
    }
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
