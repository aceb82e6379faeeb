/* refusal.h: what the boundary tests of both levels share. */
#ifndef MARGIN_TESTS_REFUSAL_H
#define MARGIN_TESTS_REFUSAL_H

#include "mocka.h"
#include "problem.h"

static inline margin_context *create(margin_loss loss)
{
    margin_config config = config_of(loss);
    margin_context *context;
    config.threads = 1;
    assert_status(problem_context(&config, &context), MARGIN_OK);
    return context;
}

/* What a refusal must say; ANY_ARGUMENT stands for whatever argument. */
#define ANY_ARGUMENT MARGIN_ARGUMENT_COUNT

static inline void assert_fault(const char *what, const margin_context *context,
                                margin_status status, margin_argument argument, size_t row,
                                int64_t value)
{
    const margin_fault *f = margin_context_fault(context);
    const int same_argument = argument == ANY_ARGUMENT || f->argument == argument;
    if (f->status != status || !same_argument || f->row != row || f->value != value) {
        fail_msg("%s: the fault is %s, %s, row %zu, value %lld", what,
                 margin_status_text(f->status), margin_argument_name(f->argument), f->row,
                 (long long)f->value);
    }
    assert_true(f->detail != NULL && f->detail[0] != '\0');
}

#endif
