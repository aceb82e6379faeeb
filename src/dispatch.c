/* dispatch.c: the instruction sets of margin.h's table -> built kernel sets -> the choice.
 * Compiled without any instruction-set flag, so that it runs on every CPU. */
#include "dispatch.h"

#include <stdlib.h>
#include <string.h>

#if defined(__x86_64__) || defined(__i386__)
#define MARGIN_CPU_HAS(feature) __builtin_cpu_supports(feature)
#else
#define MARGIN_CPU_HAS(feature) 0
#endif

#define MARGIN_ISA_DECLARE(id, name, test) extern const margin_kernels margin_kernels_##name;
MARGIN_ISA_TABLE(MARGIN_ISA_DECLARE)

/* The build line defines MARGIN_HAVE_name as 0 or 1. */
#define KERNELS_0(name)        NULL
#define KERNELS_1(name)        &margin_kernels_##name
#define KERNELS_IF(have, name) KERNELS_##have(name)
#define KERNELS(have, name)    KERNELS_IF(have, name)

static const margin_kernels *built(margin_isa isa)
{
    switch (isa) {
#define MARGIN_ISA_CASE(id, name, test)                                                            \
    case MARGIN_ISA_##id:                                                                          \
        return KERNELS(MARGIN_HAVE_##name, name);
        MARGIN_ISA_TABLE(MARGIN_ISA_CASE)
    default:
        return NULL;
    }
}

static int cpu_can(margin_isa isa)
{
    switch (isa) {
#define MARGIN_ISA_TEST(id, name, test)                                                            \
    case MARGIN_ISA_##id:                                                                          \
        return (test) != 0;
        MARGIN_ISA_TABLE(MARGIN_ISA_TEST)
    default:
        return 0;
    }
}

static const char *const names[MARGIN_ISA_COUNT] = {"auto",
#define MARGIN_ISA_NAME(id, name, test) #name,
                                                    MARGIN_ISA_TABLE(MARGIN_ISA_NAME)};

const char *margin_isa_name(margin_isa value)
{
    return (unsigned)value < MARGIN_ISA_COUNT ? names[value] : "unknown";
}

int margin_isa_find(const char *name, margin_isa *out)
{
    for (unsigned i = 0; name != NULL && i < MARGIN_ISA_COUNT; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = (margin_isa)i;
            return 1;
        }
    }
    return 0;
}

int margin_isa_built(margin_isa isa)
{
    return built(isa) != NULL;
}

int margin_isa_usable(margin_isa isa)
{
    return built(isa) != NULL && cpu_can(isa);
}

const margin_kernels *margin_dispatch(margin_isa isa)
{
    return cpu_can(isa) ? built(isa) : NULL;
}

extern const margin_products margin_products_avx512bf16;

#define PRODUCTS_0(name)        NULL
#define PRODUCTS_1(name)        &margin_products_##name
#define PRODUCTS_IF(have, name) PRODUCTS_##have(name)
#define PRODUCTS(have, name)    PRODUCTS_IF(have, name)

const margin_products *margin_dispatch_products(margin_isa isa, margin_type factors)
{
    const margin_kernels *kernels = margin_dispatch(isa);
    if (kernels == NULL || factors == MARGIN_TYPE_FLOAT32)
        return kernels == NULL ? NULL : kernels->products;
    const int here = isa == MARGIN_ISA_AVX512 && factors == MARGIN_TYPE_BFLOAT16 &&
                     MARGIN_CPU_HAS("avx512bw") && MARGIN_CPU_HAS("avx512bf16");
    return here ? PRODUCTS(MARGIN_HAVE_avx512bf16, avx512bf16) : NULL;
}

margin_isa margin_dispatch_auto(void)
{
    const char *forced = getenv("MARGIN_ISA");
    margin_isa isa = MARGIN_ISA_COUNT;
    if (forced != NULL && *forced != '\0' && strcmp(forced, names[MARGIN_ISA_AUTO]) != 0) {
        margin_isa_find(forced, &isa);
        return isa;
    }
    for (isa = (margin_isa)(MARGIN_ISA_COUNT - 1); isa > MARGIN_ISA_AUTO; isa--) {
        if (margin_isa_usable(isa)) return isa;
    }
    return MARGIN_ISA_SCALAR;
}
