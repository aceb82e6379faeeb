/* reference.h: what a head or a rows call must give, computed plainly in double.
 *
 * All losses of one scale share the expensive part, the log-sum-exp over the *other* classes of
 * each row, so it is computed once per shape. Must not know kernels, threads or instruction
 * sets. */
#ifndef SPEED_REFERENCE_H
#define SPEED_REFERENCE_H

#include "data.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SPEED_SAMPLED_ROWS    3
#define SPEED_SAMPLED_CLASSES 6

/* Over one problem, for one scale and one kind of logit (cosines or raw inner products). */
typedef struct speed_reference {
    const speed_problem *problem;
    int rows_level; /* logits come from problem->cosines, not from X and W */
    int normalised;
    double scale;
    double *log_others;  /* [N] log of the sum over other classes of exp(s c) */
    double *target;      /* [N] cosine (or inner product) with the own class */
    double *theta;       /* [N] angle to the own class, radians; 0 for raw inner products */
    double *length;      /* [N] |x|, or 1 for raw inner products */
    double *others_pull; /* [sampled rows][D] sum over other classes of exp(s c - log_others) v */
    size_t sampled_row[SPEED_SAMPLED_ROWS];
    size_t sampled_class[SPEED_SAMPLED_CLASSES]; /* first targets, then classes without a row */
    size_t rows_sampled, targets_sampled, classes_sampled;
} speed_reference;

/* Returns 0, or -1 when memory is short; release with speed_reference_close either way. */
int speed_reference_head(speed_reference *reference, const speed_problem *problem, int normalised,
                         double scale);
int speed_reference_rows(speed_reference *reference, const speed_problem *problem, double scale);
void speed_reference_close(speed_reference *reference);

/* The unit vector of v (v itself where the reference is of raw inner products), and |v| (or 1). */
double speed_reference_unit(const speed_reference *reference, const float *v, double *unit);

#ifdef __cplusplus
}
#endif

#endif
