/* reference.h: what all cases of one problem are judged by: its inner products and lengths in
 * double, and which of its rows and classes have their gradients looked at.
 *
 * Must not know losses, scales, kernels, threads or instruction sets. */
#ifndef SPEED_REFERENCE_H
#define SPEED_REFERENCE_H

#include "data.h"

#define SPEED_SAMPLED_ROWS    3
#define SPEED_SAMPLED_CLASSES 6

typedef struct speed_reference {
    const speed_problem *problem; /* NULL: not made yet */
    double *products;             /* [N, C] x_i . w_j */
    double *row_length;           /* [N] |x_i| */
    double *class_length;         /* [C] |w_j| */
    double *theta;                /* [N] the target's angle, radians */
    size_t sampled_row[SPEED_SAMPLED_ROWS];
    size_t sampled_class[SPEED_SAMPLED_CLASSES]; /* first targets, then classes without a row */
    size_t rows_sampled, targets_sampled, classes_sampled;
} speed_reference;

/* Returns 0, or -1 when memory is short; release with speed_reference_close either way. */
int speed_reference_open(speed_reference *reference, const speed_problem *problem);
void speed_reference_close(speed_reference *reference);

/* Sets `rows` to the sampled rows of `count`: first, middle and last. Returns how many they are. */
size_t speed_sample_rows(size_t count, size_t rows[SPEED_SAMPLED_ROWS]);

#endif
