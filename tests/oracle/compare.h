/* compare.h: the library's answers held against the oracle's. It must not know which problems are
 * posed. Every difference beyond the stated bounds is printed with what is needed to repeat it. */
#ifndef MARGIN_TESTS_COMPARE_H
#define MARGIN_TESTS_COMPARE_H

#include "margin.h"
#include "oracle_floats.h"
#include "problems.h"

/* Names a configuration for messages; returns `text`. */
const char *config_text(const margin_config *config, char *text, size_t size);

/* Solve the head that `spec` describes with the library on every usable instruction set, with one
 * thread and with two, and compare. Returns the number of faults, which were printed. With
 * `finite_only` the numbers need only be finite. */
int compare_head(const margin_config *config, problem_spec spec, int finite_only);

/* Compare one head whose softmax is 0 or 1 everywhere: all numbers to 1e-5 of themselves, whatever
 * the scale. At most 8 rows and classes, and 8 dimensions. */
int compare_saturated(const margin_config *config, const margin_head *problem);

/* As compare_head for the rows level: `rows` with inputs set, outputs NULL. */
int compare_rows(const margin_config *config, const margin_rows *rows, const char *what);

#endif
