/* sweeps.c: see sweeps.h. */
#include "sweeps.h"

#include <math.h>

#include "walk.h"

/* ---- curves ---------------------------------------------------------------------------------- */

static void sweep_curves(walk *w)
{
    const size_t rows[] = {4, 2, 9, 16}, many = w->run == EFFORT_QUICK ? 8 : 16;
    over_angles(w, &(ground){"theta", "", rows[w->run], 32, 24, w->here, 1});
    over_scales(w, &(ground){"scale", "", many, 32, 24, w->here, 1});
    over_lengths(w, &(ground){"norm", NULL, 9, 16, 12, w->here, 0});
    over_cosines(w, &(ground){"converged", "", 9, 16, 12, w->here, 1});
}

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

/* A zero embedding beside weights so long that s |w| is beyond 2^100; the other embeddings are as
 * short as the weights are long. */
static void zero_and_long(walk *w)
{
    cell c = cell_of(w, "special", "zero embedding, long weights", 4, 16, 8);
    c.recipe.others = PLACE_ZERO_X;
    c.recipe.power_w = 97;
    c.recipe.power_x = -97;
    c.config.scale = 64;
    spread_angles(&c);
    visit(w, &c);
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
    zero_and_long(w);
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

/* ---- all of them ----------------------------------------------------------------------------- */

static size_t options_of(const stability_case *cases, size_t count, margin_loss loss)
{
    size_t options = 0;
    for (size_t k = 0; k < count; k++)
        options += cases[k].config.loss == loss;
    return options;
}

void visit_cells(const stability_case *cases, size_t count, effort how_many, uint64_t seed,
                 cell_visitor visitor, void *context)
{
    walk w = {.run = how_many, .seed = seed, .visit = visitor, .context = context};
    for (w.number = 0; w.number < count; w.number++) {
        w.which = &cases[w.number];
        w.options = options_of(cases, count, w.which->config.loss);
        w.here = effort_for(w.which, how_many);
        sweep_curves(&w);
        sweep_underflow(&w);
        sweep_special(&w);
        sweep_classes(&w);
        sweep_dims(&w);
        sweep_shapes(&w);
        sweep_map(&w);
        sweep_random(&w);
    }
}
