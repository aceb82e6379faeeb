/* trainer.h: stochastic gradient descent on a network and the class weights under a loss of
 * libmargin. Must not know where the data come from, nor what is measured afterwards. */
#ifndef SEPARATION_TRAINER_H
#define SEPARATION_TRAINER_H

#include "angle_losses.h"
#include "network.h"
#include "data.h"
#include "margin.h"
#include "recipe.h"

/* ---- the classification head's parameters, one vector a class ---- */

typedef struct class_weights {
    size_t classes, dim;
    float *weights; /* [classes, dim] */
    float *bias;    /* [classes], or NULL for a loss that has none */
} class_weights;

/* All zero. */
void class_weights_create(class_weights *out, size_t classes, size_t dim, int with_bias);
void class_weights_free(class_weights *head);

/* dim = 2: evenly on a circle in the given order of the classes, turned by an angle that the seed
 * draws. */
void class_weights_place(class_weights *head, const size_t *order, double length, uint64_t seed);
/* Any dim: directions drawn by the seed, uniform on the sphere. */
void class_weights_scatter(class_weights *head, double length, uint64_t seed);

/* order[data->classes]: an order of the classes round a circle in which neighbours are alike: a
 * short round trip through the classes' mean inputs (nearest neighbour, then 2-opt); the same for
 * the same data. */
void tour_classes(const dataset *data, size_t *order);

/* ---- trainer.c ---- */

/* What is minimised: the loss of libmargin, and with the weights below besides it the extra terms
 * of the papers; or the triplet loss in its place. */
typedef struct objective {
    margin_config loss; /* at its full margin */
    extra_terms extra;  /* Intra and Inter; zero: none */
    double triplet;     /* > 0: the angular triplet loss of this margin (radians) in place of all */
    size_t triplet_each; /* samples of a class that stand together in a batch then */
    double sample_rate;  /* share of the other classes that a step looks at; 0: all classes */
} objective;

typedef struct training {
    objective aim;
    recipe how;
    uint64_t seed;
} training;

/* A training under way. Between two epochs its whole state is the network, the class weights and
 * the public part here: whoever keeps these can go on later as if nothing had happened. */
typedef struct trainer {
    size_t epoch;      /* epochs done; set it to go on from a state that was kept */
    float *velocities; /* [velocity_count]: network, class weights, bias */
    size_t velocity_count;
    double loss;           /* mean over the last epoch's batches */
    size_t batches, steps; /* of an epoch, of the whole training; set by trainer_open */
    /* private */
    training config;
    const dataset *data;
    network *net;
    class_weights *head;
    margin_context *context; /* for the margin in force */
    float *inputs;           /* [batch, inputs] */
    int64_t *labels;         /* [batch] */
    float *embedding_gradients, *weight_gradients, *bias_gradients;
    int64_t *sampled;         /* [classes]: those that a step looks at */
    float *sampled_gradients; /* [classes, dim + 1]: of these, and behind them of their biases */
    double *scratch;          /* of the extra terms and the triplets */
    size_t *order;            /* of the samples in this epoch */
} trainer;

/* Data, network and class weights must outlive the trainer. */
void trainer_open(trainer *out, const training *config, const dataset *data, network *net,
                  class_weights *head);
/* One more epoch. A loss that fails (a non-finite embedding: the training diverged) is told. */
margin_status trainer_epoch(trainer *t);
void trainer_close(trainer *t);

/* embeddings[data->count, net->outputs] of the trained network. */
void trainer_embed(network *net, const dataset *data, float *embeddings);

#endif
