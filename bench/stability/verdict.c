/* verdict.c: see verdict.h. */
#include "verdict.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "json_out.h"

static verdict_line *find(verdict *v, margin_loss loss, const char *name, int judged)
{
    for (size_t k = 0; k < v->count; k++) {
        verdict_line *line = &v->lines[k];
        if (line->loss == loss && line->judged == judged && strcmp(line->name, name) == 0)
            return line;
    }
    if (v->count == VERDICT_LINES) return NULL;
    v->lines[v->count] = (verdict_line){.loss = loss, .name = name, .judged = judged};
    return &v->lines[v->count++];
}

void verdict_add(verdict *v, margin_loss loss, const char *name, int judged, const tally *t,
                 const char *sweep, const char *option, const char *gradient)
{
    verdict_line *line = find(v, loss, name, judged);
    if (!line) return;
    for (int k = 0; k < PROMISES; k++) {
        if (!line->sweep[k] || !(t->share[k] <= line->all.share[k])) {
            line->sweep[k] = sweep;
            line->option[k] = option;
            line->gradient[k] = gradient;
        }
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

/* Where the largest error is; nothing when there was none. */
static void set_witness(json_t *object, const verdict_line *line, int p)
{
    const witness *at = &line->all.at[p];
    const int any = line->all.share[p] > 0;
    char seed[24];
    snprintf(seed, sizeof seed, "%" PRIu64, at->seed);
    json_object_set_new(object, "sweep", any ? json_string(line->sweep[p]) : json_null());
    json_object_set_new(object, "option", any ? json_string(line->option[p]) : json_null());
    json_object_set_new(object, "gradient", any ? json_string(line->gradient[p]) : json_null());
    json_object_set_new(object, "theta", json_number(any ? at->theta : NAN));
    json_object_set_new(object, "scale", json_number(any ? at->scale : NAN));
    json_object_set_new(object, "dim", any ? json_integer((json_int_t)at->dim) : json_null());
    json_object_set_new(object, "classes",
                        any ? json_integer((json_int_t)at->classes) : json_null());
    json_object_set_new(object, "batch_seed", any ? json_string(seed) : json_null());
}

static json_t *line_json(const verdict_line *line, int p)
{
    const tally *t = &line->all;
    json_t *object = json_object();
    json_object_set_new(object, "promise", json_string(promise_names[p]));
    json_object_set_new(object, "bound", json_string(promise_texts[p]));
    json_object_set_new(object, "loss", json_string(margin_loss_get(line->loss)->name));
    json_object_set_new(object, "isa", json_string(line->name));
    json_object_set_new(object, "cases", json_integer((json_int_t)t->rows));
    json_object_set_new(object, "judged", json_integer((json_int_t)t->tried[p]));
    json_object_set_new(object, "outside", json_integer((json_int_t)t->outside[p]));
    json_object_set_new(object, "share", json_number(t->share[p]));
    json_object_set_new(object, "kept", json_boolean(t->outside[p] == 0));
    set_witness(object, line, p);
    return object;
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
