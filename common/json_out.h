/* json_out.h: writing JSON results. Must not know what a result means. */
#ifndef MARGIN_COMMON_JSON_OUT_H
#define MARGIN_COMMON_JSON_OUT_H

#include "atomic_file.h"

#include <jansson.h>
#include <stddef.h>
#include <stdio.h>

/* How every JSON file and line of the project is printed: keys in the order they were set, one
 * space of indent, reals with the 17 digits that bring the same double back. */
#define JSON_OUT_FLAGS (JSON_INDENT(1) | JSON_REAL_PRECISION(17) | JSON_ENSURE_ASCII)

/* To be called before any JSON is made: from here on a failed allocation of it ends the program
 * with one line and exit 1, so that no report can lack what was not asked about. */
void json_begin(void);

/* A string, or null for NULL and for what is not UTF-8. */
json_t *json_text(const char *text);

/* A real, or null for NaN and the infinities, which JSON does not have. */
json_t *json_number(double value);
json_t *json_numbers(const double *values, size_t count);

/* Sets members of an object, or of a new one: `keys` are their names, divided by blanks; a letter
 * of `kinds` for each: s a text (json_text), d an int, z a size_t, b an int as true or false, g a
 * double (json_number), a radians, which become degrees, o a json_t that is taken over. */
void json_put(json_t *object, const char *keys, const char *kinds, ...);
json_t *json_row(const char *keys, const char *kinds, ...);

/* Takes over a list of objects whose keys repeat; gives {"columns": names, "rows": [values, ...]},
 * with null where an object lacks a column. Columns stand in the order in which names first occur.
 */
json_t *json_columns(json_t *list);

/* Write `value` to `path`, whole or not at all; an array without arrays or objects in it is one
 * line. 0 ok; else `error` names the path and the fault. */
int json_write_file(const json_t *value, const char *path, char *error, size_t error_size);
/* The same to an open stream. 0 ok, else an errno value. */
int json_write_stream(const json_t *value, FILE *stream);
/* The same as json_write_file, but the file only appears when `set` is committed. */
int json_add_file(const json_t *value, const char *path, atomic_set *set, char *error,
                  size_t error_size);

#endif
