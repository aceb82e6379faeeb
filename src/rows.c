/* rows.c: the rows level: cosines and labels to loss and gradient, a row an item.
 *
 * With the check for finite values two passes read the logits: what is refused has written nothing.
 * Where a row's exponentials fit into the workspace, they wait there, so that the gradient is
 * written once. */
#include <math.h>
#include <stdint.h>
#include <string.h>

#if defined(_OPENMP)
#include <omp.h>
#endif

#include "context.h"
#include "dmath.h"
#include "target.h"

/* The least sin(theta) at which psi is differentiated: where a float32 cosine has reached +-1. */
#define LEAST_SINE 0x1p-12

/* A gradient of so many bytes is not expected to be read from a cache again. */
#define STREAMED_BYTES ((size_t)8 << 20)

typedef struct rows_state {
    const margin_context *context;
    const margin_rows *call;
    double *loss; /* [rows], in double for the sum */
    float *line;  /* [threads][line_size]: a row's exponentials; NULL: they go to the gradient */
    size_t line_size;
    int stream;
} rows_state;

static size_t thread_index(void)
{
#if defined(_OPENMP)
    return (size_t)omp_get_thread_num();
#else
    return 0;
#endif
}

static margin_angle angle_of(double cosine)
{
    return margin_angle_of(fmin(fmax(cosine, -1.0), 1.0));
}

/* d psi / d c = -psi'(theta) / sin(theta), its limit where the loss has one. */
static double slope_at(const margin_setting *setting, margin_angle angle)
{
    if (angle.sine < LEAST_SINE) {
        const double cosine = sqrt((1.0 - LEAST_SINE) * (1.0 + LEAST_SINE));
        angle.sine = LEAST_SINE;
        angle.cosine = angle.cosine > 0.0 ? cosine : -cosine;
    }
    return -margin_target_at(setting, &angle).slope / angle.sine;
}

/* The row without its target: two pieces round it, as one maximum or one sum. */
static float others_max(const rows_state *s, const float *x, size_t y)
{
    const margin_kernels *k = s->context->kernels;
    return fmaxf(k->row_max(x, y), k->row_max(x + y + 1, s->call->classes - y - 1));
}

static double others_exp(const rows_state *s, const float *x, size_t y, float scale, float peak,
                         float *out)
{
    const margin_kernels *k = s->context->kernels;
    const double before = k->row_exp(x, y, scale, peak, out);
    return before + k->row_exp(x + y + 1, s->call->classes - y - 1, scale, peak,
                               out == NULL ? NULL : out + y + 1);
}

static double row_factor(const rows_state *s, size_t i)
{
    if (s->call->row_scale != NULL) return (double)s->call->row_scale[i];
    return s->context->config.scale;
}

static void one_row(const rows_state *s, size_t i)
{
    const margin_rows *call = s->call;
    const float *x = call->logits + i * call->logits_stride;
    float *out =
        call->grad_logits == NULL ? NULL : call->grad_logits + i * call->grad_logits_stride;
    s->loss[i] = 0.0;
    if (call->labels[i] < 0) {
        if (out != NULL) memset(out, 0, call->classes * sizeof *out);
        return;
    }
    const size_t y = (size_t)call->labels[i];
    const int raw = !s->context->info->normalised;
    const double scale = row_factor(s, i), cosine = (double)x[y];
    const margin_angle angle = angle_of(cosine);
    const margin_setting *setting = &s->context->setting;
    const margin_kernels *k = s->context->kernels;
    float *e = s->line == NULL || out == NULL ? out : s->line + thread_index() * s->line_size;
    const double z = scale * (raw ? cosine : margin_target_at(setting, &angle).psi);

    const float kernel_scale = margin_kernel_scale(scale);
    double miss = 0.0, sum = 0.0;
    if (call->classes > 1) {
        const float peak = others_max(s, x, y);
        sum = others_exp(s, x, y, kernel_scale, peak, e);
        const double others = scale * (double)peak;
        const double excess = others - z + dm_log(sum);
        margin_softplus(&excess, 1, &s->loss[i], &miss);
    }
    if (out == NULL) return;
    const double pull = miss * margin_row_weight(call->row_weight, i, call->counted) * scale;
    float first, second;
    margin_split_factor(sum > 0.0 ? pull / sum : 0.0, &first, &second);
    k->row_scale(e, y, first, second, s->stream, out);
    k->row_scale(e + y + 1, call->classes - y - 1, first, second, s->stream, out + y + 1);
    if (s->stream) k->drain();
    out[y] = margin_to_float(-pull * (raw ? 1.0 : slope_at(setting, angle)));
}

static margin_status check_call(margin_context *context, const margin_rows *call)
{
    if (call->logits == NULL || call->labels == NULL) {
        return margin_fail(context, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_NONE, 0,
                           "logits and labels are required");
    }
    if (call->row_scale == NULL && context->config.feature_norm == MARGIN_FEATURE_NORM_KEEP) {
        return margin_fail(context, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_ROW_SCALE, 0,
                           "row_scale is required with feature_norm = keep");
    }
    if (call->rows == 0 || call->classes == 0 || call->rows > PTRDIFF_MAX / 64) {
        return margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0,
                           "rows and classes must be at least 1");
    }
    return MARGIN_OK;
}

static margin_status check_row_scale(margin_context *context, const margin_rows *call)
{
    for (size_t i = 0; call->row_scale != NULL && i < call->rows; i++) {
        if (call->row_scale[i] >= 0.0f && isfinite(call->row_scale[i])) continue;
        return margin_fail(context, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_ROW_SCALE, i,
                           "a row_scale is not a finite number >= 0");
    }
    return MARGIN_OK;
}

/* The first row with a NaN or an infinity. */
static margin_status check_logits(margin_context *context, const margin_rows *call)
{
    if (context->config.skip_finite_check) return MARGIN_OK;
    const int threads = context->config.threads;
    size_t bad = SIZE_MAX;
    (void)threads;
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads(threads) reduction(min : bad) if (threads > 1)
#endif
    for (size_t i = 0; i < call->rows; i++) {
        const float *x = call->logits + i * call->logits_stride;
        if (i < bad && !context->kernels->row_finite(x, call->classes)) bad = i;
    }
    if (bad == SIZE_MAX) return MARGIN_OK;
    return margin_fail(context, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_LOGITS, bad,
                       "a value is a NaN or an infinity");
}

static margin_status check_values(margin_context *context, margin_rows *call)
{
    margin_status status = margin_check_stride(context, &call->logits_stride, call->rows,
                                               call->classes, "logits_stride is out of range");
    if (status != MARGIN_OK) return status;
    status = margin_check_stride(context, &call->grad_logits_stride, call->rows, call->classes,
                                 "grad_logits_stride is out of range");
    if (status != MARGIN_OK) return status;
    status = margin_check_labels(context, call->labels, call->rows, call->classes, &call->counted);
    if (status != MARGIN_OK) return status;
    status = check_row_scale(context, call);
    if (status != MARGIN_OK) return status;
    status = margin_check_finite(context, call->row_weight, call->rows, 1, 1,
                                 MARGIN_ARGUMENT_ROW_WEIGHT);
    if (status != MARGIN_OK) return status;
    return check_logits(context, call);
}

/* The workspace holds the losses, for which it is large enough, and perhaps a line per thread. */
static rows_state carve(const margin_context *context, const margin_rows *call)
{
    const size_t lines = (call->rows * sizeof(double) + 63) / 64 * 64;
    const size_t threads = (size_t)context->config.threads, size = (call->classes + 15) / 16 * 16;
    rows_state s = {.context = context, .call = call, .line_size = size};
    s.loss = (double *)(void *)context->workspace;
    const size_t left = context->config.workspace_bytes - call->rows * sizeof(double);
    if (left / sizeof(float) / threads > size + 16) {
        s.line = (float *)(void *)((char *)context->workspace + lines);
    }
    s.stream = s.line != NULL && call->rows * call->classes >= STREAMED_BYTES / sizeof(float);
    return s;
}

margin_status margin_rows_run(margin_context *context, margin_rows *rows)
{
    if (context == NULL || rows == NULL) return MARGIN_ERROR_NULL;
    margin_rows call = *rows; /* strides are resolved in the copy */
    margin_status status = check_call(context, &call);
    if (status == MARGIN_OK) status = check_values(context, &call);
    if (status != MARGIN_OK) return status;
    if (call.rows > context->config.workspace_bytes / sizeof(double)) {
        margin_fail(context, MARGIN_ERROR_WORKSPACE, MARGIN_ARGUMENT_NONE, 0,
                    "the workspace is too small for so many rows");
        context->fault.bytes = call.rows * sizeof(double);
        return MARGIN_ERROR_WORKSPACE;
    }

    const rows_state s = carve(context, &call);
    const int threads = context->config.threads;
    (void)threads;
#if defined(_OPENMP)
#pragma omp parallel for schedule(dynamic, 4) num_threads(threads) if (threads > 1)
#endif
    for (size_t i = 0; i < call.rows; i++)
        one_row(&s, i);

    double sum = 0.0;
    for (size_t i = 0; i < call.rows; i++) {
        if (call.row_loss != NULL) call.row_loss[i] = margin_to_float(s.loss[i]);
        sum += s.loss[i];
    }
    rows->counted = call.counted;
    rows->loss = call.counted > 0 ? sum / (double)call.counted : 0.0;
    return MARGIN_OK;
}
