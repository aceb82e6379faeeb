/* fuzz.h: what libFuzzer, or soak.c, calls with bytes. */
#ifndef MARGIN_TESTS_FUZZ_H
#define MARGIN_TESTS_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Makes a case of `size` bytes and judges it; ends the process at a fault. Returns 0. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
