/* chance.c: random and adversarial rows: everything that the sweeps vary, drawn at once. It must
 * not know how a cell is measured. */
#include <math.h>

#include "oracle.h"
#include "random.h"
#include "walk.h"

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
void sweep_random(walk *w)
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
