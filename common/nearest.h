/* nearest.h: how far the nearest of many directions is from each of others. Must not know what a
 * direction stands for. */
#ifndef MARGIN_COMMON_NEAREST_H
#define MARGIN_COMMON_NEAREST_H

#include <stddef.h>
#include <stdint.h>

typedef struct nearest_input {
    size_t rows, classes, dim;
    const double *from; /* [rows, dim], unit or zero vectors */
    const double *to;   /* [classes, dim], likewise */
    const int64_t *own; /* [rows]: the class that a row does not look at; NULL: class i for row i */
    int threads;        /* 0: as OpenMP decides; never changes a number */
} nearest_input;

/* angles[rows]: from each row to the nearest class that is not its own, radians; pi where there is
 * none. Where there are many classes, the library's head names a few in float32 for each row, whose
 * angles are taken in double; a row is compared with all in double where float32 cannot tell.
 * Returns 0, or ENOMEM. */
int nearest_angles(const nearest_input *in, double *angles);

#endif
