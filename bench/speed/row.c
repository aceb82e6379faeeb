/* row.c: see row.h. */
#include "row.h"

#include <stdio.h>
#include <string.h>

/* ---- members --------------------------------------------------------------------------------- */

const char *speed_row_text(const json_t *row, const char *key)
{
    const char *text = json_string_value(json_object_get(row, key));
    return text ? text : "";
}

double speed_row_number(const json_t *row, const char *key)
{
    return json_number_value(json_object_get(row, key));
}

int speed_row_failed(const json_t *row)
{
    return json_is_true(json_object_get(row, "error_occurred"));
}

int speed_row_stands_for_case(const json_t *row)
{
    if (speed_row_failed(row)) return 0;
    return strcmp(speed_row_text(row, "aggregate_name"), "median") == 0 ||
           (strcmp(speed_row_text(row, "run_type"), "iteration") == 0 &&
            json_integer_value(json_object_get(row, "repetitions")) == 1);
}

json_t *speed_row_index(const json_t *report)
{
    json_t *index = json_object(), *row;
    size_t i;
    json_array_foreach(json_object_get(report, "benchmarks"), i, row)
    {
        if (speed_row_stands_for_case(row))
            json_object_set(index, speed_row_text(row, "run_name"), row);
    }
    return index;
}

/* ---- names ----------------------------------------------------------------------------------- */

/* Where the value of KEY begins, and its length. */
static const char *find_field(const char *name, const char *key, size_t *length)
{
    const size_t key_length = strlen(key);
    for (const char *part = strchr(name, '/'); part; part = strchr(part + 1, '/')) {
        if (strncmp(part + 1, key, key_length) == 0 && part[1 + key_length] == ':') {
            const char *value = part + key_length + 2;
            *length = strcspn(value, "/");
            return value;
        }
    }
    return NULL;
}

int speed_name_field(const char *name, const char *key, char *out, size_t out_size)
{
    size_t length = 0;
    const char *value = find_field(name, key, &length);
    if (!value || length >= out_size) return 0;
    memcpy(out, value, length);
    out[length] = '\0';
    return 1;
}

int speed_name_replace(const char *name, const char *key, const char *value, char *out,
                       size_t out_size)
{
    size_t length = 0;
    const char *old = find_field(name, key, &length);
    if (!old) return 0;
    const int written =
        snprintf(out, out_size, "%.*s%s%s", (int)(old - name), name, value, old + length);
    return written > 0 && (size_t)written < out_size;
}
