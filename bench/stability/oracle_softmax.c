/* oracle_softmax.c: cross entropy of one row of logits. It must not know margins or vectors.
 *
 * With L = log sum_{j != y} exp(l_j) the loss is log(1 + exp(L - l_y)), and the derivative by the
 * target's logit is -1 / (1 + exp(l_y - L)). */
#include "oracle.h"

static wide log_sum_exp_of_others(const wide *logits, size_t classes, size_t label)
{
    const size_t first = label == 0 ? 1 : 0;
    wide largest = logits[first];
    wide sum = 0;

    for (size_t j = 0; j < classes; j++) {
        if (j != label && logits[j] > largest) {
            largest = logits[j];
        }
    }
    for (size_t j = 0; j < classes; j++) {
        sum += j == label ? 0 : wide_exp(logits[j] - largest);
    }
    return largest + wide_log(sum);
}

void oracle_softmax(const wide *logits, size_t classes, size_t label, wide *loss, wide *grad)
{
    if (classes == 1) { /* a certainty costs nothing */
        *loss = 0;
        grad[0] = 0;
        return;
    }
    const wide others = log_sum_exp_of_others(logits, classes, label);
    const wide gap = others - logits[label];
    const wide small = wide_exp(-wide_abs(gap));

    *loss = (gap > 0 ? gap : 0) + wide_log1p(small);
    for (size_t j = 0; j < classes; j++) {
        grad[j] = wide_exp(logits[j] - logits[label] - *loss);
    }
    grad[label] = -(gap > 0 ? 1 : small) / (1 + small);
}
