/* configs.h: every combination of loss and options that the tests go through. */
#ifndef MARGIN_TESTS_CONFIGS_H
#define MARGIN_TESTS_CONFIGS_H

#include <stddef.h>

#include "margin.h"

enum { CONFIGS_MOST = 200 };

/* All losses x past_pi x gradient x feature_norm x lambda, with default and other margins, at the
 * given scale. Returns how many were written. */
size_t every_config(double scale, margin_config configs[CONFIGS_MOST]);

#endif
