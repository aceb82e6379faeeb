/* timed.h: the cases of a report that were timed, and what their rows say, for the tables. Must not
 * know how anything was measured, or how a figure looks. */
#ifndef SPEED_TIMED_H
#define SPEED_TIMED_H

#include <jansson.h>

#include "plan.h"

/* A case that was timed; or a floor, the three products of a shape each by the library that is best
 * at it, which is named by some case of its shape and number of threads. */
typedef struct timed {
    const speed_case *what;
    const json_t *row;  /* that stands for the case; NULL: a floor */
    double seconds;     /* of this row */
    double least, most; /* seconds of a repetition */
    int repetitions;
} timed;

typedef struct timed_list {
    const json_t *context; /* of the report */
    timed *all;            /* cases by what, who, size, threads and loss; then the floors */
    size_t count, with_floors;
} timed_list;

/* A number and its interval. */
typedef struct timed_values {
    double middle, low, high;
} timed_values;

/* A case of each of some shapes, rising in size. */
enum { SHAPES_MOST = 256 };
typedef struct shape_list {
    const timed *shapes[SHAPES_MOST];
    size_t count;
} shape_list;

/* Gathers the cases of `plan` that have a row in the report. Returns 0, or -1 without memory; the
 * caller frees list->all. */
int timed_gather(timed_list *list, const json_t *report, const speed_plan *plan);

/* N D C. */
double timed_size(const timed *t);
int timed_same_shape(const timed *a, const timed *b);
/* Who did the work: "avx2", a peer, a library of products, "floor". */
const char *timed_who(const timed *t);
/* "isa", "peer", "blas" or "floor". */
const char *timed_kind(const timed *t);
/* NULL for products. */
const char *timed_loss(const timed *t);
int timed_is_own_head(const timed *t);
int timed_is_unstable(const timed *t);
/* The row's number under the key with this ending; NaN where there is none. */
double timed_field(const timed *t, const char *key, const char *ending);
/* The number under `key` with its interval, `ends`_low to `ends`_high; it closes on the number
 * where there was one repetition. */
timed_values timed_interval(const timed *t, const char *key, const char *ends);
/* c over each; what was low is high then. */
timed_values timed_over(double c, timed_values v);

/* The floor of this shape on so many threads, or NULL. */
const timed *timed_floor(const timed_list *list, const timed *like, int threads);
/* The best instruction set that ran heads; AUTO: none. */
margin_isa timed_best_isa(const timed_list *list);
/* How many losses the library was timed with on this head's instruction set, shape and threads. */
int timed_losses(const timed_list *list, const timed *head);

/* The place of the case's shape in the list, from 0; the list's length if it is not there. */
size_t shape_place(const shape_list *list, const timed *t);
void shape_add(shape_list *list, const timed *t);
/* Lists the shapes of the best instruction set that have the most losses; returns how many these
 * are, or `least` where all have fewer. */
int shapes_fullest(const timed_list *list, int single_thread, int least, shape_list *out);
/* The one nearest to a mini-batch of 128 with 512 dimensions and 10,000 classes; NULL of none. */
const timed *shapes_nearest(const shape_list *list);

#endif
