/* wide.h: a binary128 number and the few functions of it that the oracle needs.
 *
 * It knows compilers and nothing of losses. Where long double is narrower than 113 bits (x86) the
 * number is __float128 and the functions come from libquadmath; elsewhere (ARM64) long double is
 * binary128 itself. libquadmath's header is not used: clang does not find it, and its constants
 * carry a suffix that -Wpedantic refuses. */
#ifndef MARGIN_STABILITY_WIDE_H
#define MARGIN_STABILITY_WIDE_H

#include <float.h>
#include <math.h>

/* The functions of one number. */
#define WIDE_FUNCTIONS(X) X(exp) X(log) X(log1p) X(sqrt) X(sin) X(cos) X(acos) X(floor)

#if LDBL_MANT_DIG == 113

typedef long double wide;
#define WIDE_CALL(name) name##l

#elif defined(__SIZEOF_FLOAT128__)

__extension__ typedef __float128 wide;
#define WIDE_CALL(name)    name##q
#define WIDE_DECLARE(name) wide name##q(wide x);
WIDE_FUNCTIONS(WIDE_DECLARE)
#undef WIDE_DECLARE
wide atan2q(wide y, wide x);

#else
#error "the oracle needs a 113-bit floating-point type"
#endif

/* wide_exp(x) and so on. */
#define WIDE_DEFINE(name)                                                                          \
    static inline wide wide_##name(wide x)                                                         \
    {                                                                                              \
        return WIDE_CALL(name)(x);                                                                 \
    }
WIDE_FUNCTIONS(WIDE_DEFINE)
#undef WIDE_DEFINE

static inline wide wide_atan2(wide y, wide x)
{
    return WIDE_CALL(atan2)(y, x);
}

static inline wide wide_abs(wide x)
{
    return x < 0 ? -x : x;
}

/* No literal of the type is portable; three doubles hold it to the last bit. */
static inline wide wide_pi(void)
{
    return (wide)0x1.921fb54442d18p+1 +
           ((wide)0x1.1a62633145c07p-53 - (wide)0x1.f1976b7ed8fbcp-109);
}

#endif
