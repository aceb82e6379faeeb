/* angles.h: the four angle statistics of embeddings and class weights. Must not know where the
 * vectors came from.
 *
 * The definitions are those of ArcFace's table of angle statistics (Deng et al., version 3,
 * Table 3). W-Inter and Inter are means of nearest-neighbour angles, not one global minimum. The
 * paper leaves open whether embeddings are normalised before they are averaged into a centre; here
 * they are, because the losses see directions only. */
#ifndef MARGIN_COMMON_ANGLES_H
#define MARGIN_COMMON_ANGLES_H

#include <stddef.h>
#include <stdint.h>

typedef struct angles_input {
    size_t rows, dim, classes;
    const float *embeddings; /* [rows, dim], raw */
    const int64_t *labels;   /* [rows], in [0, classes); -1: the row takes no part */
    const float *weights;    /* [classes, dim], raw; NULL: there are none (unseen identities) */
    int threads;             /* 0: as OpenMP decides; never changes a number */
} angles_input;

/* Radians; NaN where there is nothing to measure: no weights, or fewer than two classes. */
typedef struct angles {
    double w_ec;        /* mean over classes of the angle between weight and embedding centre */
    double w_inter;     /* mean over classes of the angle from a weight to the nearest other one */
    double intra;       /* mean over rows of the angle to their embedding centre */
    double inter;       /* mean over classes of the angle from a centre to the nearest other one */
    size_t rows;        /* in the mean of Intra: the others are */
    size_t zero_rows;   /* vectors without a direction, */
    size_t single_rows; /* rows alone in their class, which would be their own centre, */
    size_t uncentred_rows; /* and rows whose class has no centre, for its rows cancel */
    size_t centres;        /* classes that have a centre: some row, and not a sum of zero */
} angles;

/* centres[classes, dim]: the unit embedding centres, zero where there is none; may be NULL.
 * 0, or ENOMEM. */
int angles_measure(const angles_input *in, angles *out, double *centres);

#endif
