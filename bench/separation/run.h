/* run.h: one toy run: data, network, training under one loss with one seed, and what was measured.
 * Must not know the command line, files or other runs. */
#ifndef SEPARATION_RUN_H
#define SEPARATION_RUN_H

#include "images.h"
#include "margin.h"
#include "metrics.h"
#include "recipe.h"

enum { RUN_DIM = 2 };

typedef struct run_data {
    const char *name;        /* "sphere", "fashion", or the folder's name */
    const image_set *images; /* NULL: the hypersphere */
} run_data;

/* Inputs of a run; 0 in a number: as the recipe says. */
typedef struct run_plan {
    uint32_t figures; /* that want it, a bit each; does not change a run */
    const run_data *data;
    margin_loss loss;
    loss_override override;
    margin_isa isa;
    uint64_t seed;
    size_t epochs, samples;
    size_t features;                /* samples of each class kept for the figure */
    void (*epoch_done)(void *user); /* or NULL */
    void *user;
} run_plan;

typedef struct run_feature {
    int64_t class;
    float x, y;
} run_feature;

typedef struct run_result {
    margin_config loss; /* as trained with in the end */
    recipe used;        /* with the plan's epochs and samples */
    size_t classes, train_count, test_count;
    double seconds;    /* of the training, on one thread */
    double final_loss; /* mean over the last epoch */
    separation_stats train, test;
    float *weights;        /* [classes, 2] raw class weights */
    double *centres;       /* [classes, 2] unit embedding centres of the test samples */
    run_feature *features; /* test samples, raw coordinates */
    size_t feature_count;
    char error[256]; /* one line if run_carry_out failed */
} run_result;

size_t run_epochs(const run_plan *plan);
/* The loss as the run will train with it. */
void run_loss(const run_plan *plan, margin_config *out);

/* 0; or -1 with result->error. Free the result with run_free in either case. */
int run_carry_out(const run_plan *plan, run_result *result);
void run_free(run_result *result);

#endif
