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
/* How the arrays of a call lie in memory. */
typedef struct head_storages {
    margin_storage x, w;
} head_storages;

/* Reads the caller's *head, of whatever size, into *io, and checks all of it, in which strides are
 * resolved, for a head of `classes` classes. */
margin_status margin_head_read(margin_context *context, const margin_head *head, margin_head *io);
margin_status margin_head_check(margin_context *context, margin_head *io, size_t classes,
                                head_storages *storages);
/* Returns the call of a checked *io, still to be planned. */
head_call margin_head_call(const margin_context *context, const margin_head *io,
                           const head_storages *storages);
/* Sets who takes the finished rows of dW of a call, which stays where it is from now on. */
void margin_head_set_consumer(head_call *call);

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
 * whole. `span` says which classes a shard holds, NULL: all. Records a fault where the workspace is
 * too small. */
margin_status margin_head_plan(head_run *r, const head_span *span);

/* What the rows of a call add up to. */
typedef struct head_sums {
    double loss, weighted; /* of the rows' losses; of their weights times these */
    size_t tied;
} head_sums;

/* Runs the stages of a planned call, and adds its rows to *sums. Records a fault where a class
 * weight is not finite. */
margin_status margin_head_run_tiles(head_run *r, head_sums *sums);
margin_status margin_head_run_planes(head_run *r, head_sums *sums);

/* Takes the row block from row `first` on, of the tiles or the dots path, from prepare to forward.
 * Records a fault likewise. */
margin_status margin_head_run_forward(head_run *r, size_t first);
/* Adds what its rows add up to, once combined, to *sums. */
void margin_head_add_losses(const head_run *r, head_sums *sums);
/* Takes it through backward. */
void margin_head_run_backward(head_run *r);
/* Writes the results of a call to the caller's *head. */
void margin_head_report(const head_call *call, const head_sums *sums, margin_head *head);

/* Ranks the classes of a planned prediction. Records a fault likewise. */
margin_status margin_head_run_rank(head_run *r);

#endif
