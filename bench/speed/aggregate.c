/* aggregate.c: the statistics of the rows of each case.
 *
 * Must not know what the rows mean. */
#include "aggregate.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "row.h"
#include "statistics.h"

enum { MEAN, MEDIAN, STDDEV, CV, STATISTICS };

static double statistic(int which, double *values, size_t count)
{
    double sum = 0, square = 0;
    for (size_t i = 0; i < count; i++)
        sum += values[i];
    const double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++)
        square += (values[i] - mean) * (values[i] - mean);
    const double deviation = sqrt(square / (double)(count - 1));
    switch (which) {
    case MEAN:
        return mean;
    case MEDIAN:
        return speed_median(values, count);
    case STDDEV:
        return deviation;
    default:
        return deviation / mean;
    }
}

/* Times and counters, as opposed to what says which row it is. */
static int is_measured(const char *key, const json_t *value)
{
    return json_is_real(value) || (json_is_number(value) && strcmp(key, "real_time") == 0);
}

/* Of `count` rows of one case; `values` is room for as many numbers. */
static json_t *statistics_row(json_t *const *rows, size_t count, int which, double *values)
{
    static const char *const names[] = {"mean", "median", "stddev", "cv"};
    json_t *row = json_copy(rows[0]), *value;
    const char *key;
    json_object_foreach(rows[0], key, value)
    {
        if (is_measured(key, value)) {
            for (size_t i = 0; i < count; i++)
                values[i] = speed_row_number(rows[i], key);
            const double result = statistic(which, values, count);
            json_object_set_new(row, key, isfinite(result) ? json_real(result) : json_null());
        }
    }
    json_object_set_new(row, "name",
                        json_sprintf("%s_%s", speed_row_text(rows[0], "run_name"), names[which]));
    json_object_set_new(row, "run_type", json_string("aggregate"));
    json_object_set_new(row, "aggregate_name", json_string(names[which]));
    json_object_set_new(row, "aggregate_unit", json_string(which == CV ? "percentage" : "time"));
    json_object_set_new(row, "iterations", json_integer((json_int_t)count));
    json_object_del(row, "repetition_index");
    return row;
}

json_t *speed_aggregate(const json_t *rows)
{
    const size_t all = json_array_size(rows);
    json_t *out = json_array(), **good = calloc(all + 1, sizeof *good);
    double *values = calloc(all + 1, sizeof *values);
    size_t count = 0; /* of the case's rows that have a time */
    for (size_t i = 0; i < all && good && values; i++) {
        json_t *row = json_array_get(rows, i);
        const char *next = speed_row_text(json_array_get(rows, i + 1), "run_name");
        json_array_append(out, row);
        good[count] = row;
        count += !speed_row_failed(row);
        if (strcmp(speed_row_text(row, "run_name"), next) == 0) continue;
        for (int which = 0; which < STATISTICS && count > 1; which++)
            json_array_append_new(out, statistics_row(good, count, which, values));
        count = 0;
    }
    if (!good || !values) {
        json_decref(out);
        out = NULL;
    }
    free(good);
    free(values);
    return out;
}
