/* softmax.c: raw inner products: target logit w.x + b, nothing normalised, no margin.
 * The cosine form below serves curves only; the head computes the raw logit. */
#include "loss.h"

static margin_target target(const margin_setting *setting, const margin_row *row)
{
    (void)setting;
    const margin_target r = {.psi = row->angle.cosine, .slope = -row->angle.sine};
    return r;
}

const margin_loss_row margin_loss_softmax = {
    .info = {.name = "softmax",
             .formula = "w.x + b",
             .source = "Bridle, 1990; ArcFace eq. 1",
             .scale = 1.0,
             .m1 = 1.0},
    .target = target,
};
