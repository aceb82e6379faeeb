/* judged.h: the instruction set that a test program is about: MARGIN_SIMD_NAME of the build line.
 */
#ifndef MARGIN_TESTS_JUDGED_H
#define MARGIN_TESTS_JUDGED_H

#include "margin.h"
#include "simd_probe.h"

#define JUDGED_JOIN_(a, b) a##b
#define JUDGED_JOIN(a, b)  JUDGED_JOIN_(a, b)
#define JUDGED_TEXT_(a)    #a
#define JUDGED_TEXT_OF(a)  JUDGED_TEXT_(a)

#define JUDGED_TEXT  JUDGED_TEXT_OF(MARGIN_SIMD_NAME)
#define JUDGED_PROBE JUDGED_JOIN(simd_probe_, MARGIN_SIMD_NAME)

extern const simd_probe simd_probe_emulated;
extern const simd_probe JUDGED_PROBE;

/* Can this CPU run it? The library's own answer. */
static inline int judged_usable(void)
{
    margin_isa isa;
    return margin_isa_find(JUDGED_TEXT, &isa) && margin_isa_usable(isa);
}

#endif
