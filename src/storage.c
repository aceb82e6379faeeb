/* storage.c: the storages, one for each margin_type. */
#include "storage.h"

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
