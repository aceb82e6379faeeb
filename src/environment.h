/* environment.h: the floating-point environment in which all is computed: rounding to nearest,
 * subnormal numbers as they are, no exception a trap. The caller's own is put by and given back. */
#ifndef MARGIN_ENVIRONMENT_H
#define MARGIN_ENVIRONMENT_H

#include <fenv.h>

/* Writes the thread's environment to *caller, and sets the default one. */
static inline void margin_environment_enter(fenv_t *caller)
{
    (void)fegetenv(caller);
    (void)fesetenv(FE_DFL_ENV);
}

/* Gives *caller back, its exception flags as they were: none is raised by what was computed. */
static inline void margin_environment_leave(const fenv_t *caller)
{
    (void)fesetenv(caller);
}

#endif
