/* walk.c: the cases, and what the sweeps of each share (see sweeps.h). It must not know how a cell
 * is measured. */
#include "sweeps.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

#include "memory.h"
#include "oracle.h"
#include "random.h"

/* ---- losses and options ---------------------------------------------------------------------- */

typedef struct case_list {
    stability_case *cases;
    size_t count;
} case_list;

static void append(case_list *list, const margin_config *config)
{
    const margin_loss_info *info = margin_loss_get(config->loss);
    const int keep = keeps_norm(config);
    stability_case *one = &list->cases[list->count];
    char lambda[24] = "";
    if (list->count == CASES_MOST) return;
    if (config->lambda > 0) snprintf(lambda, sizeof lambda, " lambda=%g", config->lambda);
    one->config = *config;
    one->is_default = config->past_pi == info->past_pi && !keep && !(config->lambda > 0) &&
                      config->gradient == MARGIN_GRADIENT_EXACT;
    snprintf(one->option, sizeof one->option, "%s%s%s",
             info->has_angle ? margin_past_pi_name(config->past_pi) : "none", keep ? " keep" : "",
             lambda);
    list->count++;
}

static void append_gradients(case_list *list, margin_config config)
{
    const margin_loss_info *info = margin_loss_get(config.loss);
    const int modes = info->has_angle ? MARGIN_GRADIENT_COUNT : 1; /* else both are the same */

    for (int mode = 0; mode < modes; mode++) {
        config.gradient = (margin_gradient)mode;
        append(list, &config);
    }
}

static void append_options(case_list *list, margin_config config)
{
    const margin_loss_info *info = margin_loss_get(config.loss);
    const int ways = info->has_angle ? MARGIN_PAST_PI_COUNT : 1;
    for (int way = 0; way < ways; way++) {
        config.past_pi = info->has_angle ? (margin_past_pi)way : info->past_pi;
        append_gradients(list, config);
    }
    config.past_pi = info->past_pi;
    if (info->has_lambda) {
        config.lambda = 5;
        append_gradients(list, config);
        config.feature_norm = MARGIN_FEATURE_NORM_KEEP;
        append_gradients(list, config);
        config.lambda = 0;
        append_gradients(list, config);
    }
}

size_t list_cases(stability_case cases[CASES_MOST])
{
    case_list list = {cases, 0};
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        margin_config config;
        if (oracle_knows((margin_loss)loss) &&
            margin_config_init(&config, (margin_loss)loss) == MARGIN_OK) {
            append_options(&list, config);
        }
    }
    return list.count;
}

effort effort_for(const stability_case *one, effort of_run)
{
    if (one->is_default) return of_run;
    return of_run == EFFORT_FULL ? EFFORT_DEFAULT : EFFORT_COARSE;
}

/* ---- angles and scales ----------------------------------------------------------------------- */

typedef struct angle_list {
    sweep_angle *angles;
    size_t count;
} angle_list;

static void add(angle_list *list, double offset, int from_pi)
{
    list->angles[list->count++] = (sweep_angle){offset, from_pi};
}

sweep_angle angle_at(double theta)
{
    return theta < PI / 2 ? (sweep_angle){theta, 0} : (sweep_angle){PI - theta, 1};
}

static void add_theta(angle_list *list, double theta)
{
    if (theta >= 0 && theta <= PI) list->angles[list->count++] = angle_at(theta);
}

static int by_theta(const void *left, const void *right)
{
    const sweep_angle *a = left, *b = right;
    if (a->from_pi != b->from_pi) return a->from_pi - b->from_pi;
    const int order = (a->offset > b->offset) - (a->offset < b->offset);
    return a->from_pi ? -order : order;
}

/* The same angle is measured once. */
static void drop_repeats(angle_list *list)
{
    size_t kept = 0;
    qsort(list->angles, list->count, sizeof *list->angles, by_theta);
    for (size_t i = 0; i < list->count; i++) {
        const sweep_angle *last = kept > 0 ? &list->angles[kept - 1] : NULL;
        const sweep_angle *now = &list->angles[i];
        if (last && last->from_pi == now->from_pi && fabs(last->offset - now->offset) <= 1e-15)
            continue;
        list->angles[kept++] = *now;
    }
    list->count = kept;
}

size_t list_breaks(const margin_config *config, double breaks[BREAKS_MOST])
{
    size_t count = 0;
    if (!margin_loss_get(config->loss)->has_angle) return 0;
    if (config->past_pi == MARGIN_PAST_PI_EASY) breaks[count++] = PI / 2;
    for (int k = 1; count < BREAKS_MOST && k * PI - config->m2 < config->m1 * PI; k++)
        breaks[count++] = (k * PI - config->m2) / config->m1;
    return count;
}

/* From 1e-12 to 0.1 in `steps` factors, towards 0, pi and the breaks. */
static void add_small(angle_list *list, const margin_config *config, int steps)
{
    double breaks[BREAKS_MOST];
    const size_t count = list_breaks(config, breaks);
    for (int i = 0; i <= steps; i++) {
        const double small = pow(10, -12 + 11.0 * i / steps);
        add(list, small, 0);
        add(list, small, 1);
        for (size_t k = 0; k < count; k++) {
            add_theta(list, breaks[k] - small);
            add_theta(list, breaks[k] + small);
        }
    }
}

/* The angles for a configuration, ascending: from as near as 1e-12 to 0, pi and each break, dense
 * there. The caller frees *angles. Returns how many. */
static size_t list_angles(const margin_config *config, effort how_many, sweep_angle **angles)
{
    const int middle[] = {6, 12, 36, 180}, steps[] = {3, 4, 11, 44};
    const size_t most =
        (size_t)(middle[how_many] + 1 + (2 + 2 * BREAKS_MOST) * (steps[how_many] + 1));
    angle_list list = {zeroed(most, sizeof(sweep_angle)), 0};
    for (int i = 0; i <= middle[how_many]; i++)
        add_theta(&list, PI * i / middle[how_many]);
    add_small(&list, config, steps[how_many]);
    drop_repeats(&list);
    *angles = list.angles;
    return list.count;
}

/* The scales from 1 to 10000; returns how many. */
enum { SCALES_MOST = 33 };
static size_t list_scales(effort how_many, double scales[SCALES_MOST])
{
    const size_t counts[] = {5, 5, 13, SCALES_MOST};
    const size_t count = counts[how_many];
    for (size_t i = 0; i < count; i++)
        scales[i] = pow(10, 4 * (double)i / (double)(count - 1));
    return count;
}

/* ---- cells ----------------------------------------------------------------------------------- */

cell cell_of(const walk *w, const char *sweep, const char *kind, size_t rows, size_t dim,
             size_t classes)
{
    cell one = {.sweep = sweep,
                .kind = kind,
                .which = w->which,
                .config = w->which->config,
                .batches = 1,
                .ulps = 1,
                .compared = w->which->is_default};
    one.recipe.rows = rows;
    one.recipe.dim = dim;
    one.recipe.classes = classes;
    return one;
}

static cell cell_on(const walk *w, const ground *g)
{
    cell one = cell_of(w, g->sweep, g->kind ? g->kind : "", g->rows, g->dim, g->classes);
    one.pointwise = g->points;
    one.ulps = g->points;
    one.compared &= g->points;
    return one;
}

void set_scale(cell *c, double scale)
{
    const double size = sqrt((double)c->recipe.dim / 2);
    if (keeps_norm(&c->config)) {
        c->recipe.power_x = (int)lround(log2(scale / size));
    } else {
        const int power = c->recipe.power_x + c->recipe.power_w;
        c->config.scale = is_raw(&c->config) ? scale / ldexp(size * size, power) : scale;
    }
}

void set_angle(cell *c, sweep_angle angle)
{
    for (size_t i = 0; i < c->recipe.rows; i++)
        c->recipe.angles[i] = angle;
}

void spread_angles(cell *c)
{
    c->mixed = 1;
    for (size_t i = 0; i < c->recipe.rows; i++)
        c->recipe.angles[i] = angle_at(PI * ((double)i + 0.5) / (double)c->recipe.rows);
}

void visit(walk *w, cell *c)
{
    c->seed = random_bits(&w->seed);
    w->visit(w->context, c);
}

/* ---- curves ---------------------------------------------------------------------------------- */

void over_angles(walk *w, const ground *g)
{
    sweep_angle *angles = NULL;
    const size_t count = list_angles(&w->which->config, g->how_many, &angles);
    for (size_t k = 0; k < count; k++) {
        cell c = cell_on(w, g);
        set_scale(&c, 64);
        c.recipe.wobble = is_raw(&c.config) || keeps_norm(&c.config) ? 0 : 3;
        set_angle(&c, angles[k]);
        visit(w, &c);
    }
    free(angles);
}

void over_scales(walk *w, const ground *g)
{
    double scales[SCALES_MOST];
    const size_t count = list_scales(g->how_many, scales);
    for (size_t k = 0; k < count; k++) {
        cell c = cell_on(w, g);
        set_scale(&c, scales[k]);
        spread_angles(&c);
        visit(w, &c);
    }
}

/* |x| and |w| from 1e-30 to 1e30; raw logits keep their size, and |x| its own as the scale. */
void over_lengths(walk *w, const ground *g)
{
    static const char *const kinds[] = {"x", "w", "both", "against"};
    const int step[] = {100, 100, 50, 10};
    const int raw = is_raw(&w->which->config), keep = keeps_norm(&w->which->config);
    for (int kind = raw ? 3 : keep ? 1 : 0; kind < (keep ? 2 : 4); kind++) {
        for (int power = -100; power <= 100; power += step[g->how_many]) {
            cell c = cell_on(w, g);
            c.kind = g->kind ? g->kind : kinds[kind];
            c.recipe.power_x = kind == 1 ? 0 : power;
            c.recipe.power_w = kind == 0 ? 0 : kind == 3 ? -power : power;
            set_scale(&c, 64);
            spread_angles(&c);
            visit(w, &c);
        }
    }
}

/* From untrained to fully converged. */
void over_cosines(walk *w, const ground *g)
{
    const double scales[] = {30, 64, 1000};
    const double cosines[] = {-1,  -0.5, 0,    0.3,  0.5,   0.7,   0.8,
                              0.9, 0.95, 0.97, 0.99, 0.995, 0.999, 0.9999};
    const size_t stride = g->how_many >= EFFORT_DEFAULT ? 1 : 3;
    for (size_t s = 0; s < 3; s++) {
        for (size_t k = 0; k < sizeof cosines / sizeof *cosines; k += stride) {
            cell c = cell_on(w, g);
            set_scale(&c, scales[s]);
            set_angle(&c, angle_at(acos(cosines[k])));
            visit(w, &c);
        }
    }
}
