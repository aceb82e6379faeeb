/* rows_state.h: one call of the rows level while it runs.
 *
 * A row is read once, chunk by chunk: its maximum, then terms under the largest so far,
 * which wait in the workspace until the row's sum is known. Its gradient is written while the
 * terms of a later row are computed, so that the memory works as long as the arithmetic
 * does. Some rows at a time, a group, so that what one row's logarithm waits for, others fill.
 * Neither the group's size nor the workspace nor the threads change a bit.
 */
#ifndef MARGIN_ROWS_ROWS_STATE_H
#define MARGIN_ROWS_ROWS_STATE_H

#include "boundary.h"

typedef struct rows_state {
    const margin_context *context;
    const margin_rows *call;
    double *loss; /* [rows], in double for the sum */
    margin_labels labels;
    margin_given_margins margins;
    margin_weighting weighting;
    double smoothing; /* label_smoothing; 0 where there is one class */
    size_t threads;
    size_t group; /* rows side by side */
    /* [threads][2][group][item_size]: of each row its terms (line_size; 0 where they are put into
     * the gradient at once), then the peaks of its chunks. */
    float *items;
    size_t line_size, item_size;
    int stream;
} rows_state;

/* A row on its way from logits to gradient. */
typedef struct rows_item {
    size_t row;
    const float *x;
    float *out;         /* its gradient; NULL: not wanted */
    float *line;        /* its terms */
    float *chunk_peaks; /* under which they are */
    size_t label;       /* SIZE_MAX: does not count */
    double scale, logit, slope;
    margin_term_row terms; /* what the kernels know of it */
    float peak, most;      /* of the negatives: all sums are under `peak`; the largest */
    double sum;
    double total;           /* with label smoothing: of the negatives' logits, not yet scaled */
    float even;             /* likewise: added to each negative's gradient once that is written */
    margin_pending pending; /* its gradient, but for the target */
} rows_item;

typedef struct rows_worker {
    rows_item item[2][MARGIN_GROUP];
    int at;                     /* the group at hand; the other one's gradients are pending */
    size_t bad;                 /* the first row with a NaN or an infinity, SIZE_MAX: none */
    float unused[MARGIN_CHUNK]; /* terms of which only the sum is wanted */
} rows_worker;

/* Starts the worker of thread number `thread`: gives it its part of the workspace, and nothing is
 * pending. */
void margin_rows_start(const rows_state *s, size_t thread, rows_worker *w);
/* Takes the group of rows from row `first` on: writes its losses, and its gradients but for what
 * stays pending; the gradients that were pending are written meanwhile. */
void margin_rows_take(const rows_state *s, rows_worker *w, size_t first);
/* Writes what is still pending. */
void margin_rows_finish(const rows_state *s, rows_worker *w);

#endif
