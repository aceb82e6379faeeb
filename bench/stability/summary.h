/* summary.h: the worst errors of a run, as a table for people. It must not know how they were
 * measured. */
#ifndef MARGIN_STABILITY_SUMMARY_H
#define MARGIN_STABILITY_SUMMARY_H

#include <stdio.h>

#include "margin.h"
#include "measure.h"

typedef struct summary_line {
    margin_loss loss;
    const char *name; /* instruction set, or textbook formulation */
    int judged;       /* the library: must be within bounds */
    size_t batches, failures;
    errors worst;     /* nonfinite: the mean share */
    double share;     /* the largest error as a share of its bound */
} summary_line;

enum { SUMMARY_LINES = 100 };

typedef struct summary {
    summary_line lines[SUMMARY_LINES];
    size_t count;
} summary;

/* `name` must outlive the summary. */
void summary_add(summary *s, margin_loss loss, const char *name, int judged, const errors *e,
                 double scale);
/* Batches of the library that were outside their bounds. */
size_t summary_failures(const summary *s);
void summary_print(const summary *s, FILE *stream);

#endif
