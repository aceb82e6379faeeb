/* input.h: a person's .npy files as the arrays that the library takes. Must not know what is
 * computed from them. A file that does not fit ends the program with a message that names it. */
#ifndef MARGIN_CLI_INPUT_H
#define MARGIN_CLI_INPUT_H

#include <stddef.h>
#include <stdint.h>

/* Things worth telling that are no errors; kept until the run has succeeded, so that a failed run
 * prints its one line only. */
typedef struct notes {
    char *lines[8];
    int count;
} notes;

void note(notes *list, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Print on stderr and forget. */
void notes_print(notes *list);

/* A matrix [rows, columns], or a vector as [rows, 1]. */
typedef struct float_input {
    const char *path;
    size_t rows, columns;
    float *values;
} float_input;

typedef struct label_input {
    const char *path;
    size_t rows;
    int64_t *values;
} label_input;

/* float32, or float64 with a note; `what` is the shape that the file should have, as "[N, D]",
 * `dimensions` how many numbers that is (1 or 2). */
float_input input_floats(const char *path, const char *what, int dimensions, notes *list);
/* int32 or int64 [N]. */
label_input input_labels(const char *path);

#endif
