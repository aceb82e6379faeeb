/* program.h: bench_kernels: each kernel of each table is compared with the scalar one, then timed
 * by the same call. */
#ifndef KERNELS_PROGRAM_H
#define KERNELS_PROGRAM_H

#include "cases.h"

/* Runs the program on the tables that `dispatch` gives, and returns its exit status. The scalar
 * kernels that others are compared with are always the library's. */
int program_run(int argc, char **argv, kernel_dispatch dispatch);

#endif
