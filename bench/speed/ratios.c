/* ratios.c: paired comparisons of cases, repetition by repetition.
 *
 * The k-th repetitions of cases of one shape and number of threads ran within a short time of one
 * another (rounds.h), so their ratio is free of the machine's slower moods; the median of these
 * ratios is reported, with an interval. Must not know how anything was measured. */
#include "ratios.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "blas.h"
#include "peaks.h"
#include "row.h"
#include "statistics.h"

#define UNSTABLE_SPREAD 0.05

enum { PRODUCTS = 3 };
static const char *const product_keys[PRODUCTS] = {"logits_seconds", "dx_seconds", "dw_seconds"};
static const char *const product_names[PRODUCTS] = {"logits", "dx", "dw"};

/* All that is known: the repetitions of each case, and the row that stands for it. */
typedef struct known {
    json_t *context;
    json_t *repetitions; /* {name: [rows]}, in the order of repetition_index */
    json_t *index;       /* {name: row} */
    size_t most;         /* repetitions of any case */
} known;

/* ---- series: one number per repetition, NaN where it is missing ------------------------------ */

/* The index of a row's repetition; one that has none is the first. */
static size_t repetition_of(const json_t *row)
{
    return (size_t)json_integer_value(json_object_get(row, "repetition_index"));
}

static double *new_series(const known *k)
{
    double *series = calloc(k->most, sizeof *series);
    for (size_t i = 0; i < k->most && series; i++)
        series[i] = NAN;
    return series;
}

/* 1 if the case is there. */
static int read_series(const known *k, const char *name, const char *key, double *series)
{
    json_t *rows = json_object_get(k->repetitions, name), *row;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        series[repetition_of(row)] = speed_row_number(row, key);
    }
    return rows != NULL;
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

/* ---- spread ---------------------------------------------------------------------------------- */

static void add_spread(json_t *row, double *times, size_t count)
{
    const speed_interval middle = speed_median_interval(times, count);
    const double range = times[count - 1] - times[0];
    for (size_t i = 0; i < count; i++)
        times[i] = fabs(times[i] - middle.median);
    const double spread = 2 * speed_median(times, count) / middle.median;
    json_object_set_new(row, "time_low", json_real(middle.low));
    json_object_set_new(row, "time_high", json_real(middle.high));
    json_object_set_new(row, "spread", json_real(spread));
    json_object_set_new(row, "range", json_real(range / middle.median));
    json_object_set_new(row, "unstable", json_boolean(!(spread <= UNSTABLE_SPREAD)));
}

/* ---- ratios ---------------------------------------------------------------------------------- */

static void add_ratio(const known *k, json_t *row, const char *key, const double *other)
{
    double *series = new_series(k);
    char low[64], high[64];
    if (series && read_series(k, speed_row_text(row, "run_name"), "real_time", series)) {
        for (size_t i = 0; i < k->most; i++)
            series[i] /= other[i];
        const size_t count = drop_missing(series, k->most);
        if (count > 0) {
            const speed_interval ratio = speed_median_interval(series, count);
            json_object_set_new(row, key, json_real(ratio.median));
            snprintf(low, sizeof low, "%s_low", key);
            snprintf(high, sizeof high, "%s_high", key);
            if (count > 1) {
                json_object_set_new(row, low, json_real(ratio.low));
                json_object_set_new(row, high, json_real(ratio.high));
            }
        }
    }
    free(series);
}

/* With itself only normsoftmax is compared: it stands in the same table as the others. */
static void add_ratio_to_case(const known *k, json_t *row, const char *key, const char *name)
{
    if (strcmp(speed_row_text(row, "run_name"), name) == 0 &&
        strcmp(key, "ratio_normsoftmax") != 0) {
        return;
    }
    double *other = new_series(k);
    if (other && read_series(k, name, "real_time", other)) add_ratio(k, row, key, other);
    free(other);
}

/* Nanoseconds of one product by its best library, added to the floor; 0 if none was measured. */
static int add_best_product(const known *k, const char *shape, int product, json_t *floor,
                            double *sum)
{
    const char *blas, *best = NULL;
    char name[160];
    double least = 0;
    for (size_t i = 0; (blas = speed_blas_name(i)) != NULL; i++) {
        snprintf(name, sizeof name, "gemm3/impl:%s%s", blas, shape);
        const double seconds =
            speed_row_number(json_object_get(k->index, name), product_keys[product]);
        if (seconds > 0 && (!best || seconds < least)) {
            best = blas;
            least = seconds;
        }
    }
    double *series = new_series(k);
    if (best && series) {
        snprintf(name, sizeof name, "gemm3/impl:%s%s", best, shape);
        read_series(k, name, product_keys[product], series);
        for (size_t i = 0; i < k->most; i++)
            sum[i] += 1e9 * series[i];
        json_object_set_new(floor, product_names[product], json_string(best));
        json_object_set_new(floor, product_keys[product], json_real(least));
    }
    free(series);
    return best != NULL;
}

/* The three products of this shape ("/N:..."), each by the library that is best at it; the floor's
 * description is kept in the context. */
static void add_floor_ratio(const known *k, json_t *row, const char *shape)
{
    json_t *floors = json_object_get(k->context, "gemm3_floor"), *floor = json_object();
    double *sum = calloc(k->most, sizeof *sum);
    int products = 0;
    for (int p = 0; p < PRODUCTS && sum; p++)
        products += add_best_product(k, shape, p, floor, sum);
    if (products == PRODUCTS) {
        add_ratio(k, row, "ratio_gemm3", sum);
        json_object_set(floors, shape + 1, floor);
    }
    json_decref(floor);
    free(sum);
}

static void add_share(json_t *row, const char *key, double value, double whole)
{
    if (value > 0 && whole > 0) json_object_set_new(row, key, json_real(value / whole));
}

static void add_shares(const known *k, json_t *row)
{
    const char *name = speed_row_text(row, "run_name");
    const int threads = (int)json_integer_value(json_object_get(row, "threads"));
    char isa[16];
    const int has_isa = speed_name_field(name, "isa", isa, sizeof isa);
    add_share(row, "fma_share", speed_row_number(row, "gflops"),
              speed_peaks_fma(k->context, has_isa ? isa : NULL, threads));
    if (strncmp(name, "rows/", 5) == 0)
        add_share(row, "copy_share", 1e-9 * speed_row_number(row, "bytes_per_second"),
                  speed_peaks_copy(k->context, threads));
}

/* ---- one case -------------------------------------------------------------------------------- */

static void add_comparisons(const known *k, json_t *row)
{
    const char *name = speed_row_text(row, "run_name"), *shape = strstr(name, "/N:");
    char other[160], loss[32];
    if (speed_name_replace(name, "loss", "normsoftmax", other, sizeof other))
        add_ratio_to_case(k, row, "ratio_normsoftmax", other);
    if (shape && (strncmp(name, "head/", 5) == 0 || strncmp(name, "gemm3/", 6) == 0))
        add_floor_ratio(k, row, shape);
    if (shape && strncmp(name, "head/", 5) == 0 &&
        speed_name_field(name, "loss", loss, sizeof loss)) {
        snprintf(other, sizeof other, "head/impl:blas-unfused/loss:%s%s", loss, shape);
        add_ratio_to_case(k, row, "ratio_unfused", other);
    }
    if (speed_name_replace(name, "threads", "1", other, sizeof other))
        add_ratio_to_case(k, row, "ratio_one_thread", other);
}

static void describe_case(const known *k, json_t *row)
{
    const char *name = speed_row_text(row, "run_name");
    double *times = new_series(k);
    json_t *blas = json_object_get(json_object_get(k->context, "unfused_blas"), name);
    if (blas) json_object_set(row, "blas", blas);
    if (times && read_series(k, name, "real_time", times)) {
        const size_t count = drop_missing(times, k->most);
        if (count > 1) add_spread(row, times, count);
    }
    free(times);
    add_comparisons(k, row);
    add_shares(k, row);
}

static void gather(known *k, const json_t *rows)
{
    json_t *row, *list;
    size_t i;
    json_array_foreach(rows, i, row)
    {
        const char *name = speed_row_text(row, "run_name");
        if (speed_row_stands_for_case(row)) json_object_set(k->index, name, row);
        if (strcmp(speed_row_text(row, "run_type"), "iteration") != 0 ||
            json_is_true(json_object_get(row, "error_occurred"))) {
            continue;
        }
        list = json_object_get(k->repetitions, name);
        if (!list) {
            list = json_array();
            json_object_set_new(k->repetitions, name, list);
        }
        json_array_append(list, row);
        k->most = repetition_of(row) + 1 > k->most ? repetition_of(row) + 1 : k->most;
    }
}

int speed_ratios_add(json_t *context, const json_t *rows)
{
    known k = {context, json_object(), json_object(), 1};
    const char *name;
    json_t *row;
    const int failed =
        !k.repetitions || !k.index || json_object_set_new(context, "gemm3_floor", json_object());
    if (!failed) gather(&k, rows);
    json_int_t unstable = 0;
    json_object_foreach(k.index, name, row)
    {
        describe_case(&k, row);
        unstable += json_is_true(json_object_get(row, "unstable"));
    }
    json_object_set_new(context, "unstable_cases", json_integer(unstable));
    json_decref(k.repetitions);
    json_decref(k.index);
    return failed ? -1 : 0;
}
