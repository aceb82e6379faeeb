/* row.h: a row of speed.json: its members, and the fields of a case's name.
 *
 * Must not know how anything was measured. */
#ifndef SPEED_ROW_H
#define SPEED_ROW_H

#include <jansson.h>

/* Members of a row; "" and 0 where they are missing. */
const char *speed_row_text(const json_t *row, const char *key);
double speed_row_number(const json_t *row, const char *key);

/* 1 for a row with an error in place of a time. */
int speed_row_failed(const json_t *row);

/* 1 for the row that stands for a case: its median, or its only repetition. */
int speed_row_stands_for_case(const json_t *row);

/* A new object: from a case's name to the row of the report that stands for it. */
json_t *speed_row_index(const json_t *report);

/* Copies the value after "/KEY:" in a case's name, up to the next slash; 0 if there is none. */
int speed_name_field(const char *name, const char *key, char *out, size_t out_size);
/* The same name with another value for KEY; 0 if it has no such key or is too long. */
int speed_name_replace(const char *name, const char *key, const char *value, char *out,
                       size_t out_size);

#endif
