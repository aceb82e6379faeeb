/* loops.c: which of the per-instruction-set loops this CPU can run. Compiled without ISA flags.
 *
 * Must not know what the loops are for. */
#include "loops.h"

extern const speed_loops speed_loops_base;
#ifdef SPEED_LOOPS_X86
extern const speed_loops speed_loops_avx2;
extern const speed_loops speed_loops_avx512;
#endif

const speed_loops *speed_loops_get(margin_isa isa)
{
#ifdef SPEED_LOOPS_X86
    __builtin_cpu_init();
    if (isa == MARGIN_ISA_AVX512 && __builtin_cpu_supports("avx512f")) return &speed_loops_avx512;
    if (isa == MARGIN_ISA_AVX2 && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &speed_loops_avx2;
#endif
    return isa == speed_loops_base.isa ? &speed_loops_base : NULL;
}

const speed_loops *speed_loops_best(void)
{
    static const margin_isa order[] = {MARGIN_ISA_AVX512, MARGIN_ISA_AVX2, MARGIN_ISA_NEON};
    for (size_t i = 0; i < sizeof order / sizeof *order; i++) {
        const speed_loops *loops = speed_loops_get(order[i]);
        if (loops) return loops;
    }
    return &speed_loops_base;
}
