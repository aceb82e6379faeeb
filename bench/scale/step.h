/* step.h: a step of training: loss, dX, and SGD without momentum on all class weights. dW is handed
 * over block by block, or stored first. Must not know how a step is judged or reported. */
#ifndef SCALE_STEP_H
#define SCALE_STEP_H

#include "margin_update.h"
#include "problem.h"

typedef struct step {
    margin_context *context;
    margin_head head;
    margin_update update;
    weights *w;
    float *grad_weights; /* [C, D], or NULL: streamed */
} step;

/* What a step took: the head with what is updated in it, and an update after it. */
typedef struct step_seconds {
    double head, update;
} step_seconds;

/* Prepares steps with rows `p` and class weights `w`; ends the program where the library refuses.
 */
step step_make(const settings *s, const problem *p, weights *w);
/* Takes one; ends the program where the library refuses. */
step_seconds step_take(step *t);
void step_free(step *t);

#endif
