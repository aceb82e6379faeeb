/* run_measure.h: what is measured on a trained network. Must not know how it was trained. */
#ifndef SEPARATION_RUN_MEASURE_H
#define SEPARATION_RUN_MEASURE_H

#include "run.h"

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
