/* run.h: one run: data, network, training under one loss with one seed, and what was measured.
 * Must not know the command line, or other runs. */
#ifndef SEPARATION_RUN_H
#define SEPARATION_RUN_H

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

/* 0; or -1 with result->error. Free the result with run_free in either case. */
int run_carry_out(const run_plan *plan, run_result *result);
void run_free(run_result *result);

#endif
