/* run.h: a checked call of the head while it runs. */
#ifndef MARGIN_HEAD_RUN_H
#define MARGIN_HEAD_RUN_H

#include "head/workspace.h"

/* A call while it runs. The stages see of it what they need, not all. */
typedef struct head_run {
    margin_context *context;
    head_call *call; /* const once planned */
    head_schedule schedule;
    head_work work;
} head_run;

/* Returns the geometry of a configuration. */
const struct head_geometry *margin_head_geometry(const margin_config *config);

/* Checks what head and prediction both ask of a call. */
margin_status margin_head_check_shape(margin_context *context, size_t rows, size_t dim,
                                      size_t classes, const float *bias);
/* Resolves the strides of embeddings and weights, and checks them. */
margin_status margin_head_check_strides(margin_context *context, margin_head *call);

/* Sets how the embeddings and the class weights of a call lie; refuses a type that there is not. */
margin_status margin_head_check_types(margin_context *context, const margin_head *call,
                                      margin_storage *x, margin_storage *w);
/* Checks that the embeddings, which lie as `storage` says, are finite; strides are resolved. */
margin_status margin_head_check_embeddings(margin_context *context, const margin_head *call,
                                           const margin_storage *storage);

/* Prepares label smoothing, where the planned call asks for it. */
void margin_head_run_smoothing(head_run *r);

/* Plans r->call in r->context: layout, schedule, workspace, and what follows from the call as a
 * whole. Records a fault where the workspace is too small. */
margin_status margin_head_plan(head_run *r);

/* What the rows of a call add up to. */
typedef struct head_sums {
    double loss, weighted; /* of the rows' losses; of their weights times these */
    size_t tied;
} head_sums;

/* Runs the stages of a planned call, and adds its rows to *sums. Records a fault where a class
 * weight is not finite. */
margin_status margin_head_run_tiles(head_run *r, head_sums *sums);
margin_status margin_head_run_planes(head_run *r, head_sums *sums);

/* Ranks the classes of a planned prediction. Records a fault likewise. */
margin_status margin_head_run_rank(head_run *r);

#endif
