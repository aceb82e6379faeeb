/* aggregate.c: rows sorted by case, and their statistics.
 *
 * Must not know what the rows mean. */
#include "aggregate.h"

#include <math.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "row.h"
#include "statistics.h"

/* ---- order ----------------------------------------------------------------------------------- */

typedef struct place {
    json_t *row;
    double family, repetition;
    size_t position;
} place;

static int compare_places(const void *a, const void *b)
{
    const place *x = a, *y = b;
    if (x->family < y->family || x->family > y->family) {
        return x->family < y->family ? -1 : 1;
    }
    if (x->repetition < y->repetition || x->repetition > y->repetition) {
        return x->repetition < y->repetition ? -1 : 1;
    }
    return x->position < y->position ? -1 : x->position > y->position;
}

static place *sorted(const json_t *rows)
{
    place *places = calloc(json_array_size(rows) + 1, sizeof *places);
    json_t *row;
    size_t i;
    if (!places) {
        return NULL;
    }
    json_array_foreach((json_t *)(uintptr_t)rows, i, row)
    {
        places[i] = (place){row, speed_row_number(row, "family_index"),
                            speed_row_number(row, "repetition_index"), i};
    }
    qsort(places, json_array_size(rows), sizeof *places, compare_places);
    return places;
}

/* ---- statistics of one case ------------------------------------------------------------------ */

enum { MEAN, MEDIAN, STDDEV, CV, STATISTICS };

static double statistic(int which, double *values, size_t count)
{
    double sum = 0, square = 0;
    for (size_t i = 0; i < count; i++) {
        sum += values[i];
    }
    const double mean = sum / (double)count;
    for (size_t i = 0; i < count; i++) {
        square += (values[i] - mean) * (values[i] - mean);
    }
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

static json_t *statistics_row(const place *places, size_t count, int which, double *values)
{
    static const char *const names[] = {"mean", "median", "stddev", "cv"};
    json_t *first = places[0].row, *value;
    json_t *row = json_copy(first);
    const char *key;
    json_object_foreach(first, key, value)
    {
        if (is_measured(key, value)) {
            for (size_t i = 0; i < count; i++) {
                values[i] = speed_row_number(places[i].row, key);
            }
            const double result = statistic(which, values, count);
            json_object_set_new(row, key, isfinite(result) ? json_real(result) : json_null());
        }
    }
    json_object_set_new(row, "name",
                        json_sprintf("%s_%s", speed_row_text(first, "run_name"), names[which]));
    json_object_set_new(row, "run_type", json_string("aggregate"));
    json_object_set_new(row, "aggregate_name", json_string(names[which]));
    json_object_set_new(row, "aggregate_unit", json_string(which == CV ? "percentage" : "time"));
    json_object_set_new(row, "iterations", json_integer((json_int_t)count));
    json_object_del(row, "repetition_index");
    return row;
}

static size_t without_errors(const place *places, size_t count, place *good)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!speed_row_failed(places[i].row)) {
            good[kept++] = places[i];
        }
    }
    return kept;
}

static int add_case(json_t *out, const place *places, size_t count)
{
    double *values = calloc(count, sizeof *values);
    place *good = calloc(count, sizeof *good);
    const size_t kept = values && good ? without_errors(places, count, good) : 0;
    for (size_t i = 0; i < count; i++) {
        json_array_append(out, places[i].row);
    }
    for (int which = 0; which < STATISTICS && kept > 1; which++) {
        json_array_append_new(out, statistics_row(good, kept, which, values));
    }
    const int failed = !values || !good;
    free(values);
    free(good);
    return failed;
}

json_t *speed_aggregate(const json_t *rows)
{
    const size_t count = json_array_size(rows);
    place *places = sorted(rows);
    json_t *out = json_array();
    int failed = !places || !out;
    for (size_t first = 0, next; first < count && !failed; first = next) {
        const char *name = speed_row_text(places[first].row, "run_name");
        for (next = first + 1; next < count; next++) {
            if (strcmp(speed_row_text(places[next].row, "run_name"), name) != 0) {
                break;
            }
        }
        failed = add_case(out, places + first, next - first);
    }
    free(places);
    if (failed) {
        json_decref(out);
        return NULL;
    }
    return out;
}
