/* measured.h: what is measured of a network and its class weights, at the end of a training and
 * along it. Must not know how a run is trained. */
#ifndef SEPARATION_MEASURED_H
#define SEPARATION_MEASURED_H

#include "network.h"
#include "run.h"

typedef struct run_parts {
    data_split data;
    network net;
    class_weights head;
    size_t *sizes; /* training samples of each class; NULL: as many of each, but for false labels */
} run_parts;

/* 1 for a loss that normalises embeddings and class weights. */
int run_normalised(const run_plan *plan);

/* The training samples' target angles after so many epochs. */
run_snapshot take_snapshot(const run_plan *plan, run_parts *parts, size_t epoch);
/* The geometry then. */
void take_moment(const run_plan *plan, run_parts *parts, size_t epoch, run_moment *out);

/* Fill what the result says of the classes that were trained, and of strangers. */
void measure_trained(const run_plan *plan, run_parts *parts, run_result *result);
void measure_strangers(const run_plan *plan, run_parts *parts, run_result *result);

#endif
