/* json_parts.h: parts of a JSON result (json_begin has seen to it that a failed allocation ends the
 * program). Must not know what a result means. */
#ifndef SEPARATION_JSON_PARTS_H
#define SEPARATION_JSON_PARTS_H

#include <jansson.h>

/* Numbers; degrees from radians; sentences. NaN and infinities are null. */
json_t *json_numbers(const double *values, size_t count);
json_t *json_degrees(double radians);
json_t *json_sentences(const char *const *sentences, size_t count);

#endif
