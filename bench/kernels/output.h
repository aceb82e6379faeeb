/* output.h: the times as a table and as JSON. Must not know how they were taken. */
#ifndef KERNELS_OUTPUT_H
#define KERNELS_OUTPUT_H

#include <stdio.h>

#include "cases.h"

/* Prints one line for each peak and each case. */
void output_print(const case_list *list, FILE *stream);

/* Writes to `path` what docs/method.md says of this program's file. 0 ok; else `error` names the
 * path and the fault. */
int output_write(const case_list *list, const char *path, int argc, char **argv, char *error,
                 size_t error_size);

#endif
