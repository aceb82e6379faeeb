/* sweeps.h: what is measured: every loss with its options, and the sweeps over them as a list of
 * cells, each a few batches of one kind at one point. It must not know how a cell is measured. */
#ifndef MARGIN_STABILITY_SWEEPS_H
#define MARGIN_STABILITY_SWEEPS_H

#include "inputs.h"

enum { CASES_MOST = 100, CASE_NAME_SIZE = 48 };

typedef struct stability_case {
    margin_config config;
    char option[CASE_NAME_SIZE]; /* "paper", "monotone lambda=5", "none" for losses without angle */
    int is_default;              /* the options a user gets: the scale sweep takes these */
} stability_case;

/* How densely; what is not a default gets EFFORT_COARSE unless the run is full. */
typedef enum effort { EFFORT_COARSE, EFFORT_QUICK, EFFORT_DEFAULT, EFFORT_FULL } effort;

/* All cases of the losses whose formula the oracle knows; returns how many. */
size_t list_cases(stability_case cases[CASES_MOST]);

/* The effort for one case of a run. */
effort effort_for(const stability_case *one, effort of_run);

/* theta in [0, pi]. */
sweep_angle angle_at(double theta);

/* The angles where psi of a configuration breaks or may break: phi = k pi, and pi/2 where the sign
 * of c decides. Returns how many. */
enum { BREAKS_MOST = 8 };
size_t list_breaks(const margin_config *config, double breaks[BREAKS_MOST]);

typedef struct cell {
    const char *sweep;
    const char *kind; /* what else tells cells of a sweep apart, or "" */
    const stability_case *which;
    margin_config config;
    recipe recipe;
    size_t batches;
    uint64_t seed; /* of the first batch; the next ones follow */
    int mixed;     /* the rows' angles differ */
    int pointwise; /* one of several points of a curve */
    int compared;  /* the textbook formulas, too */
    int ulps;      /* also how far one ulp of each input moves the gradients */
    /* Draw another recipe and scale for each batch; NULL: all are alike. */
    void (*vary)(struct cell *cell, uint64_t *state);
} cell;

typedef void (*cell_visitor)(void *context, const cell *one);

/* Call `visit` for every cell of a run, always in the same order. */
void visit_cells(const stability_case *cases, size_t count, effort how_many, uint64_t seed,
                 cell_visitor visit, void *context);

/* ---- walk.c: what the sweeps share: a walk over the cells of one case, a cell's shape, its angles
 * and its scale, and the curves over them ---- */

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

#endif
