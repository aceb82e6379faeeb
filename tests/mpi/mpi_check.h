/* mpi_check.h: what the files of test_mpi share: checks on each of several ranks, and one case. */
#ifndef MARGIN_TESTS_MPI_CHECK_H
#define MARGIN_TESTS_MPI_CHECK_H

#include <stdio.h>

#include "mpi_cases.h"

/* Counts a check of this rank; a failed one is printed. */
__attribute__((format(printf, 4, 5))) void mpi_check(int passed, const char *file, int line,
                                                     const char *format, ...);

/* This rank, and how many there are. */
extern int test_rank, test_ranks;
/* The head of the refusals. */
extern const mpi_shape refused_shape;

/* Makes a handle for a test: parts go in several rounds. */
margin_mpi *test_handle(const margin_config *config);
/* Checks that a head over ranks gives the bits of one process. */
void test_case(margin_mpi *mpi, const margin_config *config, const mpi_shape *shape, division how,
               unsigned extras);
/* Checks what is refused. */
void test_refusals(void);

#define CHECK(condition, ...) mpi_check((condition) != 0, __FILE__, __LINE__, __VA_ARGS__)

#endif
