/* plain_judge.h: a call of libmargin's head held to plain_head.c (cmocka). */
#ifndef MARGIN_TESTS_PLAIN_JUDGE_H
#define MARGIN_TESTS_PLAIN_JUDGE_H

#include "margin.h"
#include "plain_head.h"

/* The library's bounds at a scale: of a loss, relative to it; of a gradient, relative to the
 * largest entry of its kind. */
double loss_bound(double scale);
double gradient_bound(double scale);

/* Returns the inputs of `call` in double, with room for the results; release with plain_free. */
plain_head plain_of(const margin_config *config, const margin_head *call);
void plain_free(plain_head *h);

/* Fails unless the outputs of `call`, which has run with `config`, are those of plain_head_run
 * within the bounds of `scale`; outputs that are NULL are not compared. `what` begins a message. */
void assert_plain(const char *what, const margin_config *config, const margin_head *call,
                  double scale);

#endif
