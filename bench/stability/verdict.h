/* verdict.h: the worst of a run against what is promised: for people, for the file, for the exit
 * status. It must not know how it was measured. */
#ifndef MARGIN_STABILITY_VERDICT_H
#define MARGIN_STABILITY_VERDICT_H

#include <jansson.h>
#include <stdio.h>

#include "margin.h"
#include "measure.h"

typedef struct verdict_line {
    margin_loss loss;
    const char *name; /* instruction set, or textbook formulation */
    int judged;       /* the library */
    tally all;
    /* Of the cell where the share is attained. */
    const char *sweep[PROMISES], *option[PROMISES], *gradient[PROMISES];
} verdict_line;

enum { VERDICT_LINES = 100 };

typedef struct verdict {
    verdict_line lines[VERDICT_LINES];
    size_t count;
} verdict;

/* Add a cell's tally; the texts must outlive the verdict. */
void verdict_add(verdict *v, margin_loss loss, const char *name, int judged, const tally *t,
                 const char *sweep, const char *option, const char *gradient);
/* Promises that the library did not keep. */
size_t verdict_failures(const verdict *v);
/* Rows of that loss and instruction set that has fewest. */
size_t verdict_fewest(const verdict *v);
void verdict_print(const verdict *v, FILE *stream);
/* One object per promise, loss and instruction set. */
json_t *verdict_json(const verdict *v);

#endif
