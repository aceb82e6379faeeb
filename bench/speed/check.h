/* check.h: does an output agree with the reference? Asked of every case before it is timed.
 *
 * Every row's loss is compared, the gradients of sampled rows and classes, and every entry of an
 * output is seen to be finite and written. Must not know who computed the outputs. */
#ifndef SPEED_CHECK_H
#define SPEED_CHECK_H

#include "reference.h"

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
                     char *fault, size_t fault_size);
int speed_check_rows(const speed_problem *problem, const margin_config *config,
                     const speed_outputs *outputs, speed_tolerance tolerance, char *fault,
                     size_t fault_size);

/* 0 if every value is finite; else -1 and one line in `fault`. */
int speed_check_finite(const char *what, const float *values, size_t count, char *fault,
                       size_t fault_size);

/* The three products of speed_gemm3_run (peers.h): L = X W', dX = L W, dW = L' X. */
int speed_check_gemm3(const speed_problem *problem, const speed_outputs *outputs, char *fault,
                      size_t fault_size);

#endif
