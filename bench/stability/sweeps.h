/* sweeps.h: the sweeps as a list of cells, each a few batches of one kind at one point. It must not
 * know how a cell is measured. */
#ifndef MARGIN_STABILITY_SWEEPS_H
#define MARGIN_STABILITY_SWEEPS_H

#include <stddef.h>
#include <stdint.h>

#include "cases.h"
#include "inputs.h"
#include "margin.h"

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

#endif
