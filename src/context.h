/* context.h: what a context holds, and the checks that both levels share. */
#ifndef MARGIN_SRC_CONTEXT_H
#define MARGIN_SRC_CONTEXT_H

#include "kernels/kernels.h"
#include "loss.h"
#include "margin.h"

struct margin_context {
    margin_config config;   /* isa and threads resolved */
    margin_setting setting; /* of config */
    const margin_kernels *kernels;
    const margin_loss_info *info;
    margin_fault fault;
    char *workspace;  /* config.workspace_bytes, aligned to a huge page */
    size_t used;      /* bytes that the last head call took */
    double thread_ns; /* the least work for which a thread is woken, in nanoseconds */
};

/* Record a fault and return its status. */
margin_status margin_fail(margin_context *context, margin_status status, margin_argument argument,
                          size_t row, const char *detail);

/* Labels in [0, classes) or -1; the number of others into *counted. */
margin_status margin_check_labels(margin_context *context, const int64_t *labels, size_t rows,
                                  size_t classes, size_t *counted);

/* Finite values; a stride of 0 must have been resolved. */
margin_status margin_check_finite(margin_context *context, const float *values, size_t rows,
                                  size_t columns, size_t stride, margin_argument argument);

/* d total loss / d row loss: the caller's weight, or that of a mean over the counted rows. */
double margin_row_weight(const float *row_weight, size_t row, size_t counted);

/* Threads for a call that takes one of them so many nanoseconds: at most config.threads. */
size_t margin_threads_for(const margin_context *context, double ns);

/* Of the calling thread among those of a parallel loop. */
size_t margin_thread_index(void);

static inline size_t margin_least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* *stride 0 -> columns; too short, or rows * stride beyond memory: MARGIN_ERROR_SHAPE. */
margin_status margin_check_stride(margin_context *context, size_t *stride, size_t rows,
                                  size_t columns, const char *detail);

#endif
