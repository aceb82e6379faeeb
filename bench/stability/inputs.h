/* inputs.h: float32 embeddings and weights made by a recipe: wanted target angles, lengths, and how
 * the other classes lie. It must not know losses. */
#ifndef MARGIN_STABILITY_INPUTS_H
#define MARGIN_STABILITY_INPUTS_H

#include <stddef.h>
#include <stdint.h>

#include "margin.h"

static const double PI = 3.14159265358979324;

enum { INPUT_ROWS_MOST = 520 };

/* An angle, given by its distance to the nearer of 0 and pi so that it keeps its digits there. */
typedef struct sweep_angle {
    double offset; /* in [0, pi/2] */
    int from_pi;
} sweep_angle;

/* The classes that are nobody's target. */
typedef enum placement {
    PLACE_RANDOM,
    PLACE_DUPLICATE,   /* each is a target's weight again, twice as long */
    PLACE_CLOSE,       /* each within about 1e-3 of a target's weight */
    PLACE_RIVAL,       /* each in an embedding's direction: cosine 1 */
    PLACE_OPPOSITE,    /* each opposite to an embedding */
    PLACE_ZERO_X,      /* as random, but the first embedding is zero, */
    PLACE_ZERO_TARGET, /* or the first row's target's weight, */
    PLACE_ZERO_OTHER,  /* or another class's */
    PLACEMENTS
} placement;

extern const char *const placement_names[PLACEMENTS];

typedef struct recipe {
    size_t rows, dim, classes; /* dim >= 2, classes >= 2, rows <= INPUT_ROWS_MOST */
    sweep_angle angles[INPUT_ROWS_MOST];
    int power_x, power_w; /* |x|, |w| are about 2^power sqrt(dim) */
    int wobble;           /* and vary by up to 2^wobble from row to row */
    placement others;
    size_t turn; /* number of the class that would be class 0: the targets lie there and beyond */
    int spread;  /* the rows' targets are spread over all targets, not the first ones */
} recipe;

typedef struct inputs {
    size_t rows, dim, classes;
    float *embeddings, *weights;
    int64_t *labels;
} inputs;

/* Make what the recipe says from `seed`. The target's angle is as wanted to a relative 1e-7 near 0
 * and pi and to 1e-13 elsewhere (1e-7 in two dimensions), in spite of float32, where lengths leave
 * room for it. */
void inputs_make(inputs *in, const recipe *how, uint64_t seed);
/* A copy with every number moved by one ulp, up or down by chance. */
void inputs_shift(inputs *out, const inputs *in, uint64_t seed);
void inputs_free(inputs *in);

/* The head that these inputs are. */
margin_head head_of(const inputs *in);

#endif
