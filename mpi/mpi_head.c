/* mpi_head.c: a call from the plan on, in stages over all ranks. No value is computed here: what
 * ranks hold comes together, and the library's stages and order of sums do the rest. */
#include "mpi_head.h"

#include <math.h>
#include <string.h>

#include "mpi_exchange.h"
#include "mpi_wait.h"

/* Writes the class weights of the labels whose classes this rank has, in the order of rows, to
 * where `gathered` has those of this rank; counts those of each rank to `of`. */
static void pack_targets(const mpi_call *c, size_t *of, size_t width)
{
    const margin_mpi *m = c->m;
    const mpi_plan *p = &c->plan;
    const size_t dim = p->dim, first = p->classes_of[m->rank];
    memset(of, 0, ((size_t)m->ranks + 1) * sizeof *of);
    for (size_t i = 0; i < p->rows; i++) {
        const int64_t y = c->arrays.labels[i];
        if (y >= 0 && (uint64_t)y < p->classes)
            of[margin_mpi_owner(m, p->classes_of, (size_t)y) + 1]++;
    }
    for (int r = 0; r < m->ranks; r++)
        of[r + 1] += of[r];
    float *at = c->arrays.gathered + of[m->rank] * width;
    for (size_t i = 0; i < p->rows; i++) {
        const size_t y = (size_t)c->arrays.labels[i];
        if (y < first || y >= p->classes_of[m->rank + 1]) continue;
        memcpy(at, c->own.weights + (y - first) * c->own.weights_stride, dim * sizeof *at);
        if (width > dim) at[dim] = c->own.bias[y - first];
        at += width;
    }
}

/* Puts the gathered class weights into the order of rows. `of` says where each rank's begin, and is
 * used up. */
static void unpack_targets(const mpi_call *c, size_t *of, size_t width)
{
    const mpi_plan *p = &c->plan;
    const mpi_arrays *a = &c->arrays;
    for (size_t i = 0; i < p->rows; i++) {
        const size_t y = (size_t)a->labels[i];
        a->target_bias[i] = 0.0f;
        if (y >= p->classes) continue;
        const float *from = a->gathered + of[margin_mpi_owner(c->m, p->classes_of, y)]++ * width;
        memcpy(a->targets + i * p->dim, from, p->dim * sizeof *from);
        if (width > p->dim) a->target_bias[i] = from[p->dim];
    }
}

/* Brings to all ranks the class weight of each row's label. */
static margin_status gather_targets(mpi_call *c)
{
    const size_t width = c->plan.dim + (size_t)mpi_asked(c, FIELD_BIAS);
    size_t *of = c->plan.home_of; /* not needed by a head in stages */
    pack_targets(c, of, width);
    const mpi_items all = mpi_floats(c->arrays.gathered, width, width);
    const margin_status status = margin_mpi_gather(c->m, of, NULL, &all, &c->m->costs.targets,
                                                   "class weights of the labels");
    if (status == MARGIN_OK) unpack_targets(c, of, width);
    return status;
}

/* Finds the largest measure of all ranks, where the loss reads it. */
static margin_status measure(mpi_call *c)
{
    margin_mpi *m = c->m;
    const margin_loss loss = margin_context_config(m->context)->loss;
    mpi_word word = {.fault = {.status = MARGIN_OK}};
    if (margin_loss_get(loss)->normalised) return MARGIN_OK;
    if (margin_shard_measure(m->context, &c->head, &word.measure) != MARGIN_OK)
        word.fault = margin_mpi_context_fault(c);
    const margin_status status = margin_mpi_agree(c->m, &word, "measure");
    for (int r = 0; status == MARGIN_OK && r < m->ranks; r++) {
        /* One that is not finite is of class weights that forward refuses. */
        const double of_rank = m->words[r].measure;
        if (isfinite(of_rank) && of_rank > c->shard.measure) c->shard.measure = of_rank;
    }
    return status;
}

static margin_status forward(mpi_call *c)
{
    const mpi_plan *p = &c->plan;
    mpi_word word = {.fault = {.status = MARGIN_OK}};
    c->shard.classes = p->classes;
    c->shard.shards = (size_t)c->m->ranks;
    c->shard.here = (size_t)c->m->rank;
    c->shard.cuts = p->cells_of;
    c->shard.targets = c->arrays.targets;
    c->shard.target_bias = mpi_asked(c, FIELD_BIAS) ? c->arrays.target_bias : NULL;
    c->shard.want_embeddings = mpi_asked(c, FIELD_GRAD_EMBEDDINGS);
    if (margin_shard_forward(c->m->context, &c->head, &c->shard,
                             c->arrays.stats + p->nodes_of[c->m->rank] * p->rows) != MARGIN_OK)
        word.fault = margin_mpi_context_fault(c);
    return margin_mpi_agree(c->m, &word, "forward");
}

/* Writes the outputs of this rank's rows from those of all rows. */
static void give_rows(const mpi_call *c)
{
    const margin_head *own = &c->own, *h = &c->head;
    const size_t first = c->plan.rows_of[c->m->rank], line = own->rows * sizeof(float);
    if (own->rows == 0) return;
    if (own->row_loss != NULL) memcpy(own->row_loss, h->row_loss + first, line);
    if (own->row_angle != NULL) memcpy(own->row_angle, h->row_angle + first, line);
    if (own->row_others != NULL) memcpy(own->row_others, h->row_others + first, line);
    if (own->row_correct != NULL) memcpy(own->row_correct, h->row_correct + first, own->rows);
}

static margin_status combine(mpi_call *c)
{
    const size_t node = c->plan.rows * sizeof(margin_shard_stats);
    const mpi_items all = {c->arrays.stats, node, node};
    margin_status status =
        margin_mpi_gather(c->m, c->plan.nodes_of, NULL, &all, &c->m->costs.stats, "statistics");
    if (status == MARGIN_OK) status = margin_shard_combine(c->m->context, c->arrays.stats);
    if (status != MARGIN_OK) return status;
    const mpi_word word = mpi_results_of(&c->head);
    mpi_give_results(c, &word);
    give_rows(c);
    return MARGIN_OK;
}

/* Writes dX of this rank's rows of a round. */
static margin_status gradient(mpi_call *c, size_t round)
{
    const mpi_plan *p = &c->plan;
    size_t first;
    const size_t count = margin_mpi_round_rows(p, c->m->rank, round, &first);
    if (count == 0) return MARGIN_OK;
    const size_t stride = c->own.grad_embeddings_stride;
    return margin_shard_gradient(c->m->context, first, count, c->arrays.parts[round % 2],
                                 c->own.grad_embeddings + (first - p->rows_of[c->m->rank]) * stride,
                                 stride);
}

/* Exchanges the parts of dX, a round while the one before becomes dX; the first while dW is
 * computed. */
static margin_status finish(mpi_call *c)
{
    static const char what[] = "parts of dX";
    const size_t rounds = c->plan.rounds;
    MPI_Request request = MPI_REQUEST_NULL;
    int code = MPI_SUCCESS;
    margin_status status = MARGIN_OK;
    if (c->m->in_turn) status = margin_shard_backward(c->m->context);
    if (rounds > 0) code = margin_mpi_start_parts(c->m, &c->plan, &c->arrays, 0, &request);
    if (!c->m->in_turn) status = margin_shard_backward(c->m->context);
    for (size_t round = 0; round < rounds && status == MARGIN_OK; round++) {
        status = margin_mpi_wait(c->m, code, &request, 1, what);
        if (status == MARGIN_OK && round + 1 < rounds)
            code = margin_mpi_start_parts(c->m, &c->plan, &c->arrays, round + 1, &request);
        if (status == MARGIN_OK) status = gradient(c, round);
    }
    return status;
}

static margin_status run_stages(mpi_call *c)
{
    margin_status status = gather_targets(c);
    c->shard = (margin_shard)MARGIN_SHARD_INIT;
    if (status == MARGIN_OK) status = measure(c);
    if (status == MARGIN_OK) status = forward(c);
    if (status == MARGIN_OK) status = combine(c);
    if (status == MARGIN_OK) status = finish(c);
    return status == MARGIN_OK ? margin_mpi_return_classes(c) : status;
}

/* Runs the call where there is one rank. */
static margin_status run_alone(mpi_call *c)
{
    const margin_status status = margin_head_run(c->m->context, &c->own);
    mpi_word word = mpi_results_of(&c->own);
    if (status != MARGIN_OK) word.fault = margin_mpi_context_fault(c);
    if (status == MARGIN_OK) mpi_give_results(c, &word);
    return margin_mpi_agree(c->m, &word, "the head of one rank");
}

margin_status margin_mpi_run_call(mpi_call *c)
{
    if (c->m->ranks == 1) return run_alone(c);
    margin_status status = margin_mpi_reserve(c);
    margin_mpi_set_rows(c);
    if (status == MARGIN_OK) status = margin_mpi_gather_rows(c);
    if (status == MARGIN_OK) status = margin_mpi_gather_classes(c);
    if (status != MARGIN_OK) return status;
    return c->plan.home >= 0 ? margin_mpi_run_home(c) : run_stages(c);
}
