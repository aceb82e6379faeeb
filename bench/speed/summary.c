/* summary.c: the table that bench_speed closes with.
 *
 * Every number in it is in the report's JSON. Must not know how anything was measured. */
#include <math.h>

#include "blas.h"
#include "report.h"
#include "timed.h"

typedef struct table {
    FILE *stream;
    timed_list list;
    speed_case place;       /* shape and threads */
    size_t unstable, equal; /* marks printed */
} table;

/* A case of the table at hand; without a row where it was not timed. */
static timed find(const table *t, speed_what what, const char *impl, margin_loss loss,
                  margin_isa isa)
{
    speed_case like = t->place;
    like.what = what;
    like.impl = impl;
    like.loss = loss;
    like.isa = isa;
    const timed *found = timed_find(&t->list, &like);
    return found != NULL ? *found : (timed){.what = NULL};
}

/* "12.3 ms~": four figures at most, a tilde where the repetitions disagree. */
static void print_time(table *t, const timed *one)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double time = timed_field(one, "real_time", "");
    size_t unit = 0;
    if (isnan(time)) {
        fprintf(t->stream, "%12s", "-");
        return;
    }
    for (; time >= 999.5 && unit < 3; unit++)
        time /= 1000;
    const int unstable = timed_is_unstable(one);
    const int digits = time < 9.995 ? 2 : time < 99.95 ? 1 : 0;
    t->unstable += (size_t)unstable;
    fprintf(t->stream, "%8.*f %2s%s", digits, time, units[unit], unstable ? "~" : " ");
}

/* "1.02=": an equals sign where the interval of the paired ratio holds 1. */
static void print_ratio(table *t, const timed *one, const char *key)
{
    const double ratio = timed_field(one, key, "");
    const int equal = timed_field(one, key, "_low") < 1 && timed_field(one, key, "_high") > 1;
    if (isnan(ratio)) {
        fprintf(t->stream, "%13s ", "-");
        return;
    }
    t->equal += (size_t)equal;
    fprintf(t->stream, "%13.2f%s", ratio, equal ? "=" : " ");
}

/* "84 %" of the measured rate of multiply-adds. */
static void print_share(const table *t, const timed *one)
{
    const double share = timed_field(one, "fma_share", "");
    if (isnan(share)) {
        fprintf(t->stream, "%10s", "-");
    } else {
        fprintf(t->stream, "%8.0f %%", 100 * share);
    }
}

static void print_line(table *t, const char *label, const char *impl, margin_loss loss,
                       margin_isa isa)
{
    const timed head = find(t, SPEED_HEAD, impl, loss, isa);
    const timed forward = find(t, SPEED_HEAD_FORWARD, impl, loss, isa);
    const timed rows = find(t, SPEED_ROWS, impl, loss, isa);
    if (!head.row && !forward.row && !rows.row) return;
    fprintf(t->stream, "  %-14s", label);
    print_time(t, &head);
    print_ratio(t, &head, "ratio_normsoftmax");
    print_ratio(t, &head, "ratio_gemm3");
    print_share(t, &head);
    print_time(t, &forward);
    print_time(t, &rows);
    fputc('\n', t->stream);
}

static void print_products(table *t)
{
    const char *name;
    for (size_t k = 0; (name = speed_blas_name(k)) != NULL; k++) {
        const timed one = find(t, SPEED_GEMM3, name, (margin_loss)0, MARGIN_ISA_AUTO);
        if (one.row) {
            fprintf(t->stream, "  gemm3 %-8s", name);
            print_time(t, &one);
            fprintf(t->stream, "%13s ", "");
            print_ratio(t, &one, "ratio_gemm3");
            print_share(t, &one);
            fputc('\n', t->stream);
        }
    }
}

/* The fastest instruction set that this shape was run with; AUTO if none was. */
static margin_isa best_isa(const speed_plan *plan, const table *t)
{
    margin_isa best = MARGIN_ISA_AUTO;
    for (size_t i = 0; i < plan->count; i++) {
        const speed_case *c = &plan->cases[i];
        if (c->shape == t->place.shape && c->threads == t->place.threads && !c->impl &&
            c->isa > best)
            best = c->isa;
    }
    return best;
}

static void print_table(table *t, const speed_plan *plan)
{
    const speed_shape *s = t->place.shape;
    const int threads = t->place.threads;
    const margin_isa isa = best_isa(plan, t);
    const int own = isa != MARGIN_ISA_AUTO;
    fprintf(t->stream, "\n%s%sN %zu, D %zu, C %zu, %d thread%s%s%s\n", s->name,
            *s->name ? ": " : "", s->rows, s->dim, s->classes, threads, threads == 1 ? "" : "s",
            own ? ", " : "", own ? margin_isa_name(isa) : "");
    fprintf(t->stream, "  %-14s%11s %13s %13s %10s%11s %11s\n", "", "head", "/ normsoftmax",
            "/ gemm3", "of peak", "forward", "rows");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT && own; loss++)
        print_line(t, margin_loss_get((margin_loss)loss)->name, NULL, (margin_loss)loss, isa);
    print_line(t, "blas-unfused", "blas-unfused", MARGIN_ARCFACE, MARGIN_ISA_AUTO);
    print_line(t, "naive", "naive", MARGIN_ARCFACE, MARGIN_ISA_AUTO);
    print_products(t);
}

void speed_summary_print(FILE *stream, const json_t *report, const speed_plan *plan)
{
    table t = {.stream = stream, .list = timed_gather(report, plan)};
    for (size_t i = 0; i < plan->count; i++) {
        const speed_case *c = &plan->cases[i];
        if (c->shape != t.place.shape || c->threads != t.place.threads) {
            t.place = (speed_case){.shape = c->shape, .threads = c->threads};
            print_table(&t, plan);
        }
    }
    timed_free(&t.list);
    if (t.equal)
        fprintf(stream, "\n= no difference seen: the interval of the paired ratios holds 1\n");
    if (t.unstable)
        fprintf(stream, "%s~ repetitions differ by more than 5 %%: the machine was not quiet\n",
                t.equal ? "" : "\n");
}
