/* mpi_home.c: a head of one cell, which one rank computes for all. */
#include <string.h>

#include "mpi_head.h"

/* Writes what came back of this rank's rows to where they are asked for. */
static void give_answers(const mpi_call *c, const mpi_answer *answers)
{
    const margin_head *own = &c->own;
    for (size_t i = 0; i < own->rows; i++) {
        if (own->row_loss != NULL) own->row_loss[i] = answers[i].loss;
        if (own->row_angle != NULL) own->row_angle[i] = answers[i].angle;
        if (own->row_others != NULL) own->row_others[i] = answers[i].others;
        if (own->row_correct != NULL) own->row_correct[i] = (uint8_t)answers[i].correct;
    }
}

/* Brings dX from or to the rank that computes it. */
static margin_status move_grad_rows(mpi_call *c, int back)
{
    const mpi_plan *p = &c->plan;
    const mpi_items own = mpi_floats(c->own.grad_embeddings, p->dim, c->own.grad_embeddings_stride);
    const mpi_items all = mpi_floats(c->arrays.grad_embeddings, p->dim, p->dim);
    uint64_t *const bytes = &c->m->costs.rows;
    return back ? margin_mpi_move(c->m, p->home_of, p->rows_of, &all, &own, bytes, "dX")
                : margin_mpi_move(c->m, p->rows_of, p->home_of, &own, &all, bytes, "dX so far");
}

/* Brings what was computed of the rows back to their ranks. */
static margin_status return_rows(mpi_call *c)
{
    margin_mpi *m = c->m;
    const mpi_plan *p = &c->plan;
    const mpi_arrays *a = &c->arrays;
    const margin_head *h = &c->head;
    mpi_answer *mine = (mpi_answer *)a->sides; /* has room, and is no longer needed */
    if (p->home == m->rank) {
        for (size_t i = 0; i < p->rows; i++)
            a->answers[i] =
                (mpi_answer){h->row_loss[i], h->row_angle[i], h->row_others[i], h->row_correct[i]};
    }
    const mpi_items all = {a->answers, sizeof *mine, sizeof *mine};
    const mpi_items own = {mine, sizeof *mine, sizeof *mine};
    margin_status status =
        margin_mpi_move(m, p->home_of, p->rows_of, &all, &own, &m->costs.rows, "rows' results");
    if (status != MARGIN_OK) return status;
    give_answers(c, mine);
    return mpi_asked(c, FIELD_GRAD_EMBEDDINGS) ? move_grad_rows(c, 1) : MARGIN_OK;
}

/* Runs the whole head on the rank that has most of its classes. */
margin_status margin_mpi_run_home(mpi_call *c)
{
    mpi_word word = {.fault = {.status = MARGIN_OK}};
    const int dx = mpi_asked(c, FIELD_GRAD_EMBEDDINGS);
    margin_status status = MARGIN_OK;
    if (dx && c->own.accumulate) status = move_grad_rows(c, 0);
    if (status != MARGIN_OK) return status;
    if (c->plan.home == c->m->rank) {
        c->head.grad_embeddings = dx ? c->arrays.grad_embeddings : NULL;
        status = margin_head_run(c->m->context, &c->head);
        word = mpi_results_of(&c->head);
        if (status != MARGIN_OK) word.fault = margin_mpi_context_fault(c);
    }
    status = margin_mpi_agree(c->m, &word, "the head of one cell");
    if (status != MARGIN_OK) return status;
    mpi_give_results(c, &c->m->words[c->plan.home]);
    status = return_rows(c);
    return status == MARGIN_OK ? margin_mpi_return_classes(c) : status;
}
