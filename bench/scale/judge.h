/* judge.h: whether a step is right: loss and dX of some rows, and some class weights after it,
 * computed in double from the formulas. It reads W once, class by class, and shares nothing with
 * the library but psi. Must not know how a step is taken. */
#ifndef SCALE_JUDGE_H
#define SCALE_JUDGE_H

#include "problem.h"

typedef struct judge judge;

/* The largest differences found. */
typedef struct judgement {
    double loss;    /* of rows, in nats */
    double dx;      /* of rows of dX, relative, in norm */
    double weights; /* of new class weights: that of an element, in units of what is allowed */
    size_t rows, classes;
    int fine; /* loss and dx are within JUDGE_LOSS and JUDGE_DX, weights within 1 */
} judgement;

#define JUDGE_LOSS 3e-5
#define JUDGE_DX   3e-5

/* Computes what a step with these class weights, which it will change, must give. */
judge *judge_make(const settings *s, const problem *p, const weights *w);
/* Compares with what the step gave. */
judgement judge_compare(const judge *j, const problem *p, const weights *w);
void judge_free(judge *j);

#endif
