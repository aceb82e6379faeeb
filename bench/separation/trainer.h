/* trainer.h: stochastic gradient descent on a network and the class weights under a loss of
 * libmargin. Must not know where the data come from, nor what is measured afterwards. */
#ifndef SEPARATION_TRAINER_H
#define SEPARATION_TRAINER_H

#include "class_weights.h"
#include "dataset.h"
#include "margin.h"
#include "network.h"
#include "schedule.h"

typedef struct training {
    margin_config loss; /* at its full margin */
    schedule plan;      /* its steps are filled in by the trainer */
    size_t epochs, batch;
    double warmup; /* share of the steps in which the margin grows */
    double anneal; /* share of the steps in which lambda falls (losses that have one) */
    double momentum;
    double decay; /* weight decay of dense and class weights */
    double clip;  /* longest gradient of a step, over all parameters; 0: no limit */
    uint64_t seed;
    void (*epoch_done)(void *user); /* or NULL */
    void *user;
} training;

typedef struct training_result {
    double loss;          /* mean over the last epoch */
    margin_status status; /* what stopped the training, or MARGIN_OK */
    size_t epoch;         /* the epoch it stopped in */
} training_result;

/* Train in place. 0, or ENOMEM; a loss that fails (a non-finite embedding: the training diverged)
 * is told in result->status. */
int trainer_run(const training *config, const dataset *data, network *net, class_weights *head,
                training_result *result);

/* embeddings[data->count, net->outputs] of the trained network. */
void trainer_embed(network *net, const dataset *data, float *embeddings);

#endif
