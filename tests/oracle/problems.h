/* problems.h: heads to solve, random and adversarial, for tests against the oracle. It must not
 * know what is tested: the same seed gives the same problem everywhere. */
#ifndef MARGIN_TESTS_PROBLEMS_H
#define MARGIN_TESTS_PROBLEMS_H

#include <stddef.h>
#include <stdint.h>

#include "margin.h"

enum problem_trait {
    PROBLEM_ADVERSARIAL = 1, /* rows at, near and opposite to their class, zero vectors, ... */
    PROBLEM_NORMS = 2,       /* lengths from 2^-99 to 2^99 instead of around 1 */
    PROBLEM_PADDED = 4,      /* strides beyond D, NaN in the padding */
    PROBLEM_WEIGHTED = 8,    /* row_weight */
    PROBLEM_BIAS = 16,
    PROBLEM_CONVERGED = 32, /* every row within half a radian of its class */
    PROBLEM_SMOOTHED = 64   /* label_smoothing, class_weight */
};

typedef struct problem_spec {
    uint64_t seed;
    size_t rows, dim, classes;
    unsigned traits;
} problem_spec;

typedef struct problem {
    margin_head head; /* inputs set, outputs NULL */
    float *embeddings, *weights, *bias, *row_weight, *class_weight;
    int64_t *labels;
} problem;

/* Build a problem; aborts the test when out of memory. Release with problem_free. */
problem problem_make(problem_spec spec);
void problem_free(problem *p);

/* splitmix64, and what is drawn from it. */
uint64_t random_bits(uint64_t *state);
double random_uniform(uint64_t *state); /* [0, 1) */
double random_normal(uint64_t *state);

#endif
