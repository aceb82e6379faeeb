/* timed.h: the cases of a report and what its rows say of them, for ratios, tables and summary.
 * Must not know how anything was measured, or how a figure looks. */
#ifndef SPEED_TIMED_H
#define SPEED_TIMED_H

#include <jansson.h>

#include "plan.h"

/* A case that was timed; or a floor, the three products of a shape each by the library that is best
 * at it, which is named by some case of its shape and number of threads. */
typedef struct timed {
    const speed_case *what;
    json_t *row;         /* that stands for the case: its median, or its only repetition; NULL: it
                            was not timed, or is a floor */
    json_t *repetitions; /* the rows of those that have a time; NULL: of a floor */
    double seconds;      /* of `row` */
    double least, most;  /* seconds of a repetition */
} timed;

typedef struct timed_list {
    json_t *context; /* of the report */
    timed *all;      /* in the order of the plan; once sorted what has a row, then the floors */
    size_t count, with_floors;
    size_t most;      /* repetitions of any case */
    size_t processes; /* that made them */
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

/* The cases of `plan` in a report. */
timed_list timed_gather(const json_t *report, const speed_plan *plan);
/* Leaves out what has no row, sorts by what, who, size, threads and loss, and adds the floors. */
void timed_sort(timed_list *list);
void timed_free(timed_list *list);

/* ---- rows of the report: members, "" and 0 where they are missing ---- */

const char *timed_text(const json_t *row, const char *key);
double timed_number(const json_t *row, const char *key);
/* 1 for a repetition with a time, and not an error in its place. */
int timed_is_repetition(const json_t *row);

/* ---- cases ---- */

/* N D C. */
double timed_size(const timed *t);
int timed_same_shape(const timed *a, const timed *b);
/* The case that is like this one in all but its name; NULL: there is none. */
const timed *timed_find(const timed_list *list, const speed_case *like);
/* "N:../D:../C:../threads:..", the end of the name. */
const char *timed_place(const timed *t);
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
