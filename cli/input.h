/* input.h: a person's .npy and .npz files as the arrays that the library takes. Must not know what
 * is computed from them. A file that does not fit ends the program with a message that names it. */
#ifndef MARGIN_CLI_INPUT_H
#define MARGIN_CLI_INPUT_H

#include <npy.h>
#include <option_table.h>

#include <limits.h>
#include <stddef.h>
#include <stdint.h>

/* Things worth telling that are no errors; kept until the run has succeeded, so that a failed run
 * prints its one line only. */
typedef struct notes {
    char *lines[16];
    int count;
} notes;

void note(notes *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Print on stderr and forget. */
void notes_print(notes *list);

/* A matrix [rows, columns], or a vector as [rows, 1]. Where only a row's direction matters, one
 * that float32 cannot hold is kept times a power of two: row i of the file is values times
 * 2^exponent[i]; `exponent` is NULL where no row is. */
typedef struct float_input {
    const char *path;
    size_t rows, columns;
    float *values;
    int *exponent;
    int transposed; /* the file holds [columns, rows] */
} float_input;

typedef struct label_input {
    const char *path;
    size_t rows;
    int64_t *values;
} label_input;

/* How class weights lie in their file. */
typedef enum weights_layout { LAYOUT_FITTING, LAYOUT_CD, LAYOUT_DC } weights_layout;
extern const choice weights_layout_choice;

/* What a row of an array is taken for: its length may matter, or its direction alone. */
typedef enum row_meaning { ROWS_WITH_LENGTH, ROWS_AS_DIRECTIONS } row_meaning;

/* Reads a matrix [N, D], or a vector [N] or [N, 1], of floats of any size; what is not float32 is
 * converted, with a note. `what` is the shape that the file should have, as "[N, D]", `dimensions`
 * how many numbers that is (1 or 2). */
float_input input_floats(const char *path, const char *what, int dimensions, row_meaning meaning,
                         notes *list);
/* Reads class weights as [C, D], of the dimension of `embeddings`. */
float_input input_weights(const char *path, weights_layout layout, const float_input *embeddings,
                          row_meaning meaning, notes *list);
/* Reads labels, whole numbers [N] or [N, 1], one for each row of `embeddings`. `ignored` becomes
 * -1; any other negative number is refused. */
label_input input_labels(const char *path, int64_t ignored, const float_input *embeddings);
/* Refuses labels that are not below `classes`. */
void input_check_classes(const label_input *labels, size_t classes);
void input_free(float_input *input);

/* The rows of an option table that say how labels and class weights are read: `field` of
 * OPTION_TARGET is an int that holds -1, or a weights_layout. */
#define OPTION_IGNORE_LABEL(field)                                                                 \
    {                                                                                              \
        "ignore-label", "L", "the label of rows that do not count (default {default})",            \
            TO_INT(field, INT_MIN, INT_MAX)                                                        \
    }
#define OPTION_WEIGHTS_LAYOUT(field)                                                               \
    {                                                                                              \
        "weights-layout", "HOW",                                                                   \
            "{names}: the rows of W.npy are classes (cd) or dimensions (dc); default: as fits",    \
            TO_NAME(field, &weights_layout_choice)                                                 \
    }

#endif
