/* json_parts.h: parts of a JSON result that are there, or the program ends: a failed allocation
 * must not shorten a result. Must not know what a result means. */
#ifndef SEPARATION_JSON_PARTS_H
#define SEPARATION_JSON_PARTS_H

#include <jansson.h>

/* json_pack: an array or an object by its format. */
json_t *json_packed(const char *format, ...);
/* Puts a value, which is taken over, at the end of a list; under a key of an object. */
void json_append(json_t *list, json_t *value);
void json_put(json_t *object, const char *key, json_t *value);
/* Numbers; degrees from radians; sentences. NaN and infinities are null. */
json_t *json_numbers(const double *values, size_t count);
json_t *json_degrees(double radians);
json_t *json_sentences(const char *const *sentences, size_t count);

#endif
