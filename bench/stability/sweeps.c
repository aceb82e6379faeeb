/* sweeps.c: see sweeps.h. */
#include "sweeps.h"

#include <math.h>

#include "oracle.h"
#include "random.h"

/* ---- classes and dimensions ------------------------------------------------------------------ */

static void sweep_classes(walk *w)
{
    const size_t classes[] = {2,    3,     10,    32,     100,    316,    1000,
                              3162, 10000, 31623, 100000, 316228, 1000000};
    const size_t most[] = {100, 10000, w->which->is_default ? 1000000 : 31623, 1000000};
    const size_t stride = w->run == EFFORT_FULL ? 1 : 2;
    for (size_t k = 0; k < sizeof classes / sizeof *classes && classes[k] <= most[w->here];
         k += stride) {
        const size_t many = classes[k];
        cell c = cell_of(w, "classes", "", many <= 1000 ? 9 : 2, many <= 1000 ? 16 : 4, many);
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
    const size_t dims[] = {4, 16, 64, 128, 512}, batches[] = {1, 1, 1, 20};
    const placement places[] = {PLACE_RANDOM, PLACE_RIVAL};
    for (size_t place = 0; place < 2; place++) {
        for (size_t k = 0; k < sizeof dims / sizeof *dims; k++) {
            cell c = cell_of(w, "dim", placement_names[places[place]], 9, dims[k], 16);
            c.recipe.others = places[place];
            set_scale(&c, 64);
            spread_angles(&c);
            c.batches = batches[w->here];
            c.ulps = w->here > EFFORT_COARSE;
            visit(w, &c);
        }
    }
}

/* ---- places ---------------------------------------------------------------------------------- */

/* Logits so far apart that probabilities are below float32. */
static void sweep_underflow(walk *w)
{
    const double scales[] = {100, 300, 1000, 10000};
    const placement places[] = {PLACE_RANDOM, PLACE_RIVAL, PLACE_OPPOSITE};
    for (size_t s = 0; s < 4; s++) {
        for (size_t k = 0; k < 3; k++) {
            cell c = cell_of(w, "underflow", placement_names[places[k]], 9, 16, 12);
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
            cell c = cell_of(w, "special", placement_names[place], 9, 16, 8);
            c.recipe.others = (placement)place;
            set_scale(&c, 64);
            set_angle(&c, angles[k]);
            visit(w, &c);
        }
    }
    /* A zero embedding beside weights so long that s |w| is beyond 2^100; the other embeddings are
     * as short as the weights are long. */
    cell c = cell_of(w, "special", "zero embedding, long weights", 4, 16, 8);
    c.recipe.others = PLACE_ZERO_X;
    c.recipe.power_w = 97;
    c.recipe.power_x = -97;
    c.config.scale = 64;
    spread_angles(&c);
    visit(w, &c);
}

/* ---- shapes ----------------------------------------------------------------------------------
 *
 * The same curves where the library goes other ways than in 16 or 32 dimensions with a few classes:
 * few rows, few dimensions with many classes, dimensions that are no multiple of 16, classes in
 * several shards, rows in several blocks, and many dimensions with few classes. */

/* Those with a whole curve of each kind. */
static const struct shape {
    const char *kind;
    size_t dim, classes;
} shapes[] = {
    {"few dimensions", 2, 128}, {"few dimensions", 3, 150}, {"few dimensions", 8, 200},
    {"odd dimensions", 19, 29}, {"odd dimensions", 33, 21},
};

enum { SHAPES = sizeof shapes / sizeof *shapes, FEW = 3 };

static void follow_curves(walk *w, const struct shape *shape, effort how_many, int all)
{
    const size_t rows = w->run == EFFORT_QUICK ? 2 : 4;
    ground g = {"shape", shape->kind, rows, shape->dim, shape->classes, how_many, 0};
    over_angles(w, &g);
    if (all) {
        g.rows = 8;
        over_scales(w, &g);
        over_lengths(w, &g);
        over_cosines(w, &g);
    }
}

/* Without the time for all of them each case takes two, the next case the next ones. */
static void sweep_dimensions(walk *w)
{
    const int all = w->here >= EFFORT_DEFAULT;
    const effort how_many = w->run == EFFORT_FULL ? w->here - 1 : EFFORT_COARSE;
    for (size_t k = 0; k < SHAPES; k++) {
        const size_t turn = k < FEW ? w->number % FEW : FEW + w->number % (SHAPES - FEW);
        if (all || k == turn) follow_curves(w, &shapes[k], how_many, all);
    }
}

/* Rows at both ends, converged and not, their targets anywhere among the classes. */
static void many_classes(walk *w, size_t dim, size_t classes, placement others, double scale)
{
    const sweep_angle angles[] = {{1e-6, 0}, {1.3, 0}, {0.25, 0}, {1e-6, 1}};
    const size_t rows = w->run == EFFORT_QUICK ? 2 : 4;
    cell c = cell_of(w, "shape", "many classes", rows, dim, classes);
    c.ulps = c.compared = 0;
    c.mixed = 1;
    c.recipe.others = others;
    c.recipe.spread = 1;
    c.recipe.turn = random_below(&w->seed, classes);
    for (size_t i = 0; i < rows; i++)
        c.recipe.angles[i] = angles[i];
    set_scale(&c, scale);
    visit(w, &c);
}

/* C D at most. */
static size_t largest(const walk *w)
{
    const size_t of_full = 100000 * (w->which->is_default ? 64 : 20);
    const size_t of_others[] = {2016 * 20, 2016 * 20, 2016 * 64};
    return w->run == EFFORT_FULL ? of_full : of_others[w->here];
}

static void sweep_many_classes(walk *w)
{
    const size_t classes[] = {2016, 5000, 20000, 100000}, dims[] = {16, 20, 64};
    for (size_t k = 0; k < sizeof classes / sizeof *classes; k++) {
        for (size_t d = 0; d < sizeof dims / sizeof *dims; d++) {
            const size_t size = classes[k] * dims[d];
            const int left_out = w->here == EFFORT_COARSE && dims[d] != 20;
            if (size > largest(w) || left_out) continue;
            many_classes(w, dims[d], classes[k], PLACE_RANDOM, 64);
            if (w->here >= EFFORT_DEFAULT && size <= 20000 * 20)
                many_classes(w, dims[d], classes[k], PLACE_RIVAL, 1000);
        }
    }
}

static void sweep_many_rows(walk *w)
{
    const struct {
        const char *kind;
        size_t rows, dim, classes;
        effort least;
    } many[] = {
        {"many rows", 200, 20, 10, EFFORT_COARSE},    {"few classes", 40, 130, 10, EFFORT_COARSE},
        {"few classes", 100, 512, 5, EFFORT_DEFAULT}, {"many rows", 513, 8, 130, EFFORT_DEFAULT},
        {"many rows", 513, 16, 40, EFFORT_DEFAULT},   {"many rows", 200, 33, 300, EFFORT_FULL},
        {"many rows", 513, 20, 2016, EFFORT_FULL},
    };
    for (size_t k = 0; k < sizeof many / sizeof *many; k++) {
        if (w->here < many[k].least) continue;
        cell c = cell_of(w, "shape", many[k].kind, many[k].rows, many[k].dim, many[k].classes);
        c.ulps = c.compared = 0;
        c.recipe.spread = 1;
        set_scale(&c, 64);
        spread_angles(&c);
        visit(w, &c);
    }
}

/* ---- theta and s together -------------------------------------------------------------------- */

/* ArcFace's is a figure. No angle is a break of psi: on a jump no arithmetic knows the side. */
static void sweep_map(walk *w)
{
    const double ends[] = {0, 1e-7, 1e-6, 1e-5, 1e-4, 3e-4, 1e-3, 1e-2, 0.1, 0.4, 1};
    const int count = sizeof ends / sizeof *ends, steps[] = {2, 4, 16, 32};
    const int drawn = w->which->is_default && w->which->config.loss == MARGIN_ARCFACE;
    const int coarse = w->here == EFFORT_COARSE;
    const int most = steps[drawn || coarse ? w->here : w->here - 1];
    for (int i = 0; i < 2 * count + 1; i += coarse ? 2 : 1) {
        for (int k = 0; k <= most; k++) {
            cell c = cell_of(w, "map", "", 4, 16, 12);
            c.pointwise = drawn;
            set_scale(&c, pow(10, 4.0 * k / most));
            set_angle(&c, i < count    ? (sweep_angle){ends[i], 0}
                          : i == count ? (sweep_angle){PI / 2, 0}
                                       : (sweep_angle){ends[2 * count - i], 1});
            c.ulps = 0;
            visit(w, &c);
        }
    }
}

/* ---- chance: random and adversarial rows, everything that the sweeps vary drawn at once ---------
 */

enum { BATCH_ROWS = 16 };

static sweep_angle random_angle(const margin_config *config, uint64_t *state)
{
    double breaks[BREAKS_MOST];
    const size_t count = list_breaks(config, breaks);
    const double small = pow(10, -12 + 12 * random_uniform(state));
    switch (random_below(state, 5)) {
    case 0:
        return (sweep_angle){small, 0};
    case 1:
        return (sweep_angle){small, 1};
    case 2:
        if (count > 0) {
            const double theta =
                breaks[random_below(state, count)] + (random_below(state, 2) ? small : -small);
            return angle_at(fmin(fmax(theta, 0), PI));
        }
        break;
    default:
        break;
    }
    return angle_at(PI * random_uniform(state));
}

static void random_recipe(cell *c, uint64_t *state)
{
    const size_t dims[] = {4, 5, 6, 8, 8, 8, 12, 16, 4, 6, 8, 40};
    const size_t classes[] = {2, 3, 4, 4, 5, 6, 8, 3, 4, 6, 2, 30};
    recipe *r = &c->recipe;
    const double draw = random_uniform(state);
    const int few = random_below(state, 32) == 0; /* few dimensions and many classes */

    c->config = c->which->config;
    *r = (recipe){.rows = BATCH_ROWS};
    r->dim = dims[random_below(state, sizeof dims / sizeof *dims)];
    r->classes = classes[random_below(state, sizeof classes / sizeof *classes)];
    if (few) {
        r->dim = 2 + random_below(state, 7);
        r->classes = 128 + random_below(state, 128);
    }
    if (random_below(state, 2)) {
        r->power_w = random_between(state, -90, 90);
        r->power_x = is_raw(&c->config) ? -r->power_w : random_between(state, -90, 90);
    }
    r->wobble = (int)random_below(state, 4);
    r->others = PLACE_RANDOM;
    for (size_t i = 0; i < BATCH_ROWS; i++)
        r->angles[i] = random_angle(&c->config, state);
    set_scale(c, draw < 0.4 ? 64 : pow(10, 4 * random_uniform(state)));
}

/* The same, but other classes lie where gradients cancel, or are zero. */
static void adversarial_recipe(cell *c, uint64_t *state)
{
    random_recipe(c, state);
    c->recipe.others = (placement)(PLACE_RANDOM + 1 + (int)random_below(state, PLACEMENTS - 1));
}

/* The rows of a loss are shared out among its options. */
static void sweep_random(walk *w)
{
    const size_t rows[] = {0, 2000, 20000, 500000};
    for (int k = 0; k < 2; k++) {
        cell c = cell_of(w, k == 0 ? "random" : "adversarial", "", BATCH_ROWS, 0, 0);
        c.batches = rows[w->run] / BATCH_ROWS / w->options + 1;
        c.vary = k == 0 ? random_recipe : adversarial_recipe;
        c.mixed = 1;
        c.ulps = 0;
        visit(w, &c);
    }
}

/* ---- all of them ----------------------------------------------------------------------------- */

void visit_cells(const stability_case *cases, size_t count, effort how_many, uint64_t seed,
                 cell_visitor visitor, void *context)
{
    const size_t rows[] = {4, 2, 9, 16}, many = how_many == EFFORT_QUICK ? 8 : 16;
    walk w = {.run = how_many, .seed = seed, .visit = visitor, .context = context};
    for (w.number = 0; w.number < count; w.number++) {
        w.which = &cases[w.number];
        w.options = 0;
        for (size_t k = 0; k < count; k++)
            w.options += cases[k].config.loss == w.which->config.loss;
        w.here = effort_for(w.which, how_many);
        over_angles(&w, &(ground){"theta", "", rows[how_many], 32, 24, w.here, 1});
        over_scales(&w, &(ground){"scale", "", many, 32, 24, w.here, 1});
        over_lengths(&w, &(ground){"norm", NULL, 9, 16, 12, w.here, 0});
        over_cosines(&w, &(ground){"converged", "", 9, 16, 12, w.here, 1});
        sweep_underflow(&w);
        sweep_special(&w);
        sweep_classes(&w);
        sweep_dims(&w);
        sweep_dimensions(&w);
        sweep_many_classes(&w);
        sweep_many_rows(&w);
        sweep_map(&w);
        sweep_random(&w);
    }
}
