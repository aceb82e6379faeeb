/* input.c: see input.h. What an element of a file becomes is said in elements.c. */
#include "input.h"

#include "command.h"
#include "elements.h"

#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char *layout_name(int value)
{
    static const char *const names[] = {"auto", "cd", "dc"};
    return value >= 0 && value < 3 ? names[value] : NULL;
}

const choice weights_layout_choice = {layout_name, NULL};

void note(notes *list, const char *format, ...)
{
    if (list->count == (int)(sizeof list->lines / sizeof list->lines[0])) return;
    va_list arguments;
    va_start(arguments, format);
    char line[1024];
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    char *copy = strdup(line);
    if (copy == NULL) die(PROGRAM, "out of memory");
    list->lines[list->count++] = copy;
}

void notes_print(notes *list)
{
    for (int i = 0; i < list->count; i++) {
        fprintf(stderr, "%s: note: %s\n", PROGRAM, list->lines[i]);
        free(list->lines[i]);
    }
    list->count = 0;
}

static npy_array read_file(const char *path)
{
    npy_array array;
    char error[1024];
    if (npy_read(path, &array, error, sizeof error) != 0) die(PROGRAM, "%s", error);
    return array;
}

static void *allocate(size_t count, size_t size, const char *path)
{
    void *memory = calloc(count, size);
    if (memory == NULL) die(PROGRAM, "%s: out of memory", path);
    return memory;
}

/* ---- floats ---- */

/* What a float array may not be, and what to do about it. */
static void check_float_type(const char *path, npy_type type)
{
    if (type == NPY_F32 || type == NPY_F64 || type == NPY_F16 || type == NPY_BF16) return;
    if (type == NPY_U16)
        die(PROGRAM,
            "%s: dtype uint16, must be float32: if these are the bits of bfloat16, save "
            "(a.astype('<u4') << 16).view('<f4')",
            path);
    die(PROGRAM, "%s: dtype %s, must be float32: save it with .astype('<f4')", path,
        npy_type_name(type));
}

/* Returns the largest magnitude of a row; infinite where one of its numbers is not finite. */
static double largest(const npy_array *array, size_t from, size_t count)
{
    double most = 0.0;
    for (size_t k = from; k < from + count; k++) {
        const double size = fabs(element_float(array, k));
        if (!(size <= most)) most = isfinite(size) ? size : INFINITY;
    }
    return most;
}

/* Returns the exponent under which a row of float64 whose largest number is `most` fits float32
 * with all its digits, where only its direction matters; ends the program where its length does. */
static int exponent_for(const float_input *input, size_t row, double most, row_meaning meaning)
{
    /* Far enough from the subnormal numbers for the digits of numbers a little smaller. */
    const double least = meaning == ROWS_AS_DIRECTIONS ? 0x1p-90 : 0x1p-126;
    if (most == 0.0 || isinf(most) || (most >= least && most < 0x1p128 - 0x1p103)) return 0;
    int exponent;
    frexp(most, &exponent);
    if (meaning == ROWS_AS_DIRECTIONS) return exponent;
    die(PROGRAM, "%s: row %zu: %g is too %s for float32, and here a row's length matters",
        input->path, row, most, most < 1.0 ? "small" : "large");
}

/* Converts row after row; a NaN or an infinity stays one, for the library to find. */
static void convert(const npy_array *array, row_meaning meaning, float_input *input, notes *list)
{
    size_t scaled = 0;
    input->values = allocate(input->rows * input->columns, sizeof *input->values, input->path);
    for (size_t i = 0; i < input->rows; i++) {
        const size_t from = i * input->columns;
        const double most = array->type == NPY_F64 ? largest(array, from, input->columns) : 1.0;
        const int exponent = exponent_for(input, i, most, meaning);
        if (exponent != 0 && input->exponent == NULL)
            input->exponent = allocate(input->rows, sizeof *input->exponent, input->path);
        if (exponent != 0) input->exponent[i] = exponent;
        scaled += exponent != 0;
        for (size_t k = from; k < from + input->columns; k++)
            input->values[k] = (float)ldexp(element_float(array, k), -exponent);
    }
    note(list, "%s: %s, converted to float32", input->path, npy_type_name(array->type));
    if (scaled > 0)
        note(list, "%s: %zu row%s beyond float32, taken times a power of two", input->path, scaled,
             scaled == 1 ? "" : "s");
}

/* Makes an input of an array that has the right shape, and takes its data. */
static float_input take_floats(const char *path, npy_array *array, row_meaning meaning, notes *list)
{
    float_input input = {
        .path = path, .rows = array->shape[0], .columns = array->ndim == 2 ? array->shape[1] : 1};
    check_float_type(path, array->type);
    if (array->type == NPY_F32) {
        input.values = array->data;
        return input;
    }
    convert(array, meaning, &input, list);
    npy_free(array);
    return input;
}

float_input input_floats(const char *path, const char *what, int dimensions, row_meaning meaning,
                         notes *list)
{
    npy_array array = read_file(path);
    char shape[96];
    const int column = dimensions == 1 && array.ndim == 2 && array.shape[1] == 1;
    if (array.ndim != dimensions && !column)
        die(PROGRAM, "%s: shape %s, must be %s", path, npy_shape_text(&array, shape, sizeof shape),
            what);
    return take_floats(path, &array, meaning, list);
}

float_input input_weights(const char *path, weights_layout layout, const float_input *embeddings,
                          row_meaning meaning, notes *list)
{
    npy_array array = read_file(path);
    char shape[96];
    npy_shape_text(&array, shape, sizeof shape);
    if (array.ndim != 2) die(PROGRAM, "%s: shape %s, must be [C, D]", path, shape);
    const size_t dim = embeddings->columns;
    const int fits_cd = array.shape[1] == dim, fits_dc = array.shape[0] == dim;
    const int turn = layout == LAYOUT_DC || (layout == LAYOUT_FITTING && !fits_cd && fits_dc);
    if (turn ? !fits_dc : !fits_cd)
        die(PROGRAM, "%s: shape %s, but %s has dimension %zu: must be %s%s", path, shape,
            embeddings->path, dim, turn ? "[D, C]" : "[C, D]",
            turn      ? (fits_cd ? ", so leave --weights-layout dc out" : "")
            : fits_dc ? "; it looks transposed: --weights-layout dc"
                      : "");
    if (turn && npy_transpose(&array) != 0) die(PROGRAM, "%s: out of memory", path);
    if (turn && layout == LAYOUT_FITTING)
        note(list, "%s: shape %s, taken as [D, C], and transposed", path, shape);
    float_input input = take_floats(path, &array, meaning, list);
    input.transposed = turn;
    return input;
}

void input_free(float_input *input)
{
    free(input->values);
    free(input->exponent);
}

/* ---- labels ---- */

/* What an array of labels may not be, and what to do about it. */
static void check_label_array(const char *path, const npy_array *array)
{
    char shape[96];
    npy_shape_text(array, shape, sizeof shape);
    if (array->ndim == 2 && array->shape[1] > 1)
        die(PROGRAM, "%s: shape %s, must be [N]: if a row is one-hot, save it with .argmax(1)",
            path, shape);
    if (array->ndim > 2) die(PROGRAM, "%s: shape %s, must be [N]", path, shape);
    if (!element_is_whole(array->type))
        die(PROGRAM, "%s: dtype %s, must be whole numbers: save it with .astype('<i8')", path,
            npy_type_name(array->type));
}

label_input input_labels(const char *path, int64_t ignored, const float_input *embeddings)
{
    npy_array array = read_file(path);
    check_label_array(path, &array);
    label_input input = {.path = path, .rows = array.shape[0]};
    if (input.rows != embeddings->rows)
        die(PROGRAM, "%s: %zu labels, but %s has %zu rows", path, input.rows, embeddings->path,
            embeddings->rows);
    input.values = allocate(input.rows, sizeof *input.values, path);
    for (size_t i = 0; i < input.rows; i++) {
        int64_t label;
        if (!element_whole(&array, i, &label))
            die(PROGRAM, "%s: row %zu: a label beyond 64 bits with a sign", path, i);
        if (label < 0 && label != ignored)
            die(PROGRAM,
                "%s: row %zu: label %lld is negative; --ignore-label %lld takes such rows out",
                path, i, (long long)label, (long long)label);
        input.values[i] = label == ignored ? -1 : label;
    }
    npy_free(&array);
    return input;
}

void input_check_classes(const label_input *labels, size_t classes)
{
    int64_t least = INT64_MAX, most = -1;
    for (size_t i = 0; i < labels->rows; i++) {
        if (labels->values[i] < 0) continue;
        least = labels->values[i] < least ? labels->values[i] : least;
        most = labels->values[i] > most ? labels->values[i] : most;
    }
    if (most < 0 || (uint64_t)most < classes) return;
    const int from_one = least >= 1 && (uint64_t)most == classes;
    for (size_t i = 0; i < labels->rows; i++)
        if (labels->values[i] >= 0 && (uint64_t)labels->values[i] >= classes)
            die(PROGRAM, "%s: row %zu: label %lld is not in 0..%zu%s", labels->path, i,
                (long long)labels->values[i], classes - 1,
                from_one ? "; labels seem to count from 1: subtract 1" : "");
}
