/* npy_header.h: the textual header inside a .npy file, private to the reader. Must not know where
 * the text came from. */
#ifndef MARGIN_COMMON_NPY_HEADER_H
#define MARGIN_COMMON_NPY_HEADER_H

#include "npy.h"

/* Parse the header's `length` bytes (a Python dictionary literal) into type and shape of *out,
 * whose byte count fits size_t then, and set *fortran_order to 1 where the elements of a matrix lie
 * column by column. The first extent alone may be 0. 0 ok; else `fault` says what is wrong. */
int npy_parse_header(const char *text, size_t length, npy_array *out, int *fortran_order,
                     char *fault, size_t fault_size);

#endif
