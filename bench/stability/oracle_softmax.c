/* oracle_softmax.c: cross entropy of one row of logits. It must not know margins or vectors.
 *
 * With L = log sum_{j != y} exp(l_j) the loss is log(1 + exp(L - l_y)), and the derivative by the
 * target's logit is -1 / (1 + exp(l_y - L)). */
#include "oracle.h"

static wide largest_of_others(const wide *logits, size_t classes, size_t label)
{
    wide largest = logits[label == 0 ? 1 : 0];
    for (size_t j = 0; j < classes; j++) {
        if (j != label && logits[j] > largest) largest = logits[j];
    }
    return largest;
}

void oracle_softmax(const wide *logits, size_t classes, size_t label, wide *loss, wide *grad)
{
    if (classes == 1) { /* a certainty costs nothing */
        *loss = 0;
        grad[0] = 0;
        return;
    }
    const wide largest = largest_of_others(logits, classes, label);
    wide sum = 0;

    for (size_t j = 0; j < classes; j++) {
        grad[j] = j == label ? 0 : wide_exp(logits[j] - largest);
        sum += grad[j];
    }
    const wide gap = largest + wide_log(sum) - logits[label];
    const wide small = wide_exp(-wide_abs(gap));

    *loss = (gap > 0 ? gap : 0) + wide_log1p(small);
    const wide share = wide_exp(largest - logits[label] - *loss); /* exp(l_j - l_y - loss) */
    for (size_t j = 0; j < classes; j++)
        grad[j] *= share;
    grad[label] = -(gap > 0 ? 1 : small) / (1 + small);
}

void oracle_smooth(const wide *logits, size_t classes, size_t label, wide e, wide *loss, wide *grad)
{
    const wide all = *loss + logits[label]; /* log-sum-exp of all logits */
    const wide each = e / (wide)classes;
    wide sum = 0;
    for (size_t j = 0; j < classes; j++) {
        const wide wanted = each + (j == label ? 1 - e : 0);
        sum += wanted * (all - logits[j]);
        grad[j] -= wanted - (j == label ? 1 : 0);
    }
    if (e > 0) *loss = sum;
}
