/* elements.c: see elements.h. */
#include "elements.h"

#include <math.h>
#include <string.h>

/* IEEE 754 binary16: a sign, 5 bits of exponent, 10 of fraction. */
static double half_value(uint16_t bits)
{
    const int exponent = bits >> 10 & 31;
    const double fraction = (bits & 1023) / 1024.0;
    double value = exponent == 0 ? ldexp(fraction, -14) : ldexp(1.0 + fraction, exponent - 15);
    if (exponent == 31) value = fraction == 0.0 ? INFINITY : NAN;
    return bits >> 15 ? -value : value;
}

/* bfloat16 is the upper half of a float32. */
static double brain_value(uint16_t bits)
{
    const uint32_t wide = (uint32_t)bits << 16;
    float value;
    memcpy(&value, &wide, sizeof value);
    return (double)value;
}

double element_float(const npy_array *array, size_t at)
{
    switch (array->type) {
    case NPY_F64:
        return ((const double *)array->data)[at];
    case NPY_F16:
        return half_value(((const uint16_t *)array->data)[at]);
    case NPY_BF16:
        return brain_value(((const uint16_t *)array->data)[at]);
    default:
        return (double)((const float *)array->data)[at];
    }
}

int element_is_whole(npy_type type)
{
    return type >= NPY_I8 && type <= NPY_U64;
}

int element_whole(const npy_array *array, size_t at, int64_t *out)
{
    switch (array->type) {
#define ELEMENT_CASE(name, c_type)                                                                 \
    case NPY_##name: {                                                                             \
        *out = ((const c_type *)array->data)[at];                                                  \
        return 1;                                                                                  \
    }
        ELEMENT_CASE(I8, int8_t)
        ELEMENT_CASE(I16, int16_t)
        ELEMENT_CASE(I32, int32_t)
        ELEMENT_CASE(I64, int64_t)
        ELEMENT_CASE(U8, uint8_t)
        ELEMENT_CASE(U16, uint16_t)
        ELEMENT_CASE(U32, uint32_t)
#undef ELEMENT_CASE
    default:
        *out = ((const int64_t *)array->data)[at];
        return array->type == NPY_U64 && *out >= 0;
    }
}
