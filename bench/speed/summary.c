/* summary.c: the table that bench_speed closes with.
 *
 * Every number in it is in the report's JSON. Must not know how anything was measured. */
#include <string.h>

#include "blas.h"
#include "report.h"

typedef struct table {
    FILE *stream;
    const json_t *index; /* of the report */
    const speed_shape *shape;
    int threads;
    size_t unstable, equal; /* marks printed */
} table;

static const json_t *find(const table *t, const char *what, const char *who)
{
    char name[160];
    snprintf(name, sizeof name, "%s/%s/N:%zu/D:%zu/C:%zu/threads:%d", what, who, t->shape->rows,
             t->shape->dim, t->shape->classes, t->threads);
    return json_object_get(t->index, name);
}

static double number_of(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

/* "12.3 ms~": four figures at most, a tilde where the repetitions disagree. */
static void print_time(table *t, const json_t *row)
{
    static const char *const units[] = {"ns", "us", "ms", "s"};
    double time = number_of(row, "real_time");
    size_t unit = 0;
    if (!row) {
        fprintf(t->stream, "%12s", "-");
        return;
    }
    for (; time >= 999.5 && unit < 3; unit++)
        time /= 1000;
    const int unstable = json_is_true(json_object_get(row, "unstable"));
    const int digits = time < 9.995 ? 2 : time < 99.95 ? 1 : 0;
    t->unstable += (size_t)unstable;
    fprintf(t->stream, "%8.*f %2s%s", digits, time, units[unit], unstable ? "~" : " ");
}

/* "1.02=": an equals sign where the interval of the paired ratio holds 1. */
static void print_ratio(table *t, const json_t *row, const char *key)
{
    const json_t *ratio = json_object_get(row, key);
    char low[64], high[64];
    snprintf(low, sizeof low, "%s_low", key);
    snprintf(high, sizeof high, "%s_high", key);
    if (!ratio) {
        fprintf(t->stream, "%13s ", "-");
        return;
    }
    const int equal =
        json_object_get(row, low) && number_of(row, low) < 1 && number_of(row, high) > 1;
    t->equal += (size_t)equal;
    fprintf(t->stream, "%13.2f%s", json_number_value(ratio), equal ? "=" : " ");
}

/* "84 %" of the measured rate of multiply-adds. */
static void print_share(const table *t, const json_t *row)
{
    if (json_object_get(row, "fma_share")) {
        fprintf(t->stream, "%8.0f %%", 100 * number_of(row, "fma_share"));
    } else {
        fprintf(t->stream, "%10s", "-");
    }
}

static void print_line(table *t, const char *label, const char *who)
{
    const json_t *head = find(t, "head", who);
    const json_t *forward = find(t, "head_forward", who), *rows = find(t, "rows", who);
    if (!head && !forward && !rows) return;
    fprintf(t->stream, "  %-14s", label);
    print_time(t, head);
    print_ratio(t, head, "ratio_normsoftmax");
    print_ratio(t, head, "ratio_gemm3");
    print_share(t, head);
    print_time(t, forward);
    print_time(t, rows);
    fputc('\n', t->stream);
}

static void print_products(table *t)
{
    const char *name;
    for (size_t k = 0; (name = speed_blas_name(k)) != NULL; k++) {
        char who[64], label[64];
        snprintf(who, sizeof who, "impl:%s", name);
        snprintf(label, sizeof label, "gemm3 %s", name);
        const json_t *row = find(t, "gemm3", who);
        if (row) {
            fprintf(t->stream, "  %-14s", label);
            print_time(t, row);
            fprintf(t->stream, "%13s ", "");
            print_ratio(t, row, "ratio_gemm3");
            print_share(t, row);
            fputc('\n', t->stream);
        }
    }
}

/* The fastest instruction set that this shape was run with; NULL if none was. */
static const char *best_isa(const speed_plan *plan, const table *t)
{
    margin_isa best = MARGIN_ISA_AUTO;
    for (size_t i = 0; i < plan->count; i++) {
        const speed_case *c = &plan->cases[i];
        if (c->shape == t->shape && c->threads == t->threads && !c->impl && c->isa > best)
            best = c->isa;
    }
    return best == MARGIN_ISA_AUTO ? NULL : margin_isa_name(best);
}

static void print_table(table *t, const speed_plan *plan)
{
    const speed_shape *s = t->shape;
    const char *isa = best_isa(plan, t);
    fprintf(t->stream, "\n%s%sN %zu, D %zu, C %zu, %d thread%s%s%s\n", s->name,
            *s->name ? ": " : "", s->rows, s->dim, s->classes, t->threads,
            t->threads == 1 ? "" : "s", isa ? ", " : "", isa ? isa : "");
    fprintf(t->stream, "  %-14s%11s %13s %13s %10s%11s %11s\n", "", "head", "/ normsoftmax",
            "/ gemm3", "of peak", "forward", "rows");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT && isa; loss++) {
        char who[64];
        const char *name = margin_loss_get((margin_loss)loss)->name;
        snprintf(who, sizeof who, "loss:%s/isa:%s", name, isa);
        print_line(t, name, who);
    }
    print_line(t, "blas-unfused", "impl:blas-unfused/loss:arcface");
    print_line(t, "naive", "impl:naive/loss:arcface");
    print_products(t);
}

void speed_summary_print(FILE *stream, const json_t *report, const speed_plan *plan)
{
    json_t *index = speed_row_index(report);
    table t = {.stream = stream, .index = index};
    for (size_t i = 0; i < plan->count; i++) {
        const speed_case *c = &plan->cases[i];
        if (c->shape != t.shape || c->threads != t.threads) {
            t.shape = c->shape;
            t.threads = c->threads;
            print_table(&t, plan);
        }
    }
    json_decref(index);
    if (t.equal)
        fprintf(stream, "\n= no difference seen: the interval of the paired ratios holds 1\n");
    if (t.unstable)
        fprintf(stream, "%s~ repetitions differ by more than 5 %%: the machine was not quiet\n",
                t.equal ? "" : "\n");
}
