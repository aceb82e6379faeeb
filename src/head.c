/* head.c: the head's boundary, and its loops over rows, shards and blocks: the only place of the
 * head that knows threads. What an item does is in head_rows.c, head_forward.c, head_backward.c. */
#include "head_state.h"

#include <math.h>
#include <stdint.h>
#include <string.h>

/* Pieces of a block are whole multiples of so many classes: register tiles have 14 or 6. */
enum { PIECE_CLASSES = 42 };

/* ---- boundary ---- */

static margin_status check_call(margin_context *context, const margin_head *call)
{
    if (call->embeddings == NULL || call->weights == NULL || call->labels == NULL) {
        return margin_fail(context, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_NONE, 0,
                           "embeddings, weights and labels are required");
    }
    if (call->rows == 0 || call->dim == 0 || call->classes == 0 || call->dim > PTRDIFF_MAX / 64) {
        return margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0,
                           "rows, dim and classes must be at least 1");
    }
    if (call->bias != NULL && context->info->normalised) {
        return margin_fail(context, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_BIAS, 0,
                           "a bias goes with raw inner products only");
    }
    if (call->grad_bias != NULL && (call->bias == NULL || call->grad_weights == NULL)) {
        return margin_fail(context, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_BIAS, 0,
                           "grad_bias needs bias and grad_weights");
    }
    return MARGIN_OK;
}

static margin_status check_strides(margin_context *context, margin_head *call)
{
    margin_status status =
        margin_check_stride(context, &call->embeddings_stride, call->rows, call->dim,
                            "embeddings_stride is shorter than dim, or too large");
    if (status != MARGIN_OK) return status;
    status = margin_check_stride(context, &call->weights_stride, call->classes, call->dim,
                                 "weights_stride is shorter than dim, or too large");
    if (status != MARGIN_OK) return status;
    status = margin_check_stride(context, &call->grad_embeddings_stride, call->rows, call->dim,
                                 "grad_embeddings_stride is shorter than dim, or too large");
    if (status != MARGIN_OK) return status;
    return margin_check_stride(context, &call->grad_weights_stride, call->classes, call->dim,
                               "grad_weights_stride is shorter than dim, or too large");
}

static margin_status check_values(margin_context *context, margin_head *call)
{
    margin_status status =
        margin_check_labels(context, call->labels, call->rows, call->classes, &call->counted);
    if (status != MARGIN_OK) return status;
    status = margin_check_finite(context, call->row_weight, call->rows, 1, 1,
                                 MARGIN_ARGUMENT_ROW_WEIGHT);
    if (status != MARGIN_OK) return status;
    status = margin_check_finite(context, call->bias, call->classes, 1, 1, MARGIN_ARGUMENT_BIAS);
    if (status != MARGIN_OK) return status;
    return margin_check_finite(context, call->embeddings, call->rows, call->dim,
                               call->embeddings_stride, MARGIN_ARGUMENT_EMBEDDINGS);
}

/* ---- units of a whole call ---- */

/* Raw inner products: the power of two that all weights share. */
static void set_weight_unpack(head_state *s)
{
    const margin_head *call = s->call;
    double most = 0.0;
    s->weight_unpack = 1.0;
    for (size_t j = 0; s->raw && j < call->classes; j++) {
        const double norm =
            margin_norm(s->kernels, call->weights + j * call->weights_stride, call->dim);
        if (!isnan(norm)) most = fmax(most, norm);
        if (call->bias != NULL) most = fmax(most, fabs((double)call->bias[j]));
    }
    s->weight_unpack = 1.0 / margin_power_for(most);
}

/* The largest |weight * scale| of a row, so that dW's factors are at most 1. */
static void set_gradient_unit(head_state *s)
{
    const margin_head *call = s->call;
    double most = 0.0;
    for (size_t i = 0; i < call->rows; i++) {
        if (call->labels[i] < 0) continue;
        double scale = s->context->config.scale;
        const float *x = call->embeddings + i * call->embeddings_stride;
        if (s->keep_norm || s->raw) {
            const double norm = margin_norm(s->kernels, x, call->dim);
            if (s->keep_norm) scale = norm;
            if (s->raw) scale /= margin_raw_power(call, norm);
        }
        const double weight = margin_row_weight(call->row_weight, i, call->counted);
        most = fmax(most, fabs(weight) * scale);
    }
    s->gradient_unit = most > 0.0 ? most : 1.0;
}

/* ---- loops ---- */

static void prepare_rows(head_state *s)
{
    const head_plan *p = &s->plan;
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads((int)p->threads) if (p->threads > 1)
#endif
    for (size_t first = 0; first < p->rows; first += 16) {
        margin_head_prepare_rows(s, first, 16);
        if (p->few) continue;
        s->kernels->packing->pack_lanes(s->columns + first * 16, head_row_stride(p), p->panels,
                                        s->lanes + first * p->panels * 16);
    }
}

static void pack_weights(head_state *s)
{
    const head_plan *p = &s->plan;
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads((int)p->threads) if (p->threads > 1)
#endif
    for (size_t block = 0; block < p->blocks; block++) {
        margin_pack_weights(s, block, s->packed + block * p->block * p->panels * 16,
                            &s->scratch[margin_thread_index()]);
    }
}

/* Into how many parts, at most, each of some items is cut, so that the threads share them evenly.
 */
static size_t even_parts(size_t items, size_t most, size_t threads)
{
    size_t parts = 1;
    while (parts < most && items * parts % threads != 0 && items * parts < 4 * threads)
        parts++;
    return parts;
}

/* Groups of rows of each shard: whole pairs of panels. */
static size_t row_groups(const head_plan *p)
{
    return even_parts(p->shards, (p->rows / 16 + 1) / 2, p->threads);
}

/* Items are shards times groups of rows. */
static void forward(head_state *s)
{
    const size_t panels = s->plan.rows / 16, pairs = (panels + 1) / 2;
    const size_t shards = s->plan.shards, threads = s->plan.threads, groups = row_groups(&s->plan);
#if defined(_OPENMP)
#pragma omp parallel for schedule(dynamic) num_threads((int)threads) if (threads > 1)
#endif
    for (size_t item = 0; item < shards * groups; item++) {
        const size_t shard = item / groups, group = item % groups;
        const size_t first = group * pairs / groups * 2, end = (group + 1) * pairs / groups * 2;
        margin_head_forward(s, shard, first, margin_least(end, panels),
                            &s->scratch[margin_thread_index()]);
    }
}

static void finish_rows(head_state *s)
{
    const int threads = (int)s->plan.threads;
    const size_t rows = s->rows;
    (void)threads;
#if defined(_OPENMP)
#pragma omp parallel for schedule(static) num_threads(threads) if (threads > 1)
#endif
    for (size_t first = 0; first < rows; first += 16) {
        const size_t count = margin_least(rows - first, 16);
        margin_head_finish_rows(s, first, count, &s->scratch[margin_thread_index()]);
    }
}

/* Pieces of each block of classes. Not cut is what would be packed again for each piece. */
static size_t block_pieces(const head_plan *p)
{
    if (!p->keep_tiles && !p->keep_packed) return 1;
    return even_parts(p->blocks, (p->block + PIECE_CLASSES - 1) / PIECE_CLASSES, p->threads);
}

static void backward_piece(head_state *s, size_t block, size_t at, size_t pieces)
{
    const size_t classes = head_block_count(&s->plan, block, s->call->classes);
    const size_t units = (classes + PIECE_CLASSES - 1) / PIECE_CLASSES;
    const size_t from = at * units / pieces * PIECE_CLASSES;
    const size_t end = margin_least((at + 1) * units / pieces * PIECE_CLASSES, classes);
    const head_piece piece = {block, head_block_first(&s->plan, block) + from, end - from};
    if (end > from) margin_head_backward(s, &piece, &s->scratch[margin_thread_index()]);
}

/* Items are pieces of blocks. */
static void backward(head_state *s)
{
    const head_plan *p = &s->plan;
    const int threads = (int)p->threads;
    const size_t pieces = block_pieces(p);
    for (int t = 0; t < threads; t++)
        s->scratch[t].scaled = 0;
#if defined(_OPENMP)
#pragma omp parallel for schedule(dynamic) num_threads(threads) if (threads > 1)
#endif
    for (size_t item = 0; item < p->blocks * pieces; item++)
        backward_piece(s, item / pieces, item % pieces, pieces);
}

static margin_status check_classes(const head_state *s)
{
    size_t bad = SIZE_MAX;
    for (size_t t = 0; t < s->plan.threads; t++) {
        if (s->scratch[t].bad_class < bad) bad = s->scratch[t].bad_class;
    }
    if (bad == SIZE_MAX || s->context->config.skip_finite_check) return MARGIN_OK;
    return margin_fail(s->context, MARGIN_ERROR_NONFINITE, MARGIN_ARGUMENT_WEIGHTS, bad,
                       "a value is a NaN or an infinity");
}

static void set_row_block(head_state *s, size_t first)
{
    const size_t left = s->call->rows - first;
    s->first_row = first;
    s->rows = left < s->plan.rows ? left : s->plan.rows;
    s->last_block = s->rows == left;
}

/* Row by row: sums of row blocks would depend on the workspace. */
static void add_losses(const head_state *s, double *sum)
{
    for (size_t i = 0; i < s->rows; i++)
        *sum += s->row[i].loss;
}

/* head_small.c. Row blocks are short, so the threads stay together for all of them. */
static margin_status run_small(head_state *s, double *sum)
{
    const head_plan *p = &s->plan;
    int status = MARGIN_OK;
#if defined(_OPENMP)
#pragma omp parallel num_threads((int)p->threads) if (p->threads > 1)
#endif
    {
#if defined(_OPENMP)
#pragma omp for schedule(static)
#endif
        for (size_t block = 0; block < p->blocks; block++)
            margin_small_pack(s, block, &s->scratch[margin_thread_index()]);
#if defined(_OPENMP)
#pragma omp single
#endif
        status = check_classes(s);
        for (size_t first = 0; status == MARGIN_OK && first < s->call->rows; first += p->rows) {
#if defined(_OPENMP)
#pragma omp single
#endif
            set_row_block(s, first);
#if defined(_OPENMP)
#pragma omp for schedule(dynamic)
#endif
            for (size_t panel = 0; panel < (s->rows + 15) / 16; panel++)
                margin_small_rows(s, panel, &s->scratch[margin_thread_index()]);
#if defined(_OPENMP)
#pragma omp single nowait
#endif
            add_losses(s, sum);
#if defined(_OPENMP)
#pragma omp for schedule(static)
#endif
            for (size_t block = 0; block < (p->want_w ? p->blocks : 0); block++)
                margin_small_block(s, block, &s->scratch[margin_thread_index()]);
        }
    }
    return (margin_status)status;
}

/* Row block by row block. Every weight is seen before the first output is written. */
static margin_status run_tiles(head_state *s, double *sum)
{
    if (s->plan.keep_packed) pack_weights(s);
    for (size_t first = 0; first < s->call->rows; first += s->rows) {
        set_row_block(s, first);
        prepare_rows(s);
        forward(s);
        if (first == 0 && check_classes(s) != MARGIN_OK) return MARGIN_ERROR_NONFINITE;
        finish_rows(s);
        add_losses(s, sum);
        if (s->plan.want_w) backward(s);
    }
    return MARGIN_OK;
}

static margin_status run(head_state *s)
{
    double sum = 0.0;
    for (size_t t = 0; t < s->plan.threads; t++)
        s->scratch[t].bad_class = SIZE_MAX;
    if (s->plan.want_w) margin_head_list_rows(s);
    const margin_status status = s->plan.small ? run_small(s, &sum) : run_tiles(s, &sum);
    s->call->loss = s->call->counted > 0 ? sum / (double)s->call->counted : 0.0;
    return status;
}

/* What a call takes one core, roughly: the products at the peak of a good core, then what is done
 * per exponential, per row and per class. */
static size_t threads_of(const margin_context *context, size_t rows, size_t dim, size_t classes,
                         int products)
{
    const double n = (double)rows, d = (double)dim, c = (double)classes;
    const double ns = n * c * (0.017 * d * products + 0.25) + n * (200.0 + 0.35 * d) + 0.4 * d * c;
    return margin_threads_for(context, ns);
}

static margin_status run_planned(margin_context *context, margin_head *call)
{
    const margin_config *config = &context->config;
    head_state s = {.context = context,
                    .kernels = context->kernels,
                    .call = call,
                    .raw = !context->info->normalised,
                    .keep_norm = config->feature_norm == MARGIN_FEATURE_NORM_KEEP};
    const int want_x = call->grad_embeddings != NULL, want_w = call->grad_weights != NULL;
    const size_t threads =
        threads_of(context, call->rows, call->dim, call->classes, 1 + want_x + want_w);
    s.plan = margin_head_plan(call->rows, call->dim, call->classes, threads, want_x, want_w,
                              call->bias != NULL, config->workspace_bytes);
    if (s.plan.bytes > config->workspace_bytes) {
        margin_fail(context, MARGIN_ERROR_WORKSPACE, MARGIN_ARGUMENT_NONE, 0,
                    "the workspace is too small for this shape");
        context->fault.bytes = s.plan.bytes;
        return MARGIN_ERROR_WORKSPACE;
    }
    context->used = s.plan.bytes;
    margin_head_carve(&s, context->workspace);
    set_weight_unpack(&s);
    set_gradient_unit(&s);
    return run(&s);
}

margin_status margin_head_run(margin_context *context, margin_head *head)
{
    if (context == NULL || head == NULL) return MARGIN_ERROR_NULL;
    margin_head call = *head; /* strides are resolved in the copy */
    margin_status status = check_call(context, &call);
    if (status == MARGIN_OK) status = check_strides(context, &call);
    if (status == MARGIN_OK) status = check_values(context, &call);
    if (status == MARGIN_OK) status = run_planned(context, &call);
    if (status != MARGIN_OK) return status;
    head->loss = call.loss;
    head->counted = call.counted;
    return MARGIN_OK;
}

size_t margin_head_workspace_minimum(const margin_context *context, size_t rows, size_t dim,
                                     size_t classes)
{
    if (rows == 0 || dim == 0 || classes == 0 || dim > PTRDIFF_MAX / 64) return 0;
    const size_t threads = threads_of(context, rows, dim, classes, 3);
    size_t most = 0;
    for (int bias = 0; bias <= !context->info->normalised; bias++) {
        const head_plan plan = margin_head_plan(rows, dim, classes, threads, 1, 1, bias, 0);
        if (plan.bytes > most) most = plan.bytes;
    }
    return most < SIZE_MAX / 4 ? most : 0;
}
