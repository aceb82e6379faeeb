/* record.c: see record.h. */
#include "record.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"

int records_start(records *r)
{
    *r = (records){
        .rows = json_array(), .settings = json_array(), .last = {.sweep = "", .kind = ""}};
    return r->rows && r->settings ? 0 : -1;
}

int is_library(int k)
{
    return k < MARGIN_ISA_COUNT;
}

const char *implementation_name(int k)
{
    return is_library(k) ? margin_isa_name((margin_isa)k) : textbooks[k - MARGIN_ISA_COUNT].name;
}

static void set_case(json_t *row, const cell *c)
{
    json_object_set_new(row, "loss", json_string(margin_loss_get(c->config.loss)->name));
    json_object_set_new(row, "option", json_string(c->which->option));
    json_object_set_new(row, "gradient", json_string(margin_gradient_name(c->config.gradient)));
    json_object_set_new(row, "default", json_boolean(c->which->is_default));
}

/* What the batches of a row have in common; null in a row of several cells. */
static json_t *row_of(const cell *c, const point *p)
{
    json_t *row = json_object();
    const int one = p != NULL && !c->vary;
    json_object_set_new(row, "sweep", json_string(c->sweep));
    json_object_set_new(row, "kind", json_string(c->kind));
    set_case(row, c);
    json_object_set_new(row, "theta", json_number(one && !c->mixed ? p->theta : NAN));
    json_object_set_new(row, "scale", json_number(one ? p->scale : NAN));
    json_object_set_new(row, "classes",
                        one ? json_integer((json_int_t)c->recipe.classes) : json_null());
    return row;
}

static void set_errors(json_t *row, const tally *t, int judged)
{
    char name[32];
    for (int k = 0; k < METRICS; k++) {
        const double count = (double)t->count[k];
        const int relative = k == METRIC_LOSS_REL || k == METRIC_GRAD_X || k == METRIC_GRAD_W;
        if (relative || judged)
            json_object_set_new(row, metric_names[k], json_number(count > 0 ? t->most[k] : NAN));
        if (!relative && judged) {
            snprintf(name, sizeof name, "%s_mean", metric_names[k]);
            json_object_set_new(row, name, json_number(count > 0 ? t->sum[k] / count : NAN));
        }
    }
    for (int k = PROMISE_LOSS; k < PROMISES && judged; k++) {
        snprintf(name, sizeof name, "%s_share", promise_names[k]);
        json_object_set_new(row, name, json_number(t->share[k]));
        if (k >= GOAL_LOSS) {
            snprintf(name, sizeof name, "%s_outside", promise_names[k]);
            json_object_set_new(row, name, json_integer((json_int_t)t->outside[k]));
        }
    }
    json_object_set_new(row, "nonfinite", json_number((double)t->nonfinite / (double)t->values));
}

static void record(records *r, const cell *c, const point *p, int k, const tally *t)
{
    const int ours = is_library(k);
    const char *name = implementation_name(k);
    json_t *row = row_of(c, p);
    json_object_set_new(row, "impl", json_string(ours ? "margin" : name));
    json_object_set_new(row, "isa", json_string(ours ? name : "none"));
    json_object_set_new(row, "cases", json_integer((json_int_t)t->rows));
    set_errors(row, t, ours);
    if (json_array_append_new(r->rows, row) != 0) r->failed = 1;
}

/* The greatest and the median error of a loss with its options, over everything. */
static void record_setting(records *r, const cell *c, int isa, const tally *t)
{
    json_t *row = json_object();
    char name[32];
    set_case(row, c);
    json_object_set_new(row, "isa", json_string(implementation_name(isa)));
    json_object_set_new(row, "cases", json_integer((json_int_t)t->rows));
    for (int k = 0; k < METRICS; k++) {
        json_object_set_new(row, metric_names[k], json_number(t->count[k] > 0 ? t->most[k] : NAN));
        snprintf(name, sizeof name, "%s_median", metric_names[k]);
        json_object_set_new(row, name, json_number(tally_median(t, (metric)k)));
    }
    if (json_array_append_new(r->settings, row) != 0) r->failed = 1;
}

/* Keeps what the tables need of a row of one cell. */
static void keep_point(records *r, const cell *c, const point *p, int k)
{
    const tally *t = &p->tallies[k];
    record_point *grown = r->points;
    if ((r->point_count & (r->point_count - 1)) == 0) { /* full: room doubles */
        grown = realloc(r->points, (2 * r->point_count + 1) * sizeof *grown);
    }
    if (!grown) {
        r->failed = 1;
        return;
    }
    r->points = grown;
    grown += r->point_count++;
    *grown = (record_point){.sweep = c->sweep,
                            .loss = c->config.loss,
                            .implementation = k,
                            .theta = c->vary || c->mixed ? NAN : p->theta,
                            .scale = c->vary ? NAN : p->scale,
                            .classes = c->recipe.classes,
                            .nonfinite = (double)t->nonfinite / (double)t->values};
    for (int m = 0; m < METRICS; m++)
        grown->most[m] = t->count[m] > 0 ? t->most[m] : NAN;
}

/* Each point of a sweep is a row of the file for the default options, and of the instruction sets
 * for the best; the others have one row for all points of a sweep. */
static int has_own_row(const records *r, const cell *c, int k)
{
    for (int better = k + 1; is_library(k) && is_library(better); better++) {
        if (r->measured[better]) return 0;
    }
    return c->pointwise && c->which->is_default;
}

static void flush_rest(records *r)
{
    for (int k = 0; k < IMPLEMENTATIONS; k++) {
        if (r->rest[k].rows > 0) record(r, &r->last, NULL, k, &r->rest[k]);
        r->rest[k] = (tally){0};
    }
}

static void flush_whole(records *r)
{
    for (int isa = 0; isa < MARGIN_ISA_COUNT; isa++) {
        if (r->whole[isa].rows > 0) record_setting(r, &r->last, isa, &r->whole[isa]);
        r->whole[isa] = (tally){0};
    }
}

void records_flush(records *r)
{
    flush_rest(r);
    flush_whole(r);
}

void records_add(records *r, const cell *c, const point *p)
{
    const int another_kind = c->which->is_default && strcmp(r->last.kind, c->kind) != 0;
    if (r->last.which != c->which || strcmp(r->last.sweep, c->sweep) != 0 || another_kind) {
        flush_rest(r);
        if (r->last.which != c->which) flush_whole(r);
        r->last = *c;
        r->last.kind = c->which->is_default ? c->kind : "";
    }
    for (int isa = 0; isa < MARGIN_ISA_COUNT; isa++)
        tally_add(&r->whole[isa], &p->tallies[isa]);
    for (int k = 0; k < IMPLEMENTATIONS; k++) {
        if (p->tallies[k].rows > 0 && has_own_row(r, c, k)) {
            record(r, c, p, k, &p->tallies[k]);
            keep_point(r, c, p, k);
        } else {
            tally_add(&r->rest[k], &p->tallies[k]);
        }
    }
}

void records_free(records *r)
{
    json_decref(r->rows);
    json_decref(r->settings);
    free(r->points);
}
