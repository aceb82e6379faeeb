/* json_out.c: writing JSON results. Must not know what a result means. */
#include "json_out.h"

#include "degrees.h"
#include "memory.h"

#include <errno.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void *allocate(size_t bytes)
{
    return grown(NULL, bytes);
}

void json_begin(void)
{
    json_set_alloc_funcs(allocate, free);
}

json_t *json_text(const char *text)
{
    json_t *const value = text != NULL ? json_string(text) : NULL;
    return value != NULL ? value : json_null();
}

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

json_t *json_numbers(const double *values, size_t count)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_number(values[i]));
    return list;
}

static void put(json_t *object, const char *keys, const char *kinds, va_list values)
{
    for (; *kinds != '\0'; kinds++) {
        const char *const text = *kinds == 's' ? va_arg(values, const char *) : NULL;
        const size_t size = *kinds == 'z' ? va_arg(values, size_t) : 0;
        const int whole = *kinds == 'd' || *kinds == 'b' ? va_arg(values, int) : 0;
        const double real = *kinds == 'g' || *kinds == 'a' ? va_arg(values, double) : 0.0;
        const int length = (int)strcspn(keys, " ");
        char key[64];
        snprintf(key, sizeof key, "%.*s", length, keys);
        json_object_set_new(object, key,
                            *kinds == 's'   ? json_text(text)
                            : *kinds == 'z' ? json_integer((json_int_t)size)
                            : *kinds == 'd' ? json_integer(whole)
                            : *kinds == 'b' ? json_boolean(whole)
                            : *kinds == 'g' ? json_number(real)
                            : *kinds == 'a' ? json_number(degrees(real))
                                            : va_arg(values, json_t *));
        keys += length + (keys[length] == ' ');
    }
}

void json_put(json_t *object, const char *keys, const char *kinds, ...)
{
    va_list values;
    va_start(values, kinds);
    put(object, keys, kinds, values);
    va_end(values);
}

json_t *json_row(const char *keys, const char *kinds, ...)
{
    json_t *const object = json_object();
    va_list values;
    va_start(values, kinds);
    put(object, keys, kinds, values);
    va_end(values);
    return object;
}

/* The names of all objects of a list, each with its place. */
static json_t *places_of(const json_t *list)
{
    json_t *places = json_object(), *row, *value;
    const char *key;
    size_t i;
    json_array_foreach(list, i, row) json_object_foreach(row, key, value)
    {
        if (json_object_get(places, key) == NULL) {
            const json_int_t place = (json_int_t)json_object_size(places);
            json_object_set_new(places, key, json_integer(place));
        }
    }
    return places;
}

json_t *json_columns(json_t *list)
{
    json_t *places = places_of(list), *columns = json_array(), *rows = json_array();
    json_t *row, *value;
    const char *key;
    size_t i;
    json_object_foreach(places, key, value) json_array_append_new(columns, json_string(key));
    json_array_foreach(list, i, row)
    {
        json_t *const values = json_array();
        json_object_foreach(places, key, value)
        {
            json_t *const found = json_object_get(row, key);
            json_array_append_new(values, found != NULL ? json_incref(found) : json_null());
        }
        json_array_append_new(rows, values);
    }
    json_decref(places);
    json_decref(list);
    return json_pack("{s:o, s:o}", "columns", columns, "rows", rows);
}

static int has_parts(const json_t *value)
{
    return json_is_object(value) || json_is_array(value);
}

/* Whether a value is written in one line. */
static int is_line(const json_t *value)
{
    json_t *item;
    size_t i;
    json_array_foreach(value, i, item)
    {
        if (has_parts(item)) return 0;
    }
    return !json_is_object(value) || json_object_size(value) == 0;
}

static int write_line(const json_t *value, FILE *stream)
{
    const size_t flags =
        (JSON_OUT_FLAGS & ~(size_t)JSON_MAX_INDENT) | JSON_COMPACT | JSON_ENCODE_ANY;
    return json_dumpf(value, stream, flags);
}

static int write_key(const char *key, FILE *stream)
{
    json_t *const name = json_string(key);
    const int status = write_line(name, stream);
    json_decref(name);
    return status != 0 || fputs(": ", stream) == EOF ? -1 : 0;
}

/* One space of indent for each level, `depth` of them so far. */
static int write_value(const json_t *value, int depth, FILE *stream)
{
    const int object = json_is_object(value);
    const char *key, *comma = "";
    json_t *item;
    size_t i;
    if (is_line(value)) return write_line(value, stream);
    fputs(object ? "{" : "[", stream);
    json_array_foreach(value, i, item)
    {
        fprintf(stream, "%s\n%*s", comma, depth + 1, "");
        if (write_value(item, depth + 1, stream) != 0) return -1;
        comma = ",";
    }
    json_object_foreach((json_t *)value, key, item) /* only read */
    {
        fprintf(stream, "%s\n%*s", comma, depth + 1, "");
        if (write_key(key, stream) != 0 || write_value(item, depth + 1, stream) != 0) return -1;
        comma = ",";
    }
    return fprintf(stream, "\n%*s%s", depth, "", object ? "}" : "]") < 0 ? -1 : 0;
}

int json_write_stream(const json_t *value, FILE *stream)
{
    errno = 0;
    if (write_value(value, 0, stream) == 0 && fputc('\n', stream) != EOF) return 0;
    return errno != 0 ? errno : EIO;
}

int json_add_file(const json_t *value, const char *path, atomic_set *set, char *error,
                  size_t error_size)
{
    atomic_file file;
    int status = atomic_open(&file, path);
    if (status == 0) {
        status = json_write_stream(value, file.stream);
        if (status == 0) status = atomic_set_add(set, &file);
        atomic_abort(&file);
    }
    if (status != 0) snprintf(error, error_size, "%s: cannot write: %s", path, strerror(status));
    return status == 0 ? 0 : -1;
}

int json_write_file(const json_t *value, const char *path, char *error, size_t error_size)
{
    atomic_set one = {0};
    if (json_add_file(value, path, &one, error, error_size) != 0) return -1;
    return atomic_set_commit(&one, error, error_size) == 0 ? 0 : -1;
}
