/* score.h: the cosine of two vectors as a number that sorts, and that keeps its digits where the
 * cosine has lost them. Must not know what is compared.
 *
 * Near 1 and -1 the cosine hardly changes with the angle, so there the score is made of sin^2,
 * taken from the difference of the two directions; elsewhere of cos^2 = (x . y)^2 / (|x|^2 |y|^2),
 * whose parts are exact for small whole numbers: equal angles then have equal scores. */
#ifndef MARGIN_COMMON_SCORE_H
#define MARGIN_COMMON_SCORE_H

#include <stddef.h>
#include <stdint.h>

/* A score: the greater, the greater the cosine. The last bit is 0, for whoever sorts. */
typedef uint64_t score;

/* Scores of some vectors, ready to be compared: as double, their squared lengths, and at length 1.
 */
typedef struct score_vectors {
    double *raw, *unit; /* [count, dim] */
    double *square;     /* [count] */
} score_vectors;

/* Returns room for `count` vectors, NULL in `raw` where there is no memory; release with
 * score_close. */
score_vectors score_open(size_t count, size_t dim);
void score_close(score_vectors *v);
/* Sets the first `count` vectors to rows of `from`, [*, dim]: those that `which` names, or, where
 * that is NULL, the first ones. */
void score_set(score_vectors *v, const float *from, const size_t *which, size_t count, size_t dim);

/* Returns 1 if a row is not all zero. */
int score_has_direction(const float *row, size_t dim);

enum { SCORE_BLOCK = 64 };

/* What one thread compares in: two blocks of vectors, and all their scores. */
typedef struct score_place {
    score_vectors left, right; /* SCORE_BLOCK each */
    double dots[SCORE_BLOCK * SCORE_BLOCK];
    score scores[SCORE_BLOCK * SCORE_BLOCK];
} score_place;

/* Returns `count` places, NULL where there is no memory; release with score_places_close. */
score_place *score_places_open(int count, size_t dim);
void score_places_close(score_place *places, int count);

/* Writes the scores of each of a's first `a_count` vectors with each of b's to out[a_count,
 * b_count]; `dots` has as many numbers, for the inner products. No vector may be zero. */
void score_block(const score_vectors *a, size_t a_count, const score_vectors *b, size_t b_count,
                 size_t dim, double *dots, score *out);

/* Returns the cosine of a score. */
double score_cosine(score s);
/* The score of a cosine of 1, above which there is none. */
score score_most(void);

/* Returns the score that sorts as any finite number does, and that number. */
score score_of_number(double number);
double score_number(score s);

/* Sorts `count` scores, the greatest last; `room` has as many elements. */
void score_sort(score *scores, score *room, size_t count);

#endif
