/* threads.h: how many threads a loop gets. Must not know the loop. */
#ifndef MARGIN_COMMON_THREADS_H
#define MARGIN_COMMON_THREADS_H

#ifdef _OPENMP
#include <omp.h>
#endif

/* `wanted`, or where that is 0 what OpenMP decides. */
static inline int thread_count(int wanted)
{
#ifdef _OPENMP
    return wanted > 0 ? wanted : omp_get_max_threads();
#else
    (void)wanted;
    return 1;
#endif
}

#endif
