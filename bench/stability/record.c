/* record.c: see record.h. */
#include "record.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"
#include "memory.h"

void records_start(records *r)
{
    *r = (records){
        .rows = json_array(), .settings = json_array(), .last = {.sweep = "", .kind = ""}};
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
    json_put(row, "loss option gradient default", "sssb", margin_loss_get(c->config.loss)->name,
             c->which->option, margin_gradient_name(c->config.gradient), c->which->is_default);
}

static void set_errors(json_t *row, const tally *t, int judged)
{
    char name[32];
    for (int k = 0; k < METRICS; k++) {
        const double count = (double)t->count[k];
        const int relative = k == METRIC_LOSS_REL || k == METRIC_GRAD_X || k == METRIC_GRAD_W;
        if (relative || judged) json_put(row, metric_names[k], "g", count > 0 ? t->most[k] : NAN);
        if (!relative && judged) {
            snprintf(name, sizeof name, "%s_mean", metric_names[k]);
            json_put(row, name, "g", count > 0 ? t->sum[k] / count : NAN);
        }
    }
    for (int k = PROMISE_LOSS; k < PROMISES && judged; k++) {
        snprintf(name, sizeof name, "%s_share", promise_names[k]);
        json_put(row, name, "g", t->share[k]);
        if (k >= GOAL_LOSS) {
            snprintf(name, sizeof name, "%s_outside", promise_names[k]);
            json_put(row, name, "z", t->outside[k]);
        }
    }
    json_put(row, "nonfinite", "g", (double)t->nonfinite / (double)t->values);
}

static void record(records *r, const cell *c, const point *p, int k, const tally *t)
{
    const int ours = is_library(k);
    const char *name = implementation_name(k);
    const int one = p != NULL && !c->vary; /* what batches have in common: null of several cells */
    json_t *row = json_row("sweep kind", "ss", c->sweep, c->kind);
    set_case(row, c);
    json_put(row, "theta scale classes", "ggo", one && !c->mixed ? p->theta : NAN,
             one ? p->scale : NAN, one ? json_integer((json_int_t)c->recipe.classes) : json_null());
    json_put(row, "impl isa cases", "ssz", ours ? "margin" : name, ours ? name : "none", t->rows);
    set_errors(row, t, ours);
    json_array_append_new(r->rows, row);
}

/* The greatest and the median error of a loss with its options, over everything. */
static void record_setting(records *r, const cell *c, int isa, const tally *t)
{
    json_t *row = json_object();
    char name[64];
    set_case(row, c);
    json_put(row, "isa cases", "sz", implementation_name(isa), t->rows);
    for (int k = 0; k < METRICS; k++) {
        snprintf(name, sizeof name, "%s %s_median", metric_names[k], metric_names[k]);
        json_put(row, name, "gg", t->count[k] > 0 ? t->most[k] : NAN, tally_median(t, (metric)k));
    }
    json_array_append_new(r->settings, row);
}

/* Keeps what the tables need of a row of one cell. */
static void keep_point(records *r, const cell *c, const point *p, int k)
{
    const tally *t = &p->tallies[k];
    if ((r->point_count & (r->point_count - 1)) == 0) /* full: room doubles */
        r->points = grown(r->points, (2 * r->point_count + 1) * sizeof *r->points);
    record_point *to = &r->points[r->point_count++];
    *to = (record_point){.sweep = c->sweep,
                         .loss = c->config.loss,
                         .implementation = k,
                         .theta = c->vary || c->mixed ? NAN : p->theta,
                         .scale = c->vary ? NAN : p->scale,
                         .classes = c->recipe.classes,
                         .nonfinite = (double)t->nonfinite / (double)t->values};
    for (int m = 0; m < METRICS; m++)
        to->most[m] = t->count[m] > 0 ? t->most[m] : NAN;
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

/* ---- the verdict ----------------------------------------------------------------------------- */

void verdict_add(verdict *v, margin_loss loss, const char *name, int judged, const tally *t)
{
    verdict_line *line = v->lines;
    while (line < v->lines + v->count &&
           (line->loss != loss || line->judged != judged || strcmp(line->name, name) != 0))
        line++;
    if (line == v->lines + VERDICT_LINES) return;
    if (line == v->lines + v->count) {
        *line = (verdict_line){.loss = loss, .name = name, .judged = judged};
        v->count++;
    }
    tally_add(&line->all, t);
}

size_t verdict_failures(const verdict *v)
{
    size_t failures = 0;
    for (size_t k = 0; k < v->count; k++) {
        for (int p = 0; p < GOAL_LOSS && v->lines[k].judged; p++)
            failures += v->lines[k].all.outside[p] > 0;
    }
    return failures;
}

size_t verdict_fewest(const verdict *v)
{
    size_t fewest = SIZE_MAX;
    for (size_t k = 0; k < v->count; k++) {
        if (v->lines[k].judged && v->lines[k].all.rows < fewest) fewest = v->lines[k].all.rows;
    }
    return v->count > 0 ? fewest : 0;
}

/* ---- for people ------------------------------------------------------------------------------ */

static void print_lines(const verdict *v, margin_loss loss, int judged, FILE *stream)
{
    for (size_t k = 0; k < v->count; k++) {
        const verdict_line *line = &v->lines[k];
        const tally *t = &line->all;
        size_t outside = 0;
        if (line->loss != loss || line->judged != judged) continue;
        fprintf(stream, "%-12s %-8s %8zu  %9.2e %9.2e %9.2e  %7.2f%%", margin_loss_get(loss)->name,
                line->name, t->rows, t->most[METRIC_LOSS_REL], t->most[METRIC_GRAD_X],
                t->most[METRIC_GRAD_W], 100 * (double)t->nonfinite / (double)t->values);
        for (int p = PROMISE_LOSS; p < PROMISES; p++) {
            outside += p < GOAL_LOSS ? t->outside[p] : 0;
            if (judged && p < GOAL_LOSS) {
                fprintf(stream, " %6.1f%%", 100 * t->share[p]);
            } else if (judged || p < GOAL_LOSS) {
                fprintf(stream, " %7.3f%%", 100 * (double)t->outside[p] / (double)t->tried[p]);
            }
        }
        outside += t->outside[PROMISE_FINITE];
        fprintf(stream, "%s\n", !judged ? "" : outside > 0 ? "  FAIL" : "  PASS");
    }
}

static void print_group(const verdict *v, int judged, FILE *stream)
{
    fprintf(stream, "%-12s %-8s %8s  %9s %9s %9s  %8s %s\n", "loss", judged ? "isa" : "formula",
            "cases", "loss", "dX", "dW", "nonfin.",
            judged ? "share of the bounds      outside the goals" : "outside the bounds");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++)
        print_lines(v, (margin_loss)loss, judged, stream);
}

void verdict_print(const verdict *v, FILE *stream)
{
    fputs("Worst relative errors of libmargin, and the largest share of each bound:\n", stream);
    for (int p = 0; p < PROMISES; p++)
        fprintf(stream, "  %-11s %s\n", promise_names[p], promise_texts[p]);
    print_group(v, 1, stream);
    fputs("\nSome of the same inputs by textbook formulas in float32 (errors where finite;\n"
          "outside: share of the cases beyond the bounds of loss, dX and dW)\n",
          stream);
    print_group(v, 0, stream);
}

/* ---- for the file ---------------------------------------------------------------------------- */

/* With where the largest error is, all null when there was none. */
static json_t *line_json(const verdict_line *line, int p)
{
    const tally *t = &line->all;
    const witness *at = &t->at[p];
    const int any = t->share[p] > 0;
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, at->seed);
    json_t *row =
        json_row("promise bound loss isa cases judged outside share kept sweep option "
                 "gradient theta scale",
                 "sssszzzgbsssgg", promise_names[p], promise_texts[p],
                 margin_loss_get(line->loss)->name, line->name, t->rows, t->tried[p], t->outside[p],
                 t->share[p], t->outside[p] == 0, any ? at->sweep : NULL, any ? at->option : NULL,
                 any ? at->gradient : NULL, any ? at->theta : NAN, any ? at->scale : NAN);
    json_put(row, "dim classes batch_seed", "oos",
             any ? json_integer((json_int_t)at->dim) : json_null(),
             any ? json_integer((json_int_t)at->classes) : json_null(), any ? seed : NULL);
    return row;
}

json_t *verdict_json(const verdict *v)
{
    json_t *list = json_array();
    for (int p = 0; p < PROMISES; p++) {
        for (size_t k = 0; k < v->count; k++) {
            if (v->lines[k].judged) json_array_append_new(list, line_json(&v->lines[k], p));
        }
    }
    return list;
}
