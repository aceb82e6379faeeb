/* tables.c: the tables that the figures of speed and the report are made of (see report.h).
 *
 * A time is that of the row which stands for its case, with what ratios.c has found; here it is
 * only chosen. Must not know how anything was measured, or how a figure looks. */
#include "report.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "peaks.h"
#include "table.h"
#include "timed.h"

enum { COLUMNS_MOST = 4 };

/* ---- all cases ------------------------------------------------------------------------------- */

static void write_cases(tables *out, const timed_list *list)
{
    table_begin(
        out, "speed",
        "what loss impl isa N D C threads median_us low_us high_us quiet_us* spread repetitions "
        "unstable per_cycle joules");
    for (size_t i = 0; i < list->count; i++) {
        const timed *t = &list->all[i];
        const speed_shape *s = t->what->shape;
        const double unit = 1e6 / (double)s->rows;
        const timed_values quiet = timed_interval(t, "quiet_time", "quiet_time");
        table_cells(out, "sssszzzdggg", speed_what_name(t->what->what), timed_loss(t),
                    t->what->impl ? t->what->impl : "margin", t->what->impl ? NULL : timed_who(t),
                    s->rows, s->dim, s->classes, t->what->threads, t->seconds * unit,
                    t->least * unit, t->most * unit);
        table_row(out, "gggodsoo", 1e-9 * unit * quiet.middle, 1e-9 * unit * quiet.low,
                  1e-9 * unit * quiet.high, timed_field(t, "spread", ""),
                  (int)json_array_size(t->repetitions), timed_is_unstable(t) ? "true" : "false",
                  timed_field(t, "instructions", "") / timed_field(t, "cycles", ""),
                  timed_field(t, "joules", ""));
    }
    table_end(out);
}

/* Single-thread cases of at most four of these shapes, evenly chosen, a column of panels each. */
static void write_losses(tables *out, const timed_list *list, const shape_list *shapes)
{
    const size_t columns = shapes->count < COLUMNS_MOST ? shapes->count : COLUMNS_MOST;
    table_begin(out, "speed_figure", "#series kind shape loss median_us least_us most_us unstable");
    for (size_t i = 0; i < list->count; i++) {
        const timed *t = &list->all[i];
        const speed_shape *s = t->what->shape;
        const int rows = t->what->what == SPEED_ROWS;
        const double unit = 1e6 / (double)s->rows;
        for (size_t column = 1; column <= columns && t->what->threads == 1; column++) {
            const speed_shape *like =
                shapes->shapes[column * shapes->count / columns - 1]->what->shape;
            char dim[40], shape[128];
            snprintf(dim, sizeof dim, "D = %zu, ", s->dim);
            snprintf(shape, sizeof shape, "N = %zu, %sC = %zu", s->rows, rows ? "" : dim,
                     s->classes);
            if (s->rows == like->rows && s->classes == like->classes &&
                (rows || s->dim == like->dim)) {
                table_series(out, t->what->impl ? "peer" : "isa", "%s %s %zu",
                             speed_what_name(t->what->what), timed_who(t), column);
                table_row(out, "ssgggd", shape, timed_loss(t), t->seconds * unit, t->least * unit,
                          t->most * unit, timed_is_unstable(t));
                break;
            }
        }
    }
    table_end(out);
}

/* A line for each loss that the library was timed with: its head on one thread on the shape of
 * `like` by the best instruction set. */
static void write_summary(tables *out, const timed_list *list, const timed *like)
{
    static const char *const ratios[] = {"ratio_normsoftmax", "ratio_gemm3", "ratio_unfused"};
    table_begin(out, "summary_speed",
                "loss case spread unstable us_per_row us_low us_high vs_normsoftmax* vs_gemm3* "
                "vs_unfused*");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        const timed *best = NULL;
        int any = 0;
        for (size_t i = 0; i < list->count; i++) {
            const timed *t = &list->all[i];
            const int mine = t->what->impl == NULL && (int)t->what->loss == loss;
            any |= mine;
            if (mine && like != NULL && timed_is_own_head(t) && t->what->threads == 1 &&
                timed_same_shape(t, like) && (best == NULL || t->what->isa > best->what->isa))
                best = t;
        }
        if (!any) continue;
        const timed none = {.what = NULL}, *const t = best != NULL ? best : &none;
        const double unit = best != NULL ? 1e-3 / (double)t->what->shape->rows : NAN;
        table_cells(out, "ssosooo", margin_loss_get((margin_loss)loss)->name,
                    best ? t->what->name : NULL, timed_field(t, "spread", ""),
                    best == NULL           ? NULL
                    : timed_is_unstable(t) ? "true"
                                           : "false",
                    unit * timed_field(t, "real_time", ""), unit * timed_field(t, "time", "_low"),
                    unit * timed_field(t, "time", "_high"));
        for (size_t k = 0; k < 3; k++)
            table_cells(out, "ooo", timed_field(t, ratios[k], ""),
                        timed_field(t, ratios[k], "_low"), timed_field(t, ratios[k], "_high"));
        table_row(out, "");
    }
    table_end(out);
}

/* ---- figures that compare shapes ------------------------------------------------------------- */

/* The cells that say which shape it is: in words, from 1 by its size, on how many threads. */
static void shape_cells(tables *out, const shape_list *shapes, const timed *t)
{
    const speed_shape *s = t->what->shape;
    char shape[128], classes[40], *to = classes;
    const int digits = snprintf(shape, sizeof shape, "%zu", s->classes);
    for (int i = 0; i < digits; i++) { /* 10,000 */
        *to++ = shape[i];
        *to = (digits - i) % 3 == 1 && i + 1 < digits ? ',' : '\0';
        to += *to == ',';
    }
    snprintf(shape, sizeof shape, "%zu × %zu × %s", s->rows, s->dim, classes);
    table_cells(out, "szd", shape, shape_place(shapes, t) + 1, t->what->threads);
}

/* 1 for what is compared: arcface's heads (the scalar kernel's only where there are no better), the
 * products, the floors. */
static int is_compared(const timed *t, margin_isa best)
{
    const int other = t->what->impl != NULL || t->what->isa != MARGIN_ISA_SCALAR;
    return t->row == NULL || t->what->what == SPEED_GEMM3 ||
           (t->what->what == SPEED_HEAD && t->what->loss == MARGIN_ARCFACE &&
            (other || best <= MARGIN_ISA_SCALAR));
}

/* A series' line: rate in GFLOP/s for each thread, time over the floor's, gain over one thread, and
 * megabytes, each on where it is known; flops for each byte of input and output. */
static void write_point(tables *out, const timed_list *list, const shape_list *shapes,
                        const timed *t, const timed *middle)
{
    const speed_shape *s = t->what->shape;
    const speed_shape *m = middle->what->shape;
    const int same_n = s->rows == m->rows, same_d = s->dim == m->dim,
              same_c = s->classes == m->classes;
    /* Which of the lines over N (1), D (2) and C (4) through `middle` the shape lies on. */
    const int lines = (same_d && same_c) + 2 * (same_n && same_c) + 4 * (same_n && same_d);
    const double flops = 6 * timed_size(t), nano = 1e9 * t->seconds;
    const timed *one = t->row == NULL ? timed_floor(list, t, 1) : NULL;
    const timed_values rate = timed_over(flops / t->what->threads,
                                         t->row == NULL ? (timed_values){nano, nano, nano}
                                                        : timed_interval(t, "real_time", "time"));
    const timed_values to_floor = timed_interval(t, "ratio_gemm3", "ratio_gemm3");
    const timed_values quiet = timed_interval(t, "quiet_ratio_gemm3", "quiet_ratio_gemm3");
    timed_values gain = timed_over(1, timed_interval(t, "ratio_one_thread", "ratio_one_thread"));
    if (one != NULL && t->what->threads > 1) {
        const double times = one->seconds / t->seconds;
        gain = (timed_values){times, times, times};
    }
    table_series(out, timed_kind(t), "%s", timed_who(t));
    shape_cells(out, shapes, t);
    table_row(out, "zzzdggggggggggggggg", s->rows, s->dim, s->classes, lines, rate.middle, rate.low,
              rate.high, to_floor.middle, to_floor.low, to_floor.high, gain.middle, gain.low,
              gain.high, timed_field(t, "peak_memory_bytes", "") / 1e6,
              t->row != NULL ? flops / speed_case_bytes(t->what) : NAN,
              timed_field(t, "gflops", ""), quiet.middle, quiet.low, quiet.high);
}

/* A line of what is no case: the memory of one N x C array, or the machine's limits. */
static void write_limit(tables *out, const char *series, size_t row, int threads, double rate,
                        double memory, double flops_per_byte)
{
    table_series(out, series, "%s", series);
    table_row(out, "szdddddggggggggggggggg", NULL, row, threads, 0, 0, 0, 0, rate, rate, rate, NAN,
              NAN, NAN, NAN, NAN, NAN, memory, flops_per_byte, rate * threads, NAN, NAN, NAN);
}

/* The series in the figures' order: instruction sets, the best first, heads by others, libraries,
 * floors; then what one N x C array would take, and the peaks. */
static void write_shapes(tables *out, const timed_list *list)
{
    static const char *const kinds[] = {"isa", "peer", "blas", "floor"};
    const margin_isa best = timed_best_isa(list);
    shape_list all = {.count = 0}, own = {.count = 0};
    int most = 0;
    for (size_t i = 0; i < list->with_floors; i++) {
        const timed *t = &list->all[i];
        if (is_compared(t, best)) {
            shape_add(&all, t);
            most = t->what->threads > most ? t->what->threads : most;
        }
        if (is_compared(t, best) && timed_is_own_head(t)) shape_add(&own, t);
    }
    table_begin(out, "speed_shapes",
                "#series kind shape row threads N D C lines rate* to_floor* gain* memory_mb "
                "flops_per_byte gflops quiet_to_floor*");
    for (int kind = 0; kind < 4 && own.count > 0; kind++) {
        for (int isa = kind == 0 ? MARGIN_ISA_COUNT - 1 : 0; isa >= 0; isa--) {
            for (size_t i = 0; i < list->with_floors; i++) {
                const timed *t = &list->all[i];
                if (is_compared(t, best) && strcmp(timed_kind(t), kinds[kind]) == 0 &&
                    (kind > 0 || (int)t->what->isa == isa))
                    write_point(out, list, &all, t, shapes_nearest(&own));
            }
        }
    }
    for (size_t k = 0; k < own.count; k++) {
        const speed_shape *s = own.shapes[k]->what->shape;
        write_limit(out, "stored", shape_place(&all, own.shapes[k]) + 1, 1, NAN,
                    4e-6 * (double)s->rows * (double)s->classes, NAN);
    }
    for (int threads = 1; threads <= most && own.count > 0; threads++) {
        const double peak = speed_peaks_best(list->context, "fma_peaks", NULL, threads, NULL);
        if (peak > 0)
            write_limit(out, "peak", 0, threads, peak / threads, NAN,
                        peak /
                            speed_peaks_best(list->context, "bandwidths", NULL, threads, "read"));
    }
    table_end(out);
}

/* Per cent more than normsoftmax on the best instruction set; shapes with all of a run's losses. */
static void write_margin_cost(tables *out, const timed_list *list)
{
    shape_list shapes;
    const margin_isa best = timed_best_isa(list);
    const int most = shapes_fullest(list, 0, 3, &shapes);
    table_begin(out, "margin_cost", "#series kind shape row threads cost low high");
    for (int loss = 0; loss < MARGIN_LOSS_COUNT; loss++) {
        for (size_t i = 0; i < list->count; i++) {
            const timed *t = &list->all[i];
            const timed_values v = timed_interval(t, "ratio_normsoftmax", "ratio_normsoftmax");
            if (timed_is_own_head(t) && (int)t->what->loss == loss && t->what->isa == best &&
                !isnan(v.middle) && timed_losses(list, t) == most) {
                table_series(out, "loss", "%s", timed_loss(t));
                shape_cells(out, &shapes, t);
                table_row(out, "ggg", 100 * (v.middle - 1), 100 * (v.low - 1), 100 * (v.high - 1));
            }
        }
    }
    table_end(out);
}

int speed_tables_write(const char *results, const json_t *report, const speed_plan *plan,
                       atomic_set *set, char *fault)
{
    timed_list list = timed_gather(report, plan);
    shape_list fullest;
    tables out;
    timed_sort(&list);
    shapes_fullest(&list, 1, 1, &fullest);
    tables_open(&out, results, set);
    table_of_losses(&out);
    write_cases(&out, &list);
    write_losses(&out, &list, &fullest);
    write_summary(&out, &list, shapes_nearest(&fullest));
    write_shapes(&out, &list);
    write_margin_cost(&out, &list);
    timed_free(&list);
    return *out.fault != '\0' ? speed_fail(fault, "%s", out.fault) : 0;
}
