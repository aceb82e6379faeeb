/* clock.h: seconds on clocks that only go forward: from some moment, and of this process's threads
 * on all processors. */
#ifndef MARGIN_COMMON_CLOCK_H
#define MARGIN_COMMON_CLOCK_H

#include <time.h>

static inline double seconds_on(clockid_t clock)
{
    struct timespec now;
    clock_gettime(clock, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static inline double seconds_now(void)
{
    return seconds_on(CLOCK_MONOTONIC);
}

static inline double processor_seconds_now(void)
{
    return seconds_on(CLOCK_PROCESS_CPUTIME_ID);
}

#endif
