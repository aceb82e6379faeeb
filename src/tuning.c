/* tuning.c: the schedules, a row for each instruction set that differs from the first. */
#include "tuning.h"

#include "dispatch.h"

/* Zen 4, two cores, AVX-512; AVX2 has no value of its own that would gain more than the noise. */
static const margin_schedule everywhere = {
    .wake_ns = 100e3,
    .multiply_ns = 0.017,
    .term_ns = 0.25,
    .row_ns = 200.0,
    .row_dim_ns = 0.35,
    .class_dim_ns = 0.4,
    .level_row_ns = 150.0,
    .level_logit_ns = 0.35,
    .packed_bytes = (size_t)4 << 20,
    .piece_classes = 42,
    .planes_strips = 4,
    .streamed_bytes = (size_t)8 << 20,
    .group_logits = (size_t)1 << 15,
};

/* A row here overrides all of `everywhere`: [MARGIN_ISA_AVX2] = {...}. */
static const margin_schedule own[MARGIN_ISA_COUNT] = {{0}};

margin_schedule margin_schedule_of(margin_isa isa)
{
    const int known = (unsigned)isa < MARGIN_ISA_COUNT && own[isa].wake_ns > 0.0;
    return known ? own[isa] : everywhere;
}
