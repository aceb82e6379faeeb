/* problem.h: one call of the head or of the rows level with all its arrays: inputs that are the
 * same on every machine, outputs between canaries, any misalignment, padded strides. */
#ifndef MARGIN_TESTS_PROBLEM_H
#define MARGIN_TESTS_PROBLEM_H

#include <stddef.h>
#include <stdint.h>

#include "guard.h"
#include "margin.h"

enum { PROBLEM_LAYOUTS = 16 };

typedef struct problem {
    margin_head call; /* every array is set but bias, the weights of rows and classes, grad_bias */
    guard embeddings, weights, bias, labels, row_weight, class_weight;
    guard row_loss, row_angle, row_correct, grad_embeddings, grad_weights, grad_bias;
} problem;

/* Values depend on the sizes and the seed alone. Target angles go from near 0 to near pi;
 * embeddings and weights have lengths from 0.3 to 3. Layout 0 is aligned and dense; layout k puts
 * arrays k elements off and pads rows. Every 7th label is -1 if `ignored`. */
problem problem_make(size_t rows, size_t dim, size_t classes, uint64_t seed, unsigned layout,
                     int ignored);
/* Sets bias (and its gradient) or row_weight in the call. */
void problem_use_bias(problem *p);
void problem_use_row_weight(problem *p);
/* Sets class_weight, some of them 0. */
void problem_use_class_weight(problem *p);
/* A context whose threads all take part, however little there is to do. */
margin_status problem_context(const margin_config *config, margin_context **out);
/* Runs it in a context of its own. */
margin_status problem_run(problem *p, const margin_config *config);
/* 1 when no output has been written. */
int problem_untouched(const problem *p);
/* Releases it; 1 when all canaries were intact. */
int problem_free(problem *p);

typedef struct rows_problem {
    margin_rows call; /* every array is set but row_scale, row_weight and class_weight */
    guard logits, labels, row_scale, row_weight, class_weight, row_loss, grad_logits;
} rows_problem;

/* Cosines spread like 1 / sqrt(64) with targets from -1 to 1. */
rows_problem rows_problem_make(size_t rows, size_t classes, uint64_t seed, unsigned layout,
                               int ignored);
margin_status rows_problem_run(rows_problem *p, const margin_config *config);
int rows_problem_untouched(const rows_problem *p);
int rows_problem_free(rows_problem *p);

/* FNV-1a of what a call gave, the padding left out. */
typedef struct problem_hash {
    uint64_t loss, grad_embeddings, grad_weights;
} problem_hash;

problem_hash problem_hash_of(const problem *p);
/* grad_logits stands in grad_embeddings. */
problem_hash rows_problem_hash_of(const rows_problem *p);

#endif
