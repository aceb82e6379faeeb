/* json_parts.c: see json_parts.h. Must not know what a result means. */
#include "json_parts.h"

#include "degrees.h"
#include "json_out.h"

json_t *json_numbers(const double *values, size_t count)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_number(values[i]));
    return list;
}

json_t *json_degrees(double radians)
{
    return json_number(degrees(radians));
}

json_t *json_sentences(const char *const *sentences, size_t count)
{
    json_t *const list = json_array();
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list, json_string(sentences[i]));
    return list;
}
