/* sphere_data.h: synthetic identities on a hypersphere: centres uniform, samples von Mises-Fisher
 * around them, then a fixed random nonlinear map into the input space, which folds the clouds so
 * that a network is needed to undo it. Must not know networks or losses. */
#ifndef SEPARATION_SPHERE_DATA_H
#define SEPARATION_SPHERE_DATA_H

#include "dataset.h"

typedef struct sphere_config {
    size_t identities;
    size_t unseen;        /* further identities that training never sees, of `test` samples each */
    size_t latent_dim;    /* the hypersphere's dimension, >= 2 */
    size_t input_dim;     /* what the network sees */
    size_t train, test;   /* samples of each identity */
    double imbalance;     /* >= 1: the first identity has `train` samples, the last one this many
                             times fewer, in equal ratios between; at least one each */
    double flipped;       /* share of the training samples labelled as another identity */
    double outliers;      /* share of them that are nobody's: uniform on the hypersphere */
    double concentration; /* of the samples around their centre */
    double bend;          /* strength of the map: input = sin(bend <a, x> + phase), a ~ N(0, I) */
    uint64_t seed;        /* of centres and samples; the map is the same for every seed */
} sphere_config;

/* The settings of the toy figure: 8 identities of 1,500 samples, balanced, without noise. */
void sphere_config_init(sphere_config *config);
/* A hundred identities and as many unseen, nearer to each other: something to be verified. */
void sphere_config_faces(sphere_config *config);
/* Training samples of an identity. */
size_t sphere_train_count(const sphere_config *config, size_t identity);

/* Samples stand identity by identity. */
void sphere_data_make(const sphere_config *config, data_split *out);

#endif
