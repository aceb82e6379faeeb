/* helpers.h: configurations and comparisons for the oracle's own tests. It must not know
 * libmargin's functions: the oracle is tested without them. */
#ifndef MARGIN_TESTS_HELPERS_H
#define MARGIN_TESTS_HELPERS_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "oracle_floats.h"

static inline wide radians(double degrees)
{
    return degrees * wide_pi() / 180;
}

static inline margin_config config_of(margin_loss loss)
{
    return (margin_config){.size = sizeof(margin_config),
                           .loss = loss,
                           .scale = loss == MARGIN_SOFTMAX ? 1 : 4,
                           .m1 = loss == MARGIN_SPHEREFACE ? 1.35 : 1,
                           .m2 = loss == MARGIN_ARCFACE ? 0.5 : 0,
                           .m3 = loss == MARGIN_COSFACE ? 0.35 : 0,
                           .past_pi = loss == MARGIN_SPHEREFACE ? MARGIN_PAST_PI_MONOTONE
                                                                : MARGIN_PAST_PI_PAPER};
}

static inline margin_config combined(double m1, double m2, double m3)
{
    margin_config config = config_of(MARGIN_COMBINED);

    config.m1 = m1;
    config.m2 = m2;
    config.m3 = m3;
    return config;
}

static inline void assert_near(wide got, wide want, wide tolerance)
{
    if (!(wide_abs(got - want) <= tolerance)) {
        fail_msg("got %.17g, want %.17g, apart %.3g > %.3g", (double)got, (double)want,
                 (double)wide_abs(got - want), (double)tolerance);
    }
}

#endif
