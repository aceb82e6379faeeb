/* small.h: one small problem of the speed suite with its outputs, for the tests of its judge and of
 * its peers. */
#ifndef TESTS_SPEED_SMALL_H
#define TESTS_SPEED_SMALL_H

#include "../mocka.h"

#include "check.h"

enum { rows = 9, dim = 6, classes = 23, logits = rows * classes };

static const speed_shape shape = {.name = "test", .rows = rows, .dim = dim, .classes = classes};
static speed_data data;
static const speed_problem *problem;
static char fault[SPEED_FAULT];

static int setup(void **state)
{
    (void)state;
    speed_data_open(&data, &shape, 1, 7);
    problem = speed_data_problem(&data, 0, 1);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    speed_data_close(&data);
    return 0;
}

#endif
