/* storage.c: the storages, one table each. */
#include "storage.h"

const margin_storage margin_storage_float32 = {.bytes = sizeof(float)};
