/* pairs.h: the scores of all pairs of rows: written down where there is room for them, else counted
 * by intervals. Must not know what is read off them. */
#ifndef MARGIN_COMMON_PAIRS_H
#define MARGIN_COMMON_PAIRS_H

#include "verification.h"

/* The rows that take part, and how many pairs they make. */
typedef struct pairs {
    const verification_input *in;
    size_t *row; /* [rows]: of in->rows */
    size_t rows, zero_rows;
    size_t all, genuine; /* pairs */
    size_t done;         /* rows and passes shown on in->line */
} pairs;

typedef struct pair_tally {
    uint64_t genuine, impostor;
} pair_tally;

/* Intervals of scores: interval k goes from from[k] up to from[k + 1], which is not in it. Scores
 * that many pairs have, and that of a cosine of 1, have an interval each. */
typedef struct pair_intervals {
    score *from;           /* [count], rising; from[0] is the least score that there can be */
    pair_tally *tally;     /* [count] */
    unsigned char *wanted; /* [count]: not 0: its scores are wanted one by one */
    size_t count;
    /* Where a score's interval is looked for: cell c, of scores with these upper bits, begins in
     * interval cell[c] and ends in cell[c + 1]. */
    uint32_t *cell;
    unsigned char *cell_wanted; /* 1: the cell touches an interval that is wanted */
} pair_intervals;

/* Finds the rows of an input; release with pairs_close. 0, or ENOMEM. */
int pairs_open(const verification_input *in, pairs *p);
void pairs_close(pairs *p);

/* Writes the score of every pair to scores[all]; the last bit is 1 where the pair is genuine. 0, or
 * ENOMEM, as all below. */
int pairs_scores(pairs *p, score *scores);

/* Makes intervals that hold about equally many pairs, by a sample that depends on nothing but the
 * number of pairs; release with pair_intervals_free. */
int pairs_sample(const pairs *p, pair_intervals *q);
void pair_intervals_free(pair_intervals *q);
/* Returns 1 if interval k has room for one score alone. */
int pair_interval_is_one(const pair_intervals *q, size_t k);
/* Counts the pairs in each interval. */
int pairs_count(pairs *p, pair_intervals *q);
/* Writes the scores of pairs in wanted intervals, in any order, likewise. */
int pairs_wanted(pairs *p, const pair_intervals *q, score *scores);

#endif
