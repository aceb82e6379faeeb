/* recipe.h: the settings of a toy run: network and training for a number of dimensions, scale and
 * margin for a loss and a number of classes. Chosen by experiment; why is said beside each. Must
 * not know how a run is carried out. */
#ifndef SEPARATION_RECIPE_H
#define SEPARATION_RECIPE_H

#include <stdio.h>

#include "margin.h"

enum { HIDDEN_LAYERS = 2 };

/* Where the first class weights point in the plane: evenly round the circle in the order of a short
 * tour through the classes, or anywhere. Elsewhere they point anywhere. */
typedef enum start_name { START_TOUR, START_RANDOM, START_COUNT } start_name;

/* NULL: there is no such start. */
const char *start_title(int value);

/* Each constant is an option of its name, and a field of the results. */
typedef struct recipe {
    const char *name;
    size_t hidden[HIDDEN_LAYERS]; /* units */
    size_t epochs, batch;
    double rate; /* the first learning rate; it falls to 0 along half a cosine */
    double momentum;
    double decay;       /* weight decay of dense and class weights */
    double clip;        /* longest gradient of a step, over all parameters; 0: no limit */
    double warmup;      /* share of the steps in which the margin grows */
    double scale_first; /* from which the scale grows likewise; 0: it does not */
    double anneal;      /* share of the steps in which lambda falls (losses that have one) */
    double lambda_base, lambda_power, lambda_least; /* of SphereFace's annealing */
    double weight_length; /* of the first class weights, for losses that normalise them */
    int start;            /* a start_name; -1: not set */
} recipe;

/* For two dimensions, and for more. */
typedef enum recipe_name { RECIPE_PLANE, RECIPE_SPACE, RECIPE_COUNT } recipe_name;

extern const recipe all_recipes[RECIPE_COUNT];

const recipe *recipe_for(size_t dim);
/* A recipe in which nothing is set: NaN and 0. */
void recipe_none(recipe *out);
/* Takes what is set in `set`. */
void recipe_take(const recipe *set, recipe *how);
/* One line for people: every constant, by the names of the options. */
void recipe_print(FILE *out, const recipe *how);

/* What the user set; NaN: as the recipe says. */
typedef struct loss_override {
    double scale;      /* losses that normalise */
    double margin;     /* the loss's one margin */
    double m1, m2, m3; /* margins one by one */
} loss_override;

void loss_override_none(loss_override *out);

/* The loss's configuration for classes on a circle; classes 0: in more dimensions. There, and for a
 * loss that has no row in the recipe, the library's defaults. */
void recipe_loss(margin_loss loss, size_t classes, const loss_override *override,
                 margin_config *out);

typedef struct loss_row {
    margin_loss loss;
    int by_default; /* 1: it runs when no loss is named */
    double m1, m2, m3;
    const char *reason; /* one line for listings: where scale and margin come from */
} loss_row;

/* What the recipe says of a loss; NULL: nothing. */
const loss_row *recipe_row(margin_loss loss);

/* ---- how rate, margin and lambda move: of step 0, 1, ... out of `steps` ---- */

/* Half a cosine from the recipe's rate to 0. */
double schedule_rate(const recipe *how, size_t steps, size_t step);
/* Share of the margin in force, 0 to 1: it grows linearly in the first steps. */
double schedule_margin(const recipe *how, size_t steps, size_t step);
/* max(lambda_least, base (1 + gamma (step + 1))^-power), with gamma chosen so that the two meet
 * after the recipe's share of the steps. Source: the solver of SphereFace (Liu et al., 2017). */
double schedule_lambda(const recipe *how, size_t steps, size_t step);

#endif
