/* clock.h: seconds on a clock that only goes forward, from some moment. */
#ifndef MARGIN_COMMON_CLOCK_H
#define MARGIN_COMMON_CLOCK_H

#include <time.h>

static inline double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

#endif
