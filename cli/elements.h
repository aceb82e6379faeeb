/* elements.h: an element of a .npy array, of whatever type, as a number. Must not know what it
 * means. */
#ifndef MARGIN_CLI_ELEMENTS_H
#define MARGIN_CLI_ELEMENTS_H

#include <npy.h>

#include <stdint.h>

/* Returns element `at` of an array of floats, exactly. */
double element_float(const npy_array *array, size_t at);

/* Returns 1 if elements of this type are whole numbers. */
int element_is_whole(npy_type type);

/* Writes element `at` of an array of whole numbers to *out; returns 0 where int64_t cannot hold it.
 */
int element_whole(const npy_array *array, size_t at, int64_t *out);

#endif
