/* mpi_gather.c: what ranks have of a call comes together, and what was computed of classes goes
 * back.
 */
#include <stdlib.h>
#include <string.h>

#include "mpi_head.h"

/* Returns a number that hardly any other `count` values give. */
static uint64_t digest_of(const float *values, size_t count, uint64_t digest)
{
    for (size_t i = 0; values != NULL && i < count; i++) {
        uint32_t bits;
        memcpy(&bits, &values[i], sizeof bits);
        digest = (digest ^ bits) * 0x9e3779b97f4a7c15u;
        digest ^= digest >> 29;
    }
    return digest;
}

/* Makes room for the arrays, and compares what all ranks were given of the whole head. */
margin_status margin_mpi_reserve(mpi_call *c)
{
    margin_mpi *m = c->m;
    mpi_word word = {.fault = {.status = MARGIN_OK}};
    const size_t bytes = margin_mpi_carve(m, &c->plan, NULL, &c->arrays);
    if (bytes > m->bytes) {
        free(m->memory);
        m->memory = aligned_alloc(64, bytes);
        m->bytes = m->memory != NULL ? bytes : 0;
    }
    if (m->memory == NULL)
        word.fault = margin_mpi_own_fault(m, MARGIN_ERROR_MEMORY,
                                          "the arrays of an exchange could not be reserved");
    m->costs.memory = m->bytes;
    margin_mpi_carve(m, &c->plan, m->memory, &c->arrays);
    word.digest = digest_of(c->own.class_weight, c->plan.classes, 1);
    word.digest = digest_of(c->own.class_margin, c->plan.classes, word.digest);
    return margin_mpi_agree(m, &word, "room for the exchange");
}

static mpi_side side_of(const margin_head *own, size_t i)
{
    const int64_t label = own->labels[i];
    const int ignored = own->ignore_label != 0 && label == own->ignore_label;
    return (mpi_side){.label = ignored ? -1 : label,
                      .weight = own->row_weight != NULL ? own->row_weight[i] : 0.0f,
                      .margin = own->row_margin != NULL ? own->row_margin[i] : 0.0f,
                      .scale = own->row_scale != NULL ? own->row_scale[i] : 0.0f};
}

static void unpack_sides(const mpi_call *c)
{
    const mpi_arrays *a = &c->arrays;
    for (size_t i = 0; i < c->plan.rows; i++) {
        a->labels[i] = a->sides[i].label;
        a->row_weight[i] = a->sides[i].weight;
        a->row_margin[i] = a->sides[i].margin;
        a->row_scale[i] = a->sides[i].scale;
    }
}

/* Brings all rows to all ranks; of one cell, to the rank that computes it. */
margin_status margin_mpi_gather_rows(mpi_call *c)
{
    margin_mpi *m = c->m;
    const mpi_plan *p = &c->plan;
    const mpi_arrays *a = &c->arrays;
    mpi_side *own_sides = a->sides + p->rows_of[m->rank];
    for (size_t i = 0; i < c->own.rows; i++)
        own_sides[i] = side_of(&c->own, i);
    const mpi_items sides = {a->sides, sizeof *a->sides, sizeof *a->sides};
    const mpi_items mine = mpi_floats(c->own.embeddings, p->dim, c->own.embeddings_stride);
    const mpi_items all = mpi_floats(a->x, p->dim, p->dim);
    uint64_t *const bytes = &m->costs.rows;
    margin_status status;
    if (p->home >= 0) {
        const mpi_items from = {own_sides, sizeof *a->sides, sizeof *a->sides};
        status = margin_mpi_move(m, p->rows_of, p->home_of, &from, &sides, bytes, "labels");
        if (status == MARGIN_OK)
            status = margin_mpi_move(m, p->rows_of, p->home_of, &mine, &all, bytes, "embeddings");
    } else {
        status = margin_mpi_gather(m, p->rows_of, NULL, &sides, bytes, "labels");
        if (status == MARGIN_OK)
            status = margin_mpi_gather(m, p->rows_of, &mine, &all, bytes, "embeddings");
    }
    if (status == MARGIN_OK && (p->home < 0 || p->home == m->rank)) unpack_sides(c);
    return status;
}

/* Moves what belongs to classes, `width` floats each, from those who have them to those who compute
 * them, or back. */
static margin_status move_classes(mpi_call *c, int back, const float *own, size_t own_stride,
                                  const float *computed, size_t width, size_t stride)
{
    const mpi_plan *p = &c->plan;
    const mpi_items here = mpi_floats(own, width, own_stride),
                    there = mpi_floats(computed, width, stride);
    uint64_t *const bytes = &c->m->costs.moved;
    return back ? margin_mpi_move(c->m, p->computed_of, p->classes_of, &there, &here, bytes,
                                  "gradients of moved classes")
                : margin_mpi_move(c->m, p->classes_of, p->computed_of, &here, &there, bytes,
                                  "moved classes");
}

/* Lets c->head have the classes that this rank computes: its own where they are. */
static void set_classes(mpi_call *c)
{
    margin_head *h = &c->head;
    const mpi_arrays *a = &c->arrays;
    h->classes = mpi_count(c->plan.computed_of, c->m->rank);
    if (!c->plan.moves) return;
    h->weights = a->weights;
    h->grad_weights = mpi_asked(c, FIELD_GRAD_WEIGHTS) ? a->grad_weights : NULL;
    h->bias = mpi_asked(c, FIELD_BIAS) ? a->bias : NULL;
    h->grad_bias = mpi_asked(c, FIELD_GRAD_BIAS) ? a->grad_bias : NULL;
    h->weights_stride = h->grad_weights_stride = c->plan.dim;
}

margin_status margin_mpi_gather_classes(mpi_call *c)
{
    const margin_head *own = &c->own, *h = &c->head;
    const size_t dim = c->plan.dim;
    const int add = c->own.accumulate != 0;
    set_classes(c);
    margin_status status =
        move_classes(c, 0, own->weights, own->weights_stride, h->weights, dim, h->weights_stride);
    if (status == MARGIN_OK && mpi_asked(c, FIELD_BIAS))
        status = move_classes(c, 0, own->bias, 1, h->bias, 1, 1);
    if (status == MARGIN_OK && add && mpi_asked(c, FIELD_GRAD_WEIGHTS))
        status = move_classes(c, 0, own->grad_weights, own->grad_weights_stride, h->grad_weights,
                              dim, h->grad_weights_stride);
    if (status == MARGIN_OK && add && mpi_asked(c, FIELD_GRAD_BIAS))
        status = move_classes(c, 0, own->grad_bias, 1, h->grad_bias, 1, 1);
    return status;
}

/* Brings gradients back to those who have the classes. */
margin_status margin_mpi_return_classes(mpi_call *c)
{
    const margin_head *own = &c->own, *h = &c->head;
    margin_status status = MARGIN_OK;
    if (mpi_asked(c, FIELD_GRAD_WEIGHTS))
        status = move_classes(c, 1, own->grad_weights, own->grad_weights_stride, h->grad_weights,
                              c->plan.dim, h->grad_weights_stride);
    if (status == MARGIN_OK && mpi_asked(c, FIELD_GRAD_BIAS))
        status = move_classes(c, 1, own->grad_bias, 1, h->grad_bias, 1, 1);
    return status;
}

/* Lets c->head have all rows. */
void margin_mpi_set_rows(mpi_call *c)
{
    margin_head *h = &c->head;
    const mpi_arrays *a = &c->arrays;
    c->head = c->own;
    h->rows = c->plan.rows;
    h->embeddings = a->x;
    h->embeddings_stride = h->grad_embeddings_stride = c->plan.dim;
    h->labels = a->labels;
    h->ignore_label = 0;
    h->row_weight = mpi_asked(c, FIELD_ROW_WEIGHT) ? a->row_weight : NULL;
    h->row_margin = mpi_asked(c, FIELD_ROW_MARGIN) ? a->row_margin : NULL;
    h->row_scale = mpi_asked(c, FIELD_ROW_SCALE) ? a->row_scale : NULL;
    h->row_loss = c->plan.home >= 0 || c->own.row_loss != NULL ? a->row_loss : NULL;
    h->row_angle = c->plan.home >= 0 || c->own.row_angle != NULL ? a->row_angle : NULL;
    h->row_others = c->plan.home >= 0 || c->own.row_others != NULL ? a->row_others : NULL;
    h->row_correct = c->plan.home >= 0 || c->own.row_correct != NULL ? a->row_correct : NULL;
    h->grad_embeddings = NULL;
}
