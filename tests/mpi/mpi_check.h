/* mpi_check.h: check.h for a program of several files, on each of several ranks. */
#ifndef MARGIN_TESTS_MPI_CHECK_H
#define MARGIN_TESTS_MPI_CHECK_H

#include <stdio.h>

/* Counts a check of this rank; a failed one is printed. */
__attribute__((format(printf, 4, 5))) void mpi_check(int passed, const char *file, int line,
                                                     const char *format, ...);

#define CHECK(condition, ...) mpi_check((condition) != 0, __FILE__, __LINE__, __VA_ARGS__)

#endif
