/* walk.c: see walk.h. */
#include "walk.h"

#include <math.h>
#include <stdlib.h>

#include "oracle.h"
#include "random.h"

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

cell cell_on(const walk *w, const ground *g)
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
    size_t count = 0;
    if (list_angles(&w->which->config, g->how_many, &angles, &count) != 0) abort();
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
