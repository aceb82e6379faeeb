/* record.h: the rows of the file: which cells have one of their own, which share one, and what
 * stands in it; and the verdict: the worst of a run against what is promised, for people, for the
 * file, for the exit status. It must not know how a cell is measured. */
#ifndef MARGIN_STABILITY_RECORD_H
#define MARGIN_STABILITY_RECORD_H

#include <jansson.h>
#include <stdio.h>

#include "margin.h"
#include "floats.h"
#include "measure.h"
#include "sweeps.h"
#include "table.h"

/* Whose tallies a cell has: the library on each instruction set, then the formulations. */
enum { IMPLEMENTATIONS = MARGIN_ISA_COUNT + TEXTBOOKS };

int is_library(int k);
/* The instruction set's name, or the formulation's. */
const char *implementation_name(int k);

/* What the batches of a cell share. */
typedef struct point {
    double theta, scale; /* mean over the batches; the scale is that of the first row */
    tally tallies[IMPLEMENTATIONS];
} point;

/* What a row of its own says, for the tables. */
typedef struct record_point {
    const char *sweep;
    margin_loss loss;
    int implementation;
    double theta, scale; /* NaN where rows differ */
    size_t classes;
    double most[METRICS]; /* NaN of no finite result */
    double nonfinite;     /* share */
} record_point;

typedef struct records {
    json_t *rows, *settings;
    record_point *points; /* in the order of the rows */
    size_t point_count;
    int measured[MARGIN_ISA_COUNT]; /* 1: the run has this instruction set */
    cell last;                      /* the latest */
    tally rest[IMPLEMENTATIONS];    /* of its sweep: what has no row of its own */
    tally whole[MARGIN_ISA_COUNT];  /* of its loss with its options */
} records;

void records_start(records *r);
/* The cells come in the order of visit_cells. */
void records_add(records *r, const cell *c, const point *p);
/* After the last one. */
void records_flush(records *r);
void records_free(records *r);

/* ---- the verdict ---- */

typedef struct verdict_line {
    margin_loss loss;
    const char *name; /* instruction set, or textbook formulation */
    int judged;       /* the library */
    tally all;
} verdict_line;

enum { VERDICT_LINES = 100 };

typedef struct verdict {
    verdict_line lines[VERDICT_LINES];
    size_t count;
} verdict;

/* Adds a cell's tally; the name must outlive the verdict. */
void verdict_add(verdict *v, margin_loss loss, const char *name, int judged, const tally *t);
/* Promises that the library did not keep. */
size_t verdict_failures(const verdict *v);
/* Rows of that loss and instruction set that has fewest. */
size_t verdict_fewest(const verdict *v);
void verdict_print(const verdict *v, FILE *stream);
/* One object per promise, loss and instruction set. */
json_t *verdict_json(const verdict *v);

/* ---- tables.c: for the figures of stability and the report ---- */

/* The target-logit curves of the figures: psi of every whole degree, and its slope by the cosine,
 * which is null at the ends, where the sine is 0: first the curves of ArcFace's figure 4b, then
 * each past_pi for arcface. Arithmetic of the library, no measurement. */
json_t *curves_json(void);

/* Writes the tables, and sorts the records' points. Faults are in out. */
void write_tables(tables *out, const records *r, const verdict *v, const float_sweep *floats,
                  size_t float_count);

#endif
