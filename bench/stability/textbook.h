/* textbook.h: the losses as they are usually written down, in float32: what a careful library is to
 * be compared with. It must not know libmargin's sources nor the oracle. */
#ifndef MARGIN_STABILITY_TEXTBOOK_H
#define MARGIN_STABILITY_TEXTBOOK_H

#include "margin.h"

typedef struct textbook {
    const char *name;
    const char *formula;
    /* 1 if the formulation has something of its own to say about this configuration. */
    int (*applies)(const margin_config *config);
    int sincos;   /* cos(theta + m) as c cos m - sqrt(1 - c^2) sin m, without an angle */
    float clamp;  /* c held within +-(1 - clamp) first, no gradient beyond; 0: not */
    int detached; /* the margin without a gradient of its own: d psi / d c = 1 */
    int floored;  /* loss -log(max(p, 1e-30)) */
    int naive;    /* exp without subtracting the maximum */
} textbook;

enum { TEXTBOOKS = 8 };
extern const textbook textbooks[TEXTBOOKS];

/* Fill row_loss, grad_embeddings and grad_weights of `head` (none NULL, strides D, labels >= 0),
 * feature_norm = fixed only. */
void textbook_run(const textbook *how, const margin_config *config, margin_head *head);

#endif
