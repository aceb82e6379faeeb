/* mpi_cases.h: heads for the tests over ranks, and how ranks divide them. */
#ifndef MARGIN_TESTS_MPI_CASES_H
#define MARGIN_TESTS_MPI_CASES_H

#include "margin_mpi.h"
#include "problem.h"

/* How rows and classes lie on the ranks: as the library suggests; grossly uneven, some ranks
 * without rows or classes; some classes off the cells, some
 * ranks with a single class, all rows on the last rank. */
typedef enum division { DIVISION_EVEN, DIVISION_UNEVEN, DIVISION_EDGES, DIVISION_COUNT } division;

/* What a head has besides. */
typedef enum extra {
    EXTRA_BIAS = 1,
    EXTRA_ROW_WEIGHT = 2,
    EXTRA_CLASS_WEIGHT = 4,
    EXTRA_ACCUMULATE = 8,
    EXTRA_ROW_SCALE = 16,
    EXTRA_ROW_MARGIN = 32,
    EXTRA_CLASS_MARGIN = 64,
    EXTRA_OTHER_IGNORED = 128, /* odd ranks have another label for rows that do not count */
    EXTRA_LONG_WEIGHT = 256    /* the last class weight is as long as float32 can say */
} extra;

typedef struct mpi_shape {
    size_t rows, dim, classes;
} mpi_shape;

/* A head, the bits that one process gives for it, and what one rank has of it. */
typedef struct mpi_case {
    problem whole, all; /* the same head; the rank's arrays are places in those of `all` */
    margin_head call;   /* the rank's */
    size_t first_row, first_class;
    unsigned extras;
    guard others[2], row_given, class_given; /* row_others of both; values for row and class */
    char name[128];
} mpi_case;

/* Makes a head of which rank `rank` of `ranks` has its part. */
mpi_case mpi_case_make(mpi_shape shape, division how, unsigned extras, int ranks, int rank);
/* Runs it as a whole by *config, and checks that the rank's outputs are the same bits, and that
 * nothing beside them has been written. */
void mpi_case_check(mpi_case *c, const margin_config *config);
/* Checks that no output of the part has been written. */
void mpi_case_check_untouched(const mpi_case *c);
void mpi_case_free(mpi_case *c);

#endif
