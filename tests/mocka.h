/* mocka.h: cmocka with the headers it wants before it, and messages with numbers in them. */
#ifndef MARGIN_TESTS_MOCKA_H
#define MARGIN_TESTS_MOCKA_H

#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "margin.h"

#define LENGTH_OF(array) (sizeof(array) / sizeof *(array))

#define assert_status(got, want)                                                                   \
    do {                                                                                           \
        const margin_status status_ = (got);                                                       \
        if (status_ != (want)) {                                                                   \
            fail_msg("%s, not %s", margin_status_text(status_), margin_status_text(want));         \
        }                                                                                          \
    } while (0)

static inline void assert_near(const char *what, double got, double want, double tolerance)
{
    if (!(fabs(got - want) <= tolerance)) {
        fail_msg("%s: got %.17g, want %.17g, apart %.3g > %.3g", what, got, want, fabs(got - want),
                 tolerance);
    }
}

/* The loss's defaults but for a small workspace: the address sanitizer pays for every byte. */
static inline margin_config config_of(margin_loss loss)
{
    margin_config config;
    assert_status(margin_config_init(&config, loss), MARGIN_OK);
    config.workspace_bytes = (size_t)8 << 20;
    return config;
}

static inline void assert_relative(const char *what, double got, double want, double tolerance)
{
    assert_near(what, got, want, tolerance * fabs(want));
}

/* One call in a context of its own. */
static inline margin_status run_head(const margin_config *config, margin_head *head)
{
    margin_context *context;
    margin_status status = margin_create(config, &context);
    if (status == MARGIN_OK) status = margin_head_run(context, head);
    margin_destroy(context);
    return status;
}

#endif
