/* sized.h: callers' structs, which begin with their size as the caller's compiler knew it, so that
 * later versions can append fields. */
#ifndef MARGIN_SIZED_H
#define MARGIN_SIZED_H

#include "margin.h"

/* Copies a caller's struct, which begins with its size, to *own of `size` bytes: fields beyond the
 * caller's are 0, and such that only later versions know are left out. Refuses a struct that does
 * not reach `least` bytes, up to the last field of the first version. */
margin_status margin_read_struct(const void *given, size_t least, void *own, size_t size);

/* The bytes of `type` up to the end of `field`. */
#define MARGIN_SIZE_THROUGH(type, field) (offsetof(type, field) + sizeof(((type *)0)->field))

/* The bytes that a configuration has at least. */
#define MARGIN_CONFIG_LEAST MARGIN_SIZE_THROUGH(margin_config, skip_finite_check)

/* Copies the configuration that a caller gives, of any size, to *own. */
margin_status margin_read_config(const margin_config *given, margin_config *own);

#endif
