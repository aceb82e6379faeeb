/* check.h: does an output agree with the reference? Asked of every case before it is timed.
 *
 * Every row's loss is compared, the gradients of sampled rows and classes, and every entry of an
 * output is seen to be finite and written. Must not know who computed the outputs. */
#ifndef SPEED_CHECK_H
#define SPEED_CHECK_H

#include "data.h"

/* ---- reference.c: what all cases of one problem are judged by: its inner products and lengths in
 * double, and which of its rows and classes have their gradients looked at ---- */

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

/* Release with speed_reference_close. */
void speed_reference_open(speed_reference *reference, const speed_problem *problem);
void speed_reference_close(speed_reference *reference);

/* Sets `rows` to the sampled rows of `count`: first, middle and last. Returns how many they are. */
size_t speed_sample_rows(size_t count, size_t rows[SPEED_SAMPLED_ROWS]);

/* ---- check.c ---- */

/* How strictly: libmargin is held to a relative error in each row's loss; the peers' usual formula,
 * log-sum-exp minus the target's logit, loses converged rows and is judged absolutely. */
typedef struct speed_tolerance {
    double loss; /* of max(|loss|, loss_floor) */
    double loss_floor;
    double gradient; /* of the largest entry of its kind */
} speed_tolerance;

speed_tolerance speed_tolerance_library(double scale);
speed_tolerance speed_tolerance_peer(double scale);

/* Fills every output with NaN, so that an entry left unwritten is noticed. */
void speed_check_poison(const speed_outputs *outputs, const speed_shape *shape, speed_what what);

/* `config` gives loss and margins. Returns 0 when all is well; else -1 and one line in `fault`. */
int speed_check_head(const speed_reference *reference, const margin_config *config,
                     const speed_outputs *outputs, int with_gradients, speed_tolerance tolerance,
                     char *fault);
int speed_check_rows(const speed_problem *problem, const margin_config *config,
                     const speed_outputs *outputs, speed_tolerance tolerance, char *fault);

/* The three products of speed_gemm3_run (peers.h): L = X W', dX = L W, dW = L' X. */
int speed_check_gemm3(const speed_problem *problem, const speed_outputs *outputs, char *fault);

#endif
