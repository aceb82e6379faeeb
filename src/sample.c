/* sample.c: sampled classes: those of a batch, and of all others a share, each drawn for itself. A
 * draw follows from the seed, the step and the class, so it is the same in whatever range, on
 * whatever machine. It knows neither embeddings nor class weights. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "boundary.h"
#include "simd/environment.h"
#include "draws.h"
#include "sized.h"

/* The classes of a batch that are in the range at hand, in rising order, each once. */
typedef struct batch_classes {
    const int64_t *of;
    size_t count;
} batch_classes;

static int compare(const void *a, const void *b)
{
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

/* Writes the classes of the batch that are in the call's range to `own` [rows]. */
static batch_classes classes_of(const margin_sample *call, const margin_labels *labels,
                                int64_t *own)
{
    size_t found = 0, count = 0;
    for (size_t i = 0; i < call->rows; i++) {
        const int64_t y = margin_label(labels, i);
        if (y >= 0 && (uint64_t)y - call->first < call->count) own[found++] = y;
    }
    if (found > 1) qsort(own, found, sizeof *own, compare);
    for (size_t i = 0; i < found; i++) {
        if (count == 0 || own[i] != own[count - 1]) own[count++] = own[i];
    }
    return (batch_classes){own, count};
}

/* Lists the range's classes of the batch and those that are drawn: as many as the caller's array
 * holds. Returns how many there are. */
static size_t list(const margin_sample *call, batch_classes batch)
{
    /* A number of 32 bits is below this with probability `rate`, rounded up to a multiple of
     * 2^-32. */
    const uint64_t bound = (uint64_t)ceil(call->rate * 0x1p32);
    const uint64_t end = (uint64_t)call->first + call->count;
    margin_random drawn = {{0}};
    size_t found = 0, next = 0;
    for (uint64_t j = call->first; j < end; j++) {
        if (j == call->first || j % 4 == 0) drawn = margin_random_at(call->seed, j / 4, call->step);
        const int of_batch = next < batch.count && (uint64_t)batch.of[next] == j;
        next += (size_t)of_batch;
        if (!of_batch && drawn.word[j % 4] >= bound) continue;
        if (found < call->capacity) call->class_index[found] = (int64_t)j;
        found++;
    }
    return found;
}

static margin_status fail(margin_context *context, margin_status status, const char *detail)
{
    return margin_fail(context, status, MARGIN_ARGUMENT_NONE, 0, detail);
}

/* Checks the range and the rate of a call. */
static margin_status check_range(margin_context *context, const margin_sample *call)
{
    if (call->classes == 0 || call->classes > INT64_MAX)
        return fail(context, MARGIN_ERROR_SHAPE, "classes must be in [1, 2^63)");
    if (call->first > call->classes || call->count > call->classes - call->first)
        return fail(context, MARGIN_ERROR_SHAPE, "first + count must be at most classes");
    if (!(call->rate > 0.0 && call->rate <= 1.0))
        return fail(context, MARGIN_ERROR_CONFIG, "rate must be in (0, 1]");
    return MARGIN_OK;
}

/* Checks a call, whose labels are `labels`. */
static margin_status check_call(margin_context *context, const margin_sample *call,
                                const margin_labels *labels)
{
    size_t counted;
    margin_status status = check_range(context, call);
    if (status == MARGIN_OK && call->rows > 0)
        status = margin_check_there(context, call->labels, MARGIN_ARGUMENT_LABELS);
    if (status == MARGIN_OK && call->capacity > 0)
        status = margin_check_there(context, call->class_index, MARGIN_ARGUMENT_CLASS_INDEX);
    if (status == MARGIN_OK)
        status = margin_check_labels(context, labels, call->rows, call->classes, &counted);
    return status;
}

/* Makes room in the workspace for the labels of a call, which are to be sorted. */
static margin_status make_room(margin_context *context, const margin_sample *call)
{
    const size_t bytes = call->rows * sizeof(int64_t);
    if (bytes <= context->config.workspace_bytes) return margin_reserve(context, bytes);
    fail(context, MARGIN_ERROR_WORKSPACE, "the workspace is too small for so many labels");
    context->fault.bytes = bytes;
    return MARGIN_ERROR_WORKSPACE;
}

static margin_status run(margin_context *context, margin_sample *given)
{
    margin_sample call;
    if (context == NULL) return MARGIN_ERROR_NULL;
    if (given == NULL) return margin_fail_call(context);
    margin_status status =
        margin_read_struct(given, MARGIN_SIZE_THROUGH(margin_sample, found), &call, sizeof call);
    if (status != MARGIN_OK)
        return fail(context, status,
                    "margin_sample.size is not set: begin with MARGIN_SAMPLE_INIT");
    const margin_labels labels = margin_labels_of(call.labels, call.ignore_label);
    status = check_call(context, &call, &labels);
    if (status == MARGIN_OK) status = make_room(context, &call);
    if (status != MARGIN_OK) return status;
    int64_t *own = (int64_t *)(void *)context->workspace;
    given->found = list(&call, classes_of(&call, &labels, own));
    if (given->found <= call.capacity) return MARGIN_OK;
    margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_CLASS_INDEX, 0,
                "capacity is less than the classes that are sampled: `found` says how many");
    context->fault.value = (int64_t)given->found;
    return MARGIN_ERROR_SHAPE;
}

margin_status margin_sample_run(margin_context *context, margin_sample *sample)
{
    margin_environment caller;
    margin_environment_enter(&caller);
    const margin_status status = run(context, sample);
    margin_environment_leave(&caller);
    return status;
}
