/* storage.c: the storages, one for each margin_type. */
#include "storage.h"

#include <math.h>
#include <string.h>

margin_storage margin_storage_of(margin_type type, const margin_packing *packing)
{
    switch (type) {
    case MARGIN_TYPE_FLOAT32:
        return (margin_storage){sizeof(float), NULL};
    case MARGIN_TYPE_BFLOAT16:
        return (margin_storage){sizeof(uint16_t), packing->widen_bfloat16};
    case MARGIN_TYPE_FLOAT16:
        return (margin_storage){sizeof(uint16_t), packing->widen_float16};
    default:
        return (margin_storage){0, NULL};
    }
}

/* Returns the upper 16 bits of x, rounded. A NaN stays one, for the next call to find. */
static uint16_t bfloat16_of(float x)
{
    uint32_t bits;
    memcpy(&bits, &x, sizeof bits);
    const uint16_t sign = (uint16_t)(bits >> 16 & 0x8000u);
    bits &= 0x7fffffffu;
    if (bits > 0x7f800000u) return 0x7fc0u;
    bits += 0x7fffu + (bits >> 16 & 1u);
    const uint32_t most = 0x7f7fu; /* the largest finite number */
    return (uint16_t)(sign | (bits >> 16 < most ? bits >> 16 : most));
}

/* Returns x as float16: in steps of 2^-24 where it is small, else in steps of its own size; a NaN
 * as one. */
static uint16_t float16_of(float x)
{
    const float size = fabsf(x);
    const uint16_t sign = signbit(x) ? 0x8000u : 0;
    if (!(size < 65520.0f)) return (uint16_t)(sign | (isnan(x) ? 0x7e00u : 0x7bffu));
    if (size < 0x1p-14f) return (uint16_t)(sign | (uint16_t)(nearbyintf(size * 0x1p24f)));
    uint32_t bits;
    memcpy(&bits, &size, sizeof bits);
    bits += 0xfffu + (bits >> 13 & 1u);
    return (uint16_t)(sign | ((bits >> 13) - (112u << 10)));
}

void margin_narrow(margin_type type, const float *from, size_t n, uint16_t *to)
{
    if (type == MARGIN_TYPE_BFLOAT16) {
        for (size_t i = 0; i < n; i++)
            to[i] = bfloat16_of(from[i]);
    } else {
        for (size_t i = 0; i < n; i++)
            to[i] = float16_of(from[i]);
    }
}
