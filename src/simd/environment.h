/* environment.h: the floating-point environment in which all is computed: rounding to nearest,
 * subnormal numbers as they are, no exception a trap. The caller's own is put by and given back,
 * its exception flags as they were: none is raised by what was computed. */
#ifndef MARGIN_SIMD_ENVIRONMENT_H
#define MARGIN_SIMD_ENVIRONMENT_H

#ifdef __x86_64__

/* All arithmetic is that of SSE, which one register rules: to set the x87 unit as well would take a
 * tenth of the time of a head with one row. */
typedef unsigned margin_environment;

#define MARGIN_ENVIRONMENT_GET(to)   (*(to) = __builtin_ia32_stmxcsr())
#define MARGIN_ENVIRONMENT_SET(from) __builtin_ia32_ldmxcsr(*(from))
#define MARGIN_ENVIRONMENT_DEFAULT() __builtin_ia32_ldmxcsr(0x1f80)

#else

#include <fenv.h>

typedef fenv_t margin_environment;

#define MARGIN_ENVIRONMENT_GET(to)   ((void)fegetenv(to))
#define MARGIN_ENVIRONMENT_SET(from) ((void)fesetenv(from))
#define MARGIN_ENVIRONMENT_DEFAULT() ((void)fesetenv(FE_DFL_ENV))

#endif

/* Writes the thread's environment to *caller, and sets the default one. */
static inline void margin_environment_enter(margin_environment *caller)
{
    MARGIN_ENVIRONMENT_GET(caller);
    MARGIN_ENVIRONMENT_DEFAULT();
}

/* Gives *caller back. */
static inline void margin_environment_leave(const margin_environment *caller)
{
    MARGIN_ENVIRONMENT_SET(caller);
}

#endif
