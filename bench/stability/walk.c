/* walk.c: see walk.h. */
#include "walk.h"

#include <math.h>

#include "random.h"

int is_raw(const margin_config *config)
{
    return config->loss == MARGIN_SOFTMAX;
}

int keeps_norm(const margin_config *config)
{
    return config->feature_norm == MARGIN_FEATURE_NORM_KEEP;
}

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
    for (size_t i = 0; i < c->recipe.rows; i++) {
        c->recipe.angles[i] = angle;
    }
}

void spread_angles(cell *c)
{
    c->mixed = 1;
    for (size_t i = 0; i < c->recipe.rows; i++) {
        c->recipe.angles[i] = angle_at(PI * ((double)i + 0.5) / (double)c->recipe.rows);
    }
}

void visit(walk *w, cell *c)
{
    c->seed = random_bits(&w->seed);
    w->visit(w->context, c);
}
