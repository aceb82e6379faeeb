/* sweeps.c: see sweeps.h. */
#include "sweeps.h"

#include <math.h>
#include <stdlib.h>

#include "random.h"

static const double PI = 3.14159265358979324;

typedef struct walk {
    const stability_case *which;
    effort run, here; /* of the run; of this case in it */
    uint64_t seed;
    cell_visitor visit;
    void *context;
} walk;

/* ---- what cells have in common --------------------------------------------------------------- */

static int is_raw(const margin_config *config)
{
    return config->loss == MARGIN_SOFTMAX;
}

static int keeps_norm(const margin_config *config)
{
    return config->feature_norm == MARGIN_FEATURE_NORM_KEEP;
}

static cell cell_of(const walk *w, const char *sweep, const char *kind, size_t rows, size_t dim,
                    size_t classes)
{
    cell one = {.sweep = sweep, .kind = kind, .which = w->which, .config = w->which->config,
                .batches = 1, .ulps = 1};

    one.recipe.rows = rows;
    one.recipe.dim = dim;
    one.recipe.classes = classes;
    return one;
}

/* Give the cell the wanted s: for raw logits s |x||w|, and |x| where that is the scale. */
static void set_scale(cell *c, double scale)
{
    const double size = sqrt((double)c->recipe.dim / 2);

    if (keeps_norm(&c->config)) {
        c->recipe.power_x = (int)lround(log2(scale / size));
    } else {
        const int power = c->recipe.power_x + c->recipe.power_w;
        c->config.scale = is_raw(&c->config) ? scale / ldexp(size * size, power) : scale;
    }
}

static void set_angle(cell *c, sweep_angle angle)
{
    for (size_t i = 0; i < INPUT_ROWS; i++) {
        c->recipe.angles[i] = angle;
    }
}

static void spread_angles(cell *c)
{
    c->mixed = 1;
    for (size_t i = 0; i < c->recipe.rows; i++) {
        c->recipe.angles[i] = angle_at(PI * ((double)i + 0.5) / (double)c->recipe.rows);
    }
}

static void visit(walk *w, cell *c)
{
    c->seed = random_bits(&w->seed);
    w->visit(w->context, c);
}

/* ---- the sweeps ------------------------------------------------------------------------------ */

static void sweep_theta(walk *w)
{
    const size_t rows[] = {4, 2, 4, INPUT_ROWS};
    sweep_angle *angles = NULL;
    size_t count = 0;

    if (list_angles(&w->which->config, w->here, &angles, &count) != 0) {
        abort();
    }
    for (size_t k = 0; k < count; k++) {
        cell c = cell_of(w, "theta", "", rows[w->run], 32, 24);
        c.pointwise = 1;
        set_scale(&c, 64);
        c.recipe.wobble = is_raw(&c.config) || keeps_norm(&c.config) ? 0 : 3;
        set_angle(&c, angles[k]);
        visit(w, &c);
    }
    free(angles);
}

static void sweep_scale(walk *w)
{
    double scales[SCALES_MOST];
    const size_t count = list_scales(w->here, scales);

    for (size_t k = 0; k < count; k++) {
        cell c = cell_of(w, "scale", "", w->run == EFFORT_QUICK ? 8 : INPUT_ROWS, 32, 24);
        c.pointwise = 1;
        set_scale(&c, scales[k]);
        spread_angles(&c);
        visit(w, &c);
    }
}

/* |x| and |w| from 1e-30 to 1e30; raw logits keep their size, and |x| its own as the scale. */
static void sweep_norms(walk *w)
{
    static const char *const kinds[] = {"x", "w", "both", "against"};
    const int step[] = {100, 100, 50, 10};
    const int raw = is_raw(&w->which->config), keep = keeps_norm(&w->which->config);

    for (int kind = raw ? 3 : keep ? 1 : 0; kind < (keep ? 2 : 4); kind++) {
        for (int power = -100; power <= 100; power += step[w->here]) {
            cell c = cell_of(w, "norm", kinds[kind], 8, 16, 12);
            c.recipe.power_x = kind == 1 ? 0 : power;
            c.recipe.power_w = kind == 0 ? 0 : kind == 3 ? -power : power;
            set_scale(&c, 64);
            spread_angles(&c);
            visit(w, &c);
        }
    }
}

static void sweep_classes(walk *w)
{
    const size_t classes[] = {2, 3, 10, 32, 100, 316, 1000, 3162, 10000, 31623, 100000, 316228,
                              1000000};
    const size_t stride = w->run == EFFORT_FULL ? 1 : 2, most[] = {0, 10000, 1000000, 1000000};

    for (size_t k = 0; k < sizeof classes / sizeof *classes && classes[k] <= most[w->run];
         k += stride) {
        const size_t many = classes[k];
        cell c = cell_of(w, "classes", "", many <= 1000 ? 8 : 2, many <= 1000 ? 16 : 4, many);
        c.pointwise = 1;
        set_scale(&c, 64);
        spread_angles(&c);
        c.ulps = many <= 10000;
        visit(w, &c);
    }
}

/* Long chains of sums, where another class lies in the embedding's own direction. */
static void sweep_dims(walk *w)
{
    const size_t dims[] = {4, 16, 64, 128, 512};
    const placement places[] = {PLACE_RANDOM, PLACE_RIVAL};

    for (size_t place = 0; place < 2; place++) {
        for (size_t k = 0; k < sizeof dims / sizeof *dims; k++) {
            cell c = cell_of(w, "dim", placement_names[places[place]], 8, dims[k], 8);
            c.recipe.others = places[place];
            set_scale(&c, 64);
            spread_angles(&c);
            c.batches = w->run == EFFORT_FULL ? 20 : 1;
            visit(w, &c);
        }
    }
}

/* From untrained to fully converged. */
static void sweep_converged(walk *w)
{
    const double scales[] = {30, 64, 1000};
    const double cosines[] = {-1,  -0.5, 0,    0.3,  0.5,  0.7,   0.8,
                              0.9, 0.95, 0.97, 0.99, 0.995, 0.999, 0.9999};
    const size_t stride = w->here >= EFFORT_DEFAULT ? 1 : 3;

    for (size_t s = 0; s < 3; s++) {
        for (size_t k = 0; k < sizeof cosines / sizeof *cosines; k += stride) {
            cell c = cell_of(w, "converged", "", 8, 16, 12);
            c.pointwise = 1;
            set_scale(&c, scales[s]);
            set_angle(&c, angle_at(acos(cosines[k])));
            visit(w, &c);
        }
    }
}

/* Logits so far apart that probabilities are below float32. */
static void sweep_underflow(walk *w)
{
    const double scales[] = {100, 300, 1000, 10000};
    const placement places[] = {PLACE_RANDOM, PLACE_RIVAL, PLACE_OPPOSITE};

    for (size_t s = 0; s < 4; s++) {
        for (size_t k = 0; k < 3; k++) {
            cell c = cell_of(w, "underflow", placement_names[places[k]], 8, 16, 12);
            c.recipe.others = places[k];
            set_scale(&c, scales[s]);
            spread_angles(&c);
            visit(w, &c);
        }
    }
}

/* x = +-w, orthogonal and nearly opposite, beside duplicates, rivals and zero vectors. */
static void sweep_special(walk *w)
{
    const sweep_angle angles[] = {{0, 0}, {0, 1}, {PI / 2, 0}, {1e-4, 1}};

    for (int place = 0; place < PLACEMENTS; place++) {
        for (size_t k = 0; k < sizeof angles / sizeof *angles; k++) {
            cell c = cell_of(w, "special", placement_names[place], 4, 16, 8);
            c.recipe.others = (placement)place;
            set_scale(&c, 64);
            set_angle(&c, angles[k]);
            visit(w, &c);
        }
    }
}

/* ---- random and adversarial ------------------------------------------------------------------ */

static sweep_angle random_angle(const margin_config *config, uint64_t *state)
{
    double breaks[BREAKS_MOST];
    const size_t count = list_breaks(config, breaks);
    const double small = pow(10, -12 + 12 * random_uniform(state));

    switch (random_below(state, 5)) {
    case 0: return (sweep_angle){small, 0};
    case 1: return (sweep_angle){small, 1};
    case 2:
        if (count > 0) {
            const double theta =
                breaks[random_below(state, count)] + (random_below(state, 2) ? small : -small);
            return angle_at(fmin(fmax(theta, 0), PI));
        }
        break;
    default: break;
    }
    return angle_at(PI * random_uniform(state));
}

static void random_recipe(cell *c, uint64_t *state)
{
    const size_t dims[] = {4, 5, 6, 8, 8, 8, 12, 16, 4, 6, 8, 40};
    const size_t classes[] = {2, 3, 4, 4, 5, 6, 8, 3, 4, 6, 2, 30};
    recipe *r = &c->recipe;
    const double draw = random_uniform(state);

    c->config = c->which->config;
    *r = (recipe){.rows = INPUT_ROWS};
    r->dim = dims[random_below(state, sizeof dims / sizeof *dims)];
    r->classes = classes[random_below(state, sizeof classes / sizeof *classes)];
    if (random_below(state, 2)) {
        r->power_w = random_between(state, -90, 90);
        r->power_x = is_raw(&c->config) ? -r->power_w : random_between(state, -90, 90);
    }
    r->wobble = (int)random_below(state, 4);
    r->others = PLACE_RANDOM;
    for (size_t i = 0; i < INPUT_ROWS; i++) {
        r->angles[i] = random_angle(&c->config, state);
    }
    set_scale(c, draw < 0.4 ? 64 : pow(10, 4 * random_uniform(state)));
}

/* The same, but other classes lie where gradients cancel, or are zero. */
static void adversarial_recipe(cell *c, uint64_t *state)
{
    random_recipe(c, state);
    c->recipe.others = (placement)(PLACE_RANDOM + 1 + (int)random_below(state, PLACEMENTS - 1));
}

/* The rows of a loss are shared out among its options. */
static void sweep_random(walk *w, size_t options)
{
    const size_t rows[] = {0, 2000, 20000, 500000};

    for (int k = 0; k < 2; k++) {
        cell c = cell_of(w, k == 0 ? "random" : "adversarial", "", INPUT_ROWS, 0, 0);
        c.batches = rows[w->run] / INPUT_ROWS / options + 1;
        c.vary = k == 0 ? random_recipe : adversarial_recipe;
        c.mixed = 1;
        c.ulps = 0;
        visit(w, &c);
    }
}

/* ---- theta and s together -------------------------------------------------------------------- */

static void sweep_map(walk *w)
{
    const double ends[] = {0, 1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 1e-2, 0.1, 0.5, 1};
    const int count = sizeof ends / sizeof *ends, steps[] = {0, 4, 16, 32};

    for (int i = 0; i < 2 * count + 1; i++) {
        for (int k = 0; k <= steps[w->run]; k++) {
            cell c = cell_of(w, "map", "", 4, 16, 12);
            c.pointwise = 1;
            set_scale(&c, pow(10, 4.0 * k / steps[w->run]));
            set_angle(&c, i < count ? (sweep_angle){ends[i], 0}
                                    : i == count ? (sweep_angle){PI / 2, 0}
                                                 : (sweep_angle){ends[2 * count - i], 1});
            c.ulps = 0;
            visit(w, &c);
        }
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

static size_t options_of(const stability_case *cases, size_t count, margin_loss loss)
{
    size_t options = 0;

    for (size_t k = 0; k < count; k++) {
        options += cases[k].config.loss == loss;
    }
    return options;
}

void visit_cells(const stability_case *cases, size_t count, effort how_many, uint64_t seed,
                 cell_visitor visitor, void *context)
{
    walk w = {.run = how_many, .seed = seed, .visit = visitor, .context = context};

    for (size_t k = 0; k < count; k++) {
        w.which = &cases[k];
        w.here = effort_for(&cases[k], how_many);
        sweep_theta(&w);
        sweep_scale(&w);
        sweep_norms(&w);
        sweep_converged(&w);
        sweep_underflow(&w);
        sweep_special(&w);
        if (cases[k].is_default) {
            sweep_classes(&w);
            sweep_dims(&w);
        }
        if (cases[k].is_default && cases[k].config.loss == MARGIN_ARCFACE) {
            sweep_map(&w);
        }
        sweep_random(&w, options_of(cases, count, cases[k].config.loss));
    }
}
