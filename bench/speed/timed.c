/* timed.c: see timed.h. Must not know how anything was measured, or how a figure looks. */
#include "timed.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "memory.h"

/* ---- rows ------------------------------------------------------------------------------------ */

const char *timed_text(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

double timed_number(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

int timed_is_repetition(const json_t *row)
{
    return strcmp(timed_text(row, "run_type"), "iteration") == 0 &&
           !json_is_true(json_object_get(row, "error_occurred"));
}

/* ---- what a case is -------------------------------------------------------------------------- */

double timed_size(const timed *t)
{
    const speed_shape *s = t->what->shape;
    return (double)s->rows * (double)s->dim * (double)s->classes;
}

int timed_same_shape(const timed *a, const timed *b)
{
    const speed_shape *x = a->what->shape, *y = b->what->shape;
    return x->rows == y->rows && x->dim == y->dim && x->classes == y->classes;
}

const timed *timed_find(const timed_list *list, const speed_case *like)
{
    const timed other = {.what = like};
    for (const timed *t = list->all; t < list->all + list->count; t++) {
        const speed_case *c = t->what;
        const int same_impl =
            c->impl && like->impl ? strcmp(c->impl, like->impl) == 0 : c->impl == like->impl;
        if (c->what == like->what && same_impl && c->loss == like->loss && c->isa == like->isa &&
            c->threads == like->threads && timed_same_shape(t, &other))
            return t;
    }
    return NULL;
}

const char *timed_place(const timed *t)
{
    return strstr(t->what->name, "/N:") + 1;
}

const char *timed_who(const timed *t)
{
    return t->row == NULL ? "floor" : t->what->impl ? t->what->impl : margin_isa_name(t->what->isa);
}

const char *timed_kind(const timed *t)
{
    const int products = speed_is_products(t->what->what);
    return t->row == NULL ? "floor" : products ? "blas" : t->what->impl ? "peer" : "isa";
}

const char *timed_loss(const timed *t)
{
    return speed_is_products(t->what->what) ? NULL : margin_loss_get(t->what->loss)->name;
}

int timed_is_own_head(const timed *t)
{
    return t->row != NULL && t->what->what == SPEED_HEAD && t->what->impl == NULL;
}

int timed_is_unstable(const timed *t)
{
    return json_is_true(json_object_get(t->row, "unstable"));
}

double timed_field(const timed *t, const char *key, const char *ending)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", key, ending);
    const json_t *value = json_object_get(t->row, name);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

timed_values timed_interval(const timed *t, const char *key, const char *ends)
{
    const double middle = timed_field(t, key, ""), low = timed_field(t, ends, "_low");
    return (timed_values){middle, isnan(low) ? middle : low,
                          isnan(low) ? middle : timed_field(t, ends, "_high")};
}

timed_values timed_over(double c, timed_values v)
{
    return (timed_values){c / v.middle, c / v.high, c / v.low};
}

/* ---- gathering ------------------------------------------------------------------------------- */

static int compare(double a, double b)
{
    return a < b ? -1 : a > b;
}

static int compare_cases(const void *a, const void *b)
{
    const timed *x = a, *y = b;
    /* Products first, then as the words stand. */
    int order = x->row ? compare(x->what->what != SPEED_GEMM3, y->what->what != SPEED_GEMM3) : 0;
    order = order || !x->row ? order : compare(x->what->what, y->what->what);
    order = order ? order : strcmp(timed_who(x), timed_who(y));
    order = order ? order : compare(timed_size(x), timed_size(y));
    order = order ? order : compare(x->what->threads, y->what->threads);
    return order ? order : compare(x->what->loss, y->what->loss);
}

const timed *timed_floor(const timed_list *list, const timed *like, int threads)
{
    for (size_t i = list->count; i < list->with_floors; i++)
        if (timed_same_shape(&list->all[i], like) && list->all[i].what->threads == threads)
            return &list->all[i];
    return NULL;
}

static void take_row(timed_list *list, json_t *row)
{
    timed *t = &list->all[(size_t)timed_number(row, "family_index")];
    const double seconds = 1e-9 * timed_number(row, "real_time");
    const size_t index = (size_t)timed_number(row, "repetition_index");
    if (strcmp(timed_text(row, "aggregate_name"), "median") == 0 ||
        (timed_is_repetition(row) && timed_number(row, "repetitions") < 2)) {
        t->row = row;
        t->seconds = seconds;
    }
    if (timed_is_repetition(row)) {
        t->least = fmin(t->least, seconds);
        t->most = fmax(t->most, seconds);
        json_array_append(t->repetitions, row);
        list->most = index + 1 > list->most ? index + 1 : list->most;
        const size_t process = (size_t)timed_number(row, "process");
        list->processes = process + 1 > list->processes ? process + 1 : list->processes;
    }
}

timed_list timed_gather(const json_t *report, const speed_plan *plan)
{
    timed_list list = {.context = json_object_get(report, "context"),
                       .all = zeroed(2 * plan->count, sizeof *list.all),
                       .count = plan->count};
    json_t *row;
    size_t i;
    for (i = 0; i < plan->count; i++)
        list.all[i] =
            (timed){.what = &plan->cases[i], .repetitions = json_array(), .least = INFINITY};
    json_array_foreach(json_object_get(report, "benchmarks"), i, row)
    {
        take_row(&list, row);
    }
    return list;
}

void timed_sort(timed_list *list)
{
    const size_t all = list->count;
    list->count = 0;
    for (size_t i = 0; i < all; i++) {
        if (list->all[i].row != NULL) {
            list->all[list->count++] = list->all[i];
        } else {
            json_decref(list->all[i].repetitions);
        }
    }
    qsort(list->all, list->count, sizeof *list->all, compare_cases);
    list->with_floors = list->count;
    for (size_t i = 0; i < list->count; i++) {
        const json_t *products = json_object_get(json_object_get(list->context, "gemm3_floor"),
                                                 timed_place(&list->all[i]));
        const timed floor = {.what = list->all[i].what,
                             .seconds = timed_number(products, "logits_seconds") +
                                        timed_number(products, "dx_seconds") +
                                        timed_number(products, "dw_seconds")};
        if (floor.seconds > 0 && timed_floor(list, &floor, floor.what->threads) == NULL)
            list->all[list->with_floors++] = floor;
    }
    qsort(list->all + list->count, list->with_floors - list->count, sizeof *list->all,
          compare_cases);
}

void timed_free(timed_list *list)
{
    for (size_t i = 0; i < list->count; i++)
        json_decref(list->all[i].repetitions);
    free(list->all);
}

/* ---- shapes ---------------------------------------------------------------------------------- */

size_t shape_place(const shape_list *list, const timed *t)
{
    size_t at = 0;
    while (at < list->count && !timed_same_shape(list->shapes[at], t))
        at++;
    return at;
}

void shape_add(shape_list *list, const timed *t)
{
    size_t at = list->count; /* by size, then by dimensions */
    if (shape_place(list, t) == list->count && list->count < SHAPES_MOST) {
        for (; at > 0; at--) {
            const timed *before = list->shapes[at - 1];
            const int order = compare(timed_size(before), timed_size(t));
            if (order < 0 || (order == 0 && before->what->shape->dim <= t->what->shape->dim)) break;
            list->shapes[at] = before;
        }
        list->shapes[at] = t;
        list->count++;
    }
}

int timed_losses(const timed_list *list, const timed *head)
{
    int count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const timed *t = &list->all[i];
        count += timed_is_own_head(t) && t->what->isa == head->what->isa &&
                 timed_same_shape(t, head) && t->what->threads == head->what->threads;
    }
    return count;
}

margin_isa timed_best_isa(const timed_list *list)
{
    margin_isa best = MARGIN_ISA_AUTO;
    for (size_t i = 0; i < list->count; i++) {
        const timed *t = &list->all[i];
        best = timed_is_own_head(t) && t->what->isa > best ? t->what->isa : best;
    }
    return best;
}

int shapes_fullest(const timed_list *list, int single_thread, int least, shape_list *out)
{
    const margin_isa best = timed_best_isa(list);
    int most = least;
    *out = (shape_list){.count = 0};
    for (size_t i = 0; i < list->count; i++) {
        const timed *t = &list->all[i];
        if (timed_is_own_head(t) && t->what->isa == best &&
            (t->what->threads == 1 || !single_thread)) {
            const int losses = timed_losses(list, t);
            out->count = losses > most ? 0 : out->count;
            most = losses > most ? losses : most;
            if (losses == most) shape_add(out, t);
        }
    }
    return most;
}

/* How far a shape is from a mini-batch of 128 with 512 dimensions and 10,000 classes. */
static double distance(const timed *t)
{
    const speed_shape *s = t->what->shape;
    return fabs(log((double)s->rows / 128)) + fabs(log((double)s->dim / 512)) +
           fabs(log((double)s->classes / 10000));
}

const timed *shapes_nearest(const shape_list *list)
{
    const timed *found = NULL;
    for (size_t i = 0; i < list->count; i++) {
        const timed *t = list->shapes[i];
        found = found == NULL || distance(t) < distance(found) ? t : found;
    }
    return found;
}
