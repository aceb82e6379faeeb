/* finish.h: finished rows of dW: how a class's sum becomes one, and where they go: to the caller's
 * arrays, or to whoever takes them. */
#ifndef MARGIN_HEAD_FINISH_H
#define MARGIN_HEAD_FINISH_H

#include "head/head.h"

/* Finished rows of dW, and where there is a bias their db: the caller's, or on their way to a
 * consumer. */
typedef struct head_finished {
    float *rows;
    size_t stride;
    float *bias; /* NULL: none */
} head_finished;

/* Returns where finished rows of dW from class `first` on are written: in the caller's arrays, or
 * where there is a consumer in `room`, a block of rows `stride` apart with a block of db behind it.
 */
head_finished margin_head_destination(const head_call *call, size_t first, float *room,
                                      size_t stride);

/* Writes row `at` of `out`, the finished dW of a class, from its sum `g`, which may be that row.
 * It may overwrite `lines`. */
void margin_head_finish_class(const head_call *call, double norm, size_t class_index, float *g,
                              const head_lines *lines, size_t at, const head_finished *out);

/* Hands `count` finished rows from class `first` on to the call's consumer. From here on nothing
 * reads their class weights. */
void margin_head_hand_over(const head_call *call, size_t first, size_t count,
                           const head_finished *out);

/* The consumer that adds to the caller's arrays; `call` is the head_call. */
void margin_head_add_gradients(void *call, size_t first, size_t count, const float *gradients,
                               size_t stride, const float *bias_gradients);

#endif
