/* walk.h: what the sweeps share: a walk over the cells of one case, a cell's shape, its angles and
 * its scale, and the curves over them. It must not know how a cell is measured. */
#ifndef MARGIN_STABILITY_WALK_H
#define MARGIN_STABILITY_WALK_H

#include "sweeps.h"

static const double PI = 3.14159265358979324;

typedef struct walk {
    const stability_case *which;
    size_t number;    /* of the case in the run */
    size_t options;   /* of its loss: how many cases that has */
    effort run, here; /* of the run; of this case in it */
    uint64_t seed;
    cell_visitor visit;
    void *context;
} walk;

/* Where a curve over angles, scales, lengths or cosines is followed. */
typedef struct ground {
    const char *sweep, *kind; /* kind NULL: the curve's own */
    size_t rows, dim, classes;
    effort how_many;
    int points; /* its points are those of a figure, with all that is told of a cell */
} ground;

/* A cell of one batch. */
cell cell_of(const walk *w, const char *sweep, const char *kind, size_t rows, size_t dim,
             size_t classes);
cell cell_on(const walk *w, const ground *g);
/* Give the cell the wanted s: for raw logits s |x||w|, and |x| where that is the scale. */
void set_scale(cell *c, double scale);
void set_angle(cell *c, sweep_angle angle);
/* The angles of the rows spread evenly over (0, pi). */
void spread_angles(cell *c);
/* Show the cell to the visitor, with a seed of its own. */
void visit(walk *w, cell *c);

/* Follow a curve over the ground: a cell for each angle, scale, pair of lengths, target's cosine.
 */
void over_angles(walk *w, const ground *g);
void over_scales(walk *w, const ground *g);
void over_lengths(walk *w, const ground *g);
void over_cosines(walk *w, const ground *g);

/* shapes.c: few dimensions, odd ones, many classes, many rows. */
void sweep_shapes(walk *w);
/* chance.c: random and adversarial rows, shared out among the options of a loss. */
void sweep_random(walk *w);

#endif
