/* rows.c: the rows level's boundary, its plan, and its loop over groups of rows: the only place of
 * it that knows threads. What is done with a row is in rows_item.c. */
#include "rows/rows_state.h"

#include <stdatomic.h>
#include <stdint.h>

#include "simd/environment.h"
#include "sized.h"
#include "target.h"

/* ---- loops ---- */

/* One loop over the rows: of a call, and the first row seen with a NaN or an infinity. */
typedef struct rows_loop {
    const rows_state *rows;
    atomic_size_t bad; /* SIZE_MAX: none */
} rows_loop;

/* Lowers `bad` to `row` if that is less. */
static void note_bad(rows_loop *loop, size_t row)
{
    size_t seen = atomic_load(&loop->bad);
    while (row < seen && !atomic_compare_exchange_weak(&loop->bad, &seen, row))
        continue;
}

static void check_row(void *state, size_t i, size_t worker)
{
    rows_loop *loop = state;
    const rows_state *s = loop->rows;
    (void)worker;
    const float *x = s->call->logits + i * s->call->logits_stride;
    if (!s->context->kernels.terms->row_finite(x, s->call->classes)) note_bad(loop, i);
}

/* Takes groups of rows until none is left. */
static void take_groups(void *state, size_t worker, margin_items *items)
{
    rows_loop *loop = state;
    rows_worker w;
    margin_rows_start(loop->rows, worker, &w);
    for (size_t group; margin_take_item(items, &group);)
        margin_rows_take(loop->rows, &w, group * loop->rows->group);
    margin_rows_finish(loop->rows, &w);
    note_bad(loop, w.bad);
}

/* Returns the first row with a NaN or an infinity, SIZE_MAX: none. This is a pass of its own, where
 * the gradient takes the logits' place: a refused call must not lose them. */
static size_t check_logits(const rows_state *s)
{
    const margin_rows *call = s->call;
    rows_loop loop = {s, SIZE_MAX};
    if (s->context->config.skip_finite_check || call->grad_logits != call->logits) return SIZE_MAX;
    margin_share_each(&s->context->team, s->threads, call->rows, check_row, &loop);
    return atomic_load(&loop.bad);
}

/* Computes all rows, and returns the first with a NaN or an infinity, SIZE_MAX: none. */
static size_t take_rows(const rows_state *s)
{
    rows_loop loop = {s, SIZE_MAX};
    margin_share(&s->context->team, s->threads, margin_divide_up(s->call->rows, s->group),
                 take_groups, &loop);
    return atomic_load(&loop.bad);
}

/* ---- the call ---- */

static margin_status check_call(margin_context *context, const margin_rows *call)
{
    margin_status status = margin_check_there(context, call->logits, MARGIN_ARGUMENT_LOGITS);
    if (status == MARGIN_OK)
        status = margin_check_there(context, call->labels, MARGIN_ARGUMENT_LABELS);
    if (status != MARGIN_OK) return status;
    if (call->row_scale == NULL && context->config.feature_norm == MARGIN_FEATURE_NORM_KEEP) {
        return margin_fail(context, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_ROW_SCALE, 0,
                           "row_scale is required with feature_norm = keep");
    }
    if (call->rows == 0 || call->classes == 0)
        return margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0,
                           "rows and classes must be at least 1");
    if (call->rows > PTRDIFF_MAX / 64)
        return margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_LOGITS, 0,
                           "so many rows are beyond memory");
    return MARGIN_OK;
}

static margin_status fail_logits(margin_context *context, size_t row)
{
    if (row == SIZE_MAX) return MARGIN_OK;
    return margin_fail(context, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_LOGITS, row,
                       "a value is a NaN or an infinity");
}

static margin_status check_values(margin_context *context, margin_rows *call)
{
    margin_status status =
        margin_check_stride(context, &call->logits_stride, call->rows, call->classes,
                            MARGIN_ARGUMENT_LOGITS, "logits_stride is shorter than classes");
    if (status != MARGIN_OK) return status;
    status =
        margin_check_stride(context, &call->grad_logits_stride, call->rows, call->classes,
                            MARGIN_ARGUMENT_LOGITS, "grad_logits_stride is shorter than classes");
    if (status != MARGIN_OK) return status;
    const margin_labels labels = margin_labels_of(call->labels, call->ignore_label);
    status = margin_check_labels(context, &labels, call->rows, call->classes, &call->counted);
    if (status != MARGIN_OK) return status;
    status = margin_check_smoothing(context, call->label_smoothing);
    if (status != MARGIN_OK) return status;
    const margin_given_margins margins = {call->row_margin, call->class_margin};
    status = margin_check_margins(context, &margins, call->rows, call->classes);
    if (status != MARGIN_OK) return status;
    status = margin_check_factors(context, call->class_weight, call->classes,
                                  MARGIN_ARGUMENT_CLASS_WEIGHT,
                                  "a class_weight is not a finite number >= 0");
    if (status != MARGIN_OK) return status;
    status = margin_check_factors(context, call->row_scale, call->rows, MARGIN_ARGUMENT_ROW_SCALE,
                                  "a row_scale is not a finite number >= 0");
    if (status != MARGIN_OK) return status;
    return margin_check_finite(context, call->row_weight, call->rows, 1, 1,
                               MARGIN_ARGUMENT_ROW_WEIGHT);
}

/* Returns the elements of whole cache lines that hold n. */
static size_t round_up(size_t n)
{
    return margin_divide_up(n, 16) * 16;
}

/* Returns the bytes of the items, SIZE_MAX / 2 if they are beyond memory. */
static size_t items_bytes(const rows_state *s)
{
    const size_t items = 2 * s->group * s->threads;
    size_t bytes;
    if (__builtin_mul_overflow(items * sizeof(float), s->item_size, &bytes)) return SIZE_MAX / 2;
    return bytes < SIZE_MAX / 2 ? bytes : SIZE_MAX / 2;
}

/* Returns how many rows go side by side: fewer the longer they are; at least two groups for a
 * thread. */
static size_t group_of(const rows_state *s)
{
    const size_t fit = s->context->schedule.group_logits / s->call->classes,
                 even = s->call->rows / (2 * s->threads);
    const size_t most = margin_least(margin_least(fit, even), MARGIN_GROUP);
    return most > 0 ? most : 1;
}

/* Plans a call: the workspace holds the losses and, where it is large enough, rows' terms. */
static margin_status plan(margin_context *context, const margin_rows *call, rows_state *s)
{
    const size_t losses = round_up(call->rows) * sizeof(double);
    const size_t space = context->config.workspace_bytes;
    const size_t left = losses < space ? space - losses : 0;
    const int wanted = call->grad_logits != NULL;
    *s = (rows_state){.context = context, .call = call};
    s->labels = margin_labels_of(call->labels, call->ignore_label);
    s->margins = (margin_given_margins){call->row_margin, call->class_margin};
    s->weighting = margin_weighting_of(call->row_weight, call->class_weight, &s->labels, call->rows,
                                       call->counted);
    s->smoothing = call->classes > 1 ? call->label_smoothing : 0.0;
    s->threads =
        margin_threads_for(context, margin_rows_ns(&context->schedule, call->rows, call->classes));
    s->group = group_of(s);
    s->line_size = wanted ? round_up(call->classes) : 0;
    const size_t peaks = wanted ? round_up((call->classes + MARGIN_CHUNK - 1) / MARGIN_CHUNK) : 0;
    s->item_size = s->line_size + peaks;
    while (s->group > 1 && items_bytes(s) > left)
        s->group /= 2;
    if (items_bytes(s) > left) {
        s->line_size = 0;
        s->item_size = peaks;
    }
    if (losses > space || items_bytes(s) > left) {
        margin_fail(context, MARGIN_ERROR_WORKSPACE, MARGIN_ARGUMENT_NONE, 0,
                    "the workspace is too small for this shape");
        context->fault.bytes = losses + items_bytes(s);
        return MARGIN_ERROR_WORKSPACE;
    }
    if (margin_reserve(context, losses + items_bytes(s)) != MARGIN_OK) return MARGIN_ERROR_MEMORY;
    s->loss = (double *)(void *)context->workspace;
    s->items = (float *)(void *)(context->workspace + losses);
    s->stream = s->line_size > 0 && s->smoothing == 0.0 &&
                call->rows * call->classes >= context->schedule.streamed_bytes / sizeof(float);
    return MARGIN_OK;
}

/* Writes the rows' losses and the call's results. */
static void add_losses(const rows_state *s, margin_rows *rows)
{
    const margin_rows *call = s->call;
    double sum = 0.0, weighted = 0.0;
    for (size_t i = 0; i < call->rows; i++) {
        if (call->row_loss != NULL) call->row_loss[i] = margin_to_float(s->loss[i]);
        const int64_t label = margin_label(&s->labels, i);
        if (label < 0) continue;
        sum += s->loss[i];
        weighted += margin_row_weight(&s->weighting, i, label) * s->loss[i];
    }
    rows->counted = call->counted;
    rows->mean_loss = call->counted > 0 ? sum / (double)call->counted : 0.0;
    rows->loss = margin_objective(&s->weighting, weighted, rows->mean_loss);
}

static margin_status run_rows(margin_context *context, margin_rows *rows)
{
    if (context == NULL) return MARGIN_ERROR_NULL;
    if (rows == NULL) return margin_fail_call(context);
    margin_rows call; /* in which strides are resolved */
    rows_state s;
    margin_status status =
        margin_read_struct(rows, MARGIN_SIZE_THROUGH(margin_rows, counted), &call, sizeof call);
    if (status != MARGIN_OK)
        return margin_fail(context, status, MARGIN_ARGUMENT_NONE, 0,
                           "margin_rows.size is not set: begin with MARGIN_ROWS_INIT");
    status = check_call(context, &call);
    if (status == MARGIN_OK) status = check_values(context, &call);
    if (status == MARGIN_OK) status = plan(context, &call, &s);
    if (status == MARGIN_OK) status = fail_logits(context, check_logits(&s));
    if (status == MARGIN_OK) status = fail_logits(context, take_rows(&s));
    if (status != MARGIN_OK) return status;

    add_losses(&s, rows);
    return MARGIN_OK;
}

margin_status margin_rows_run(margin_context *context, margin_rows *rows)
{
    margin_environment caller;
    margin_environment_enter(&caller);
    const margin_status status = run_rows(context, rows);
    margin_environment_leave(&caller);
    return status;
}
