/* json_parts.c: see json_parts.h. Must not know what a result means. */
#include "json_parts.h"

#include "degrees.h"
#include "json_out.h"
#include "memory.h"

json_t *json_packed(const char *format, ...)
{
    va_list values;
    va_start(values, format);
    json_t *const packed = json_vpack_ex(NULL, 0, format, values);
    va_end(values);
    if (packed == NULL) out_of_memory();
    return packed;
}

void json_append(json_t *list, json_t *value)
{
    if (json_array_append_new(list, value) != 0) out_of_memory();
}

void json_put(json_t *object, const char *key, json_t *value)
{
    if (json_object_set_new(object, key, value) != 0) out_of_memory();
}

json_t *json_numbers(const double *values, size_t count)
{
    json_t *const list = json_packed("[]");
    for (size_t i = 0; i < count; i++)
        json_append(list, json_number(values[i]));
    return list;
}

json_t *json_degrees(double radians)
{
    return json_number(degrees(radians));
}

json_t *json_sentences(const char *const *sentences, size_t count)
{
    json_t *const list = json_packed("[]");
    for (size_t i = 0; i < count; i++)
        json_append(list, json_string(sentences[i]));
    return list;
}
