/* shapes.c: the same curves where the library goes other ways than in 16 or 32 dimensions with a
 * few classes: few rows, few dimensions with many classes, dimensions that are no multiple of 16,
 * classes in several shards, rows in several blocks, and many dimensions with few classes. It must
 * not know those ways. */
#include <math.h>

#include "random.h"
#include "walk.h"

static const char *const name = "shape";

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
    ground g = {name, shape->kind, rows, shape->dim, shape->classes, how_many, 0};
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
    cell c = cell_of(w, name, "many classes", rows, dim, classes);
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
        cell c = cell_of(w, name, many[k].kind, many[k].rows, many[k].dim, many[k].classes);
        c.ulps = c.compared = 0;
        c.recipe.spread = 1;
        set_scale(&c, 64);
        spread_angles(&c);
        visit(w, &c);
    }
}

void sweep_shapes(walk *w)
{
    sweep_dimensions(w);
    sweep_many_classes(w);
    sweep_many_rows(w);
}
