/* ratios.c: what a case's repetitions say: two numbers (statistics.h), and how they compare with
 * others'.
 *
 * The k-th repetitions of cases of one shape and number of threads ran within a short time of one
 * another (plan.h), so their ratio is free of the machine's slower moods; the median of these
 * ratios is reported, and the ratio of the quiet numbers, each with an interval. Must not know how
 * anything was measured. */
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "json_out.h"
#include "memory.h"
#include "peaks.h"
#include "report.h"
#include "statistics.h"
#include "timed.h"
#include "quantile.h"

/* A case whose quiet number is not known to this share of it is unstable. */
#define UNSTABLE 0.05

enum { PRODUCTS = 3 };
static const char *const product_keys[PRODUCTS] = {"logits_seconds", "dx_seconds", "dw_seconds"};
static const char *const product_names[PRODUCTS] = {"logits", "dx", "dw"};

/* A number of each repetition, NaN where it is missing; to be freed. */
static double *series_of(const timed_list *list, const timed *t, const char *key)
{
    double *series = zeroed(list->most, sizeof *series);
    json_t *row;
    size_t i;
    for (i = 0; i < list->most; i++)
        series[i] = NAN;
    json_array_foreach(t->repetitions, i, row)
    {
        series[(size_t)timed_number(row, "repetition_index")] = timed_number(row, key);
    }
    return series;
}

/* Moves what is there to the front; returns how many that are. */
static size_t drop_missing(double *series, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (isfinite(series[i])) series[kept++] = series[i];
    }
    return kept;
}

/* The quiet number of a series, or of its ratio to another, under `key` and with its interval. */
static speed_interval put_quiet(const timed_list *list, const timed *t, const char *key,
                                const double *over, const double *under)
{
    double *const process = series_of(list, t, "process");
    const speed_series series = {over, under, list->processes > 1 ? process : NULL, list->most};
    const speed_interval quiet = speed_quiet_interval(&series);
    char ends[160];
    snprintf(ends, sizeof ends, "%s %s_low %s_high", key, key, key);
    if (!isnan(quiet.middle)) json_put(t->row, ends, "ggg", quiet.middle, quiet.low, quiet.high);
    free(process);
    return quiet;
}

/* How far the quiet numbers of the processes lie apart, over the least. */
static double between_processes(const timed_list *list, const timed *t, const double *times)
{
    double *const process = series_of(list, t, "process");
    double *const of_one = zeroed(list->most, sizeof *of_one);
    double least = INFINITY, most = 0;
    for (size_t p = 0; p < list->processes; p++) {
        for (size_t i = 0; i < list->most; i++)
            of_one[i] = process[i] >= (double)p && process[i] <= (double)p ? times[i] : NAN;
        const double quiet = speed_quiet(of_one, list->most);
        least = fmin(least, quiet);
        most = fmax(most, quiet);
    }
    free(of_one);
    free(process);
    return most / least - 1;
}

static void put_spread(const timed_list *list, const timed *t)
{
    double *times = series_of(list, t, "real_time");
    if (list->processes > 1)
        json_put(t->row, "process_spread", "g", between_processes(list, t, times));
    const speed_interval quiet = put_quiet(list, t, "quiet_time", times, NULL);
    const size_t count = drop_missing(times, list->most);
    if (count > 1) {
        const speed_interval middle = speed_median_interval(times, count);
        const double range = times[count - 1] - times[0];
        for (size_t i = 0; i < count; i++)
            times[i] = fabs(times[i] - middle.middle);
        json_put(t->row, "time_low time_high spread range unstable", "ggggb", middle.low,
                 middle.high, 2 * speed_median(times, count) / middle.middle, range / middle.middle,
                 !(quiet.high - quiet.low <= UNSTABLE * quiet.middle));
    }
    free(times);
}

/* ---- ratios ---------------------------------------------------------------------------------- */

/* `which` time over another's, "real_time" or "cpu_time". */
static void put_ratio_of(const timed_list *list, const timed *t, const char *which, const char *key,
                         const double *other)
{
    double *series = series_of(list, t, which);
    char name[128];
    snprintf(name, sizeof name, "quiet_%s", key);
    put_quiet(list, t, name, series, other);
    for (size_t i = 0; i < list->most; i++)
        series[i] /= other[i];
    const size_t count = drop_missing(series, list->most);
    if (count > 0) {
        const speed_interval ratio = speed_median_interval(series, count);
        snprintf(name, sizeof name, "%s_low %s_high", key, key);
        json_put(t->row, key, "g", ratio.middle);
        if (count > 1) json_put(t->row, name, "gg", ratio.low, ratio.high);
    }
    free(series);
}

static void put_ratio(const timed_list *list, const timed *t, const char *key, const double *other)
{
    put_ratio_of(list, t, "real_time", key, other);
}

/* With itself only normsoftmax is compared: it stands in the same table as the others. */
static void put_ratio_to(const timed_list *list, const timed *t, const char *key, speed_case like)
{
    const timed *found = timed_find(list, &like);
    if (found == NULL || json_array_size(found->repetitions) == 0) return;
    if (found == t && strcmp(key, "ratio_normsoftmax") != 0) return;
    double *other = series_of(list, found, "real_time");
    put_ratio(list, t, key, other);
    free(other);
}

/* The floors, by where the context describes them: each product by the library that is best at it;
 * in the harder one also by those that have W packed beforehand. */
static const struct floor_kind {
    const char *name, *ratio, *cpu_ratio, *cpu_best;
    speed_what also;
} floor_kinds[] = {
    {"gemm3_floor", "ratio_gemm3", "cpu_ratio_gemm3", "cpu_gemm3", SPEED_GEMM3},
    {"packed_floor", "ratio_packed", "cpu_ratio_packed", "cpu_packed", SPEED_PACKED}};

/* 1 for products of the same shape and number of threads that the floor may take. */
static int serves(const timed *t, const timed *like, const struct floor_kind *kind)
{
    return (t->what->what == SPEED_GEMM3 || t->what->what == kind->also) &&
           timed_same_shape(t, like) && t->what->threads == like->what->threads;
}

/* 1 if products were timed that only this floor has. */
static int is_there(const timed_list *list, const timed *like, const struct floor_kind *kind)
{
    for (const timed *t = list->all; t < list->all + list->count; t++)
        if (t->row && t->what->what == kind->also && serves(t, like, kind)) return 1;
    return 0;
}

/* The library whose quiet number of one product is least, over the repetitions of this parity (2:
 * over all); NULL if none was measured. */
static const timed *best_product(const timed_list *list, const timed *like, int product,
                                 const struct floor_kind *kind, size_t parity)
{
    const timed *best = NULL;
    double least = INFINITY;
    for (const timed *t = list->all; t < list->all + list->count; t++) {
        if (!t->row || !serves(t, like, kind)) continue;
        double *series = series_of(list, t, product_keys[product]);
        for (size_t i = 0; i < list->most && parity < 2; i++)
            series[i] = i % 2 == parity ? series[i] : NAN;
        const double seconds = speed_quiet(series, list->most);
        if (seconds > 0 && seconds < least) {
            best = t;
            least = seconds;
        }
        free(series);
    }
    return best;
}

/* Adds the nanoseconds of one product by its best library, which the floor is told; 0 if none was
 * measured. The library is chosen on the even repetitions for the odd ones, and the other way
 * round: the least of several noisy numbers is too small for those that it was chosen on. */
static int add_best_product(const timed_list *list, const timed *like, int product,
                            const struct floor_kind *kind, json_t *floor, double *sum)
{
    const char *const key = product_keys[product];
    const timed *const best = best_product(list, like, product, kind, 2);
    char packed[32];
    if (best == NULL) return 0;
    for (size_t parity = 0; parity < 2; parity++) {
        const timed *const chosen = best_product(list, like, product, kind, 1 - parity);
        double *series = series_of(list, chosen != NULL ? chosen : best, key);
        for (size_t i = parity; i < list->most; i += 2)
            sum[i] += 1e9 * series[i];
        free(series);
    }
    snprintf(packed, sizeof packed, "%s_packed", product_names[product]);
    json_put(floor, product_names[product], "s", best->what->impl);
    json_put(floor, key, "g", timed_number(best->row, key));
    if (kind->also == SPEED_PACKED) json_put(floor, packed, "b", best->what->what == SPEED_PACKED);
    return 1;
}

/* The time over the three products of this shape; the floor's description is kept in the context. A
 * floor that no library with a packed W was measured for is left out. */
static void put_floor_ratio(const timed_list *list, const timed *t, const struct floor_kind *kind)
{
    json_t *floors = json_object_get(list->context, kind->name), *floor = json_object();
    double *sum = zeroed(list->most, sizeof *sum);
    int products = 0;
    for (int p = 0; p < PRODUCTS && is_there(list, t, kind); p++)
        products += add_best_product(list, t, p, kind, floor, sum);
    if (products == PRODUCTS) {
        put_ratio(list, t, kind->ratio, sum);
        json_object_set(floors, timed_place(t), floor);
    }
    json_decref(floor);
    free(sum);
}

/* Processor time of a head on one thread over that of all three products by the one library that
 * takes least: little of other work on the machine is in it. */
static void put_cpu_ratio(const timed_list *list, const timed *t, const struct floor_kind *kind)
{
    const timed *best = NULL;
    if (t->what->threads != 1 || !is_there(list, t, kind)) return;
    for (const timed *o = list->all; o < list->all + list->count; o++) {
        if (o->row && serves(o, t, kind) &&
            (!best || timed_number(o->row, "cpu_time") < timed_number(best->row, "cpu_time")))
            best = o;
    }
    double *other = series_of(list, best, "cpu_time");
    put_ratio_of(list, t, "cpu_time", kind->cpu_ratio, other);
    json_put(t->row, kind->cpu_best, "s", best->what->impl);
    free(other);
}

static void put_ratios(const timed_list *list, const timed *t)
{
    speed_case plain = *t->what, unfused = plain, single = plain;
    const int has_loss = !speed_is_products(plain.what);
    plain.loss = MARGIN_NORMSOFTMAX;
    unfused.impl = "blas-unfused";
    unfused.isa = MARGIN_ISA_AUTO;
    single.threads = 1;
    if (has_loss) put_ratio_to(list, t, "ratio_normsoftmax", plain);
    for (size_t k = 0; k < 2 && (!has_loss || plain.what == SPEED_HEAD); k++)
        put_floor_ratio(list, t, &floor_kinds[k]);
    if (plain.what == SPEED_HEAD) put_ratio_to(list, t, "ratio_unfused", unfused);
    for (size_t k = 0; k < 2 && plain.what == SPEED_HEAD; k++)
        put_cpu_ratio(list, t, &floor_kinds[k]);
    put_ratio_to(list, t, "ratio_one_thread", single);
}

static void put_share(json_t *row, const char *key, double value, double whole)
{
    if (value > 0 && whole > 0) json_put(row, key, "g", value / whole);
}

void speed_ratios_add(json_t *report, const speed_plan *plan)
{
    timed_list list = timed_gather(report, plan);
    int unstable = 0;
    json_put(list.context, "gemm3_floor packed_floor", "oo", json_object(), json_object());
    for (const timed *t = list.all; t < list.all + list.count; t++) {
        const speed_case *c = t->what;
        if (t->row == NULL) continue;
        if (c->blas) json_put(t->row, "blas", "s", c->blas);
        put_spread(&list, t);
        put_ratios(&list, t);
        put_share(t->row, "fma_share", timed_number(t->row, "gflops"),
                  speed_peaks_best(list.context, "fma_peaks",
                                   c->impl ? NULL : margin_isa_name(c->isa), c->threads, NULL));
        if (c->what == SPEED_ROWS)
            put_share(t->row, "copy_share", 1e-9 * timed_number(t->row, "bytes_per_second"),
                      speed_peaks_copy(list.context, c->threads));
        unstable += timed_is_unstable(t);
    }
    json_put(list.context, "unstable_cases", "d", unstable);
    timed_free(&list);
}
