/* shards.c: the head's stages one by one, for classes that several processes hold: what forward,
 * combine, gradient and backward need of a call waits in the context from one to the next. It knows
 * no engine: statistics and parts come and go as the caller's arrays. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "simd/environment.h"
#include "head/geometry.h"
#include "head/run.h"
#include "sized.h"

/* ---- what waits between the stages ---- */

/* The last stage of a step. After backward nothing of dW is left to be asked for again. */
typedef enum step_stage { STEP_FORWARD, STEP_COMBINED, STEP_BACKWARD } step_stage;

typedef struct head_step {
    margin_head *head; /* the caller's, to which the results go */
    margin_head io;
    head_storages storages;
    margin_shard shard;
    head_span span;
    head_call call;
    head_run run;
    step_stage stage;
} head_step;

/* Returns the context's open step, if its last stage was `stage` or a later one; else records a
 * fault and returns NULL. */
static head_step *step_of(margin_context *context, step_stage stage)
{
    head_step *step = context->step;
    if (step != NULL && context->step_open && step->stage >= stage) return step;
    margin_fail(context, MARGIN_ERROR_ORDER, MARGIN_ARGUMENT_NONE, 0,
                stage == STEP_FORWARD ? "margin_shard_forward comes first"
                                      : "margin_shard_combine comes first");
    return NULL;
}

static void spread(const head_step *step, size_t count, margin_item_task task, void *state)
{
    margin_share_each(&step->run.context->team, step->run.schedule.threads, count, task, state);
}

static margin_status refuse(margin_context *context, const char *detail)
{
    return margin_fail(context, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_NONE, 0, detail);
}

/* Refuses a stage without an array that it needs, which `detail` names. */
static margin_status missing(margin_context *context, const char *detail)
{
    return margin_fail(context, MARGIN_ERROR_NULL, MARGIN_ARGUMENT_NONE, 0, detail);
}

/* Refuses a list of classes: shards are cut between cells of classes side by side. */
static margin_status refuse_list(margin_context *context, const margin_head *io)
{
    if (io->class_index == NULL) return MARGIN_OK;
    return margin_fail(
        context, MARGIN_ERROR_CONFIG, MARGIN_ARGUMENT_CLASS_INDEX, 0,
        "class_index is not possible with shards: give these rows of W side by side");
}

/* ---- forward ---- */

/* Checks that the cuts are those of a head with this layout, and that the classes at hand lie
 * between two of them. */
static margin_status check_cuts(margin_context *context, const head_step *step,
                                const head_layout *layout)
{
    const margin_shard *s = &step->shard;
    if (layout->cells == 1)
        return refuse(context, "a head of one cell is not cut: call margin_head_run");
    if (s->cuts == NULL || s->here >= s->shards || s->cuts[0] != 0 ||
        s->cuts[s->shards] != layout->cells)
        return refuse(context, "cuts must go from 0 to margin_shard_cells, and here be a shard");
    for (size_t k = 0; k < s->shards; k++) {
        if (s->cuts[k] > s->cuts[k + 1]) return refuse(context, "cuts must not fall");
    }
    const size_t first = head_cell_first(layout, s->cuts[s->here]) * layout->block;
    const size_t end = head_cell_first(layout, s->cuts[s->here + 1]) * layout->block;
    if (step->io.classes != margin_least(end, s->classes) - margin_least(first, s->classes))
        return refuse(context, "classes are not those between the cuts");
    return MARGIN_OK;
}

/* Checks the shard's own arrays, and resolves their stride. */
static margin_status check_shard(margin_context *context, head_step *step)
{
    margin_shard *s = &step->shard;
    const margin_head *io = &step->io;
    margin_status status = margin_check_there(context, s->targets, MARGIN_ARGUMENT_WEIGHTS);
    if (status == MARGIN_OK)
        status = margin_check_stride(context, &s->targets_stride, io->rows, io->dim,
                                     MARGIN_ARGUMENT_WEIGHTS, "targets_stride is shorter than dim");
    if (status == MARGIN_OK && io->bias != NULL)
        status = margin_check_there(context, s->target_bias, MARGIN_ARGUMENT_BIAS);
    if (status != MARGIN_OK) return status;
    if (io->label_smoothing > 0.0)
        return refuse(context, "label smoothing is not possible with shards");
    if (!(s->measure >= 0.0) || isinf(s->measure))
        return refuse(context, "measure is not a finite number >= 0");
    return MARGIN_OK;
}

/* Checks the class weights of the labels: they are others', who check them too, but perhaps later.
 */
static margin_status check_targets(margin_context *context, const head_step *step)
{
    const margin_shard *s = &step->shard;
    const margin_labels labels = margin_labels_of(step->io.labels, step->io.ignore_label);
    for (size_t i = 0; i < step->io.rows; i++) {
        if (margin_label(&labels, i) < 0) continue;
        const margin_status status =
            margin_check_finite(context, s->targets + i * s->targets_stride, 1, step->io.dim,
                                step->io.dim, MARGIN_ARGUMENT_WEIGHTS);
        if (status == MARGIN_OK) continue;
        context->fault.row = (size_t)margin_label(&labels, i);
        return status;
    }
    return MARGIN_OK;
}

/* Plans the step and runs forward. */
static margin_status begin(margin_context *context, head_step *step)
{
    step->call = margin_head_call(context, &step->io, &step->storages);
    margin_head_set_consumer(&step->call);
    step->call.shard = &step->shard;
    step->run = (head_run){.context = context, .call = &step->call};
    margin_status status = margin_head_plan(&step->run, &step->span);
    if (status != MARGIN_OK) return status;
    margin_head_list_nodes(&step->call.layout, &step->span, &step->run.work.exchange);
    return margin_head_run_forward(&step->run, 0);
}

static void write_stats(const head_step *step, margin_shard_stats *out)
{
    const head_work *w = &step->run.work;
    const size_t n = w->rows.count;
    for (size_t k = 0; k < w->node_count; k++) {
        const head_stats *s = &w->stats[k];
        for (size_t i = 0; i < n; i++) {
            const int here = w->rows.place[i] >= 0 && w->rows.place[i] != HEAD_ELSEWHERE;
            out[k * n + i] = (margin_shard_stats){s->sum[i], s->peak[i], s->most[i],
                                                  here ? w->target_dot[i] : NAN, 0.0f};
        }
    }
}

/* Returns the context's step, made where there is none yet, or NULL. */
static head_step *new_step(margin_context *context)
{
    context->step_open = 0;
    if (context->step == NULL) context->step = calloc(1, sizeof(head_step));
    if (context->step == NULL)
        margin_fail(context, MARGIN_ERROR_MEMORY, MARGIN_ARGUMENT_NONE, 0,
                    "the step of a shard could not be reserved");
    return context->step;
}

static margin_status forward(margin_context *context, margin_head *head, const margin_shard *shard,
                             margin_shard_stats *stats)
{
    head_step *step = new_step(context);
    if (step == NULL) return MARGIN_ERROR_MEMORY;
    margin_status status = margin_head_read(context, head, &step->io);
    if (status != MARGIN_OK) return status;
    if (shard == NULL) return missing(context, "the shard is NULL");
    status = margin_read_struct(shard, MARGIN_SIZE_THROUGH(margin_shard, want_embeddings),
                                &step->shard, sizeof step->shard);
    if (status != MARGIN_OK)
        return margin_fail(context, status, MARGIN_ARGUMENT_NONE, 0,
                           "margin_shard.size is not set: begin with MARGIN_SHARD_INIT");
    const margin_shard *s = &step->shard;
    /* An empty shard has no biases, but the head may. */
    if (step->io.classes == 0 && step->io.bias == NULL) step->io.bias = s->target_bias;
    status = refuse_list(context, &step->io);
    if (status == MARGIN_OK)
        status = margin_head_check(context, &step->io, s->classes, &step->storages);
    if (status != MARGIN_OK) return status;
    const size_t dim = step->io.dim + (step->io.bias != NULL);
    const head_shape shape = {.rows = step->io.rows, .dim = dim, .classes = s->classes};
    const head_layout layout = margin_head_layout(&shape);
    status = check_cuts(context, step, &layout);
    if (status == MARGIN_OK) status = check_shard(context, step);
    if (status == MARGIN_OK) status = check_targets(context, step);
    if (status != MARGIN_OK) return status;
    step->span = (head_span){s->classes, s->shards, s->here, s->cuts};
    step->head = head;
    status = begin(context, step);
    if (status != MARGIN_OK) return status;
    if (step->run.work.node_count > 0) {
        if (stats == NULL) return missing(context, "stats is NULL");
        write_stats(step, stats);
    }
    step->stage = STEP_FORWARD;
    context->step_open = 1;
    return MARGIN_OK;
}

margin_status margin_shard_forward(margin_context *context, margin_head *head,
                                   const margin_shard *shard, margin_shard_stats *stats)
{
    if (context == NULL) return MARGIN_ERROR_NULL;
    margin_environment caller;
    margin_environment_enter(&caller);
    const margin_status status = forward(context, head, shard, stats);
    margin_environment_leave(&caller);
    return status;
}

/* Checks that `count` rows from `first` on are rows of the step. */
static margin_status check_range(margin_context *context, const head_step *step, size_t first,
                                 size_t count)
{
    if (first <= step->io.rows && count <= step->io.rows - first) return MARGIN_OK;
    return margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, first,
                       "rows beyond those of the step");
}

margin_status margin_shard_part(margin_context *context, size_t node, size_t first, size_t count,
                                float *part)
{
    if (context == NULL) return MARGIN_ERROR_NULL;
    const head_step *step = step_of(context, STEP_FORWARD);
    if (step == NULL) return MARGIN_ERROR_ORDER;
    const margin_status status = check_range(context, step, first, count);
    if (status != MARGIN_OK || count == 0) return status;
    const head_work *w = &step->run.work;
    if (part == NULL) return missing(context, "part is NULL");
    if (node >= w->node_count || !step->shard.want_embeddings)
        return margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, node,
                           "no such node, or no dX is wanted");
    const size_t width = margin_shard_width(step->io.dim);
    for (size_t i = 0; i < count; i++) {
        const head_parts p = margin_head_parts(&step->call, &w->rows, &w->stats[node], first + i);
        for (size_t d = 0; d < width; d += 16)
            memcpy(part + i * width + d, p.at + d / 16 * p.stride, 16 * sizeof *part);
    }
    return MARGIN_OK;
}

/* ---- combine ---- */

typedef struct combine_loop {
    head_step *step;
    const margin_shard_stats *stats;
} combine_loop;

/* Takes row i's statistics of all nodes over, and merges them. */
static void merge_row(const combine_loop *loop, size_t i)
{
    head_work *w = &loop->step->run.work;
    const head_exchange *e = &w->exchange;
    for (size_t k = 0; k < e->count; k++) {
        const margin_shard_stats *from = &loop->stats[k * w->rows.count + i];
        e->stats[k].sum[i] = from->sum;
        e->stats[k].peak[i] = from->peak;
        e->stats[k].most[i] = from->most;
        if (!isnan(from->target)) w->target_dot[i] = from->target;
    }
    for (size_t s = 0; s < e->step_count; s++)
        e->merges[s * w->rows.capacity + i] =
            margin_head_merge(&w->rows, &e->stats[e->steps[s][0]], &e->stats[e->steps[s][1]], i);
}

static void combine_item(void *state, size_t strip, size_t worker)
{
    const combine_loop *loop = state;
    head_step *step = loop->step;
    head_work *w = &step->run.work;
    const size_t first = strip * 16, count = head_strip_rows(&w->rows, strip);
    (void)worker;
    for (size_t i = first; i < first + count; i++)
        merge_row(loop, i);
    margin_head_combine(&step->call, &w->rows, w->exchange.combined, step->call.layout.shards,
                        first, count, w->results);
    margin_head_outcome(&step->call, &w->rows, w->exchange.combined, first, count, w->results,
                        &w->targets);
}

margin_status margin_shard_combine(margin_context *context, const margin_shard_stats *stats)
{
    if (context == NULL) return MARGIN_ERROR_NULL;
    head_step *step = step_of(context, STEP_FORWARD);
    if (step == NULL) return MARGIN_ERROR_ORDER;
    if (stats == NULL) return missing(context, "stats is NULL");
    margin_environment caller;
    margin_environment_enter(&caller);
    combine_loop loop = {step, stats};
    spread(step, margin_divide_up(step->run.work.rows.count, 16), combine_item, &loop);
    head_sums sums = {0};
    margin_head_add_losses(&step->run, &sums);
    margin_head_report(&step->call, &sums, step->head);
    margin_environment_leave(&caller);
    step->stage = STEP_COMBINED;
    return MARGIN_OK;
}

/* ---- gradient ---- */

typedef struct gradient_loop {
    head_step *step;
    size_t first, count; /* rows */
    float *parts;        /* [nodes][count][width] */
    float *out;          /* dX of row `first` */
    size_t stride;
} gradient_loop;

/* Merges the parts of a row as its statistics were merged, and moves those of the shards to the
 * front. `at` is the row's part of the first node; those of others follow at `distance`. */
static void merge_parts(const head_step *step, size_t row, float *at, size_t distance)
{
    const head_work *w = &step->run.work;
    const head_exchange *e = &w->exchange;
    const size_t width = margin_shard_width(step->io.dim);
    for (size_t s = 0; s < e->step_count; s++) {
        const head_merge m = e->merges[s * w->rows.capacity + row];
        float *to = at + e->steps[s][0] * distance;
        const float *from = at + e->steps[s][1] * distance;
        for (size_t d = 0; d < width; d++)
            to[d] = to[d] * m.first + from[d] * m.second;
    }
    for (size_t p = 0; p < step->call.layout.shards; p++)
        if (e->kept[p] != p)
            memcpy(at + p * distance, at + e->kept[p] * distance, width * sizeof *at);
}

static void gradient_item(void *state, size_t item, size_t worker)
{
    const gradient_loop *loop = state;
    head_step *step = loop->step;
    head_work *w = &step->run.work;
    const size_t row = loop->first + item, width = margin_shard_width(step->io.dim);
    const size_t distance = loop->count * width;
    float *at = loop->parts + item * width;
    if (w->rows.place[row] >= 0) merge_parts(step, row, at, distance);
    const head_parts parts = {at, distance, 16};
    margin_head_gradient_row(&step->call, &w->rows, w->exchange.combined, &parts, row,
                             &w->results[row], loop->out + item * loop->stride,
                             &w->scratch[worker]);
}

margin_status margin_shard_gradient(margin_context *context, size_t first, size_t count,
                                    float *parts, float *grad_embeddings, size_t stride)
{
    if (context == NULL) return MARGIN_ERROR_NULL;
    head_step *step = step_of(context, STEP_COMBINED);
    if (step == NULL) return MARGIN_ERROR_ORDER;
    margin_status status = check_range(context, step, first, count);
    if (status != MARGIN_OK || count == 0) return status;
    if (parts == NULL || grad_embeddings == NULL)
        return missing(context, "parts or grad_embeddings is NULL");
    if (!step->shard.want_embeddings)
        return margin_fail(context, MARGIN_ERROR_SHAPE, MARGIN_ARGUMENT_NONE, 0,
                           "no dX is wanted of this step");
    status = margin_check_stride(context, &stride, count, step->io.dim, MARGIN_ARGUMENT_EMBEDDINGS,
                                 "the stride of grad_embeddings is shorter than dim");
    if (status != MARGIN_OK) return status;
    margin_environment caller;
    margin_environment_enter(&caller);
    gradient_loop loop = {step, first, count, parts, grad_embeddings, stride};
    spread(step, count, gradient_item, &loop);
    margin_environment_leave(&caller);
    return MARGIN_OK;
}

/* ---- backward ---- */

margin_status margin_shard_backward(margin_context *context)
{
    if (context == NULL) return MARGIN_ERROR_NULL;
    head_step *step = step_of(context, STEP_COMBINED);
    if (step == NULL) return MARGIN_ERROR_ORDER;
    if (step->stage == STEP_BACKWARD)
        return margin_fail(context, MARGIN_ERROR_ORDER, MARGIN_ARGUMENT_NONE, 0,
                           "margin_shard_backward was called before in this step");
    step->stage = STEP_BACKWARD;
    if (step->run.work.targets.share == NULL) return MARGIN_OK;
    margin_environment caller;
    margin_environment_enter(&caller);
    margin_head_run_backward(&step->run);
    margin_environment_leave(&caller);
    return MARGIN_OK;
}
