/* input.c: a person's .npy files as the arrays that the library takes. Must not know what is
 * computed from them. */
#include "input.h"

#include "command.h"

#include <npy.h>
#include <options.h>

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void note(notes *list, const char *format, ...)
{
    if (list->count == (int)(sizeof list->lines / sizeof list->lines[0])) return;
    va_list arguments;
    va_start(arguments, format);
    char line[1024];
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    char *copy = strdup(line);
    if (copy != NULL) list->lines[list->count++] = copy;
}

void notes_print(notes *list)
{
    for (int i = 0; i < list->count; i++) {
        fprintf(stderr, "%s: note: %s\n", PROGRAM, list->lines[i]);
        free(list->lines[i]);
    }
    list->count = 0;
}

static npy_array read_array(const char *path, const char *what, int dimensions)
{
    npy_array array;
    char error[1024], shape[96];
    if (npy_read(path, &array, error, sizeof error) != 0) die(PROGRAM, "%s", error);
    if (array.ndim != dimensions)
        die(PROGRAM, "%s: shape %s, must be %s", path, npy_shape_text(&array, shape, sizeof shape),
            what);
    return array;
}

static void *allocate(size_t count, size_t size, const char *path)
{
    void *memory = calloc(count, size);
    if (memory == NULL) die(PROGRAM, "%s: out of memory", path);
    return memory;
}

/* float64 to float32; a NaN or an infinity stays one, for the library to find. */
static float *narrow(const double *wide, size_t rows, size_t columns, const char *path)
{
    float *values = allocate(rows * columns, sizeof *values, path);
    for (size_t i = 0; i < rows * columns; i++) {
        values[i] = (float)wide[i];
        if (isinf(values[i]) && isfinite(wide[i]))
            die(PROGRAM, "%s: row %zu: %g is too large for float32", path, i / columns, wide[i]);
    }
    return values;
}

float_input input_floats(const char *path, const char *what, int dimensions, notes *list)
{
    npy_array array = read_array(path, what, dimensions);
    float_input input = {
        .path = path, .rows = array.shape[0], .columns = dimensions == 2 ? array.shape[1] : 1};
    if (array.type == NPY_F32) {
        input.values = array.data;
        return input;
    }
    if (array.type != NPY_F64)
        die(PROGRAM, "%s: dtype %s, must be float32 (or float64)", path, npy_type_name(array.type));
    input.values = narrow(array.data, input.rows, input.columns, path);
    npy_free(&array);
    note(list, "%s: float64, converted to float32", path);
    return input;
}

label_input input_labels(const char *path)
{
    npy_array array = read_array(path, "[N]", 1);
    label_input input = {.path = path, .rows = array.shape[0]};
    if (array.type == NPY_I64) {
        input.values = array.data;
        return input;
    }
    if (array.type != NPY_I32)
        die(PROGRAM, "%s: dtype %s, must be int32 or int64", path, npy_type_name(array.type));
    input.values = allocate(input.rows, sizeof *input.values, path);
    const int32_t *narrow_labels = array.data;
    for (size_t i = 0; i < input.rows; i++)
        input.values[i] = narrow_labels[i];
    npy_free(&array);
    return input;
}
