/* schedule.h: how the learning rate, the margin and SphereFace's lambda move during training. Pure
 * functions of the step. Must not know networks or losses. */
#ifndef SEPARATION_SCHEDULE_H
#define SEPARATION_SCHEDULE_H

#include <stddef.h>

typedef enum rate_shape {
    RATE_COSINE, /* half a cosine from the first rate to 0 */
    RATE_STEP    /* a tenth after 1/2 and again after 3/4 of the steps */
} rate_shape;

typedef struct schedule {
    rate_shape shape;
    double rate;         /* the first learning rate */
    size_t steps;        /* of the whole training */
    size_t warmup_steps; /* the margin grows linearly from none to its value */
    size_t anneal_steps; /* lambda falls to lambda_least at this step; 0: lambda stays there */
    double lambda_base, lambda_power, lambda_least;
} schedule;

/* step counts from 0. */
double schedule_rate(const schedule *plan, size_t step);
/* Share of the margin in force, 0 to 1. */
double schedule_margin(const schedule *plan, size_t step);
/* max(lambda_least, base (1 + gamma (step + 1))^-power), with gamma chosen so that the two meet at
 * anneal_steps. Source: the solver of SphereFace (Liu et al., 2017). */
double schedule_lambda(const schedule *plan, size_t step);

#endif
