/* run.h: a checked call of the head. */
#ifndef MARGIN_HEAD_RUN_H
#define MARGIN_HEAD_RUN_H

#include "head/head.h"

/* Runs the stages on `call`, and writes the sum of the row losses to *sum. Records a fault where
 * the workspace is too small or a class weight is not finite. */
margin_status margin_head_run_stages(margin_context *context, head_call *call, double *sum);

/* Returns the threads for a call of this shape. */
size_t margin_head_threads(const margin_context *context, const head_shape *shape);

#endif
