/* run_measure.h: what a run gives, and what of it is measured on a trained network. Must not know
 * how it was trained. */
#ifndef SEPARATION_RUN_MEASURE_H
#define SEPARATION_RUN_MEASURE_H

#include "circle.h"
#include "metrics.h"
#include "run_plan.h"
#include "verification.h"

/* Target angles of the training samples at a moment of the training. */
typedef struct run_snapshot {
    size_t epoch; /* epochs done */
    angle_summary theta;
} run_snapshot;

typedef struct run_result {
    size_t train_count, test_count, unseen_count, classes;
    double seconds;    /* of the training, on one thread */
    double final_loss; /* mean over the last epoch */
    separation_stats train, test, unseen;
    int verified; /* 1: there are unseen identities */
    verification strangers;
    run_snapshot snapshots[RUN_SNAPSHOTS]; /* before, half way, after */
    float *weights;                        /* [classes, dim] raw class weights */
    double *centres; /* [classes, dim] unit embedding centres of the test samples */
    arc *arcs;       /* [classes], dim 2 only, else NULL */
    float *features; /* [feature_count, dim] test samples, raw */
    int64_t *feature_classes;
    size_t feature_count;
    char error[256]; /* one line if run_carry_out failed */
} run_result;

typedef struct run_parts {
    data_split data;
    network net;
    class_weights head;
} run_parts;

/* 0, or ENOMEM. Fills everything of the result but the training's own numbers and snapshots. */
int run_measure(const run_plan *plan, run_parts *parts, run_result *result);
/* The training samples' target angles at this moment. 0, or ENOMEM. */
int run_take_snapshot(const run_plan *plan, run_parts *parts, size_t epoch, run_snapshot *out);

#endif
